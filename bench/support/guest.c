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

uint64_t bench_child(uint64_t code) {
  cloudabi_fd_t child;
  cloudabi_tid_t tid;
  if (cloudabi_sys_proc_fork(&child, &tid) != 0)
    return ~UINT64_C(0);
  if (child == CLOUDABI_PROCESS_CHILD)
    guest_exit((int)code);
  cloudabi_subscription_t s = {.type = CLOUDABI_EVENTTYPE_PROC_TERMINATE};
  s.proc_terminate.fd = child;
  cloudabi_event_t e = {0};
  size_t n;
  if (cloudabi_sys_poll(&s, &e, 1, &n) != 0 || e.error != 0)
    return ~UINT64_C(0);
  cloudabi_sys_fd_close(child);
  return e.proc_terminate.exitcode;
}

void *bench_thread(void (*fn)(void *), void *arg) {
  struct thread *t = thread_start(fn, arg);
  if (t == NULL)
    guest_exit(3);
  return t;
}

void bench_join(void *thread) { thread_join(thread); }

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
