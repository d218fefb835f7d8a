/* AES-128 with a table, in counter mode: loads that depend on data. n: KiB. */
#include "bench.h"
const uint64_t bench_default = 300000;

static uint8_t box[256];
static uint32_t mixed[256], key[44];

static uint8_t twice(uint8_t x) { return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b); }
static uint32_t rotate(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* The substitution box from inverses: p runs over powers of 3, q over those of
 * its inverse. */
static void setup(void) {
  uint8_t p = 1, q = 1;
  do {
    p ^= twice(p);
    q ^= (uint8_t)(q << 1), q ^= (uint8_t)(q << 2), q ^= (uint8_t)(q << 4);
    if ((q & 0x80) != 0)
      q ^= 9;
    uint32_t w = q | (uint32_t)q << 8;
    box[p] = (uint8_t)(q ^ w >> 7 ^ w >> 6 ^ w >> 5 ^ w >> 4 ^ 0x63);
  } while (p != 1);
  box[0] = 0x63;
  for (int i = 0; i < 256; i++) {
    uint8_t s = box[i], d = twice(s);
    mixed[i] = d | (uint32_t)s << 8 | (uint32_t)s << 16 | (uint32_t)(s ^ d) << 24;
  }
  for (uint32_t i = 0; i < 4; i++)
    key[i] = 0x03020100u + i * 0x04040404u;
  uint8_t round = 1;
  for (int i = 4; i < 44; i++) {
    uint32_t t = key[i - 1];
    if (i % 4 == 0) {
      t = rotate(t, 24);
      t = box[t & 255] | (uint32_t)box[t >> 8 & 255] << 8 | (uint32_t)box[t >> 16 & 255] << 16 | (uint32_t)box[t >> 24] << 24;
      t ^= round, round = twice(round);
    }
    key[i] = key[i - 4] ^ t;
  }
}

static void encrypt(uint32_t s[4]) {
  uint32_t t[4];
  for (int i = 0; i < 4; i++)
    s[i] ^= key[i];
  for (int r = 1; r < 10; r++) {
    for (int i = 0; i < 4; i++)
      t[i] = mixed[s[i] & 255] ^ rotate(mixed[s[(i + 1) % 4] >> 8 & 255], 8) ^ rotate(mixed[s[(i + 2) % 4] >> 16 & 255], 16) ^
             rotate(mixed[s[(i + 3) % 4] >> 24], 24) ^ key[4 * r + i];
    for (int i = 0; i < 4; i++)
      s[i] = t[i];
  }
  for (int i = 0; i < 4; i++)
    t[i] = (box[s[i] & 255] | (uint32_t)box[s[(i + 1) % 4] >> 8 & 255] << 8 | (uint32_t)box[s[(i + 2) % 4] >> 16 & 255] << 16 |
            (uint32_t)box[s[(i + 3) % 4] >> 24] << 24) ^ key[40 + i];
  for (int i = 0; i < 4; i++)
    s[i] = t[i];
}

uint64_t bench(uint64_t n) {
  uint64_t sum = 0;
  setup();
  /* The example of the standard, to begin with. */
  uint32_t s[4] = {0x33221100, 0x77665544, 0xbbaa9988, 0xffeeddcc};
  encrypt(s);
  for (int i = 0; i < 4; i++)
    sum = mix(sum, s[i]);
  for (uint64_t i = 0; i < n * 64; i++) {
    uint32_t block[4] = {(uint32_t)i, (uint32_t)(i >> 32), 7, 9};
    encrypt(block);
    sum ^= block[0] | (uint64_t)block[2] << 32;
  }
  return sum;
}
