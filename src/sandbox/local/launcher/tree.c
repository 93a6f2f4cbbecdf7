/*
 * All processes of the running program. In a process namespace of our own that is everybody but us; without one it is
 * our descendants, which stay ours because we are their subreaper.
 */
#include "launcher.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST_PROCESSES 4096
#define DIVIDE_WAIT_NS 5000000ull

struct process {
  pid_t pid;
  int statm;
  uint64_t cpu_ns, resident, shared;
  uint64_t own, own_resident; /* its part of the tree's memory, and its resident memory when that was found out */
};

static struct process processes[MOST_PROCESSES];
static uint32_t count;
static uint64_t vanished_cpu_ns;
static uint64_t divided_ns, over_since_ns;
static int proc_fd = -1;
static uint64_t page_bytes;

void tree_open(void) {
  page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
  divide_open();
  if (options.mode == BARE) {
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) die("adopting orphans");
    return;
  }
  if (getpid() != 1) {
    errno = EPERM;
    die("starting as the first process of a box");
  }
  proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc_fd < 0) die("opening /proc");
}

void tree_reset(void) {
  for (uint32_t i = 0; i < count; i++) close(processes[i].statm);
  count = 0;
  vanished_cpu_ns = 0;
  divided_ns = over_since_ns = 0;
}

struct entry {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

/* /proc lists processes in the order of their numbers. */
static uint32_t list_namespace(pid_t *pids) {
  static char buffer[65536] __attribute__((aligned(8)));
  uint32_t n = 0;
  lseek(proc_fd, 0, SEEK_SET);
  for (;;) {
    long got = syscall(SYS_getdents64, proc_fd, buffer, sizeof buffer);
    if (got <= 0) return n;
    for (long at = 0; at < got;) {
      struct entry *entry = (struct entry *)(buffer + at);
      at += entry->length;
      if (entry->name[0] < '1' || entry->name[0] > '9') continue;
      pid_t pid = (pid_t)strtol(entry->name, NULL, 10);
      if (pid != 1 && n < MOST_PROCESSES) pids[n++] = pid;
    }
  }
}

static int by_number(const void *a, const void *b) { return *(const pid_t *)a - *(const pid_t *)b; }

static uint32_t list_descendants(pid_t *pids) {
  uint32_t n = 0, next = 0;
  char path[64], text[4096];
  for (pid_t pid = getpid();; pid = pids[next++]) {
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
      if (task->d_name[0] == '.') continue;
      snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", pid, task->d_name);
      int fd = open(path, O_RDONLY | O_CLOEXEC);
      ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
      if (fd >= 0) close(fd);
      text[got > 0 ? got : 0] = '\0';
      char *at = text, *end;
      for (long child; (child = strtol(at, &end, 10)) > 0 && end != at; at = end)
        if (n < MOST_PROCESSES) pids[n++] = (pid_t)child;
    }
    if (tasks != NULL) closedir(tasks);
    if (next >= n) break;
  }
  qsort(pids, n, sizeof *pids, by_number);
  return n;
}

static uint32_t list(pid_t *pids) { return options.mode == BARE ? list_descendants(pids) : list_namespace(pids); }

static void forget(struct process *process) {
  vanished_cpu_ns += process->cpu_ns;
  close(process->statm);
}

/* Keeps what is known of processes that are still there; both lists are in order. */
static void refresh(void) {
  static pid_t pids[MOST_PROCESSES];
  static struct process merged[MOST_PROCESSES];
  uint32_t n = list(pids), kept = 0, old = 0;
  for (uint32_t i = 0; i < n; i++) {
    while (old < count && processes[old].pid < pids[i]) forget(&processes[old++]);
    if (old < count && processes[old].pid == pids[i]) {
      merged[kept++] = processes[old++];
      continue;
    }
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/statm", pids[i]);
    int statm = open(path, O_RDONLY | O_CLOEXEC);
    if (statm >= 0) merged[kept++] = (struct process){.pid = pids[i], .statm = statm};
  }
  while (old < count) forget(&processes[old++]);
  memcpy(processes, merged, kept * sizeof *merged);
  count = kept;
}

