/* One program: started, watched, ended, counted, reported. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEPT_BYTES 65536          /* of an output that nobody reads in full */
#define SAMPLE_NS 1000000ull      /* between two looks at the tree */
#define FIRST_SAMPLE_NS 200000ull /* closer at first, for programs of a millisecond */
#define EARLY_NS 4000000ull
#define SAMPLER_SHARE 12          /* looking takes at most this part of a core */
#define GIVE_UP_NS 5000000000ull  /* a tree that outlives SIGKILL by this much is a failure of the machine */
#define OPEN_FILES 4096
#define LOCKED_BYTES (64u << 10)
#define ADJUSTED_OOM_SCORE "300" /* when the machine runs out of memory, programs go before their measurer */
/* What the kernel counts beside the tree's resident memory: page tables, output files, the launcher itself. */
#define CGROUP_HEADROOM_BYTES (16ull << 20)
#define CGROUP_OUTPUT_BYTES (64ull << 20)

/* Written by the child just before it becomes the program. */
struct start {
  volatile uint64_t wall_ns, cpu_ns;
};

struct run {
  const struct request *request;
  char **argv, **envp;
  const char *input, *cwd;
  int in, out, err, trouble;
  struct start *start;
  pid_t pid;
  struct answer answer;
  struct tree tree;
  uint64_t reaped_cpu_us, peak_bytes, end_ns, deadline_ns;
  uint64_t last_sample_ns, last_bytes;
  bool ended, killed;
};

static int signals = -1;
static struct start *start_page;

static uint64_t cpu_now_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void open_once(void) {
  if (signals >= 0) return;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) die("watching for ended processes");
  start_page = mmap(NULL, sizeof *start_page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (start_page == MAP_FAILED) die("sharing a page");
}

/* --- the child --- */

static _Noreturn void trouble(struct run *run, const char *what) {
  dprintf(run->trouble, "%s: %s", what, strerror(errno));
  _exit(127);
}

static void set_limit(struct run *run, int resource, rlim_t soft) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0) trouble(run, "reading a limit");
  if (limit.rlim_max != RLIM_INFINITY && (soft == RLIM_INFINITY || soft > limit.rlim_max)) soft = limit.rlim_max;
  limit.rlim_cur = soft;
  /* The main stack may be as deep as memory allows, and a thread's stays at the library's default: that is what
     "unlimited" means to it. A program may not lift its other limits. */
  if (resource != RLIMIT_STACK) limit.rlim_max = soft;
  if (setrlimit(resource, &limit) != 0) trouble(run, "setting a limit");
}

static void set_limits(struct run *run) {
  const struct request *request = run->request;
  uint64_t file_bytes = request->output_bytes + 1;
  if (request->file_bytes > file_bytes) file_bytes = request->file_bytes;
  set_limit(run, RLIMIT_CORE, 0);
  set_limit(run, RLIMIT_STACK, RLIM_INFINITY);
  set_limit(run, RLIMIT_FSIZE, file_bytes);
  set_limit(run, RLIMIT_NOFILE, OPEN_FILES);
  set_limit(run, RLIMIT_MEMLOCK, LOCKED_BYTES);
  set_limit(run, RLIMIT_MSGQUEUE, 0);
  set_limit(run, RLIMIT_RTPRIO, 0);
  /* Behind the watch, should it ever be kept from looking. */
  set_limit(run, RLIMIT_CPU, (rlim_t)(request->cpu_ns / 1000000000ull + 2));
  if (options.processes > 0) set_limit(run, RLIMIT_NPROC, options.processes);
}

/* From here on the child is nobody: another user where we are root, and without any capability. */
static void drop_privileges(struct run *run) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct none[2];
  memset(none, 0, sizeof none);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  /* Fails without the capability, and then there is nothing to lock. */
  prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                               SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
    prctl(PR_CAPBSET_DROP, capability);
  if (options.uid != 0) {
    if (setgroups(0, NULL) != 0) trouble(run, "leaving groups");
    if (setresgid(options.uid, options.uid, options.uid) != 0) trouble(run, "changing group");
    if (setresuid(options.uid, options.uid, options.uid) != 0) trouble(run, "changing user");
  }
  if (syscall(SYS_capset, &header, none) != 0) trouble(run, "dropping capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) trouble(run, "giving up privileges");
}

