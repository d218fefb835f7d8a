/* Runs a bench program under CloudABI. Arguments: {out: fd, n: int
 * (optional), sink: fd (for the program write)}. */
#include "bench.h"
#include "guest.h"

static char arena[64 << 20] __attribute__((aligned(64)));
static size_t used;

void *bench_alloc(size_t n) {
  size_t at = used;
  used += (n + 15) & ~(size_t)15;
  return used <= sizeof arena ? arena + at : NULL;
}

void bench_reset(void) { used = 0; }

uint64_t bench_clock(void) { return clock_now(CLOUDABI_CLOCK_MONOTONIC); }

static cloudabi_fd_t sink;

uint64_t bench_write(void) {
  cloudabi_ciovec_t byte = {.buf = "", .buf_len = 1};
  size_t written = 0;
  return cloudabi_sys_fd_write(sink, &byte, 1, &written) == 0 ? written : 0;
}

int guest_main(const struct arg *args) {
  cloudabi_fd_t out;
  int64_t n = (int64_t)bench_default;
  if (!arg_fd(args, "out", &out))
    return 2;
  arg_int(args, "n", &n);
  arg_fd(args, "sink", &sink);
  uint64_t start = clock_now(CLOUDABI_CLOCK_THREAD_CPUTIME_ID);
  uint64_t sum = bench((uint64_t)n);
  uint64_t spent = clock_now(CLOUDABI_CLOCK_THREAD_CPUTIME_ID) - start;
  dprint(out, "%016lx %lu\n", sum, spent);
  return 0;
}