static void look_at(struct process *process) {
  bool first = process->cpu_ns == 0 && process->resident == 0;
  char text[128];
  ssize_t length = pread(process->statm, text, sizeof text - 1, 0);
  process->resident = process->shared = 0;
  if (length > 0) {
    text[length] = '\0';
    char *at = text;
    strtoull(at, &at, 10);
    process->resident = strtoull(at, &at, 10) * page_bytes;
    process->shared = strtoull(at, &at, 10) * page_bytes;
  }
  if (first && count > 1) process->own_resident = process->resident; /* a copy of its parent until it writes */
  if (process->resident < process->own_resident) {
    process->own_resident = process->resident; /* it became another program, or gave memory back */
    if (process->own > process->resident) process->own = process->resident;
  }
  struct timespec cpu;
  /* The CPU clock of another process: to the nanosecond, without opening a file. */
  clockid_t clock = (clockid_t)((~(unsigned)process->pid << 3) | 2);
  if (clock_gettime(clock, &cpu) == 0) {
    uint64_t ns = (uint64_t)cpu.tv_sec * 1000000000ull + (uint64_t)cpu.tv_nsec;
    if (ns > process->cpu_ns) process->cpu_ns = ns;
  }
}

static uint64_t known_bytes(void) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) {
    const struct process *process = &processes[i];
    bytes += process->own + (process->resident - process->own_resident);
  }
  return bytes;
}

/* What the slow look found out; processes that came since are not in it, those that went are forgotten. */
static void take_shares(void) {
  uint32_t n;
  const struct share *shares = divide_answer(&n, &divided_ns);
  if (shares == NULL) return;
  for (uint32_t i = 0, at = 0; i < n; i++) {
    while (at < count && processes[at].pid < shares[i].pid) at++;
    if (at == count) break;
    if (processes[at].pid != shares[i].pid || shares[i].own == 0) continue;
    processes[at].own = shares[i].own;
    processes[at].own_resident = shares[i].resident < processes[at].resident ? shares[i].resident : processes[at].resident;
  }
  divide_done();
}

static void ask_for_shares(bool urgent) {
  pid_t pids[MOST_SHARES];
  for (uint32_t i = 0; i < count && i < MOST_SHARES; i++) pids[i] = processes[i].pid;
  divide_ask(pids, count, urgent);
}

/*
 * Memory of several processes. Between two slow looks, what a process has grown by is its own. Before a program is ended
 * for its memory the slow look is waited for, in bounds: a program can keep it waiting.
 */
static uint64_t shared_tree_bytes(uint64_t limit_bytes) {
  take_shares();
  uint64_t known = known_bytes(), now = now_ns();
  if (known <= limit_bytes) {
    over_since_ns = 0;
    ask_for_shares(false);
    return known;
  }
  if (over_since_ns == 0) over_since_ns = now;
  if (divided_ns > over_since_ns || now > over_since_ns + DIVIDE_WAIT_NS) return known;
  ask_for_shares(true);
  return limit_bytes;
}

void tree_look(struct tree *tree, uint64_t limit_bytes) {
  refresh();
  uint64_t resident = 0, shared = 0, cpu = vanished_cpu_ns;
  uint32_t living = 0;
  for (uint32_t i = 0; i < count; i++) {
    look_at(&processes[i]);
    resident += processes[i].resident;
    shared += processes[i].shared;
    cpu += processes[i].cpu_ns;
    if (processes[i].resident > 0) living++;
  }
  uint64_t files = box_memory_files();
  tree->file_bytes = files > shared ? files - shared : 0;
  tree->bytes = living > 1 ? shared_tree_bytes(limit_bytes) : resident;
  tree->cpu_ns = cpu;
  tree->processes = count;
}

void tree_kill(void) {
  if (options.mode != BARE) {
    kill(-1, SIGKILL);
    return;
  }
  static pid_t pids[MOST_PROCESSES];
  uint32_t n = list_descendants(pids);
  for (uint32_t i = 0; i < n; i++) kill(pids[i], SIGSTOP);
  for (uint32_t i = 0; i < n; i++) kill(pids[i], SIGKILL);
}
