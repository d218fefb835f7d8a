/* Threads that race, wait for each other for ever, or spin: what a
 * deterministic machine has to make the same each time, end, or bring forward.
 * Further arguments: {how: str}. What comes out is printed to the log. */
#include "begin.h"

enum { THREADS = 4, ROUNDS = 3000 };

static volatile uint32_t counter;
static uint32_t order[64];
static _Atomic uint32_t finished;
static volatile bool go, seen;
static lock_t first, second;
static cond_t never;

/* Loses updates wherever a turn ends between reading and writing. */
static void increment(void *arg) {
  for (int i = 0; i < ROUNDS; i++) {
    uint32_t n = counter;
    for (volatile int j = 0; j < 20; j++) {
    }
    counter = n + 1;
  }
  order[finished++] = (uint32_t)(uintptr_t)arg;
}

static void race(void) {
  struct thread *t[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++)
    t[i] = thread_start(increment, (void *)i);
  for (int i = 0; i < THREADS; i++)
    thread_join(t[i]);
  uint32_t n = counter;
  dprint(logfile, "%s: %u of %u, order %u %u %u %u\n", n < THREADS * ROUNDS ? "lost updates" : "no race", n, THREADS * ROUNDS,
         order[0], order[1], order[2], order[3]);
}

static void other(void *arg) {
  (void)arg;
  lock_write(&second);
  go = true;
  lock_write(&first);
}

static void deadlock(void) {
  lock_write(&first);
  thread_start(other, NULL);
  while (!go)
    cloudabi_sys_thread_yield();
  lock_write(&second);
}

/* Sets the flag after a while, in which the others do nothing but look. */
static void late(void *arg) {
  (void)arg;
  sleep_ns(1000000);
  go = true;
}

static void polite(void *arg) {
  (void)arg;
  while (!go)
    cloudabi_sys_thread_yield();
  seen = true;
}

static void spin(void) {
  struct thread *a = thread_start(late, NULL), *b = thread_start(polite, NULL);
  uint64_t begin = clock_now(CLOUDABI_CLOCK_MONOTONIC);
  while (!go || !seen) {
  }
  uint64_t took = clock_now(CLOUDABI_CLOCK_MONOTONIC) - begin;
  thread_join(a);
  thread_join(b);
  dprint(logfile, "spun %s\n", took >= 1000000 ? "long enough" : "too short");
}

int guest_main(const struct arg *args) {
  begin(args);
  const char *how;
  size_t n;
  if (!arg_str(args, "how", &how, &n))
    return 99;
  if (strcmp(how, "race") == 0)
    race();
  else if (strcmp(how, "deadlock") == 0)
    deadlock();
  else if (strcmp(how, "condvar") == 0)
    lock_write(&first), cond_wait(&never, &first);
  else if (strcmp(how, "spin") == 0)
    spin();
  else if (strcmp(how, "loop") == 0)
    for (;;) __asm__ volatile("");
  else if (strcmp(how, "sleep") == 0)
    sleep_ns(3600ull * 1000000000); /* an hour, which costs nothing where time is virtual */
  return check_result();
}
