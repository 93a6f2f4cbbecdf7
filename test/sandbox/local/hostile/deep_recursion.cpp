// 50 MB of stack: fine where the stack is as large as memory.
#include <cstdio>
static long depth(long n) {
  volatile char frame[64];
  frame[0] = char(n);
  return n == 0 ? frame[0] : 1 + depth(n - 1) + (frame[0] != char(n));
}
int main() { puts(depth(400000) >= 400000 ? "answer" : "wrong"); }
