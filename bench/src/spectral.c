/* The largest eigenvalue of a matrix given by a formula. n: iterations. */
#include "bench.h"
const uint64_t bench_default = 600;

enum { N = 500 };
static double u[N], v[N], t[N];

static double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void multiply(const double *from, double *to, int transposed) {
  for (int i = 0; i < N; i++) {
    double s = 0;
    for (int j = 0; j < N; j++)
      s += (transposed ? element(j, i) : element(i, j)) * from[j];
    to[i] = s;
  }
}

uint64_t bench(uint64_t n) {
  for (int i = 0; i < N; i++)
    u[i] = 1;
  for (uint64_t r = 0; r < n; r++) {
    multiply(u, t, 0);
    multiply(t, v, 1);
    double norm = 0;
    for (int i = 0; i < N; i++)
      norm += v[i] * v[i];
    norm = __builtin_sqrt(norm);
    for (int i = 0; i < N; i++)
      u[i] = v[i] / norm;
  }
  return bits_of(u[7]) ^ bits_of(u[400]);
}
