/* Locks and condition variables: exclusion, readers and writers, timeouts,
 * misuse, both scopes. */
#include "begin.h"

#define HELD CLOUDABI_LOCK_WRLOCKED
#define MANAGED CLOUDABI_LOCK_KERNEL_MANAGED

enum { THREADS = 8, ROUNDS = 2000 };
static lock_t mutex, rw;
static cond_t cond;
static int counter, turn, readers_in, waiting;
static _Atomic int inside;

static void increment(void *arg) {
  (void)arg;
  for (int i = 0; i < ROUNDS; i++) {
    lock_write(&mutex);
    int c = counter;
    if (i % 64 == 0)
      cloudabi_sys_thread_yield();
    counter = c + 1;
    unlock(&mutex);
  }
}

static void read_write(void *arg) {
  bool writer = arg != NULL;
  for (int i = 0; i < ROUNDS / 4; i++) {
    if (writer) {
      lock_write(&rw);
      CHECK_INT(__c11_atomic_fetch_add(&inside, 1000, __ATOMIC_RELAXED), 0);
      __c11_atomic_fetch_sub(&inside, 1000, __ATOMIC_RELAXED);
    } else {
      lock_read(&rw);
      CHECK(__c11_atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED) < 1000);
      if (i % 16 == 0)
        cloudabi_sys_thread_yield();
      __c11_atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
    }
    unlock(&rw);
  }
}

static void run(void (*fn)(void *), void *(*arg)(int)) {
  struct thread *t[THREADS];
  for (int i = 0; i < THREADS; i++)
    t[i] = thread_start(fn, arg(i));
  for (int i = 0; i < THREADS; i++)
    thread_join(t[i]);
}

static void *no_arg(int i) { (void)i; return NULL; }
static void *every_fourth(int i) { return i % 4 == 0 ? &rw : NULL; }
static void *number(int i) { return (void *)(intptr_t)i; }

/* Each waits for its turn, in order. */
static void take_turn(void *arg) {
  int me = (int)(intptr_t)arg;
  lock_write(&mutex);
  while (turn != me)
    cond_wait(&cond, &mutex);
  turn++;
  cond_broadcast(&cond);
  unlock(&mutex);
}

/* Several readers hold the lock while a writer waits: the writer must get it
 * when the last of them leaves. */
static void reader(void *arg) {
  (void)arg;
  lock_read(&rw);
  lock_write(&mutex);
  readers_in++;
  cond_broadcast(&cond);
  while (waiting == 0)
    cond_wait(&cond, &mutex);
  unlock(&mutex);
  unlock(&rw);
}

static void readers_and_writer(void) {
  struct thread *t[5];
  rw = 0, readers_in = waiting = 0;
  for (int i = 0; i < 5; i++)
    t[i] = thread_start(reader, NULL);
  lock_write(&mutex);
  while (readers_in < 5)
    cond_wait(&cond, &mutex);
  CHECK_INT(rw, 5);
  unlock(&mutex);

  cloudabi_subscription_t s[2] = {{.type = CLOUDABI_EVENTTYPE_LOCK_WRLOCK, .userdata = 1},
                                  {.type = CLOUDABI_EVENTTYPE_CLOCK, .userdata = 2}};
  s[0].lock.lock = &rw;
  s[0].lock.lock_scope = CLOUDABI_SCOPE_PRIVATE;
  s[1].clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
  s[1].clock.timeout = clock_now(CLOUDABI_CLOCK_MONOTONIC) + 1000000;
  s[1].clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
  cloudabi_event_t e[2];
  size_t n;
  CHECK_OK(cloudabi_sys_poll(s, e, 2, &n));
  CHECK_INT(n, 1);
  CHECK_INT(e[0].type, CLOUDABI_EVENTTYPE_CLOCK);
  CHECK_INT(e[0].userdata, 2);
  CHECK_INT(rw, 5); /* who gave up leaves no trace */

  lock_write(&mutex);
  waiting = 1;
  cond_broadcast(&cond);
  unlock(&mutex);
  lock_write(&rw);
  CHECK_INT(rw & ~MANAGED, thread_self() | HELD);
  unlock(&rw);
  for (int i = 0; i < 5; i++)
    thread_join(t[i]);
  CHECK_INT(rw, 0);
}

static cloudabi_errno_t acquire(cloudabi_eventtype_t type, void *lock, cloudabi_scope_t scope) {
  cloudabi_subscription_t s = {.type = type};
  s.lock.lock = lock;
  s.lock.lock_scope = scope;
  cloudabi_event_t e;
  size_t n;
  cloudabi_errno_t error = cloudabi_sys_poll(&s, &e, 1, &n);
  return error != 0 ? error : e.error;
}

