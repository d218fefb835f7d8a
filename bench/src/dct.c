/* The inner part of a picture decoder: dequantisation, inverse cosine
 * transforms in fixed point, saturation, a change of colour space. n: blocks
 * of 64 samples, in thousands. */
#include "bench.h"
const uint64_t bench_default = 2500;

static int16_t coefficient[3][64];
static uint8_t sample[3][64], rgb[192];
static const uint8_t quant[64] = {16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
  14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99};

static uint8_t clamp(int32_t v) { return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v; }

static void line(int32_t *v, int stride) {
  int32_t a = v[0], b = v[4 * stride], c = v[2 * stride], d = v[6 * stride];
  int32_t e = v[stride], f = v[3 * stride], g = v[5 * stride], h = v[7 * stride];
  int32_t s = a + b, t = a - b, u = (c * 334 - d * 139) >> 8, w = (c * 139 + d * 334) >> 8;
  int32_t o0 = (e * 355 + f * 301 + g * 201 + h * 71) >> 8, o1 = (e * 301 - f * 71 - g * 355 - h * 201) >> 8;
  int32_t o2 = (e * 201 - f * 355 + g * 71 + h * 301) >> 8, o3 = (e * 71 - f * 201 + g * 301 - h * 355) >> 8;
  int32_t e0 = s + w, e1 = t + u, e2 = t - u, e3 = s - w;
  v[0] = e0 + o0, v[7 * stride] = e0 - o0, v[stride] = e1 + o1, v[6 * stride] = e1 - o1;
  v[2 * stride] = e2 + o2, v[5 * stride] = e2 - o2, v[3 * stride] = e3 + o3, v[4 * stride] = e3 - o3;
}

static void transform(const int16_t *from, uint8_t *to) {
  int32_t v[64];
  for (int i = 0; i < 64; i++)
    v[i] = from[i] * quant[i];
  for (int i = 0; i < 8; i++)
    line(v + 8 * i, 1);
  for (int i = 0; i < 8; i++)
    line(v + i, 8);
  for (int i = 0; i < 64; i++)
    to[i] = clamp((v[i] >> 4) + 128);
}

uint64_t bench(uint64_t n) {
  uint64_t sum = 0, state = 17;
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 64; i++)
      coefficient[c][i] = (int16_t)((int)(next_random(&state) % 64 >> i / 12) - (i == 0 ? 0 : 1));
  for (uint64_t r = 0; r < n * 1000; r++) {
    coefficient[r % 3][r % 64] ^= 3;
    for (int c = 0; c < 3; c++)
      transform(coefficient[c], sample[c]);
    for (int i = 0; i < 64; i++) {
      int32_t y = sample[0][i], u = sample[1][i] - 128, v = sample[2][i] - 128;
      rgb[3 * i] = clamp(y + (v * 359 >> 8));
      rgb[3 * i + 1] = clamp(y - (u * 88 >> 8) - (v * 183 >> 8));
      rgb[3 * i + 2] = clamp(y + (u * 454 >> 8));
    }
    sum = mix(sum, rgb[r % 192] | (uint64_t)rgb[7] << 8 | (uint64_t)rgb[100] << 16);
  }
  return sum;
}
