/* Memory and string functions. The compiler may call the first four by itself;
 * -fno-builtin keeps it from turning their loops into calls of themselves. */
#include "guest.h"

/* A word that may stand anywhere and alias anything. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *restrict d, const void *restrict s, size_t n) {
  char *to = d;
  const char *from = s;
  for (; n >= 8; n -= 8, to += 8, from += 8)
    *(word *)to = *(const word *)from;
  while (n-- > 0)
    *to++ = *from++;
  return d;
}

void *memmove(void *d, const void *s, size_t n) {
  char *to = d;
  const char *from = s;
  if ((uintptr_t)to - (uintptr_t)from >= n)
    return memcpy(d, s, n);
  for (to += n, from += n; n >= 8; n -= 8) {
    to -= 8, from -= 8;
    *(word *)to = *(const word *)from;
  }
  while (n-- > 0)
    *--to = *--from;
  return d;
}

void *memset(void *d, int c, size_t n) {
  char *to = d;
  uint64_t pattern = (uint8_t)c * UINT64_C(0x0101010101010101);
  for (; n >= 8; n -= 8, to += 8)
    *(word *)to = pattern;
  while (n-- > 0)
    *to++ = (char)c;
  return d;
}

int memcmp(const void *a, const void *b, size_t n) {
  const uint8_t *x = a, *y = b;
  for (; n > 0; n--, x++, y++)
    if (*x != *y)
      return *x - *y;
  return 0;
}

void *memchr(const void *s, int c, size_t n) {
  for (const uint8_t *p = s; n > 0; n--, p++)
    if (*p == (uint8_t)c)
      return (void *)p;
  return NULL;
}

size_t strlen(const char *s) {
  size_t n = 0;
  while (s[n] != '\0')
    n++;
  return n;
}

int strcmp(const char *a, const char *b) {
  for (; *a == *b && *a != '\0'; a++, b++)
    ;
  return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n) {
  for (; n > 0; n--, a++, b++)
    if (*a != *b || *a == '\0')
      return (uint8_t)*a - (uint8_t)*b;
  return 0;
}

char *strchr(const char *s, int c) {
  for (;; s++) {
    if (*s == (char)c)
      return (char *)s;
    if (*s == '\0')
      return NULL;
  }
}

#if defined(__aarch64__)
/* Called for __builtin___clear_cache: makes written code visible to fetches. */
void __clear_cache(void *start, void *end) {
  for (uintptr_t p = (uintptr_t)start & ~(uintptr_t)15; p < (uintptr_t)end; p += 16)
    __asm__ volatile("dc cvau, %0" : : "r"(p) : "memory");
  __asm__ volatile("dsb ish" : : : "memory");
  for (uintptr_t p = (uintptr_t)start & ~(uintptr_t)15; p < (uintptr_t)end; p += 16)
    __asm__ volatile("ic ivau, %0" : : "r"(p) : "memory");
  __asm__ volatile("dsb ish; isb" : : : "memory");
}
#endif