static void misuse(void) {
  static lock_t l;
  const cloudabi_eventtype_t W = CLOUDABI_EVENTTYPE_LOCK_WRLOCK, R = CLOUDABI_EVENTTYPE_LOCK_RDLOCK;
  lock_write(&l);
  CHECK_ERR(acquire(W, &l, CLOUDABI_SCOPE_PRIVATE), CLOUDABI_EDEADLK);
  unlock(&l);
#ifndef GUEST_2015 /* scopes had other numbers for a while, or were not there */
  CHECK_ERR(acquire(W, &l, 0), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_lock_unlock(&l, 1), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_condvar_signal(&l, 3, 1), CLOUDABI_EINVAL);
#endif
  CHECK_ERR(acquire(W, NOWHERE, CLOUDABI_SCOPE_PRIVATE), CLOUDABI_EFAULT);
  l = MANAGED; /* managed by nobody */
  CHECK_ERR(acquire(R, &l, CLOUDABI_SCOPE_PRIVATE), CLOUDABI_EINVAL);
  CHECK_ERR(acquire(W, &l, CLOUDABI_SCOPE_PRIVATE), CLOUDABI_EINVAL);
  l = 0;
  CHECK_OK(acquire(R, &l, CLOUDABI_SCOPE_PRIVATE));
  CHECK_INT(l, 1);
  CHECK_OK(cloudabi_sys_lock_unlock(&l, CLOUDABI_SCOPE_PRIVATE));
  CHECK_INT(l, 0);
  CHECK_OK(acquire(W, &l, CLOUDABI_SCOPE_SHARED));
  CHECK_INT(l, thread_self() | HELD);
  CHECK_OK(cloudabi_sys_lock_unlock(&l, CLOUDABI_SCOPE_SHARED));
  CHECK_ERR(cloudabi_sys_lock_unlock(NOWHERE, CLOUDABI_SCOPE_PRIVATE), CLOUDABI_EFAULT);
  static cond_t c;
  CHECK_OK(cloudabi_sys_condvar_signal(&c, CLOUDABI_SCOPE_PRIVATE, 1));
  CHECK_OK(cloudabi_sys_condvar_signal(&c, CLOUDABI_SCOPE_PRIVATE, 0));
  CHECK_ERR(cloudabi_sys_condvar_signal(NOWHERE, CLOUDABI_SCOPE_PRIVATE, 1), CLOUDABI_EFAULT);
}

static void timeouts(void) {
  static lock_t l;
  static cond_t c;
  lock_write(&l);
  uint64_t before = clock_now(CLOUDABI_CLOCK_MONOTONIC);
  CHECK(!cond_wait_for(&c, &l, 1000000));
  CHECK(clock_now(CLOUDABI_CLOCK_MONOTONIC) - before >= 1000000);
  CHECK_INT(l & ~MANAGED, thread_self() | HELD);
  CHECK_INT(c, 0);
  unlock(&l);
}

/* A word in shared memory, seen at two addresses, is one lock. */
static lock_t *alias;
static void holder(void *arg) {
  lock_t *l = arg;
  lock_write_shared(l);
  lock_write(&mutex);
  waiting = 2;
  cond_broadcast(&cond);
  unlock(&mutex);
  sleep_ns(1000000);
  unlock_shared(l);
}

static void shared_scope(void) {
  cloudabi_fd_t fd;
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SHARED_MEMORY, &fd));
  cloudabi_filestat_t st = {.st_size = 4096};
  CHECK_OK(cloudabi_sys_file_stat_fput(fd, &st, CLOUDABI_FILESTAT_SIZE));
  void *a, *b;
  CHECK_OK(cloudabi_sys_mem_map(NULL, 4096, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE, CLOUDABI_MAP_SHARED, fd, 0, &a));
  CHECK_OK(cloudabi_sys_mem_map(NULL, 4096, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE, CLOUDABI_MAP_SHARED, fd, 0, &b));
  alias = b;
  waiting = 0;
  struct thread *t = thread_start(holder, a);
  lock_write(&mutex);
  while (waiting != 2)
    cond_wait(&cond, &mutex);
  unlock(&mutex);
  lock_write_shared(alias);
  CHECK_INT(*(lock_t *)a & ~MANAGED, thread_self() | HELD);
  unlock_shared(alias);
  thread_join(t);
  CHECK_INT(*(lock_t *)a, 0);
}

int guest_main(const struct arg *args) {
  begin(args);
  run(increment, no_arg);
  CHECK_INT(counter, THREADS * ROUNDS);
  CHECK_INT(mutex, 0);
  run(read_write, every_fourth);
  CHECK_INT(rw, 0);
  run(take_turn, number);
  CHECK_INT(turn, THREADS);
  CHECK_INT(cond, 0);
  readers_and_writer();
  misuse();
  timeouts();
  shared_scope();
  return check_result();
}
