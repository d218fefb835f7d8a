/* Children: what one is, what it shares, how its end is seen, and what
 * ends it. */
#include "process.h"

static _Thread_local int own = 7;
static int data = 1;
static uint32_t *shared;
static _Atomic uint32_t *flag;

/* Registers, stack, thread-local storage and memory are a copy. */
static void copies(void) {
  volatile int local = 1;
  double number = 1.5;
  own = 8;
  int *heap = map_pages(1);
  *heap = 1;
  *shared = 1;
  cloudabi_tid_t parent = thread_self();
  cloudabi_fd_t child;
  if (!fork_child(&child)) {
    CHECK_INT(local, 1);
    CHECK(number == 1.5);
    CHECK_INT(own, 8);
    CHECK_INT(*heap, 1);
    CHECK_INT(data, 1);
    CHECK(thread_self() != parent);
    CHECK(thread_self() >= 2 && thread_self() < 1u << 30);
    local = 2, own = 9, *heap = 2, data = 2, *shared = 2;
    child_exit();
  }
  child_ends(child, 0, 0);
  CHECK_INT(local, 1);
  CHECK_INT(own, 8);
  CHECK_INT(*heap, 1);
  CHECK_INT(data, 1);
  CHECK_INT(*shared, 2);
  CHECK_INT(thread_self(), parent);
}

/* Memory objects are shared when mapped shared, protections stay, what is
 * mapped without access stays so, and the child's mappings are its own. */
static void mappings(void) {
  cloudabi_fd_t f = new_file("fork-mapped");
  size_t n;
  CHECK_OK(write_to(f, "abcdefgh", 8, &n));
  char *s, *p;
  const cloudabi_mprot_t rw = CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE;
  CHECK_OK(cloudabi_sys_mem_map(NULL, 4096, rw, CLOUDABI_MAP_SHARED, f, 0, (void **)&s));
  CHECK_OK(cloudabi_sys_mem_map(NULL, 4096, rw, CLOUDABI_MAP_PRIVATE, f, 0, (void **)&p));
  p[0] = 'P';
  char *gone = map_pages(1), *locked = map_pages(1);
  *locked = 5;
  CHECK_OK(cloudabi_sys_mem_protect(locked, 4096, 0));
  cloudabi_fd_t child;
  if (!fork_child(&child)) {
    CHECK_INT(p[0], 'P');
    CHECK_INT(s[0], 'a');
    s[1] = 'S';
    p[2] = 'Q';
    CHECK_ERR(cloudabi_sys_random_get(locked, 1), CLOUDABI_EFAULT);
    CHECK_OK(cloudabi_sys_mem_protect(locked, 4096, CLOUDABI_PROT_READ));
    CHECK_INT(*locked, 5);
    CHECK_OK(cloudabi_sys_mem_unmap(gone, 4096));
    char b[9] = "";
    cloudabi_iovec_t v = {.buf = b, .buf_len = 8};
    CHECK_OK(cloudabi_sys_fd_pread(f, &v, 1, 0, &n));
    CHECK(strcmp(b, "aScdefgh") == 0);
    child_exit();
  }
  child_ends(child, 0, 0);
  CHECK_INT(s[1], 'S');
  CHECK_INT(p[2], 'c');
  CHECK_ERR(cloudabi_sys_random_get(locked, 1), CLOUDABI_EFAULT);
  gone[0] = 1;
  CHECK_OK(cloudabi_sys_fd_close(f));
}

