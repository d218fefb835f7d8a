/* The compression function of BLAKE3 over chunks: additions and rotations of
 * sixteen words, wide enough for vectors. n: KiB. */
#include "bench.h"
const uint64_t bench_default = 700000;

static const uint32_t iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint8_t permutation[16] = {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8};

static inline uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static inline void g(uint32_t *v, int a, int b, int c, int d, uint32_t x, uint32_t y) {
  v[a] += v[b] + x, v[d] = rotate(v[d] ^ v[a], 16);
  v[c] += v[d], v[b] = rotate(v[b] ^ v[c], 12);
  v[a] += v[b] + y, v[d] = rotate(v[d] ^ v[a], 8);
  v[c] += v[d], v[b] = rotate(v[b] ^ v[c], 7);
}

static void compress(uint32_t cv[8], const uint32_t block[16], uint64_t counter, uint32_t flags) {
  uint32_t v[16], m[16], t[16];
  for (int i = 0; i < 8; i++)
    v[i] = cv[i];
  for (int i = 0; i < 4; i++)
    v[8 + i] = iv[i];
  v[12] = (uint32_t)counter, v[13] = (uint32_t)(counter >> 32), v[14] = 64, v[15] = flags;
  for (int i = 0; i < 16; i++)
    m[i] = block[i];
  for (int round = 0; round < 7; round++) {
    for (int i = 0; i < 4; i++)
      g(v, i, 4 + i, 8 + i, 12 + i, m[2 * i], m[2 * i + 1]);
    for (int i = 0; i < 4; i++)
      g(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[8 + 2 * i], m[9 + 2 * i]);
    for (int i = 0; i < 16; i++)
      t[i] = m[permutation[i]];
    for (int i = 0; i < 16; i++)
      m[i] = t[i];
  }
  for (int i = 0; i < 8; i++)
    cv[i] = v[i] ^ v[8 + i];
}

uint64_t bench(uint64_t n) {
  static uint32_t buffer[256];
  uint64_t sum = 0;
  for (int i = 0; i < 256; i++)
    buffer[i] = (uint32_t)i * 2654435761u;
  for (uint64_t chunk = 0; chunk < n; chunk++) {
    uint32_t cv[8];
    for (int i = 0; i < 8; i++)
      cv[i] = iv[i];
    buffer[chunk % 256]++;
    for (uint32_t block = 0; block < 16; block++)
      compress(cv, buffer + 16 * block, chunk, (block == 0) | (block == 15) << 1);
    sum = mix(sum, cv[0] | (uint64_t)cv[7] << 32);
  }
  return sum;
}
