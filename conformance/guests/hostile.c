/* Takes all it can get and passes pointers to nowhere. What is checked here is
 * that the system answers with errors; that the process around it lives on is
 * checked outside. Arguments: {log, tmpdir, what: str}. */
#include "process.h"

/* Every call with every argument a bad pointer, number or length. */
static void scribble(void) {
  static const uint64_t bad[] = {0, 1, 16, 0xffff, 0x10000, 0x7fffffff, 0xffffffff, 0xfffffff0, 0x100000000, 0x7fffffffffffffff,
                                 0x8000000000000000, 0xffffffffffff0000, 0xffffffffffffffff};
  const size_t n = sizeof bad / sizeof *bad;
  for (size_t i = 0; i < n * n; i++) {
    void *p = (void *)bad[i % n];
    uint64_t v = bad[i / n];
    size_t size;
    cloudabi_fd_t fd;
    cloudabi_filesize_t off;
    void *m;
    cloudabi_tid_t tid;
#ifndef GUEST_2015 /* where the stub stores the result itself, and would fault */
    cloudabi_sys_clock_res_get((cloudabi_clockid_t)v, p);
    cloudabi_sys_clock_time_get((cloudabi_clockid_t)v, v, p);
    cloudabi_sys_fd_create1((cloudabi_filetype_t)v, p);
    cloudabi_sys_file_open(at(tmpdir), P("x"), (cloudabi_oflags_t)v, p, p);
#endif
    cloudabi_sys_condvar_signal(p, CLOUDABI_SCOPE_PRIVATE, (cloudabi_nthreads_t)v);
    cloudabi_sys_condvar_signal(p, CLOUDABI_SCOPE_SHARED, (cloudabi_nthreads_t)v);
    cloudabi_sys_fd_pread(tmpdir, p, v, v, &size);
    cloudabi_sys_fd_pwrite(tmpdir, p, v, v, &size);
    cloudabi_sys_fd_read(tmpdir, p, v, &size);
    cloudabi_sys_fd_write(tmpdir, p, v, &size);
    cloudabi_sys_fd_seek(tmpdir, (cloudabi_filedelta_t)v, (cloudabi_whence_t)v, &off);
    cloudabi_sys_fd_stat_get((cloudabi_fd_t)v, p);
    cloudabi_sys_fd_stat_put((cloudabi_fd_t)v, p, CLOUDABI_FDSTAT_FLAGS);
    cloudabi_sys_file_advise(tmpdir, v, (cloudabi_filesize_t)p, CLOUDABI_ADVICE_NORMAL);
    cloudabi_sys_file_allocate(tmpdir, v, (cloudabi_filesize_t)p);
    cloudabi_sys_file_create(tmpdir, p, v, CLOUDABI_FILETYPE_DIRECTORY);
    cloudabi_sys_file_link(at(tmpdir), p, v, tmpdir, p, v);
    cloudabi_sys_file_open(at(tmpdir), p, v, (cloudabi_oflags_t)v, p, &fd);
    cloudabi_sys_file_readdir(tmpdir, p, v, v, &size);
    cloudabi_sys_file_readlink(tmpdir, p, v, p, v, &size);
    cloudabi_sys_file_rename(tmpdir, p, v, tmpdir, p, v);
    cloudabi_sys_file_stat_fget(tmpdir, p);
    cloudabi_sys_file_stat_fput(tmpdir, p, (cloudabi_fsflags_t)v);
    cloudabi_sys_file_stat_get(at(tmpdir), p, v, p);
    cloudabi_sys_file_stat_put(at(tmpdir), p, v, p, (cloudabi_fsflags_t)v);
    cloudabi_sys_file_symlink(p, v, tmpdir, p, v);
    cloudabi_sys_file_unlink(tmpdir, p, v, (cloudabi_ulflags_t)v);
    cloudabi_sys_lock_unlock(p, CLOUDABI_SCOPE_PRIVATE);
    cloudabi_sys_mem_advise(p, v, CLOUDABI_ADVICE_NORMAL);
    cloudabi_sys_mem_map(p, v, (cloudabi_mprot_t)v, (cloudabi_mflags_t)v, (cloudabi_fd_t)v, v, &m);
    cloudabi_sys_mem_sync(p, v, CLOUDABI_MS_ASYNC);
    cloudabi_sys_poll(p, p, v == 0 ? 1 : v, &size);
    cloudabi_sys_random_get(p, v & 0xffff);
    cloudabi_sys_thread_create(p, &tid);
    cloudabi_sys_proc_exec((cloudabi_fd_t)v, p, v, p, v);
    cloudabi_sys_sock_recv((cloudabi_fd_t)v, p, p);
    cloudabi_sys_sock_send((cloudabi_fd_t)v, p, p);
    cloudabi_sys_sock_shutdown((cloudabi_fd_t)v, (cloudabi_sdflags_t)v);
  }
}

static void sleeper(void *arg) {
  (void)arg;
  for (;;)
    sleep_ns(UINT64_C(1) << 62);
}

