/* poll: clocks, descriptors, errors in events. */
#include "begin.h"

static cloudabi_errno_t poll_one(cloudabi_subscription_t *s, cloudabi_event_t *e) {
  size_t n = 0;
  cloudabi_errno_t error = cloudabi_sys_poll(s, e, 1, &n);
  if (error == 0)
    CHECK_INT(n, 1);
  return error;
}

static void clocks(void) {
  cloudabi_subscription_t s[3] = {{.type = CLOUDABI_EVENTTYPE_CLOCK, .userdata = 77}};
  cloudabi_event_t e[3];
  size_t n;
  s[0].clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
#ifndef GUEST_2015
  uint64_t before = clock_now(CLOUDABI_CLOCK_MONOTONIC);
  s[0].clock.timeout = 1000000;
  CHECK_OK(poll_one(s, e));
  CHECK_INT(e[0].userdata, 77);
  CHECK_INT(e[0].type, CLOUDABI_EVENTTYPE_CLOCK);
  CHECK_INT(e[0].error, 0);
  CHECK(clock_now(CLOUDABI_CLOCK_MONOTONIC) - before >= 1000000);
#endif
  s[0].clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
  s[0].clock.timeout = 1; /* long past */
  CHECK_OK(poll_one(s, e));
  s[0].clock.clock_id = CLOUDABI_CLOCK_REALTIME;
  s[0].clock.timeout = clock_now(CLOUDABI_CLOCK_REALTIME) + 500000;
  CHECK_OK(poll_one(s, e));
  CHECK(clock_now(CLOUDABI_CLOCK_REALTIME) >= s[0].clock.timeout);
  /* Of several clocks the earliest fires; one that never fires does not. */
  for (int i = 0; i < 3; i++) {
    s[i] = (cloudabi_subscription_t){.type = CLOUDABI_EVENTTYPE_CLOCK, .userdata = (cloudabi_userdata_t)i};
    s[i].clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
    s[i].clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
    s[i].clock.identifier = (cloudabi_userdata_t)i;
  }
  uint64_t now = clock_now(CLOUDABI_CLOCK_MONOTONIC);
  s[0].clock.timeout = UINT64_MAX;
  s[1].clock.timeout = now + 500000;
  s[2].clock.timeout = now + UINT64_C(3600000000000);
  CHECK_OK(cloudabi_sys_poll(s, e, 3, &n));
  CHECK_INT(n, 1);
  CHECK_INT(e[0].userdata, 1);
}

static void descriptors(void) {
  cloudabi_fd_t f = new_file("polled");
  size_t n;
  CHECK_OK(write_to(f, "12345", 5, &n));
  cloudabi_subscription_t s[3] = {
    {.type = CLOUDABI_EVENTTYPE_FD_READ, .userdata = 1},
    {.type = CLOUDABI_EVENTTYPE_FD_WRITE, .userdata = 2},
    {.type = CLOUDABI_EVENTTYPE_CLOCK, .userdata = 3},
  };
  s[0].fd_readwrite.fd = f;
  s[1].fd_readwrite.fd = f;
  s[2].clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
  s[2].clock.timeout = UINT64_MAX;
  s[2].clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
  cloudabi_event_t e[3];
  /* At its end a file is not readable unless asked for with the poll flag. */
  CHECK_OK(cloudabi_sys_poll(s, e, 3, &n));
  CHECK_INT(n, 1);
  CHECK_INT(e[0].userdata, 2);
  s[0].fd_readwrite.flags = CLOUDABI_SUBSCRIPTION_FD_READWRITE_POLL;
  CHECK_OK(cloudabi_sys_poll(s, e, 3, &n));
  CHECK_INT(n, 2);
  s[0].fd_readwrite.flags = 0;
  cloudabi_filesize_t off;
  CHECK_OK(cloudabi_sys_fd_seek(f, 2, CLOUDABI_WHENCE_SET, &off));
  CHECK_OK(poll_one(s, e));
  CHECK_INT(e[0].userdata, 1);
  CHECK_INT(e[0].type, CLOUDABI_EVENTTYPE_FD_READ);
  CHECK_INT(e[0].fd_readwrite.nbytes, 3);
  CHECK_OK(cloudabi_sys_fd_close(f));
}

