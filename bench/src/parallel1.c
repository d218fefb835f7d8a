/* The work of parallel.c in one thread. n: pieces. */
#include "bench.h"
const uint64_t bench_default = 2500;

#define THREADS 1
#include "parallel.h"
