/* The products of matmul.c, one element at a time. n: products. */
#include "bench.h"
const uint64_t bench_default = 1800;

#define MATMUL_LOOP _Pragma("clang loop vectorize(disable) interleave(disable)")
#include "matmul.h"