static _Noreturn void become_program(struct run *run) {
  setsid();
  if (dup2(run->in, 0) < 0 || dup2(run->out, 1) < 0 || dup2(run->err, 2) < 0) trouble(run, "connecting streams");
  int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    (void)!write(score, ADJUSTED_OOM_SCORE, sizeof ADJUSTED_OOM_SCORE - 1);
    close(score);
  }
  if (setpriority(PRIO_PROCESS, 0, run->request->nice) != 0) setpriority(PRIO_PROCESS, 0, 0);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (run->request->core >= 0) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(run->request->core, &cores);
    if (sched_setaffinity(0, sizeof cores, &cores) != 0) trouble(run, "moving to a core");
  }
  set_limits(run);
  if (options.mode == BARE) prctl(PR_SET_PDEATHSIG, SIGKILL);
  drop_privileges(run);
  if (chdir(run->cwd) != 0) trouble(run, "entering the working folder");
  /* Whatever else is open stays with us. */
  syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);
  filter_install();
  run->start->cpu_ns = cpu_now_ns(CLOCK_PROCESS_CPUTIME_ID);
  run->start->wall_ns = now_ns();
  execve(run->argv[0], run->argv, run->envp);
  trouble(run, run->argv[0]);
}

/* --- watching --- */

/* Looking costs time: on its own core the launcher takes it from nobody. */
static void stay_home(int core) {
  static cpu_set_t all;
  static int now = -2;
  if (now == -2) {
    if (sched_getaffinity(0, sizeof all, &all) != 0) return;
    now = -1;
  }
  if (core == now) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  if (core >= 0) CPU_SET(core, &one);
  if (sched_setaffinity(0, sizeof one, core >= 0 ? &one : &all) == 0) now = core;
}

static void end(struct run *run, uint32_t reason) {
  run->answer.flags |= reason;
  run->killed = true;
  tree_kill();
}

static uint64_t size_of(int fd) {
  struct stat stat;
  return fstat(fd, &stat) == 0 ? (uint64_t)stat.st_size : 0;
}

/* What was written to /dev/stdout, opened by name, joins what was written to descriptor 1. */
static void drain(struct run *run, int fifo, int file) {
  char buffer[65536];
  for (;;) {
    ssize_t got = fifo < 0 ? 0 : read(fifo, buffer, sizeof buffer);
    if (got <= 0) return;
    if (size_of(file) <= run->request->output_bytes) (void)!write(file, buffer, (size_t)got);
    else return;
  }
}

static void check_output(struct run *run) {
  drain(run, box_out_fifo, run->out);
  drain(run, box_err_fifo, run->err);
  uint64_t limit = run->request->output_bytes;
  if (size_of(run->out) > limit || size_of(run->err) > limit) {
    if (run->ended) run->answer.flags |= OVER_OUTPUT;
    else end(run, OVER_OUTPUT);
  }
}

static void sample(struct run *run) {
  uint64_t before = now_ns();
  tree_look(&run->tree, run->request->memory_bytes);
  uint64_t at = now_ns();
  uint64_t bytes = run->tree.bytes + run->tree.file_bytes;
  if (run->start->wall_ns != 0 && (bytes > 0 || run->last_sample_ns != 0)) {
    /* From the start to the first look the memory is taken as what was seen then. A program that is ending has no
       memory any more, although the kernel takes its time to put the pages away. */
    uint64_t since = run->last_sample_ns == 0 ? run->start->wall_ns : run->last_sample_ns;
    uint64_t from = run->last_sample_ns == 0 ? bytes : run->last_bytes;
    if (before > since) run->answer.integral_byte_s += ((double)from + (double)bytes) / 2 * (double)(before - since) / 1e9;
    run->last_sample_ns = before;
    run->last_bytes = bytes;
    if (bytes > run->peak_bytes) run->peak_bytes = bytes;
    run->answer.samples++;
  }
  run->answer.sampler_cpu_ns += at - before;
  if (bytes > run->request->memory_bytes) end(run, OVER_MEMORY);
  else if (run->tree.cpu_ns > run->request->cpu_ns) end(run, TIMED_OUT);
  else if (run->tree.processes > options.processes) end(run, OVER_PROCESSES);
}

/* Takes note of all who have ended; what wait4() returned last: 0 while somebody lives, -1 when nobody does. */
static pid_t reap(struct run *run) {
  for (;;) {
    int status;
    struct rusage usage;
    uint64_t at = now_ns();
    pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
    if (pid <= 0) return pid;
    run->reaped_cpu_us += (uint64_t)usage.ru_utime.tv_sec * 1000000 + (uint64_t)usage.ru_utime.tv_usec +
                          (uint64_t)usage.ru_stime.tv_sec * 1000000 + (uint64_t)usage.ru_stime.tv_usec;
    uint64_t peak = (uint64_t)usage.ru_maxrss * 1024;
    if (peak > run->peak_bytes) run->peak_bytes = peak;
    if (pid != run->pid) continue;
    run->ended = true;
    run->end_ns = at;
    run->answer.wait_status = status;
  }
}

