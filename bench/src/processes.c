/* Processes that end at once: fork, exit and wait. n: processes. */
#include "bench.h"
const uint64_t bench_default = 4000;

uint64_t bench(uint64_t n) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    sum = mix(sum, bench_child(i & 127));
  return sum;
}
