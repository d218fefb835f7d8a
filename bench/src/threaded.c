/* A register machine whose operations jump to the next one through a table of
 * labels. n: runs. */
#include "bench.h"
const uint64_t bench_default = 30000;

enum { SET, MOVE, ADD, SUB, MUL, AND, SHIFT, LESS, BRANCH, LOAD, STORE, END };
struct op { uint8_t code, a, b, c; };

static uint64_t run(const struct op *code, uint64_t seed) {
  static const void *const labels[] = {&&set, &&move, &&add, &&sub, &&mul, &&and, &&shift, &&less, &&branch, &&load, &&store, &&end};
  static uint64_t cells[256];
  uint64_t r[16] = {seed};
  const struct op *pc = code;
#define NEXT goto *labels[pc->code]
  NEXT;
set: r[pc->a] = (uint64_t)pc->b << 8 | pc->c; pc++; NEXT;
move: r[pc->a] = r[pc->b]; pc++; NEXT;
add: r[pc->a] = r[pc->b] + r[pc->c]; pc++; NEXT;
sub: r[pc->a] = r[pc->b] - r[pc->c]; pc++; NEXT;
mul: r[pc->a] = r[pc->b] * r[pc->c]; pc++; NEXT;
and: r[pc->a] = r[pc->b] & r[pc->c]; pc++; NEXT;
shift: r[pc->a] = r[pc->b] >> pc->c; pc++; NEXT;
less: r[pc->a] = r[pc->b] < r[pc->c]; pc++; NEXT;
branch: pc = r[pc->a] != 0 ? code + pc->b : pc + 1; NEXT;
load: r[pc->a] = cells[r[pc->b] & 255]; pc++; NEXT;
store: cells[r[pc->b] & 255] = r[pc->a]; pc++; NEXT;
end: return r[0] ^ r[5];
#undef NEXT
}

uint64_t bench(uint64_t n) {
  static const struct op code[] = {
    {SET, 1, 0, 0}, {SET, 2, 3, 232}, {SET, 3, 0, 1}, {SET, 4, 0, 31},
    {MUL, 0, 0, 4}, {ADD, 0, 0, 1}, {SHIFT, 6, 0, 7}, {LOAD, 7, 6, 0}, {ADD, 7, 7, 0}, {STORE, 7, 6, 0},
    {AND, 8, 7, 3}, {BRANCH, 8, 13, 0}, {SUB, 5, 5, 7}, {ADD, 5, 5, 0}, {MOVE, 9, 5, 0},
    {ADD, 1, 1, 3}, {LESS, 10, 1, 2}, {BRANCH, 10, 4, 0}, {END, 0, 0, 0},
  };
  uint64_t sum = 0;
  for (uint64_t i = 0; i < n; i++)
    sum = mix(sum, run(code, i));
  return sum;
}
