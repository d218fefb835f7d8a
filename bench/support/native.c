/* Runs a bench program on the host: NAME [n] prints the checksum and the
 * nanoseconds of CPU time it took. The sink of bench_write is /dev/null. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static char arena[64 << 20] __attribute__((aligned(64)));
static size_t used;

void *bench_alloc(size_t n) {
  size_t at = used;
  used += (n + 15) & ~(size_t)15;
  return used <= sizeof arena ? arena + at : NULL;
}

void bench_reset(void) { used = 0; }

uint64_t bench_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t bench_write(void) {
  static int sink = -1;
  if (sink < 0)
    sink = open("/dev/null", O_WRONLY);
  return write(sink, "", 1) == 1;
}

uint64_t bench_child(uint64_t code) {
  pid_t child = fork();
  if (child == 0)
    _exit((int)code);
  int status;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? (uint64_t)WEXITSTATUS(status) : ~(uint64_t)0;
}

struct thread { pthread_t id; void (*fn)(void *); void *arg; };

static void *run(void *arg) {
  struct thread *t = arg;
  t->fn(t->arg);
  return NULL;
}

void *bench_thread(void (*fn)(void *), void *arg) {
  struct thread *t = malloc(sizeof *t);
  *t = (struct thread){.fn = fn, .arg = arg};
  if (pthread_create(&t->id, NULL, run, t) != 0)
    exit(3);
  return t;
}

void bench_join(void *thread) {
  struct thread *t = thread;
  pthread_join(t->id, NULL);
  free(t);
}

int main(int argc, char **argv) {
  struct timespec a, b;
  uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : bench_default;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
  uint64_t sum = bench(n);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
  printf("%016llx %lld\n", (unsigned long long)sum, (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec);
  return 0;
}
