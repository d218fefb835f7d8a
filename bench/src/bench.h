/* What every bench program is written against: no library, so that the same
 * source with the same flags is measured everywhere. The program computes
 * something that depends on n and returns a checksum; guest.c (CloudABI) and
 * native.c (the host's C library) print it.
 *
 * n scales the work in proportion; bench_default is set for about a second of
 * native time on the machine of ../README.md. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

uint64_t bench(uint64_t n);
extern const uint64_t bench_default;

/* A generator of pseudo-random numbers, the same everywhere. */
static inline uint64_t next_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  return *state = x;
}

static inline uint64_t mix(uint64_t hash, uint64_t v) { return (hash ^ v) * UINT64_C(0x9e3779b97f4a7c15) >> 7 ^ hash << 3; }

static inline uint64_t bits_of(double d) {
  union { double d; uint64_t u; } x = {d};
  return x.u;
}

/* Memory for the programs that need some: a static arena, reset by hand. */
void *bench_alloc(size_t n);
void bench_reset(void);

/* The two system calls that are measured: reading the monotonic clock, in
 * nanoseconds, and writing one byte to the sink; how many bytes it took. */
uint64_t bench_clock(void);
uint64_t bench_write(void);

/* Starts a process that ends at once with the exit code, waits for it, and
 * returns the code it was seen to end with. */
uint64_t bench_child(uint64_t code);

/* A thread that calls the function; join waits for its end. */
void *bench_thread(void (*fn)(void *), void *arg);
void bench_join(void *thread);

#endif