static void errors(void) {
  cloudabi_subscription_t s[2] = {{.type = CLOUDABI_EVENTTYPE_FD_READ, .userdata = 9}};
  cloudabi_event_t e[2];
  size_t n;
  s[0].fd_readwrite.fd = 1000;
  CHECK_OK(poll_one(s, e));
  CHECK_INT(e[0].error, CLOUDABI_EBADF);
  CHECK_INT(e[0].userdata, 9);
  cloudabi_fd_t d;
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SHARED_MEMORY, &d));
  s[0].fd_readwrite.fd = d;
  CHECK_OK(poll_one(s, e));
  CHECK_INT(e[0].error, CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(d));
  s[0] = (cloudabi_subscription_t){.type = CLOUDABI_EVENTTYPE_CLOCK};
  s[0].clock.clock_id = 99;
  s[0].clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
  cloudabi_errno_t error = poll_one(s, e);
  CHECK(error == CLOUDABI_EINVAL || (error == 0 && e[0].error != 0));
  CHECK_ERR(cloudabi_sys_poll(NOWHERE, e, 1, &n), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_poll(s, BEYOND, 1, &n), CLOUDABI_EFAULT);
  /* Locks only go alone or with one clock. */
  static lock_t l;
  s[0] = (cloudabi_subscription_t){.type = CLOUDABI_EVENTTYPE_LOCK_WRLOCK};
  s[0].lock.lock = &l;
  s[0].lock.lock_scope = CLOUDABI_SCOPE_PRIVATE;
  s[1] = s[0];
  CHECK_OK(cloudabi_sys_poll(s, e, 2, &n));
  CHECK_INT(n, 2);
  CHECK(e[0].error == CLOUDABI_EINVAL && e[1].error == CLOUDABI_EINVAL);
  CHECK_INT(l, 0);
}

/* ---- the errors of every kind of event ---- */

static lock_t word;
static cond_t cond;

/* The error in the event of one subscription, after whose fields are checked. */
static cloudabi_errno_t error_of(cloudabi_subscription_t s) {
  cloudabi_event_t e = {0};
  s.userdata = 1234;
  CHECK_OK(poll_one(&s, &e));
  CHECK_INT(e.userdata, 1234);
  CHECK_INT(e.type, s.type);
  return e.error;
}

static cloudabi_errno_t clock_error(cloudabi_clockid_t id) {
  cloudabi_subscription_t s = {.type = CLOUDABI_EVENTTYPE_CLOCK};
  s.clock.clock_id = id;
  return error_of(s);
}

static cloudabi_errno_t descriptor_error(cloudabi_eventtype_t type, cloudabi_fd_t fd) {
  cloudabi_subscription_t s = {.type = type};
  if (type == CLOUDABI_EVENTTYPE_PROC_TERMINATE)
    s.proc_terminate.fd = fd;
  else
    s.fd_readwrite.fd = fd;
  return error_of(s);
}

static cloudabi_errno_t lock_error(cloudabi_eventtype_t type, void *lock, cloudabi_scope_t scope) {
  cloudabi_subscription_t s = {.type = type};
  s.lock.lock = lock;
  s.lock.lock_scope = scope;
  return error_of(s);
}

static cloudabi_errno_t condvar_error(void *condvar, cloudabi_scope_t scope, void *lock, cloudabi_scope_t lock_scope) {
  cloudabi_subscription_t s = {.type = CLOUDABI_EVENTTYPE_CONDVAR};
  s.condvar.condvar = condvar;
  s.condvar.condvar_scope = scope;
  s.condvar.lock = lock;
  s.condvar.lock_scope = lock_scope;
  return error_of(s);
}

static void waits(void *arg) {
  (void)arg;
  lock_write(&word);
  cond_wait(&cond, &word);
  unlock(&word);
}

