/* A compressor that looks for repetitions, and its decompressor. n: rounds
 * over 64 KiB. */
#include "bench.h"
const uint64_t bench_default = 1800;

enum { SIZE = 64 << 10, HASH = 1 << 12 };
static uint8_t in[SIZE], out[2 * SIZE], back[SIZE];

static size_t compress(void) {
  static uint32_t last[HASH];
  size_t o = 0, literal = 0, i = 0;
  for (int h = 0; h < HASH; h++)
    last[h] = 0;
  while (i + 4 < SIZE) {
    uint32_t word = in[i] | (uint32_t)in[i + 1] << 8 | (uint32_t)in[i + 2] << 16 | (uint32_t)in[i + 3] << 24;
    uint32_t h = word * 2654435761u >> 20;
    size_t m = last[h];
    last[h] = (uint32_t)i;
    size_t len = 0;
    if (m < i && i - m < 65536)
      while (i + len < SIZE && in[m + len] == in[i + len] && len < 255)
        len++;
    if (len < 4) {
      i++;
      continue;
    }
    for (; literal < i; ) {
      size_t n = i - literal < 127 ? i - literal : 127;
      out[o++] = (uint8_t)n;
      for (size_t j = 0; j < n; j++)
        out[o++] = in[literal++];
    }
    out[o++] = 128;
    out[o++] = (uint8_t)len;
    out[o++] = (uint8_t)(i - m);
    out[o++] = (uint8_t)((i - m) >> 8);
    literal = i += len;
  }
  for (; literal < SIZE; ) {
    size_t n = SIZE - literal < 127 ? SIZE - literal : 127;
    out[o++] = (uint8_t)n;
    for (size_t j = 0; j < n; j++)
      out[o++] = in[literal++];
  }
  return o;
}

static size_t expand(size_t n) {
  size_t o = 0;
  for (size_t i = 0; i < n; ) {
    if (out[i] < 128) {
      for (size_t j = out[i++]; j > 0; j--)
        back[o++] = out[i++];
      continue;
    }
    size_t len = out[i + 1], distance = out[i + 2] | (size_t)out[i + 3] << 8;
    for (i += 4; len > 0; len--, o++)
      back[o] = back[o - distance];
  }
  return o;
}

uint64_t bench(uint64_t n) {
  uint64_t state = 4711, sum = 0;
  for (size_t i = 0; i < SIZE; i++)
    in[i] = i > 300 && next_random(&state) % 8 != 0 ? in[i - 200 - state % 3] : (uint8_t)(state >> 20 & 15);
  for (uint64_t r = 0; r < n; r++) {
    in[r % SIZE] ^= 1;
    size_t packed = compress();
    size_t size = expand(packed);
    sum = mix(sum, packed * 3 + size + (back[r % SIZE] == in[r % SIZE]));
  }
  return sum;
}
