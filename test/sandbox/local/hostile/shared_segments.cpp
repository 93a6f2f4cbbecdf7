// System V segments, detached again: in nobody's resident memory.
#include <cstring>
#include <sys/shm.h>
#include <unistd.h>
int main() {
  for (int i = 0; i < 64; i++) {
    int id = shmget(IPC_PRIVATE, 8 << 20, 0600 | IPC_CREAT);
    void *p = id < 0 ? nullptr : shmat(id, nullptr, 0);
    if (p == nullptr || p == (void *)-1) continue;
    memset(p, 1, 8 << 20);
    shmdt(p);
  }
  sleep(60);
}
