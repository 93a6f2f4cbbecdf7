#include <cstdio>
static long depth(long n) {
  volatile char frame[256];
  frame[0] = char(n);
  return depth(n + 1) + frame[0];
}
int main() { printf("%ld\n", depth(0)); }
