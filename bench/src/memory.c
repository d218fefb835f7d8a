/* Copying and filling memory through plain loops and the compiler's own
 * functions, in sizes from a few bytes to 256 KiB. n: rounds. */
#include "bench.h"
const uint64_t bench_default = 45000;

static uint8_t a[256 << 10], b[256 << 10];

static __attribute__((noinline)) void copy8(uint8_t *d, const uint8_t *s, size_t n) {
  for (size_t i = 0; i + 8 <= n; i += 8)
    __builtin_memcpy(d + i, s + i, 8);
}

static __attribute__((noinline)) void fill(uint8_t *d, uint8_t c, size_t n) {
  for (size_t i = 0; i < n; i++)
    d[i] = c;
}

static __attribute__((noinline)) size_t length(const uint8_t *s) {
  size_t n = 0;
  while (s[n] != 0)
    n++;
  return n;
}

uint64_t bench(uint64_t n) {
  uint64_t sum = 0;
  for (size_t i = 0; i < sizeof a; i++)
    a[i] = (uint8_t)(i | 1);
  for (uint64_t r = 0; r < n; r++) {
    copy8(b, a, sizeof a);
    fill(a + r % 1000, (uint8_t)(r | 1), 100000);
    for (size_t i = 0; i < 20000; i += 50) {
      copy8(b + i, a + i + 3, 40);
      b[i + 20 + r % 20] = 0;
      sum += length(b + i);
    }
    sum = mix(sum, b[r % sizeof b]);
  }
  return sum;
}
