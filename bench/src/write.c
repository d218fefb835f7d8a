/* Writing a byte to a device that drops it. n: thousands of calls. The
 * checksum counts the bytes taken. */
#include "bench.h"
const uint64_t bench_default = 5000;

uint64_t bench(uint64_t n) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < n * 1000; i++)
    sum += bench_write();
  return sum;
}
