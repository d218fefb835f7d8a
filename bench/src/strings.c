/* Memory and string functions as C libraries have them, on short operands:
 * with rep where the processor has that, in unaligned vectors of 16 bytes, in
 * words, in bytes. n: rounds. */
#include "bench.h"
const uint64_t bench_default = 75000;

typedef uint8_t vector __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t word __attribute__((aligned(1), may_alias));

static __attribute__((noinline)) void copy(void *d, const void *s, size_t n) {
  uint8_t *to = d;
  const uint8_t *from = s;
  if (n >= 16) {
    vector last = *(const vector *)(from + n - 16);
    for (size_t i = 0; i + 16 < n; i += 16)
      *(vector *)(to + i) = *(const vector *)(from + i);
    *(vector *)(to + n - 16) = last;
  } else if (n >= 8) {
    uint64_t first = *(const word *)from, last = *(const word *)(from + n - 8);
    *(word *)to = first, *(word *)(to + n - 8) = last;
  } else
    while (n-- > 0)
      *to++ = *from++;
}

static __attribute__((noinline)) void repeat(void *d, const void *s, size_t n) {
#if defined(__x86_64__)
  __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
#else
  copy(d, s, n);
#endif
}

static __attribute__((noinline)) void fill(void *d, int c, size_t n) {
#if defined(__x86_64__)
  uint64_t pattern = (uint8_t)c * UINT64_C(0x0101010101010101), words = n / 8;
  uint8_t *tail = (uint8_t *)d + (n & ~(size_t)7);
  __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
  for (n &= 7; n > 0; n--)
    *tail++ = (uint8_t)c;
#else
  for (uint8_t *to = d; n > 0; n--)
    *to++ = (uint8_t)c;
#endif
}

/* Eight bytes at a time: a byte that is zero borrows from its high bit. */
static __attribute__((noinline)) size_t length(const char *s) {
  const char *p = s;
  for (; ((uintptr_t)p & 7) != 0; p++)
    if (*p == '\0')
      return (size_t)(p - s);
  for (;; p += 8) {
    uint64_t w = *(const word *)p, zero = (w - UINT64_C(0x0101010101010101)) & ~w & UINT64_C(0x8080808080808080);
    if (zero != 0)
      return (size_t)(p - s) + (size_t)__builtin_ctzll(zero) / 8;
  }
}

static __attribute__((noinline)) int compare(const char *a, const char *b) {
  while (*a == *b && *a != '\0')
    a++, b++;
  return (uint8_t)*a - (uint8_t)*b;
}

static __attribute__((noinline)) const char *find(const char *s, char c) {
  for (; *s != '\0'; s++)
    if (*s == c)
      return s;
  return NULL;
}

uint64_t bench(uint64_t n) {
  static char a[4096], b[4096], c[4096];
  uint64_t sum = 0, state = 9;
  for (uint64_t r = 0; r < n; r++) {
    for (int i = 0; i < 100; i++) {
      uint64_t v = next_random(&state);
      size_t len = v >> 8 & 63, at = v & 63;
      fill(a + at, 'a' + (int)(v >> 20 & 7), len);
      a[at + len] = '\0';
      copy(b + (v >> 32 & 31), a + at, len + 1);
      repeat(c + (v >> 40 & 31), b + (v >> 32 & 31), len + 1);
      const char *s = c + (v >> 40 & 31);
      size_t l = length(s);
      sum += l + (uint64_t)compare(a + at, s) + (find(s, 'c') != NULL ? 100 : 0);
      if (l > 4) {
        c[(v >> 40 & 31) + l / 2] ^= 1;
        sum += compare(a + at, s) < 0;
      }
    }
    sum = mix(sum, r);
  }
  return sum;
}
