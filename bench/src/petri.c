/* Large branchy code, as generators write it: a Petri net of 729 transitions,
 * each a piece of straight code of its own that looks at places and moves
 * tokens. More than fits the first caches. n: passes over the net. */
#include "bench.h"
const uint64_t bench_default = 400000;

enum { PLACES = 256 };
static int32_t p[PLACES];

/* Transition T: from three places to two, if there are tokens, unless a
 * fourth place is full. */
#define TRANSITION(T) \
  if (p[(T) * 7 % 251] > 0 && p[((T) * 13 + 5) % 251] > 0 && (p[((T) * 29 + 11) % 251] > (T) % 3 || p[((T) * 3 + 1) % 251] < 9)) { \
    p[(T) * 7 % 251] -= 1; \
    p[((T) * 13 + 5) % 251] -= 1; \
    p[((T) * 17 + 3) % 251] += 1; \
    if (((T) & 1) != 0 && p[((T) * 19 + 7) % 251] > 8) \
      p[((T) * 23 + 9) % 251] += 1; \
    else \
      p[((T) * 19 + 7) % 251] += 1; \
    fired += 1 + (T) % 5; \
  }
#define T3(T) TRANSITION(3 * (T)) TRANSITION(3 * (T) + 1) TRANSITION(3 * (T) + 2)
#define T9(T) T3(3 * (T)) T3(3 * (T) + 1) T3(3 * (T) + 2)
#define T27(T) T9(3 * (T)) T9(3 * (T) + 1) T9(3 * (T) + 2)
#define T81(T) T27(3 * (T)) T27(3 * (T) + 1) T27(3 * (T) + 2)
#define T243(T) T81(3 * (T)) T81(3 * (T) + 1) T81(3 * (T) + 2)

static __attribute__((noinline)) uint64_t part0(void) { uint64_t fired = 0; T243(0) return fired; }
static __attribute__((noinline)) uint64_t part1(void) { uint64_t fired = 0; T243(1) return fired; }
static __attribute__((noinline)) uint64_t part2(void) { uint64_t fired = 0; T243(2) return fired; }

uint64_t bench(uint64_t n) {
  uint64_t sum = 0;
  for (int i = 0; i < PLACES; i++)
    p[i] = i % 4;
  for (uint64_t r = 0; r < n; r++) {
    sum = mix(sum, part0() + 31 * part1() + 997 * part2());
    p[r * 37 % 251] += 2;
    p[r * 41 % 251] ^= 1;
  }
  for (int i = 0; i < PLACES; i++)
    sum = mix(sum, (uint32_t)p[i]);
  return sum;
}
