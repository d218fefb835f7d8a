/* Errors by longjmp: a parser of nested lists that leaves from any depth, and
 * two stacks that switch to each other. n: thousands of texts. */
#include "bench.h"
const uint64_t bench_default = 9000;

/* What the callee has to keep: x86-64: rbx rbp r12-r15 rsp and the address;
 * aarch64: x19-x30, sp, d8-d15. */
struct context { uint64_t r[22]; };

int longjmp_save(struct context *) __attribute__((returns_twice));
_Noreturn void longjmp_go(struct context *, int);

#if defined(__x86_64__)
__asm__(".text\nlongjmp_save:\n"
        "mov %rbx, (%rdi)\n mov %rbp, 8(%rdi)\n mov %r12, 16(%rdi)\n mov %r13, 24(%rdi)\n mov %r14, 32(%rdi)\n"
        "mov %r15, 40(%rdi)\n lea 8(%rsp), %rdx\n mov %rdx, 48(%rdi)\n mov (%rsp), %rdx\n mov %rdx, 56(%rdi)\n"
        "xor %eax, %eax\n ret\n"
        "longjmp_go:\n"
        "mov %esi, %eax\n mov (%rdi), %rbx\n mov 8(%rdi), %rbp\n mov 16(%rdi), %r12\n mov 24(%rdi), %r13\n mov 32(%rdi), %r14\n"
        "mov 40(%rdi), %r15\n mov 48(%rdi), %rsp\n jmp *56(%rdi)\n");
#else
__asm__(".text\nlongjmp_save:\n"
        "stp x19, x20, [x0]\n stp x21, x22, [x0, #16]\n stp x23, x24, [x0, #32]\n stp x25, x26, [x0, #48]\n stp x27, x28, [x0, #64]\n"
        "stp x29, x30, [x0, #80]\n mov x2, sp\n str x2, [x0, #96]\n stp d8, d9, [x0, #112]\n stp d10, d11, [x0, #128]\n"
        "stp d12, d13, [x0, #144]\n stp d14, d15, [x0, #160]\n mov w0, #0\n ret\n"
        "longjmp_go:\n"
        "ldp x19, x20, [x0]\n ldp x21, x22, [x0, #16]\n ldp x23, x24, [x0, #32]\n ldp x25, x26, [x0, #48]\n ldp x27, x28, [x0, #64]\n"
        "ldp x29, x30, [x0, #80]\n ldr x2, [x0, #96]\n mov sp, x2\n ldp d8, d9, [x0, #112]\n ldp d10, d11, [x0, #128]\n"
        "ldp d12, d13, [x0, #144]\n ldp d14, d15, [x0, #160]\n mov w0, w1\n ret\n");
#endif

static struct context failed;

static __attribute__((noinline)) const char *parse(const char *s, uint64_t *sum, int depth) {
  if (depth > 30)
    longjmp_go(&failed, 3);
  for (;; s++) {
    if (*s == '(')
      s = parse(s + 1, sum, depth + 1);
    else if (*s == ')') {
      if (depth == 0)
        longjmp_go(&failed, 1);
      return s;
    } else if (*s == '\0') {
      if (depth != 0)
        longjmp_go(&failed, 2);
      return s;
    } else
      *sum = *sum * 31 + (uint8_t)*s + (uint64_t)depth;
  }
}

/* The other stack counts up by one whenever it gets its turn. */
static struct context here, there;
static uint64_t shared;
static char stack[16 << 10] __attribute__((aligned(16)));

static _Noreturn void other(void) {
  for (;;) {
    shared++;
    if (longjmp_save(&there) == 0)
      longjmp_go(&here, 1);
  }
}

uint64_t bench(uint64_t n) {
  static char text[64];
  static volatile uint64_t total, i;
  uint64_t state = 5;
  total = 0, shared = 0;
#if defined(__x86_64__)
  there.r[6] = (uint64_t)(uintptr_t)(stack + sizeof stack - 8), there.r[7] = (uint64_t)(uintptr_t)other;
#else
  there.r[12] = (uint64_t)(uintptr_t)(stack + sizeof stack), there.r[11] = (uint64_t)(uintptr_t)other;
#endif
  for (i = 0; i < n * 1000; i++) {
    uint64_t v = next_random(&state), sum = 0;
    for (int k = 0; k < 40; k++)
      text[k] = "(()a(b)("[v >> k & 7];
    text[v & 31] = '\0';
    int error = longjmp_save(&failed);
    if (error == 0) {
      parse(text, &sum, 0);
      total = mix(total, sum);
    } else
      total = mix(total, (uint64_t)error);
    if (longjmp_save(&here) == 0)
      longjmp_go(&there, 1);
  }
  return mix(total, shared);
}
