/* Reading the monotonic clock. n: thousands of calls. The checksum counts
 * those that did not go backwards. */
#include "bench.h"
const uint64_t bench_default = 10000;

uint64_t bench(uint64_t n) {
  uint64_t sum = 0, last = 0;
  for (uint64_t i = 0; i < n * 1000; i++) {
    uint64_t now = bench_clock();
    sum += now >= last;
    last = now;
  }
  return sum;
}