static void event_errors(void) {
  enum { PRIVATE = CLOUDABI_SCOPE_PRIVATE, NO_SCOPE = 3 };
  CHECK_ERR(clock_error(99), CLOUDABI_EINVAL);
  CHECK_ERR(clock_error(CLOUDABI_CLOCK_PROCESS_CPUTIME_ID), CLOUDABI_ENOTSUP);
  CHECK_ERR(clock_error(CLOUDABI_CLOCK_THREAD_CPUTIME_ID), CLOUDABI_ENOTSUP);
  cloudabi_fd_t shared;
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SHARED_MEMORY, &shared));
  for (cloudabi_eventtype_t type = CLOUDABI_EVENTTYPE_FD_READ; type <= CLOUDABI_EVENTTYPE_FD_WRITE; type++) {
    CHECK_ERR(descriptor_error(type, 1000), CLOUDABI_EBADF);
    CHECK_ERR(descriptor_error(type, shared), CLOUDABI_ENOTCAPABLE);
  }
  CHECK_ERR(descriptor_error(CLOUDABI_EVENTTYPE_PROC_TERMINATE, 1000), CLOUDABI_EBADF);
#ifdef GUEST_2015 /* their library takes it for no process */
  CHECK_ERR(descriptor_error(CLOUDABI_EVENTTYPE_PROC_TERMINATE, shared), CLOUDABI_EINVAL);
#else
  CHECK_ERR(descriptor_error(CLOUDABI_EVENTTYPE_PROC_TERMINATE, shared), CLOUDABI_ENOTCAPABLE);
#endif
  CHECK_OK(cloudabi_sys_fd_close(shared));
  for (cloudabi_eventtype_t type = CLOUDABI_EVENTTYPE_LOCK_RDLOCK; type <= CLOUDABI_EVENTTYPE_LOCK_WRLOCK; type++) {
    CHECK_ERR(lock_error(type, &word, NO_SCOPE), CLOUDABI_EINVAL);
    CHECK_ERR(lock_error(type, NOWHERE, PRIVATE), CLOUDABI_EFAULT);
    CHECK_ERR(lock_error(type, BEYOND, PRIVATE), CLOUDABI_EFAULT);
    word = CLOUDABI_LOCK_KERNEL_MANAGED; /* by nobody */
    CHECK_ERR(lock_error(type, &word, PRIVATE), CLOUDABI_EINVAL);
    word = 0;
  }
  lock_write(&word);
  CHECK_ERR(lock_error(CLOUDABI_EVENTTYPE_LOCK_WRLOCK, &word, PRIVATE), CLOUDABI_EDEADLK);
  CHECK_ERR(condvar_error(&cond, NO_SCOPE, &word, PRIVATE), CLOUDABI_EINVAL);
  CHECK_ERR(condvar_error(&cond, PRIVATE, &word, NO_SCOPE), CLOUDABI_EINVAL);
  CHECK_ERR(condvar_error(NOWHERE, PRIVATE, &word, PRIVATE), CLOUDABI_EFAULT);
  CHECK_ERR(condvar_error(&cond, PRIVATE, NOWHERE, PRIVATE), CLOUDABI_EFAULT);
  unlock(&word);
  word = CLOUDABI_LOCK_WRLOCKED | 12345; /* of another thread */
  CHECK_ERR(condvar_error(&cond, PRIVATE, &word, PRIVATE), CLOUDABI_EPERM);
  CHECK_INT(cond, 0);
  word = 0;
  /* Those who wait on a condition variable wait with one lock. */
  struct thread *t = thread_start(waits, NULL);
  while (__c11_atomic_load(&cond, __ATOMIC_ACQUIRE) == 0)
    cloudabi_sys_thread_yield();
  lock_t other = 0;
  lock_write(&other);
  CHECK_ERR(condvar_error(&cond, PRIVATE, &other, PRIVATE), CLOUDABI_EINVAL);
  unlock(&other);
  lock_write(&word);
  cond_signal(&cond);
  unlock(&word);
  thread_join(t);
}

int guest_main(const struct arg *args) {
  begin(args);
  clocks();
  descriptors();
  errors();
  event_errors();
  return check_result();
}
