/* Permutations and reversals of small arrays. n: runs over 8 elements. */
#include "bench.h"
const uint64_t bench_default = 700;

enum { N = 8 };

static int flips(const int8_t *p) {
  int8_t q[N];
  int n = 0;
  for (int i = 0; i < N; i++)
    q[i] = p[i];
  for (int first; (first = q[0]) != 0; n++)
    for (int i = 0, j = first; i < j; i++, j--) {
      int8_t t = q[i];
      q[i] = q[j], q[j] = t;
    }
  return n;
}

uint64_t bench(uint64_t n) {
  uint64_t sum = 0;
  for (uint64_t run = 0; run < n; run++) {
    int8_t p[N], count[N];
    int most = 0, check = 0, sign = 1;
    for (int i = 0; i < N; i++)
      p[i] = (int8_t)((i + (int)run) % N), count[i] = (int8_t)i;
    for (;;) {
      int f = p[0] == 0 ? 0 : flips(p);
      most = f > most ? f : most;
      check += sign * f;
      if (sign == 1) {
        int8_t t = p[0];
        p[0] = p[1], p[1] = t;
        sign = -1;
        continue;
      }
      int8_t t = p[1];
      p[1] = p[2], p[2] = t;
      sign = 1;
      int i = 2;
      for (; i < N && count[i] == 0; i++) {
        if (i == N - 1)
          goto done;
        count[i] = (int8_t)i;
        int8_t first = p[0];
        for (int j = 0; j <= i; j++)
          p[j] = p[j + 1];
        p[i + 1] = first;
      }
      if (i == N)
        break;
      count[i]--;
    }
  done:
    sum = mix(sum, (uint64_t)(most * 1000 + check));
  }
  return sum;
}
