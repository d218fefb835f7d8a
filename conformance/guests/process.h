/* What guests with more than one process share. */
#include "begin.h"

/* Of the support library: which thread this is. A child is another one. */
void thread_begin_initial(cloudabi_tid_t tid);

/* In the parent true with the child's descriptor, in the child false. */
static inline bool fork_child(cloudabi_fd_t *child) {
  cloudabi_tid_t tid = 0;
  cloudabi_errno_t error = cloudabi_sys_proc_fork(child, &tid);
  if (error != 0) {
    CHECK_ERR(error, 0);
    *child = (cloudabi_fd_t)-2;
    return true;
  }
  if (*child != CLOUDABI_PROCESS_CHILD)
    return true;
  thread_begin_initial(tid);
  check_failures = 0;
  return false;
}

/* Ends a child: its failures become its exit code. */
static inline _Noreturn void child_exit(void) { guest_exit(check_result()); }

static inline cloudabi_event_t wait_child(cloudabi_fd_t child) {
  cloudabi_subscription_t s = {.type = CLOUDABI_EVENTTYPE_PROC_TERMINATE, .userdata = 77};
  s.proc_terminate.fd = child;
  cloudabi_event_t e = {.error = CLOUDABI_ENOSYS};
  size_t n = 0;
  CHECK_OK(cloudabi_sys_poll(&s, &e, 1, &n));
  CHECK_INT(n, 1);
  CHECK_INT(e.userdata, 77);
  CHECK_INT(e.type, CLOUDABI_EVENTTYPE_PROC_TERMINATE);
  return e;
}

static inline void child_ends(cloudabi_fd_t child, cloudabi_signal_t signal, cloudabi_exitcode_t code) {
  cloudabi_event_t e = wait_child(child);
  CHECK_OK(e.error);
  CHECK_INT(e.proc_terminate.signal, signal);
  CHECK_INT(e.proc_terminate.exitcode, code);
  CHECK_OK(cloudabi_sys_fd_close(child));
}

static inline void *map_shared(size_t pages) {
  void *p = NULL;
  CHECK_OK(cloudabi_sys_mem_map(NULL, pages * 4096, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE,
                                CLOUDABI_MAP_ANON | CLOUDABI_MAP_SHARED, CLOUDABI_MAP_ANON_FD, 0, &p));
  return p;
}

static inline cloudabi_fd_t dup_fd(cloudabi_fd_t fd) {
  cloudabi_fd_t new = (cloudabi_fd_t)-1;
  CHECK_OK(cloudabi_sys_fd_dup(fd, &new));
  return new;
}

static inline void sleep_for_ever(void) {
  for (;;)
    sleep_ns(UINT64_C(1) << 62);
}

/* Waits until the word has the value. */
static inline void until(_Atomic uint32_t *word, uint32_t value) {
  while (__c11_atomic_load(word, __ATOMIC_ACQUIRE) != value)
    sleep_ns(10000);
}

/* Waits until somebody waits for the lock. */
static inline void until_managed(lock_t *l) {
  while ((__c11_atomic_load(l, __ATOMIC_RELAXED) & CLOUDABI_LOCK_KERNEL_MANAGED) == 0)
    sleep_ns(10000);
}
