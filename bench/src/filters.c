/* Signal processing in fixed point: a finite and an infinite impulse response,
 * a lattice and a dot product. n: rounds over 1,024 samples. */
#include "bench.h"
const uint64_t bench_default = 75000;

enum { N = 1024, TAPS = 32 };
static int16_t in[N + TAPS], out[N], taps[TAPS], reflection[8];

static void fir(void) {
  for (int i = 0; i < N; i++) {
    int32_t s = 0;
    for (int k = 0; k < TAPS; k++)
      s += in[i + k] * taps[k];
    out[i] = (int16_t)(s >> 15);
  }
}

static int32_t iir(void) {
  int32_t y1 = 0, y2 = 0, sum = 0;
  for (int i = 0; i < N; i++) {
    int32_t y = (in[i] * 8192 + y1 / 4 * 3 - y2 / 2) >> 2;
    y2 = y1, y1 = y;
    sum ^= y;
  }
  return sum;
}

static int32_t lattice(void) {
  int32_t b[9] = {0}, sum = 0;
  for (int i = 0; i < N; i++) {
    int32_t f = in[i];
    for (int k = 7; k >= 0; k--) {
      f -= (int32_t)((int64_t)b[k] * reflection[k] >> 15);
      b[k + 1] = b[k] + (int32_t)((int64_t)f * reflection[k] >> 15);
    }
    b[0] = f;
    sum += f;
  }
  return sum;
}

uint64_t bench(uint64_t n) {
  uint64_t state = 11, sum = 0;
  for (int i = 0; i < N + TAPS; i++)
    in[i] = (int16_t)(next_random(&state) >> 20);
  for (int i = 0; i < TAPS; i++)
    taps[i] = (int16_t)(i * (TAPS - i) * 17);
  for (int i = 0; i < 8; i++)
    reflection[i] = (int16_t)(9000 - 1500 * i);
  for (uint64_t r = 0; r < n; r++) {
    fir();
    int32_t dot = 0;
    for (int i = 0; i < N; i++)
      dot += out[i] * in[i] >> 8;
    sum = mix(sum, (uint64_t)(uint32_t)(dot ^ iir()) << 32 | (uint32_t)lattice());
    in[r % N] ^= (int16_t)r;
  }
  return sum;
}
