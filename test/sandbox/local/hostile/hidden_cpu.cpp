// Children that nobody waits for, and whose end the parent ignores: 300 ms of work in all.
#include <csignal>
#include <cstdio>
#include <ctime>
#include <sys/wait.h>
#include <unistd.h>
static double cpu() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}
int main() {
  signal(SIGCHLD, SIG_IGN);
  for (int i = 0; i < 3; i++)
    if (fork() == 0) {
      while (cpu() < 100) continue;
      _exit(0);
    }
  while (wait(nullptr) > 0) continue;
  puts("answer");
}
