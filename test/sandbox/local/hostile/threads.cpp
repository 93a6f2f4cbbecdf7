// Four threads of 50 ms each: all of it counts.
#include <cstdio>
#include <ctime>
#include <thread>
#include <vector>
static double cpu() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}
int main() {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++)
    threads.emplace_back([] {
      while (cpu() < 50) continue;
    });
  for (auto &thread : threads) thread.join();
  puts("answer");
}
