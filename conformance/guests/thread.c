/* Threads: creation, identity, storage of their own, stacks, the end. */
#include "begin.h"

enum { THREADS = 32 };
static _Thread_local int own = 5;
static _Atomic int sum;
static cloudabi_tid_t tids[THREADS];

static void work(void *arg) {
  int i = (int)(intptr_t)arg;
  CHECK_INT(own, 5);
  own = i;
  tids[i] = thread_self();
  _Alignas(16) volatile char local[16];
  CHECK_INT((uintptr_t)local % 16, 0);
  CHECK_OK(cloudabi_sys_thread_yield());
  CHECK_INT(own, i);
  __c11_atomic_fetch_add(&sum, i, __ATOMIC_RELAXED);
}

static void deep(void *arg) {
  volatile char frame[512];
  frame[0] = 1;
  intptr_t n = (intptr_t)arg;
  if (n > 0)
    deep((void *)(n - 1));
  frame[1] = frame[0];
}

static void nothing(void *arg) { (void)arg; }

int guest_main(const struct arg *args) {
  begin(args);
  struct thread *t[THREADS];
  int expected = 0;
  for (int i = 0; i < THREADS; i++) {
    t[i] = thread_start(work, (void *)(intptr_t)i);
    CHECK(t[i] != NULL);
    expected += i;
  }
  for (int i = 0; i < THREADS; i++)
    thread_join(t[i]);
  CHECK_INT(sum, expected);
  CHECK_INT(own, 5);
  for (int i = 0; i < THREADS; i++) {
    CHECK(tids[i] >= 2 && tids[i] < 1u << 30 && tids[i] != thread_self());
    for (int j = 0; j < i; j++)
      CHECK(tids[i] != tids[j]);
  }
  /* Started and ended many times over: nothing is used up. */
  for (int i = 0; i < 3000; i++) {
    struct thread *x = thread_start(nothing, NULL);
    CHECK(x != NULL);
    if (x == NULL)
      break;
    thread_join(x);
  }
  /* The stack that was given is the one that is used. */
  struct thread *d = thread_start_size(deep, (void *)1000, 1 << 20, NULL);
  CHECK(d != NULL);
  thread_join(d);
  cloudabi_tid_t tid;
  CHECK_ERR(cloudabi_sys_thread_create(NOWHERE, &tid), CLOUDABI_EFAULT);
  cloudabi_threadattr_t bad = {.entry_point = NULL, .stack = NOWHERE, .stack_len = 64, .argument = NULL};
  CHECK(cloudabi_sys_thread_create(&bad, &tid) != 0);
  return check_result();
}
