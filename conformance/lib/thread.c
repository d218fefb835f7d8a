/* Threads, locks and condition variables on the words of the ABI: the part of
 * abi/semantics.md section 8 that is the program's. */
#include "internal.h"

#define HELD CLOUDABI_LOCK_WRLOCKED
#define MANAGED CLOUDABI_LOCK_KERNEL_MANAGED

enum { DEFAULT_STACK = 64 << 10, PAGE = 4096 };

static _Thread_local cloudabi_tid_t self;
/* Read locks this thread holds: one who has some may take more although
 * others wait, or it could wait for itself. */
static _Thread_local unsigned read_locks;

void thread_begin_initial(cloudabi_tid_t tid) { self = tid; }
cloudabi_tid_t thread_self(void) { return self; }

static cloudabi_errno_t wait_for(cloudabi_eventtype_t type, lock_t *l, cloudabi_scope_t scope) {
  cloudabi_subscription_t s = {.type = type};
  s.lock.lock = l;
  s.lock.lock_scope = scope;
  cloudabi_event_t e;
  size_t n;
  cloudabi_errno_t error = cloudabi_sys_poll(&s, &e, 1, &n);
  return error != 0 ? error : e.error;
}

static void must(cloudabi_errno_t error, const char *what) {
  if (error == 0)
    return;
  check_fail(__FILE__, __LINE__, "%s: %s", what, errno_name(error));
  cloudabi_sys_proc_raise(CLOUDABI_SIGABRT);
}

