/* A big switch: an interpreter of a hundred operations, made by a macro, on
 * programs drawn from a generator. n: thousands of operations. */
#include "bench.h"
const uint64_t bench_default = 240000;

enum { LENGTH = 4096 };
static uint16_t program[LENGTH];
static uint64_t cells[64];

/* Ten operations with the constant K. */
#define TEN(K) \
  case 10 * (K) + 0: x += y * (2 * (K) + 1); break; \
  case 10 * (K) + 1: x ^= y >> ((K) + 1); break; \
  case 10 * (K) + 2: if ((x >> (K) & 1) != 0) y += 3 * (K) + 1; break; \
  case 10 * (K) + 3: cells[(x + (K)) & 63] = y; break; \
  case 10 * (K) + 4: y ^= cells[(y >> (K)) & 63]; break; \
  case 10 * (K) + 5: { uint64_t t = x; x = y, y = t + (K); break; } \
  case 10 * (K) + 6: x = x << ((K) + 3) | x >> (61 - (K)); break; \
  case 10 * (K) + 7: pc = y % 16 == (K) ? (pc + 5 * (K) + 1) % LENGTH : pc; break; \
  case 10 * (K) + 8: y = y / ((x & 0xff) + (K) + 1); break; \
  case 10 * (K) + 9: x = (uint32_t)x * UINT64_C(0x10001) + (K); break;

static uint64_t run(uint64_t steps) {
  uint64_t x = 1, y = 2;
  for (uint64_t pc = 0; steps > 0; steps--) {
    uint16_t op = program[pc];
    pc = pc + 1 < LENGTH ? pc + 1 : 0;
    switch (op) {
    TEN(0) TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) TEN(7) TEN(8) TEN(9)
    }
    y += x;
  }
  return x ^ y;
}

uint64_t bench(uint64_t n) {
  uint64_t state = 41, sum = 0;
  for (int i = 0; i < 64; i++)
    cells[i] = next_random(&state);
  for (int i = 0; i < LENGTH; i++)
    program[i] = (uint16_t)(next_random(&state) % 100);
  for (uint64_t i = 0; i < n; i++)
    sum = mix(sum, run(1000));
  return sum;
}
