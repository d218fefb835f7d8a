/* Locks and condition variables between processes, in anonymous memory that
 * children inherit and in memory objects that are mapped at other places. */
#include "process.h"

enum { CHILDREN = 4, ROUNDS = 500 };

struct page {
  lock_t lock, rw;
  cond_t cond;
  _Atomic uint32_t inside, go;
  uint32_t counter, turn, full, sum;
};

static const cloudabi_scope_t SHARED = CLOUDABI_SCOPE_SHARED;

static void wait_shared(struct page *p) {
  cloudabi_subscription_t s = {.type = CLOUDABI_EVENTTYPE_CONDVAR};
  s.condvar.condvar = &p->cond;
  s.condvar.lock = &p->lock;
  s.condvar.condvar_scope = s.condvar.lock_scope = SHARED;
  cloudabi_event_t e;
  size_t n;
  CHECK_OK(cloudabi_sys_poll(&s, &e, 1, &n));
  CHECK_OK(e.error);
  CHECK_INT(p->lock & ~CLOUDABI_LOCK_KERNEL_MANAGED, thread_self() | CLOUDABI_LOCK_WRLOCKED);
}

static void wake_shared(struct page *p, cloudabi_nthreads_t n) {
  if (p->cond != 0)
    CHECK_OK(cloudabi_sys_condvar_signal(&p->cond, SHARED, n));
}

static cloudabi_errno_t acquire(cloudabi_eventtype_t type, lock_t *l, uint64_t ns, bool *late) {
  cloudabi_subscription_t s[2] = {{.type = type}, {.type = CLOUDABI_EVENTTYPE_CLOCK}};
  s[0].lock.lock = l;
  s[0].lock.lock_scope = SHARED;
  s[1].clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
  s[1].clock.timeout = clock_now(CLOUDABI_CLOCK_MONOTONIC) + ns;
  s[1].clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
  cloudabi_event_t e[2];
  size_t n;
  CHECK_OK(cloudabi_sys_poll(s, e, ns != 0 ? 2 : 1, &n));
  CHECK_INT(n, 1);
  *late = e[0].type == CLOUDABI_EVENTTYPE_CLOCK;
  return e[0].error;
}

static void increment(struct page *p) {
  for (int i = 0; i < ROUNDS; i++) {
    lock_write_shared(&p->lock);
    uint32_t c = p->counter;
    if (i % 16 == 0)
      cloudabi_sys_thread_yield();
    p->counter = c + 1;
    unlock_shared(&p->lock);
  }
}

static void increment_thread(void *arg) { increment(arg); }

/* Many readers, now and then a writer. */
static void read_write(struct page *p, bool writer) {
  for (int i = 0; i < ROUNDS / 4; i++) {
    bool late;
    if (writer) {
      lock_write_shared(&p->rw);
      CHECK_INT(__c11_atomic_fetch_add(&p->inside, 1000, __ATOMIC_RELAXED), 0);
      __c11_atomic_fetch_sub(&p->inside, 1000, __ATOMIC_RELAXED);
      unlock_shared(&p->rw);
      continue;
    }
    CHECK_OK(acquire(CLOUDABI_EVENTTYPE_LOCK_RDLOCK, &p->rw, 0, &late));
    CHECK(__c11_atomic_fetch_add(&p->inside, 1, __ATOMIC_RELAXED) < 1000);
    if (i % 8 == 0)
      cloudabi_sys_thread_yield();
    __c11_atomic_fetch_sub(&p->inside, 1, __ATOMIC_RELAXED);
    unlock_shared(&p->rw);
  }
}

/* One produces, the others consume: each number is consumed once. */
static void consume(struct page *p) {
  for (;;) {
    lock_write_shared(&p->lock);
    while (p->full == 0)
      wait_shared(p);
    uint32_t n = p->full;
    if (n == UINT32_MAX) { /* the end, for the next one too */
      unlock_shared(&p->lock);
      return;
    }
    p->sum += n;
    p->full = 0;
    wake_shared(p, UINT32_MAX);
    unlock_shared(&p->lock);
  }
}

static void produce(struct page *p, uint32_t n) {
  lock_write_shared(&p->lock);
  while (p->full != 0)
    wait_shared(p);
  p->full = n;
  wake_shared(p, UINT32_MAX);
  unlock_shared(&p->lock);
}

static void take_turns(struct page *p, uint32_t me) {
  for (uint32_t i = 0; i < 20; i++) {
    lock_write_shared(&p->lock);
    while (p->turn % CHILDREN != me)
      wait_shared(p);
    p->turn++;
    wake_shared(p, UINT32_MAX);
    unlock_shared(&p->lock);
  }
}

static cloudabi_fd_t object = (cloudabi_fd_t)-1;

static struct page *map_object(void) {
  void *p = NULL;
  CHECK_OK(cloudabi_sys_mem_map(NULL, 4096, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE, CLOUDABI_MAP_SHARED, object, 0, &p));
  return p;
}