/* The same numbers, rights and open files. */
static void descriptors(void) {
  cloudabi_fd_t f = new_file("fork-fd"), low = dup_fd(f);
  cloudabi_fdstat_t want = {.fs_rights_base = CLOUDABI_RIGHT_FD_SEEK | CLOUDABI_RIGHT_FD_TELL}, got;
  CHECK_OK(cloudabi_sys_fd_stat_put(low, &want, CLOUDABI_FDSTAT_RIGHTS));
  cloudabi_fd_t gap = dup_fd(f), last = dup_fd(f), child;
  CHECK_OK(cloudabi_sys_fd_close(gap));
  cloudabi_filesize_t at;
  size_t n;
  CHECK_OK(write_to(f, "12345", 5, &n));
  if (!fork_child(&child)) {
    CHECK_OK(cloudabi_sys_fd_stat_get(low, &got));
    CHECK_INT(got.fs_rights_base, want.fs_rights_base);
    CHECK_INT(got.fs_rights_inheriting, 0);
    CHECK_OK(cloudabi_sys_fd_seek(low, 0, CLOUDABI_WHENCE_CUR, &at));
    CHECK_INT(at, 5);
    CHECK_ERR(cloudabi_sys_fd_stat_get(gap, &got), CLOUDABI_EBADF);
    CHECK_INT(dup_fd(f), gap);
    CHECK_OK(cloudabi_sys_fd_seek(low, 2, CLOUDABI_WHENCE_SET, &at));
    cloudabi_fdstat_t flags = {.fs_flags = CLOUDABI_FDFLAG_APPEND};
    CHECK_OK(cloudabi_sys_fd_stat_put(f, &flags, CLOUDABI_FDSTAT_FLAGS));
    CHECK_OK(cloudabi_sys_fd_close(last));
    child_exit();
  }
  CHECK_INT(child, gap); /* the child's descriptor, where its own copy has a gap */
  CHECK_OK(wait_child(child).error);
  CHECK_OK(cloudabi_sys_fd_seek(f, 0, CLOUDABI_WHENCE_CUR, &at));
  CHECK_INT(at, 2);
  CHECK_OK(cloudabi_sys_fd_stat_get(last, &got));
  CHECK_INT(got.fs_flags, CLOUDABI_FDFLAG_APPEND);
  child_ends(child, 0, 0);
  CHECK_OK(cloudabi_sys_fd_close(f));
  CHECK_OK(cloudabi_sys_fd_close(low));
  CHECK_OK(cloudabi_sys_fd_close(last));
}

