#include <cstdlib>
#include <cstring>
int main() {
  for (;;) {
    char *volatile block = (char *)malloc(1 << 20);
    memset(block, 1, 1 << 20);
  }
}
