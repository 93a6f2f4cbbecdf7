#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
int main() {
  int number = 0;
  if (scanf("%d", &number) != 1) return 2;
  kill(getpid(), number);
  return 1;
}