static void process_descriptor(void) {
  cloudabi_timestamp_t before = clock_now(CLOUDABI_CLOCK_REALTIME);
  cloudabi_fd_t child;
  if (!fork_child(&child))
    guest_exit(300);
  cloudabi_fdstat_t st;
  CHECK_OK(cloudabi_sys_fd_stat_get(child, &st));
  CHECK_INT(st.fs_filetype, CLOUDABI_FILETYPE_PROCESS);
  CHECK_INT(st.fs_flags, 0);
  CHECK_INT(st.fs_rights_base, CLOUDABI_RIGHT_FILE_STAT_FGET | CLOUDABI_RIGHT_POLL_PROC_TERMINATE);
  CHECK_INT(st.fs_rights_inheriting, 0);
  cloudabi_filestat_t fs;
  CHECK_OK(cloudabi_sys_file_stat_fget(child, &fs));
  CHECK_INT(fs.st_filetype, CLOUDABI_FILETYPE_PROCESS);
  CHECK(fs.st_mtim >= before && fs.st_mtim <= clock_now(CLOUDABI_CLOCK_REALTIME));
  CHECK_INT(fs.st_atim, fs.st_mtim);
  CHECK_INT(fs.st_ctim, fs.st_mtim);
  size_t n;
  char c;
  CHECK_ERR(read_from(child, &c, 1, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(write_to(child, &c, 1, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_fd_sync(child), CLOUDABI_ENOTCAPABLE);
  void *p;
  CHECK_ERR(cloudabi_sys_mem_map(NULL, 4096, CLOUDABI_PROT_READ, CLOUDABI_MAP_SHARED, child, 0, &p), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_proc_exec(child, NULL, 0, NULL, 0), CLOUDABI_ENOTCAPABLE);
  cloudabi_fd_t dup = dup_fd(child);
  for (int i = 0; i < 3; i++) { /* as often as one likes */
    cloudabi_event_t e = wait_child(i % 2 ? child : dup);
    CHECK_OK(e.error);
    CHECK_INT(e.proc_terminate.signal, 0);
    CHECK_INT(e.proc_terminate.exitcode, 300);
  }
  /* Without its right there is no event, and that is not given back. */
  st.fs_rights_base = 0;
  CHECK_OK(cloudabi_sys_fd_stat_put(dup, &st, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(wait_child(dup).error, CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_stat_fget(dup, &fs), CLOUDABI_ENOTCAPABLE);
#ifdef GUEST_2015 /* what the library of the time took the error for */
  CHECK_ERR(wait_child(tmpdir).error, CLOUDABI_EINVAL);
#else
  CHECK_ERR(wait_child(tmpdir).error, CLOUDABI_ENOTCAPABLE);
#endif
  CHECK_ERR(wait_child(9999).error, CLOUDABI_EBADF);
  CHECK_OK(cloudabi_sys_fd_close(dup));
  CHECK_OK(cloudabi_sys_fd_close(child));
  CHECK_ERR(wait_child(child).error, CLOUDABI_EBADF);
}

static void ends(void) {
  cloudabi_fd_t child;
  if (!fork_child(&child))
    guest_exit(-1);
  child_ends(child, 0, 0xffffffff);
  if (!fork_child(&child)) {
    cloudabi_sys_proc_raise(CLOUDABI_SIGTERM);
    child_exit();
  }
  child_ends(child, CLOUDABI_SIGTERM, 0);
  if (!fork_child(&child)) {
    *(volatile int *)NOWHERE = 1;
    child_exit();
  }
  child_ends(child, CLOUDABI_SIGSEGV, 0);
  if (!fork_child(&child)) {
    lock_t l = thread_self() | CLOUDABI_LOCK_WRLOCKED;
    cloudabi_sys_thread_exit(&l, CLOUDABI_SCOPE_PRIVATE); /* the last thread */
  }
  child_ends(child, 0, 0);
}

/* Two children and a clock in one poll. */
static void several(void) {
  cloudabi_fd_t a, b;
  *flag = 0;
  if (!fork_child(&a)) {
    until(flag, 1);
    guest_exit(1);
  }
  if (!fork_child(&b)) {
    until(flag, 2);
    guest_exit(2);
  }
  cloudabi_subscription_t s[3] = {{.type = CLOUDABI_EVENTTYPE_PROC_TERMINATE, .userdata = 1},
                                  {.type = CLOUDABI_EVENTTYPE_PROC_TERMINATE, .userdata = 2},
                                  {.type = CLOUDABI_EVENTTYPE_CLOCK, .userdata = 3}};
  s[0].proc_terminate.fd = a;
  s[1].proc_terminate.fd = b;
  s[2].clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
  s[2].clock.timeout = clock_now(CLOUDABI_CLOCK_MONOTONIC) + 1000000;
  s[2].clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
  cloudabi_event_t e[3];
  size_t n;
  CHECK_OK(cloudabi_sys_poll(s, e, 3, &n));
  CHECK_INT(n, 1);
  CHECK_INT(e[0].userdata, 3);
  *flag = 2;
  CHECK_OK(cloudabi_sys_poll(s, e, 2, &n));
  CHECK_INT(n, 1);
  CHECK_INT(e[0].userdata, 2);
  CHECK_INT(e[0].proc_terminate.exitcode, 2);
  *flag = 1;
  child_ends(a, 0, 1);
  child_ends(b, 0, 2);
}

/* A child that is seen to be running counts up a word. */
static cloudabi_fd_t counting(void) {
  cloudabi_fd_t child;
  *flag = 0;
  if (!fork_child(&child))
    for (;; sleep_ns(10000))
      __c11_atomic_fetch_add(flag, 1, __ATOMIC_RELEASE);
  while (*flag == 0)
    sleep_ns(10000);
  return child;
}

/* Waits until nobody counts any more. That it goes on counting can be seen,
 * that it has stopped only be hoped for, so the word must stay for a while. */
static bool counts(int rounds) {
  uint32_t before = *flag;
  for (int i = 0; i < rounds; i++) {
    if (*flag != before)
      return true;
    sleep_ns(1000000);
  }
  return false;
}

static void kill_on_last_close(void) {
  cloudabi_fd_t child = counting(), dup = dup_fd(child);
  CHECK_OK(cloudabi_sys_fd_close(child));
  CHECK(counts(10000));
  CHECK_OK(cloudabi_sys_fd_close(dup));
  while (counts(20)) {
  }
  child = counting();
  dup = dup_fd(tmpdir);
  CHECK_OK(cloudabi_sys_fd_replace(dup, child)); /* closes it too */
  while (counts(20)) {
  }
  CHECK_OK(cloudabi_sys_fd_close(child));
  CHECK_OK(cloudabi_sys_fd_close(dup));
}

/* A child's children go with it, unless somebody else has their descriptor. */
static void grandchildren(void) {
  cloudabi_fd_t child, inner;
  *flag = 0;
  if (!fork_child(&child)) {
    counting();
    guest_exit(4);
  }
  child_ends(child, 0, 4);
  while (counts(20)) {
  }

  cloudabi_fd_t pair[2];
  CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &pair[0], &pair[1]));
  if (!fork_child(&child)) {
    if (!fork_child(&inner)) {
      until(flag, 1000000000);
      guest_exit(5);
    }
    cloudabi_ciovec_t v = {.buf = "x", .buf_len = 1};
    cloudabi_send_in_t in = {.si_data = &v, .si_data_len = 1, .si_fds = &inner, .si_fds_len = 1};
    cloudabi_send_out_t out;
    CHECK_OK(cloudabi_sys_sock_send(pair[1], &in, &out));
    child_exit();
  }
  child_ends(child, 0, 0);
  char c;
  cloudabi_iovec_t v = {.buf = &c, .buf_len = 1};
  cloudabi_recv_in_t in = {.ri_data = &v, .ri_data_len = 1, .ri_fds = &inner, .ri_fds_len = 1};
  cloudabi_recv_out_t out;
  CHECK_OK(cloudabi_sys_sock_recv(pair[0], &in, &out));
  CHECK_INT(out.ro_fdslen, 1);
  *flag = 1000000000; /* it has outlived its parent */
  child_ends(inner, 0, 5);
  CHECK_OK(cloudabi_sys_fd_close(pair[0]));
  CHECK_OK(cloudabi_sys_fd_close(pair[1]));
}

/* Other threads of the parent are not in the child, whatever they do. */
static uint64_t *two;
static _Atomic uint32_t finish;
static lock_t mutex;
static cond_t cond;

static void change(void *arg) {
  (void)arg;
  while (finish == 0) {
    lock_write(&mutex);
    two[0]++;
    two[512]++; /* on another page */
    unlock(&mutex);
  }
}

static void wait(void *arg) {
  (void)arg;
  lock_write(&mutex);
  while (finish == 0)
    cond_wait(&cond, &mutex);
  unlock(&mutex);
}

static void threads(void) {
  struct thread *t[5];
  two = map_pages(2);
  for (int i = 0; i < 4; i++)
    t[i] = thread_start(change, NULL);
  t[4] = thread_start(wait, NULL);
  for (int i = 0; i < 20; i++) {
    lock_write(&mutex);
    cloudabi_fd_t child;
    if (!fork_child(&child)) {
      /* What the parent's lock protects is in order. */
      uint64_t n = two[0];
      CHECK_INT(two[512], n);
      for (int j = 0; j < 10; j++)
        cloudabi_sys_thread_yield();
      CHECK_INT(two[0], n);
      /* Whoever waits for it in the parent does not here. */
      __c11_atomic_store(&mutex, 0, __ATOMIC_RELEASE);
      cond = 0;
      struct thread *own_thread = thread_start(wait, NULL);
      CHECK(own_thread != NULL);
      lock_write(&mutex);
      finish = 1;
      cond_broadcast(&cond);
      unlock(&mutex);
      thread_join(own_thread);
      CHECK_INT(mutex, 0);
      child_exit();
    }
    unlock(&mutex);
    child_ends(child, 0, 0);
  }
  lock_write(&mutex);
  finish = 1;
  cond_broadcast(&cond);
  unlock(&mutex);
  for (int i = 0; i < 5; i++)
    thread_join(t[i]);
  CHECK_INT(two[0], two[512]);
}

/* Many, one after the other: nothing is used up. */
static void many(void) {
  for (int i = 0; i < 100; i++) {
    cloudabi_fd_t child;
    if (!fork_child(&child))
      guest_exit(i);
    child_ends(child, 0, (cloudabi_exitcode_t)i);
  }
}

int guest_main(const struct arg *args) {
  begin(args);
  shared = map_shared(1);
  flag = map_shared(1);
  copies();
  mappings();
  descriptors();
  process_descriptor();
  ends();
  several();
  kill_on_last_close();
  grandchildren();
  threads();
  many();
  return check_result();
}
