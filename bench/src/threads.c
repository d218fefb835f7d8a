/* Threads that end at once: create and join. n: threads. */
#include "bench.h"
const uint64_t bench_default = 50000;

static void add(void *arg) { *(uint64_t *)arg += 1; }

uint64_t bench(uint64_t n) {
  uint64_t sum = 0, count = 0;
  for (uint64_t i = 0; i < n; i++) {
    bench_join(bench_thread(add, &count));
    sum = mix(sum, count);
  }
  return sum;
}
