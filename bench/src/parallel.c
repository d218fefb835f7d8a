/* Work that is divided among two threads. n: pieces. */
#include "bench.h"
const uint64_t bench_default = 2500;

#define THREADS 2
#include "parallel.h"
