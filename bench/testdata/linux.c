/* Runs a bench program under Linux without a C library, so that it can be
 * compiled for any processor: NAME n prints the checksum. */
#include "bench.h"

static char arena[64 << 20] __attribute__((aligned(64)));
static size_t used;

void *bench_alloc(size_t n) {
  size_t at = used;
  used += (n + 15) & ~(size_t)15;
  return used <= sizeof arena ? arena + at : NULL;
}

void bench_reset(void) { used = 0; }

/* Called by what the compiler makes of assignments. */
void *memcpy(void *restrict d, const void *restrict s, size_t n) {
  for (size_t i = 0; i < n; i++)
    ((char *)d)[i] = ((const char *)s)[i];
  return d;
}

void *memset(void *d, int c, size_t n) {
  for (size_t i = 0; i < n; i++)
    ((char *)d)[i] = (char)c;
  return d;
}

void *memmove(void *d, const void *s, size_t n) {
  if ((uintptr_t)d < (uintptr_t)s)
    return memcpy(d, s, n);
  while (n-- > 0)
    ((char *)d)[n] = ((const char *)s)[n];
  return d;
}

static void call(long x86, long arm, long a, const void *b, size_t c) {
#if defined(__x86_64__)
  (void)arm;
  __asm__ volatile("syscall" : "+a"(x86) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
#else
  (void)x86;
  register long number __asm__("x8") = arm, first __asm__("x0") = a, second __asm__("x1") = (long)b, third __asm__("x2") = (long)c;
  __asm__ volatile("svc #0" : "+r"(first) : "r"(number), "r"(second), "r"(third) : "memory");
#endif
}

/* Entered with a pointer to the number of arguments and the arguments. */
__attribute__((used)) _Noreturn void begin(long *stack) {
  uint64_t n = 0;
  const char *s = stack[0] > 1 ? (const char *)stack[2] : "1";
  for (; *s != '\0'; s++)
    n = n * 10 + (uint64_t)(*s - '0');
  uint64_t sum = bench(n);
  char text[17];
  for (int i = 0; i < 16; i++)
    text[i] = "0123456789abcdef"[sum >> (60 - 4 * i) & 15];
  text[16] = '\n';
  call(1, 64, 1, text, sizeof text);
  for (;;)
    call(231, 94, 0, NULL, 0);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#else
__asm__(".globl _start\n_start: mov x0, sp\n bl begin\n");
#endif
