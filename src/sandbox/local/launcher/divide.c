/*
 * Fair shares of common pages. Resident memory of several processes counts their common pages once each; the kernel can
 * divide them, but to look at a process's pages it waits for that process's own work on them, as long as that takes. So a
 * thread of its own waits, and the watch on the limits never does.
 */
#include "launcher.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The slow look takes at most this part of the time. */
#define DIVIDE_SHARE 20

static struct share shares[MOST_SHARES];
static uint32_t shares_count;
static uint64_t finished_ns, next_ns;
static atomic_int state; /* 0: nothing asked, 1: asked, 2: answered */
static int bell = -1;

static uint64_t after(const char *text, const char *key) {
  const char *at = strstr(text, key);
  return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 10) * 1024;
}

static void look_at(struct share *share) {
  char path[40], text[2048];
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", share->pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[length > 0 ? length : 0] = '\0';
  share->own = after(text, "\nPss:");
  share->resident = after(text, "\nRss:");
}

static void *answer(void *nothing) {
  uint64_t rings;
  while (read(bell, &rings, sizeof rings) == sizeof rings) {
    uint64_t start = now_ns();
    for (uint32_t i = 0; i < shares_count; i++) look_at(&shares[i]);
    finished_ns = now_ns();
    next_ns = finished_ns + (finished_ns - start) * DIVIDE_SHARE;
    atomic_store(&state, 2);
  }
  return nothing;
}

void divide_open(void) {
  pthread_t thread;
  bell = eventfd(0, EFD_CLOEXEC);
  if (bell < 0 || pthread_create(&thread, NULL, answer, NULL) != 0) die("starting a thread");
}

bool divide_ask(const pid_t *pids, uint32_t count, bool urgent) {
  if (count > MOST_SHARES || atomic_load(&state) != 0 || (now_ns() < next_ns && !urgent)) return false;
  for (uint32_t i = 0; i < count; i++) shares[i] = (struct share){.pid = pids[i]};
  shares_count = count;
  atomic_store(&state, 1);
  uint64_t ring = 1;
  return write(bell, &ring, sizeof ring) == sizeof ring;
}

const struct share *divide_answer(uint32_t *count, uint64_t *at_ns) {
  if (atomic_load(&state) != 2) return NULL;
  *count = shares_count;
  *at_ns = finished_ns;
  return shares;
}

void divide_done(void) { atomic_store(&state, 0); }
