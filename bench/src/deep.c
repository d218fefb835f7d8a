/* Recursion to a depth of thousands of frames: Ackermann's function, and a
 * search in depth through a maze. n: rounds. */
#include "bench.h"
const uint64_t bench_default = 2400;

enum { SIZE = 64 };
static uint8_t maze[SIZE][SIZE];

static __attribute__((noinline)) uint32_t ackermann(uint32_t m, uint32_t n) {
  if (m == 0)
    return n + 1;
  uint32_t inner = n == 0 ? 1 : ackermann(m, n - 1);
  return ackermann(m - 1, inner) & 0xffff;
}

static __attribute__((noinline)) uint32_t walk(int x, int y) {
  if (x < 0 || y < 0 || x >= SIZE || y >= SIZE || maze[y][x] != 0)
    return 0;
  maze[y][x] = 1;
  uint32_t a = walk(x + 1, y), b = walk(x, y + 1), c = walk(x - 1, y), d = walk(x, y - 1);
  return 1 + a + (b ^ c) + d;
}

uint64_t bench(uint64_t n) {
  uint64_t sum = 0, state = 13;
  for (uint64_t r = 0; r < n; r++) {
    sum = mix(sum, ackermann(2, 150 + (uint32_t)(r % 50)));
    for (int y = 0; y < SIZE; y++)
      for (int x = 0; x < SIZE; x++)
        maze[y][x] = next_random(&state) % 5 == 0;
    sum = mix(sum, walk(0, 0) + walk(SIZE / 2, SIZE / 2));
  }
  return sum;
}