/* The page of a child: where it was, or elsewhere. */
static struct page *of_child(struct page *p, int i) {
  if (object == (cloudabi_fd_t)-1 || i % 2 == 0)
    return p;
  struct page *q = map_object();
  CHECK(q != p);
  return q;
}

static void all(struct page *p) {
  cloudabi_fd_t child[CHILDREN];
  struct thread *t;
  for (int i = 0; i < CHILDREN; i++)
    if (!fork_child(&child[i])) {
      struct page *q = of_child(p, i);
      until(&q->go, 1);
      t = thread_start(increment_thread, q);
      increment(q);
      thread_join(t);
      read_write(q, i == 0);
      take_turns(q, (uint32_t)i);
      consume(q);
      child_exit();
    }
  p->go = 1;
  increment(p);
  uint32_t sum = 0;
  for (uint32_t i = 1; i <= 200; i++) {
    produce(p, i);
    sum += i;
  }
  produce(p, UINT32_MAX);
  for (int i = 0; i < CHILDREN; i++)
    child_ends(child[i], 0, 0);
  CHECK_INT(p->counter, ROUNDS * (2 * CHILDREN + 1));
  CHECK_INT(p->turn, 20 * CHILDREN);
  CHECK_INT(p->sum, sum);
  CHECK_INT(p->lock, 0);
  CHECK_INT(p->rw, 0);
  CHECK_INT(p->cond, 0);
}

/* A word in private memory is another lock in the child; a held one stays held
 * there by somebody who does not exist. */
static void private_words(void) {
  static lock_t l;
  cloudabi_fd_t child;
  bool late;
  lock_write(&l);
  if (!fork_child(&child)) {
    CHECK_OK(acquire(CLOUDABI_EVENTTYPE_LOCK_WRLOCK, &l, 1000000, &late));
    CHECK(late);
    __c11_atomic_store(&l, 0, __ATOMIC_RELAXED);
    CHECK_OK(acquire(CLOUDABI_EVENTTYPE_LOCK_WRLOCK, &l, 0, &late));
    CHECK_INT(l, thread_self() | CLOUDABI_LOCK_WRLOCKED);
    child_exit();
  }
  child_ends(child, 0, 0);
  CHECK_INT(l, thread_self() | CLOUDABI_LOCK_WRLOCKED);
  unlock(&l);
}

/* Whose process dies while it waits leaves the queue; who dies holding a lock
 * leaves it held. */
static void deaths(struct page *p) {
  cloudabi_fd_t child;
  bool late;
  memset(p, 0, sizeof *p);
  lock_write_shared(&p->lock);
  if (!fork_child(&child)) {
    lock_write_shared(&p->lock);
    child_exit();
  }
  until_managed(&p->lock);
  CHECK_OK(cloudabi_sys_fd_close(child)); /* kills it */
  unlock_shared(&p->lock);
  /* It may have had the lock for nothing only if it was not dying yet. */
  CHECK_OK(acquire(CLOUDABI_EVENTTYPE_LOCK_WRLOCK, &p->lock, 0, &late));
  CHECK_INT(p->lock & ~CLOUDABI_LOCK_KERNEL_MANAGED, thread_self() | CLOUDABI_LOCK_WRLOCKED);
  unlock_shared(&p->lock);

  if (!fork_child(&child)) {
    lock_write_shared(&p->lock);
    child_exit();
  }
  child_ends(child, 0, 0);
  CHECK((p->lock & CLOUDABI_LOCK_WRLOCKED) != 0);
  CHECK_OK(acquire(CLOUDABI_EVENTTYPE_LOCK_WRLOCK, &p->lock, 1000000, &late));
  CHECK(late);
  CHECK((p->lock & CLOUDABI_LOCK_KERNEL_MANAGED) == 0);

  /* Another process cannot let go of it while somebody waits. */
  memset(p, 0, sizeof *p);
  lock_write_shared(&p->lock);
  cloudabi_fd_t waiter;
  if (!fork_child(&waiter)) {
    lock_write_shared(&p->lock);
    unlock_shared(&p->lock);
    child_exit();
  }
  until_managed(&p->lock);
  if (!fork_child(&child)) {
    CHECK_ERR(cloudabi_sys_lock_unlock(&p->lock, SHARED), CLOUDABI_EPERM);
    child_exit();
  }
  child_ends(child, 0, 0);
  unlock_shared(&p->lock);
  child_ends(waiter, 0, 0);
}

int guest_main(const struct arg *args) {
  begin(args);
  struct page *p = map_shared(1);
  all(p);
  private_words();
  deaths(p);
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SHARED_MEMORY, &object));
  cloudabi_filestat_t st = {.st_size = 4096};
  CHECK_OK(cloudabi_sys_file_stat_fput(object, &st, CLOUDABI_FILESTAT_SIZE));
  all(map_object());
  return check_result();
}
