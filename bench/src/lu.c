/* Systems of equations modulo a prime: elimination with pivots, divisions. n:
 * systems of 40 equations. */
#include "bench.h"
const uint64_t bench_default = 22000;

enum { N = 40 };
static const uint32_t prime = 2147483647;
static uint32_t m[N][N + 1];

static uint32_t times(uint32_t a, uint32_t b) { return (uint32_t)((uint64_t)a * b % prime); }

static uint32_t invert(uint32_t a) {
  int64_t t = 0, next = 1;
  uint32_t r = prime, s = a;
  while (s != 0) {
    int64_t q = r / s, u = t - q * next;
    uint32_t rest = r % s;
    t = next, next = u, r = s, s = rest;
  }
  return (uint32_t)(t < 0 ? t + prime : t);
}

uint64_t bench(uint64_t n) {
  uint64_t state = 21, sum = 0;
  for (uint64_t run = 0; run < n; run++) {
    for (int i = 0; i < N; i++)
      for (int j = 0; j <= N; j++)
        m[i][j] = (uint32_t)(next_random(&state) % prime) * (next_random(&state) % 4 != 0);
    for (int c = 0; c < N; c++) {
      int p = c;
      while (p < N && m[p][c] == 0)
        p++;
      if (p == N)
        continue;
      for (int j = c; j <= N; j++) {
        uint32_t t = m[p][j];
        m[p][j] = m[c][j], m[c][j] = t;
      }
      uint32_t inverse = invert(m[c][c]);
      for (int i = c + 1; i < N; i++) {
        if (m[i][c] == 0)
          continue;
        uint32_t factor = times(m[i][c], inverse);
        for (int j = c; j <= N; j++)
          m[i][j] = (uint32_t)((m[i][j] + (uint64_t)(prime - factor) * m[c][j]) % prime);
      }
    }
    for (int i = 0; i < N; i++)
      sum = mix(sum, m[i][i] ^ (uint64_t)m[i][N] << 31);
  }
  return sum;
}
