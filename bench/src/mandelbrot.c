/* Points of the Mandelbrot set in double precision. n: thousands of points. */
#include "bench.h"
const uint64_t bench_default = 7000;

uint64_t bench(uint64_t n) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < n * 1000; i++) {
    double cr = (double)(i % 1000) * (2.5 / 1000) - 2, ci = (double)(i / 1000 % 1000) * (2.0 / 1000) - 1, r = 0, m = 0;
    int k = 0;
    for (; k < 100 && r * r + m * m < 4; k++) {
      double t = r * r - m * m + cr;
      m = 2 * r * m + ci;
      r = t;
    }
    sum += (uint64_t)k;
  }
  return sum;
}
