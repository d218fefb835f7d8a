/* Matrix products, 96 by 96, vectorised by the compiler. n: products. */
#include "bench.h"
const uint64_t bench_default = 3500;

#define MATMUL_LOOP
#include "matmul.h"
