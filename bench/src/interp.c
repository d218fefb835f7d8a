/* A byte-code interpreter with a switch, running a small program. n: runs. */
#include "bench.h"
const uint64_t bench_default = 1400;

enum { PUSH, ADD, SUB, MUL, LOAD, STORE, LESS, JUMP_IF, JUMP, XOR, SHIFT, HALT };

static uint64_t run(const uint8_t *code, uint64_t seed) {
  uint64_t stack[16], var[4] = {seed, 0, 0, 0};
  int sp = 0;
  for (const uint8_t *pc = code;;)
    switch (*pc++) {
    case PUSH: stack[sp++] = *pc++; break;
    case ADD: sp--; stack[sp - 1] += stack[sp]; break;
    case SUB: sp--; stack[sp - 1] -= stack[sp]; break;
    case MUL: sp--; stack[sp - 1] *= stack[sp]; break;
    case XOR: sp--; stack[sp - 1] ^= stack[sp]; break;
    case SHIFT: sp--; stack[sp - 1] >>= stack[sp] & 63; break;
    case LOAD: stack[sp++] = var[*pc++]; break;
    case STORE: var[*pc++] = stack[--sp]; break;
    case LESS: sp--; stack[sp - 1] = stack[sp - 1] < stack[sp]; break;
    case JUMP_IF: pc = stack[--sp] != 0 ? code + *pc : pc + 1; break;
    case JUMP: pc = code + *pc; break;
    case HALT: return var[0] ^ var[2];
    }
}

uint64_t bench(uint64_t n) {
  /* for (i = 0; i < 200 * 100; i++) { x = x * 31 + i; y = (y ^ x) >> 1 + y; } */
  static const uint8_t code[] = {
    PUSH, 0, STORE, 1,
    LOAD, 0, PUSH, 31, MUL, LOAD, 1, ADD, STORE, 0,
    LOAD, 2, LOAD, 0, XOR, PUSH, 1, SHIFT, LOAD, 2, ADD, STORE, 2,
    LOAD, 1, PUSH, 1, ADD, STORE, 1,
    LOAD, 1, PUSH, 200, PUSH, 100, MUL, LESS, JUMP_IF, 4,
    HALT,
  };
  uint64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    sum = mix(sum, run(code, i));
  return sum;
}
