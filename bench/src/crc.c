/* Checksums by a table and bit by bit. n: KiB. */
#include "bench.h"
const uint64_t bench_default = 250000;

static uint32_t table[256];

uint64_t bench(uint64_t n) {
  static uint8_t buffer[1024];
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++)
      c = (c & 1) != 0 ? c >> 1 ^ 0xedb88320 : c >> 1;
    table[i] = c;
  }
  for (int i = 0; i < 1024; i++)
    buffer[i] = (uint8_t)(i * 5);
  uint32_t c = 0xffffffff, slow = 0;
  for (uint64_t r = 0; r < n; r++) {
    buffer[r % 1024]++;
    for (int i = 0; i < 1024; i++)
      c = table[(c ^ buffer[i]) & 0xff] ^ c >> 8;
    for (int i = 0; i < 64; i++) {
      slow ^= (uint32_t)buffer[i] << 24;
      for (int k = 0; k < 8; k++)
        slow = (slow >> 31) != 0 ? slow << 1 ^ 0x04c11db7 : slow << 1;
    }
  }
  return (uint64_t)slow << 32 | c;
}
