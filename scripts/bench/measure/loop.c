/* loop COUNT CORE PROGRAM: wall time in ms of each start, run and end of a program, by nothing but vfork, exec and wait. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  cpu_set_t core;
  CPU_ZERO(&core);
  CPU_SET(atoi(argv[2]), &core);
  sched_setaffinity(0, sizeof core, &core);
  for (int i = atoi(argv[1]); i > 0; i--) {
    struct timespec start, end;
    int status;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t pid = vfork();
    if (pid == 0) {
      execv(argv[3], argv + 3);
      _exit(127);
    }
    waitpid(pid, &status, 0);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n", (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6);
  }
  return 0;
}