static void watch(struct run *run, int control_in) {
  struct signalfd_siginfo info;
  uint64_t next_sample = now_ns() + FIRST_SAMPLE_NS;
  uint64_t give_up = 0;
  while (!run->ended) {
    uint64_t now = now_ns();
    if (run->killed) {
      if (give_up == 0) give_up = now + GIVE_UP_NS;
      if (now > give_up) {
        errno = ETIME;
        die("killing a program");
      }
      next_sample = now + SAMPLE_NS;
    }
    uint64_t until = next_sample < run->deadline_ns || run->killed ? next_sample : run->deadline_ns;
    uint64_t wait = until > now ? until - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(wait / 1000000000ull), .tv_nsec = (long)(wait % 1000000000ull)};
    struct pollfd fds[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = control_in, .events = POLLRDHUP},
        {.fd = box_out_fifo, .events = POLLIN},
        {.fd = box_err_fifo, .events = POLLIN},
    };
    int ready = ppoll(fds, 4, &timeout, NULL);
    reap(run);
    if (run->ended) return;
    if (ready > 0 && fds[0].revents != 0) {
      while (read(signals, &info, sizeof info) > 0) continue;
      reap(run); /* one that ended between the two */
      if (run->ended) return;
    }
    if (ready > 0 && (fds[1].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
      /* Nobody is left to report to. Process 1 takes everything with it; elsewhere it is killed by name. */
      tree_kill();
      _exit(1);
    }
    now = now_ns();
    if (run->killed) {
      tree_kill();
      continue;
    }
    if (now >= run->deadline_ns) {
      end(run, TIMED_OUT);
      continue;
    }
    if (now >= next_sample || (ready > 0 && (fds[2].revents | fds[3].revents) != 0)) check_output(run);
    if (now >= next_sample && !run->killed) {
      sample(run);
      uint64_t after = now_ns(), cost = after - now;
      uint64_t started = run->start->wall_ns;
      uint64_t pause = started == 0 || now < started + EARLY_NS ? FIRST_SAMPLE_NS : SAMPLE_NS;
      next_sample = now + pause;
      if (next_sample < after + cost * (SAMPLER_SHARE - 1)) next_sample = after + cost * (SAMPLER_SHARE - 1);
    }
  }
}

/* What the program leaves behind is not part of its answer. */
static void end_tree(struct run *run) {
  uint64_t give_up = now_ns() + GIVE_UP_NS;
  for (;;) {
    tree_kill();
    if (reap(run) < 0) return;
    if (now_ns() > give_up) {
      errno = ETIME;
      die("killing what a program left");
    }
    struct pollfd ended = {.fd = signals, .events = POLLIN};
    poll(&ended, 1, 1);
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) > 0) continue;
  }
}

/* --- reporting --- */

static void write_fully(int fd, const void *from, size_t bytes) {
  const char *at = from;
  while (bytes > 0) {
    ssize_t put = write(fd, at, bytes);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) _exit(1);
    at += put;
    bytes -= (size_t)put;
  }
}

static void send_file(int to, int file, uint64_t bytes) {
  off_t offset = 0;
  while (bytes > 0) {
    ssize_t put = sendfile(to, file, &offset, bytes);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) _exit(1);
    bytes -= (uint64_t)put;
  }
}

static uint64_t at_most(uint64_t value, uint64_t limit) { return value < limit ? value : limit; }

static void report(struct run *run, const char *message, int control_out) {
  struct answer *answer = &run->answer;
  uint64_t output = run->request->output_bytes;
  answer->out_bytes = run->out < 0 ? 0 : size_of(run->out);
  answer->err_bytes = run->err < 0 ? 0 : size_of(run->err);
  answer->out_sent = at_most(answer->out_bytes, (answer->flags & OVER_OUTPUT) != 0 ? KEPT_BYTES : output);
  answer->err_sent = at_most(answer->err_bytes, KEPT_BYTES);
  answer->message_bytes = (uint32_t)strlen(message);
  write_fully(control_out, answer, sizeof *answer);
  send_file(control_out, run->out, answer->out_sent);
  send_file(control_out, run->err, answer->err_sent);
  write_fully(control_out, message, answer->message_bytes);
}

static char *next_string(char **at, char *end) {
  if (*at >= end) {
    errno = EPROTO;
    die("reading a request");
  }
  char *text = *at;
  *at += strlen(text) + 1;
  return text;
}

