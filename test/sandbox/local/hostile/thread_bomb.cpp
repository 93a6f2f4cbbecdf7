#include <pthread.h>
#include <unistd.h>
static void *wait_for_ever(void *) {
  pause();
  return nullptr;
}
int main() {
  pthread_t thread;
  int started = 0;
  while (pthread_create(&thread, nullptr, wait_for_ever, nullptr) == 0) started++;
  return started < 2000 ? 3 : 0;
}
