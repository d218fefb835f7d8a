/* Modular powers of 64-bit numbers by Montgomery's multiplication: products of
 * twice the width. n: powers. */
#include "bench.h"
const uint64_t bench_default = 3800000;

static inline uint64_t reduce(unsigned __int128 t, uint64_t m, uint64_t inverse) {
  uint64_t q = (uint64_t)t * inverse;
  unsigned __int128 p = (unsigned __int128)q * m;
  uint64_t high = (uint64_t)(t >> 64), sub = (uint64_t)(p >> 64);
  return high >= sub ? high - sub : high - sub + m;
}

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t m) {
  uint64_t inverse = m;
  for (int i = 0; i < 5; i++)
    inverse *= 2 - m * inverse;
  uint64_t r = -m % m, r2 = r; /* 2^64 mod m, then its square by doubling */
  for (int i = 0; i < 64; i++)
    r2 = r2 >= m - r2 ? r2 - (m - r2) : r2 + r2;
  uint64_t x = reduce((unsigned __int128)(base % m) * r2, m, inverse), y = r;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0)
      y = reduce((unsigned __int128)y * x, m, inverse);
    x = reduce((unsigned __int128)x * x, m, inverse);
  }
  return reduce(y, m, inverse);
}

uint64_t bench(uint64_t n) {
  uint64_t sum = 0, state = 7;
  for (uint64_t i = 0; i < n; i++) {
    uint64_t m = next_random(&state) >> 1 | 1;
    sum = mix(sum, power(next_random(&state), next_random(&state) >> 32, m));
  }
  return sum;
}
