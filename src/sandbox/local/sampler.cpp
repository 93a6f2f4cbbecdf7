/*
 * Runs a program as the published benchmark does: looks at its resident memory every 0.1 ms and takes the time from the
 * first look to the last one. What the program writes to standard error goes to its standard output, in order, as on a
 * terminal; our own standard error carries one line of figures.
 *
 *   sampler PROGRAM [ARGUMENT…]
 */
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ctime>
#include <unistd.h>

static constexpr int64_t interval_ns = 100'000;

static int64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

/* The second number of statm: resident pages of this process alone, 0 when it is gone. */
static int64_t resident_kib(int statm) {
  char text[128];
  ssize_t length = pread(statm, text, sizeof text - 1, 0);
  if (length <= 0) return 0;
  text[length] = '\0';
  long long size = 0, resident = 0;
  if (sscanf(text, "%lld %lld", &size, &resident) != 2) return 0;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int figures = fcntl(2, F_DUPFD_CLOEXEC, 10);
  pid_t pid = fork();
  if (pid < 0) return 2;
  if (pid == 0) {
    dup2(1, 2);
    execvp(argv[1], argv + 1);
    fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
    _exit(127);
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/statm", int(pid));
  int statm = open(path, O_RDONLY | O_CLOEXEC);
  int64_t first = 0, last = 0, most = 0, before = 0;
  double area = 0; /* KiB · s */
  int status = 0;
  uint64_t looks = 0;
  int64_t next = now_ns() + interval_ns;
  for (; waitpid(pid, &status, WNOHANG) == 0; looks++) {
    int64_t at = now_ns(), kib = resident_kib(statm);
    if (looks == 0) first = at;
    else area += double(at - last) / 1e9 * double(before + kib) / 2;
    last = at;
    before = kib;
    if (kib > most) most = kib;
    timespec wake = {time_t(next / 1'000'000'000), long(next % 1'000'000'000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, nullptr);
    next += interval_ns;
  }
  dprintf(figures, "sampler %lld %lld %.9g\n", (long long)(last - first), (long long)most, area);
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  /* End as the program did, without a second core file. */
  rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  signal(WTERMSIG(status), SIG_DFL);
  raise(WTERMSIG(status));
  return 128 + WTERMSIG(status);
}