static void read_strings(struct run *run, char *at, size_t bytes) {
  char *end = at + bytes;
  uint32_t argc = run->request->argc, envc = run->request->envc;
  run->input = next_string(&at, end);
  run->cwd = next_string(&at, end);
  run->argv = calloc((size_t)argc + envc + 2, sizeof *run->argv);
  if (run->argv == NULL || argc == 0) die("reading a request");
  run->envp = run->argv + argc + 1;
  for (uint32_t i = 0; i < argc; i++) run->argv[i] = next_string(&at, end);
  for (uint32_t i = 0; i < envc; i++) run->envp[i] = next_string(&at, end);
}

static int output_file(const char *name) {
  int fd = memfd_create(name, MFD_CLOEXEC);
  /* Two descriptions of one file (2>&1, reopened streams) then never write over each other. */
  if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) != 0) die("making an output file");
  return fd;
}

void job_run(const struct request *request, char *strings, size_t bytes, int control_in, int control_out) {
  open_once();
  struct run run = {.request = request, .start = start_page, .answer = {.id = request->id}};
  char message[512] = "";
  int pipe_ends[2];
  read_strings(&run, strings, bytes);
  start_page->wall_ns = start_page->cpu_ns = 0;
  run.out = output_file("stdout");
  run.err = output_file("stderr");
  run.in = box_open_input(run.input);
  if (run.in < 0) die("opening an input");
  if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) die("opening a pipe");
  run.trouble = pipe_ends[1];
  tree_reset();
  stay_home(request->home);
  cgroup_limit(request->memory_bytes + CGROUP_HEADROOM_BYTES + at_most(request->output_bytes, CGROUP_OUTPUT_BYTES));
  uint64_t kills = cgroup_kills(), cgroup_cpu = cgroup_cpu_ns(), own_cpu = cpu_now_ns(CLOCK_PROCESS_CPUTIME_ID);

  uint64_t forked = now_ns();
  run.deadline_ns = forked + request->wall_ns;
  run.pid = fork();
  if (run.pid < 0) die("starting a process");
  if (run.pid == 0) become_program(&run);
  watch(&run, control_in);
  end_tree(&run);
  check_output(&run);
  close(pipe_ends[1]);

  struct answer *answer = &run.answer;
  uint64_t started = start_page->wall_ns;
  ssize_t length = read(pipe_ends[0], message, sizeof message - 1);
  if (length > 0 || started == 0) {
    answer->flags |= FAILED;
    if (length <= 0) snprintf(message, sizeof message, "the program's process ended before it was started");
  } else {
    answer->wall_ns = run.end_ns > started ? run.end_ns - started : 0;
    uint64_t before = start_page->cpu_ns / 1000, reaped = run.reaped_cpu_us;
    reaped = reaped > before ? reaped - before : 0;
    uint64_t seen = run.tree.cpu_ns > start_page->cpu_ns ? run.tree.cpu_ns - start_page->cpu_ns : 0;
    /* A parent that ignores its children's end takes their time out of the kernel's sums; what was seen stays. */
    answer->cpu_ns = reaped * 1000 > seen ? reaped * 1000 : seen;
    uint64_t counted = cgroup_cpu_ns();
    if (counted > cgroup_cpu) {
      counted -= cgroup_cpu;
      own_cpu = cpu_now_ns(CLOCK_PROCESS_CPUTIME_ID) - own_cpu + start_page->cpu_ns;
      counted = counted > own_cpu ? counted - own_cpu : 0;
      /* The group's count holds some of our own work, so it only speaks when a good part would be missing. */
      if (counted > answer->cpu_ns + answer->cpu_ns / 20 + 5000000) answer->cpu_ns = counted;
    }
    if (run.last_sample_ns == 0) {
      answer->integral_byte_s = (double)run.peak_bytes * (double)answer->wall_ns / 1e9;
    } else if (run.end_ns > run.last_sample_ns) {
      answer->integral_byte_s += (double)run.last_bytes * (double)(run.end_ns - run.last_sample_ns) / 1e9;
    }
    answer->peak_bytes = run.peak_bytes;
    if (run.peak_bytes > request->memory_bytes || cgroup_kills() > kills) answer->flags |= OVER_MEMORY;
    if (answer->wall_ns > request->wall_ns || answer->cpu_ns > request->cpu_ns) answer->flags |= TIMED_OUT;
  }
  close(pipe_ends[0]);
  box_clean();
  report(&run, message, control_out);
  close(run.in);
  close(run.out);
  close(run.err);
  free(run.argv);
}
