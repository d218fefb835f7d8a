/* Planets that attract each other: double precision with square roots and
 * divisions. n: thousands of steps. */
#include "bench.h"
const uint64_t bench_default = 8000;

enum { N = 5 };
static double x[N], y[N], z[N], vx[N], vy[N], vz[N], mass[N];

uint64_t bench(uint64_t n) {
  uint64_t state = 31415;
  for (int i = 0; i < N; i++) {
    x[i] = (double)(next_random(&state) % 1000) / 50, y[i] = (double)(next_random(&state) % 1000) / 50;
    z[i] = (double)(next_random(&state) % 1000) / 500, mass[i] = i == 0 ? 39 : 0.01 * i;
    vx[i] = (double)(next_random(&state) % 100) / 100, vy[i] = -vx[i] / 2, vz[i] = 0.01;
  }
  for (uint64_t s = 0; s < n * 1000; s++) {
    for (int i = 0; i < N; i++)
      for (int j = i + 1; j < N; j++) {
        double dx = x[i] - x[j], dy = y[i] - y[j], dz = z[i] - z[j];
        double d2 = dx * dx + dy * dy + dz * dz + 1e-4;
        double m = 0.001 / (d2 * __builtin_sqrt(d2));
        vx[i] -= dx * mass[j] * m, vy[i] -= dy * mass[j] * m, vz[i] -= dz * mass[j] * m;
        vx[j] += dx * mass[i] * m, vy[j] += dy * mass[i] * m, vz[j] += dz * mass[i] * m;
      }
    for (int i = 0; i < N; i++)
      x[i] += 0.001 * vx[i], y[i] += 0.001 * vy[i], z[i] += 0.001 * vz[i];
  }
  return bits_of(x[0]) ^ bits_of(y[1]) ^ bits_of(z[2]);
}
