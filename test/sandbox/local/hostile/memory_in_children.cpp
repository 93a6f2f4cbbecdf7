// Each process stays small; all together do not.
#include <cstdlib>
#include <unistd.h>
int main() {
  for (int i = 0; i < 8; i++)
    if (fork() == 0) {
      volatile char *block = (volatile char *)malloc(40 << 20);
      for (int at = 0; at < 40 << 20; at += 4096) block[at] = 1;
      sleep(60);
      _exit(0);
    }
  sleep(60);
}
