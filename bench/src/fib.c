/* Recursion: calls and returns and little else. n: runs of fib(27). */
#include "bench.h"
const uint64_t bench_default = 4300;

static __attribute__((noinline)) uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

uint64_t bench(uint64_t n) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    sum = mix(sum, fib(20 + i % 8));
  return sum;
}
