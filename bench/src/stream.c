/* Long vectors: copy, scale, add, triad. n: rounds over 8,192 doubles. */
#include "bench.h"
const uint64_t bench_default = 60000;

enum { N = 8192 };
static double a[N], b[N], c[N];

uint64_t bench(uint64_t n) {
  for (int i = 0; i < N; i++)
    a[i] = i % 100, b[i] = 2, c[i] = 0;
  for (uint64_t r = 0; r < n; r++) {
    for (int i = 0; i < N; i++) c[i] = a[i];
    for (int i = 0; i < N; i++) b[i] = 0.5 * c[i];
    for (int i = 0; i < N; i++) c[i] = a[i] + b[i];
    for (int i = 0; i < N; i++) a[i] = b[i] + c[i] * (1.0 / 3);
  }
  return bits_of(a[77]) ^ bits_of(c[4000]);
}
