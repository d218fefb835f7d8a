/* Calls through pointers, as virtual methods are. n: thousands of calls. */
#include "bench.h"
const uint64_t bench_default = 400000;

struct shape { uint64_t (*step)(struct shape *, uint64_t); uint64_t state; };

static uint64_t one(struct shape *s, uint64_t x) { return s->state += x; }
static uint64_t two(struct shape *s, uint64_t x) { return s->state ^= x << 1; }
static uint64_t three(struct shape *s, uint64_t x) { return s->state = s->state * 5 + x; }
static uint64_t four(struct shape *s, uint64_t x) { return s->state -= x >> 3; }

uint64_t bench(uint64_t n) {
  static uint64_t (*const steps[])(struct shape *, uint64_t) = {one, two, three, four};
  static struct shape shapes[64];
  uint64_t state = 5;
  for (int i = 0; i < 64; i++)
    shapes[i] = (struct shape){steps[next_random(&state) % 4], (uint64_t)i};
  uint64_t x = 1;
  for (uint64_t i = 0; i < n * 1000; i++) {
    struct shape *s = &shapes[i % 64];
    x = s->step(s, x);
  }
  return x;
}
