// Shared memory of a child that has ended is still there.
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
int main() {
  for (;;) {
    void *p = mmap(0, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(p, 1, 8 << 20);
  }
}
