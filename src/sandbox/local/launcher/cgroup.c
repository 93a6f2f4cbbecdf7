/* The kernel's own accounting of the box: a hard memory limit, and CPU time that no program can hide. */
#include "launcher.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static int limit_fd = -1, events_fd = -1, cpu_fd = -1, version;
static uint64_t limit_now;

static int open_in(const char *folder, const char *name, int flags) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) die(path);
  return fd;
}

/* The folder is needed once: what is open stays open, and programs never see it. */
static void join_and_hide(const char *folder) {
  int fd = open_in(folder, "cgroup.procs", O_WRONLY);
  if (write(fd, "0", 1) != 1) die("joining a control group");
  close(fd);
  if (umount2(folder, MNT_DETACH) != 0) die("hiding a control group");
}

void cgroup_open(int which, const char *memory, const char *cpu, const char *pids) {
  version = which;
  limit_fd = open_in(memory, which == 1 ? "memory.limit_in_bytes" : "memory.max", O_WRONLY);
  events_fd = open_in(memory, which == 1 ? "memory.oom_control" : "memory.events", O_RDONLY);
  cpu_fd = open_in(cpu, which == 1 ? "cpuacct.usage" : "cpu.stat", O_RDONLY);
  join_and_hide(memory);
  if (cpu != memory) join_and_hide(cpu);
  if (pids != memory) join_and_hide(pids);
}

void cgroup_limit(uint64_t bytes) {
  if (limit_fd < 0 || bytes == limit_now) return;
  char text[32];
  int length = snprintf(text, sizeof text, "%llu", (unsigned long long)bytes);
  /* Refused while more is still in use; the watch on the tree holds the limit then. */
  if (pwrite(limit_fd, text, (size_t)length, 0) == length) limit_now = bytes;
}

static uint64_t number_after(int fd, const char *key) {
  char text[1024];
  ssize_t length = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
  if (length <= 0) return 0;
  text[length] = '\0';
  const char *at = *key == '\0' ? text : strstr(text, key);
  return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 10);
}

uint64_t cgroup_kills(void) { return number_after(events_fd, "oom_kill "); }

uint64_t cgroup_cpu_ns(void) {
  return version == 2 ? number_after(cpu_fd, "usage_usec ") * 1000 : number_after(cpu_fd, "");
}
