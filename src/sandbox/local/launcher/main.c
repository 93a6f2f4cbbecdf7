/* Command line, control loop. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES (8u << 20) /* argv and environment of a program; the kernel takes less */
/* Where allowed, limits are held in time also on a busy machine, and among hundreds of processes of one program. */
#define REALTIME_PRIORITY 1
#define NICE (-10)

struct options options = {.mode = INSIDE, .processes = 256, .tmp = "/tmp", .tmp_bytes = 256ull << 20};

uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

void die(const char *what) {
  dprintf(2, "launcher: %s: %s\n", what, strerror(errno));
  _exit(1);
}

bool read_fully(int fd, void *into, size_t bytes) {
  char *at = into;
  while (bytes > 0) {
    ssize_t got = read(fd, at, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    bytes -= (size_t)got;
  }
  return true;
}

static const char *value(int argc, char **argv, int *at) {
  if (++*at >= argc) {
    dprintf(2, "launcher: %s wants a value\n", argv[*at - 1]);
    _exit(2);
  }
  return argv[*at];
}

static void read_options(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i];
    if (!strcmp(name, "--own")) options.mode = OWN;
    else if (!strcmp(name, "--bare")) options.mode = BARE;
    else if (!strcmp(name, "--uid")) options.uid = (uid_t)strtoul(value(argc, argv, &i), NULL, 10);
    else if (!strcmp(name, "--processes")) options.processes = (uint32_t)strtoul(value(argc, argv, &i), NULL, 10);
    else if (!strcmp(name, "--inputs")) options.inputs = value(argc, argv, &i);
    else if (!strcmp(name, "--tmp")) {
      options.tmp = value(argc, argv, &i);
      options.tmp_bytes = strtoull(value(argc, argv, &i), NULL, 10);
    } else if (!strcmp(name, "--cgroup1")) {
      const char *memory = value(argc, argv, &i);
      const char *cpu = value(argc, argv, &i);
      cgroup_open(1, memory, cpu, value(argc, argv, &i));
    } else if (!strcmp(name, "--cgroup2")) {
      const char *folder = value(argc, argv, &i);
      cgroup_open(2, folder, folder, folder);
    } else if (!strcmp(name, "--ro") || !strcmp(name, "--rw") || !strcmp(name, "--symlink")) {
      value(argc, argv, &i); /* for box_make() */
      value(argc, argv, &i);
    } else {
      dprintf(2, "launcher: unknown option %s\n", name);
      _exit(2);
    }
  }
}

/* Programs never see the control descriptors: they are moved away and closed on exec. */
static int move_away(int fd) {
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
  if (moved < 0) die("moving a control descriptor");
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0 || dup2(nothing, fd) < 0) die("opening /dev/null");
  close(nothing);
  return moved;
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  if (options.mode == OWN) box_make(argc, argv);
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_TIMERSLACK, 1);
  signal(SIGPIPE, SIG_IGN);
  /* Before there is a second thread: one that does not block it would take it away from those who wait for it. */
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, NULL);
  int control_in = move_away(0);
  int control_out = move_away(1);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  struct sched_param realtime = {.sched_priority = REALTIME_PRIORITY};
  if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &realtime) != 0) setpriority(PRIO_PROCESS, 0, NICE);
  box_prepare();
  tree_open();

  uint32_t hello[2] = {PROTOCOL, (uint32_t)getpid()};
  if (write(control_out, hello, sizeof hello) != sizeof hello) die("saying hello");
  char *buffer = NULL;
  uint32_t room = 0, length;
  while (read_fully(control_in, &length, sizeof length)) {
    if (length < sizeof(struct request) || length > REQUEST_BYTES) {
      errno = EPROTO;
      die("reading a request");
    }
    if (length > room) {
      buffer = realloc(buffer, length + 1);
      if (buffer == NULL) die("reading a request");
      room = length;
    }
    if (!read_fully(control_in, buffer, length)) break;
    buffer[length] = '\0';
    struct request request;
    memcpy(&request, buffer, sizeof request);
    job_run(&request, buffer + sizeof request, length - sizeof request, control_in, control_out);
  }
  return 0;
}