static void threads(void) {
  cloudabi_errno_t e = 0;
  int n = 0;
  while (thread_start_size(sleeper, NULL, 4096, &e) != NULL && n < 1000000)
    n++;
  CHECK(n > 0 && n < 1000000);
  CHECK(e == CLOUDABI_EAGAIN || e == CLOUDABI_ENOMEM);
}

static void memory(void) {
  size_t n = 0;
  void *p;
  cloudabi_errno_t e;
  while ((e = cloudabi_sys_mem_map(NULL, 1 << 20, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE,
                                   CLOUDABI_MAP_ANON | CLOUDABI_MAP_PRIVATE, CLOUDABI_MAP_ANON_FD, 0, &p)) == 0) {
    *(volatile char *)p = 1;
    n++;
  }
  CHECK_INT(e, CLOUDABI_ENOMEM);
  CHECK(n > 0 && n < 4096);
}

/* As many regions as the system allows, each a page with other protection. */
static void regions(void) {
  char *p;
  size_t pages = 100000, done = 0;
  cloudabi_errno_t e = cloudabi_sys_mem_map(NULL, pages * 4096, CLOUDABI_PROT_READ, CLOUDABI_MAP_ANON | CLOUDABI_MAP_PRIVATE,
                                            CLOUDABI_MAP_ANON_FD, 0, (void **)&p);
  if (e != 0)
    return;
  for (size_t i = 0; i < pages; i += 2)
    if (cloudabi_sys_mem_protect(p + i * 4096, 4096, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE) == 0)
      done++;
  CHECK(done > 0);
}

/* Files and directories until refused, in whatever tmpdir is. */
static void files(void) {
  char name[32];
  cloudabi_fd_t fd;
  cloudabi_errno_t e = 0;
  int n = 0;
  for (; n < 3000 && e == 0; n++) {
    snprint(name, sizeof name, "file%d", n);
    e = open_at(tmpdir, name, OPEN_CREATE, &fd);
  }
  CHECK(n > 1);
}

/* Processes that make processes until there are no more. Each keeps what it
 * has made and goes on trying for a while; none ends by itself, except the
 * first, with which all must go. */
static void bomb(void) {
  _Atomic uint32_t *refused = map_shared(1);
  cloudabi_fd_t fd;
  cloudabi_tid_t tid;
  bool first = true;
  while (!first || *refused < 100) {
    cloudabi_errno_t e = cloudabi_sys_proc_fork(&fd, &tid);
    if (e == 0 && fd == CLOUDABI_PROCESS_CHILD) {
      first = false;
    } else if (e != 0) {
      CHECK(e == CLOUDABI_EAGAIN || e == CLOUDABI_ENOMEM || e == CLOUDABI_EMFILE || e == CLOUDABI_ENFILE);
      __c11_atomic_fetch_add(refused, 1, __ATOMIC_RELAXED);
      if (!first && *refused > 200)
        sleep_for_ever();
    }
  }
}

/* Threads that write all the time to a descriptor that is closed under them. Its
 * number is then one where they may write; what has its place in the host is a
 * file where they have never written. More arguments: {keep: fd, sink0: fd …}. */
static _Atomic cloudabi_fd_t target;
static _Atomic uint64_t written;
static _Atomic bool enough;

static void writer(void *arg) {
  (void)arg;
  while (!enough) {
    size_t n;
    if (write_to(target, "x", 1, &n) == 0)
      written++;
  }
}

static void more(uint64_t n) {
  for (uint64_t before = written; written < before + n;)
    cloudabi_sys_thread_yield();
}

static void writers(const struct arg *args) {
  char name[32];
  cloudabi_fd_t keep, sink, fd;
  struct thread *t[2] = {NULL, NULL};
  CHECK(arg_fd(args, "keep", &keep));
  for (int i = 0; snprint(name, sizeof name, "sink%d", i), arg_fd(args, name, &sink); i++) {
    target = sink;
    if (i == 0)
      for (int j = 0; j < 2; j++)
        CHECK((t[j] = thread_start(writer, NULL)) != NULL);
    more(2000);
    CHECK_OK(cloudabi_sys_fd_close(sink));
    CHECK_OK(cloudabi_sys_fd_dup(keep, &fd));
    CHECK_INT(fd, sink);
    snprint(name, sizeof name, "victim%d", i);
    cloudabi_fd_t victim = new_file(name);
    more(200);
    cloudabi_filestat_t st;
    CHECK_OK(cloudabi_sys_file_stat_fget(victim, &st));
    CHECK_INT(st.st_size, 0); /* it stays open, so that the next one has another number */
  }
  enough = true;
  for (int j = 0; j < 2; j++)
    thread_join(t[j]);
}

int guest_main(const struct arg *args) {
  begin(args);
  const char *what;
  size_t len;
  if (!arg_str(args, "what", &what, &len))
    return 98;
  if (strcmp(what, "scribble") == 0) scribble();
  else if (strcmp(what, "threads") == 0) threads();
  else if (strcmp(what, "memory") == 0) memory();
  else if (strcmp(what, "regions") == 0) regions();
  else if (strcmp(what, "files") == 0) files();
  else if (strcmp(what, "bomb") == 0) bomb();
  else if (strcmp(what, "writers") == 0) writers(args);
  else return 97;
  return check_result();
}