bool try_lock_write(lock_t *l) {
  uint32_t free = 0;
  return __c11_atomic_compare_exchange_strong(l, &free, self | HELD, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void lock_write_scope(lock_t *l, cloudabi_scope_t scope) {
  if (!try_lock_write(l))
    must(wait_for(CLOUDABI_EVENTTYPE_LOCK_WRLOCK, l, scope), "write lock");
}

void lock_write(lock_t *l) { lock_write_scope(l, CLOUDABI_SCOPE_PRIVATE); }
void lock_write_shared(lock_t *l) { lock_write_scope(l, CLOUDABI_SCOPE_SHARED); }

void lock_read(lock_t *l) {
  uint32_t old = __c11_atomic_load(l, __ATOMIC_RELAXED);
  while ((old & HELD) == 0 && ((old & MANAGED) == 0 || read_locks > 0))
    if (__c11_atomic_compare_exchange_weak(l, &old, old + 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      read_locks++;
      return;
    }
  must(wait_for(CLOUDABI_EVENTTYPE_LOCK_RDLOCK, l, CLOUDABI_SCOPE_PRIVATE), "read lock");
  read_locks++;
}

static void unlock_scope(lock_t *l, cloudabi_scope_t scope) {
  uint32_t old = __c11_atomic_load(l, __ATOMIC_RELAXED);
  if ((old & HELD) != 0) {
    uint32_t mine = self | HELD;
    if (!__c11_atomic_compare_exchange_strong(l, &mine, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
      must(cloudabi_sys_lock_unlock(l, scope), "unlock");
    return;
  }
  read_locks--;
  for (;;) {
    bool last = (old & ~MANAGED) == 1, managed = (old & MANAGED) != 0;
    uint32_t new = !last ? old - 1 : managed ? (self | HELD | MANAGED) : 0;
    if (__c11_atomic_compare_exchange_weak(l, &old, new, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
      if (last && managed)
        must(cloudabi_sys_lock_unlock(l, scope), "read unlock");
      return;
    }
  }
}

void unlock(lock_t *l) { unlock_scope(l, CLOUDABI_SCOPE_PRIVATE); }
void unlock_shared(lock_t *l) { unlock_scope(l, CLOUDABI_SCOPE_SHARED); }

static bool wait_cond(cond_t *c, lock_t *l, bool limited, uint64_t ns) {
  cloudabi_subscription_t s[2] = {{.type = CLOUDABI_EVENTTYPE_CONDVAR}, {.type = CLOUDABI_EVENTTYPE_CLOCK}};
  s[0].condvar.condvar = c;
  s[0].condvar.lock = l;
  s[0].condvar.condvar_scope = CLOUDABI_SCOPE_PRIVATE;
  s[0].condvar.lock_scope = CLOUDABI_SCOPE_PRIVATE;
  s[1].clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
  s[1].clock.timeout = clock_now(CLOUDABI_CLOCK_MONOTONIC) + ns;
  s[1].clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
  cloudabi_event_t e[2];
  size_t n;
  must(cloudabi_sys_poll(s, e, limited ? 2 : 1, &n), "condition variable");
  must(e[0].error, "condition variable's event");
  return e[0].type == CLOUDABI_EVENTTYPE_CONDVAR;
}

void cond_wait(cond_t *c, lock_t *l) { wait_cond(c, l, false, 0); }
bool cond_wait_for(cond_t *c, lock_t *l, uint64_t ns) { return wait_cond(c, l, true, ns); }

static void wake(cond_t *c, cloudabi_nthreads_t n) {
  if (__c11_atomic_load(c, __ATOMIC_RELAXED) != 0)
    must(cloudabi_sys_condvar_signal(c, CLOUDABI_SCOPE_PRIVATE, n), "condvar_signal");
}

void cond_signal(cond_t *c) { wake(c, 1); }
void cond_broadcast(cond_t *c) { wake(c, UINT32_MAX); }

/* At the low end of the thread's stack mapping. The join lock is held for
 * writing by the thread until the system lets go of it at the very end. */
struct thread {
  lock_t join;
  size_t length;
  void (*fn)(void *);
  void *arg;
};

static void run(cloudabi_tid_t tid, void *aux) {
  struct thread *t = aux;
  tls_install((char *)t + sizeof *t);
  self = tid;
  __c11_atomic_store(&t->join, tid | HELD, __ATOMIC_RELEASE);
  t->fn(t->arg);
  cloudabi_sys_thread_exit(&t->join, CLOUDABI_SCOPE_PRIVATE);
}

struct thread *thread_start_size(void (*fn)(void *), void *arg, size_t stack, cloudabi_errno_t *error) {
  size_t length = (sizeof(struct thread) + tls_size() + 64 + (stack != 0 ? stack : DEFAULT_STACK) + PAGE - 1) / PAGE * PAGE;
  void *base;
  cloudabi_errno_t e = cloudabi_sys_mem_map(NULL, length, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE,
                                            CLOUDABI_MAP_ANON | CLOUDABI_MAP_PRIVATE, CLOUDABI_MAP_ANON_FD, 0, &base);
  if (e == 0) {
    struct thread *t = base;
    /* Managed by nobody: waiting for it before the thread has put its own
     * number there is impossible, and thread_join does not. */
    __c11_atomic_init(&t->join, MANAGED);
    t->length = length;
    t->fn = fn;
    t->arg = arg;
    size_t low = (sizeof *t + tls_size() + 63) / 64 * 64;
    cloudabi_threadattr_t attr = {
      .entry_point = run, .stack = (char *)base + low, .stack_len = length - low, .argument = t,
    };
    cloudabi_tid_t tid;
    e = cloudabi_sys_thread_create(&attr, &tid);
    if (e == 0) {
      uint32_t unset = MANAGED;
      __c11_atomic_compare_exchange_strong(&t->join, &unset, tid | HELD, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
      return t;
    }
    cloudabi_sys_mem_unmap(base, length);
  }
  if (error != NULL)
    *error = e;
  return NULL;
}

struct thread *thread_start(void (*fn)(void *), void *arg) { return thread_start_size(fn, arg, 0, NULL); }

void thread_join(struct thread *t) {
  uint32_t word = __c11_atomic_load(&t->join, __ATOMIC_ACQUIRE);
  if (word != 0)
    must(wait_for(CLOUDABI_EVENTTYPE_LOCK_RDLOCK, &t->join, CLOUDABI_SCOPE_PRIVATE), "join");
  cloudabi_sys_mem_unmap(t, t->length);
}

uint64_t clock_now(cloudabi_clockid_t id) {
  cloudabi_timestamp_t t = 0;
  cloudabi_sys_clock_time_get(id, 0, &t);
  return t;
}

void sleep_ns(uint64_t ns) {
  cloudabi_subscription_t s = {.type = CLOUDABI_EVENTTYPE_CLOCK};
  s.clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
  s.clock.timeout = clock_now(CLOUDABI_CLOCK_MONOTONIC) + ns;
  s.clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
  cloudabi_event_t e;
  size_t n;
  cloudabi_sys_poll(&s, &e, 1, &n);
}
