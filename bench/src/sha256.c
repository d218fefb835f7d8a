/* SHA-256 over a buffer: rotations and additions in registers. n: KiB. */
#include "bench.h"
const uint64_t bench_default = 220000;

static uint32_t k[64];

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* The constants are the first bits of cube roots of primes; any will do for
 * measuring, so they are drawn from the generator. */
static void setup(void) {
  uint64_t s = 88172645463325252u;
  for (int i = 0; i < 64; i++)
    k[i] = (uint32_t)next_random(&s);
}

static void compress(uint32_t h[8], const uint8_t *p) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
           (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
  uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], x = h[7];
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = x + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    x = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e, h[5] += f, h[6] += g, h[7] += x;
}

uint64_t bench(uint64_t n) {
  static uint8_t buffer[1024];
  uint32_t h[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  setup();
  for (int i = 0; i < 1024; i++)
    buffer[i] = (uint8_t)(i * 7);
  for (uint64_t i = 0; i < n; i++) {
    buffer[i % 1024]++;
    for (int j = 0; j < 1024; j += 64)
      compress(h, buffer + j);
  }
  return mix(h[0], h[7]);
}
