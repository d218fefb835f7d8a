/* The errors that calls have in common: bad descriptors, bad pointers, and all
 * that a path can have wrong with it, for each call that takes one.
 * Further argument: {other: fd of a directory of another file system}. */
#include "begin.h"

static const cloudabi_fd_t none = 1000000;
static cloudabi_fd_t other;

/* ---- calls with a path, in one form ---- */

static cloudabi_errno_t p_open(cloudabi_fd_t d, const char *p, size_t n) {
  cloudabi_fdstat_t want = {.fs_rights_base = CLOUDABI_RIGHT_FD_READ};
  cloudabi_fd_t fd;
  return cloudabi_sys_file_open(at(d), p, n, 0, &want, &fd);
}
static cloudabi_errno_t p_create(cloudabi_fd_t d, const char *p, size_t n) {
  return cloudabi_sys_file_create(d, p, n, CLOUDABI_FILETYPE_DIRECTORY);
}
static cloudabi_errno_t p_link_from(cloudabi_fd_t d, const char *p, size_t n) {
  return cloudabi_sys_file_link(at(d), p, n, tmpdir, P("new"));
}
static cloudabi_errno_t p_link_to(cloudabi_fd_t d, const char *p, size_t n) {
  return cloudabi_sys_file_link(at(tmpdir), P("file"), d, p, n);
}
static cloudabi_errno_t p_readlink(cloudabi_fd_t d, const char *p, size_t n) {
  char buf[10];
  size_t used;
  return cloudabi_sys_file_readlink(d, p, n, buf, sizeof buf, &used);
}
static cloudabi_errno_t p_rename_from(cloudabi_fd_t d, const char *p, size_t n) {
  return cloudabi_sys_file_rename(d, p, n, tmpdir, P("new"));
}
static cloudabi_errno_t p_rename_to(cloudabi_fd_t d, const char *p, size_t n) {
  return cloudabi_sys_file_rename(tmpdir, P("file"), d, p, n);
}
static cloudabi_errno_t p_stat_get(cloudabi_fd_t d, const char *p, size_t n) {
  cloudabi_filestat_t st;
  return cloudabi_sys_file_stat_get(at(d), p, n, &st);
}
static cloudabi_errno_t p_stat_put(cloudabi_fd_t d, const char *p, size_t n) {
  cloudabi_filestat_t st = {.st_atim = 1};
  return cloudabi_sys_file_stat_put(at(d), p, n, &st, CLOUDABI_FILESTAT_ATIM);
}
static cloudabi_errno_t p_symlink(cloudabi_fd_t d, const char *p, size_t n) {
  return cloudabi_sys_file_symlink(P("text"), d, p, n);
}
static cloudabi_errno_t p_unlink(cloudabi_fd_t d, const char *p, size_t n) { return cloudabi_sys_file_unlink(d, p, n, 0); }

static const struct {
  const char *name;
  cloudabi_errno_t (*call)(cloudabi_fd_t, const char *, size_t);
} path_calls[] = {
  {"open", p_open}, {"create", p_create}, {"link from", p_link_from}, {"link to", p_link_to}, {"readlink", p_readlink},
  {"rename from", p_rename_from}, {"rename to", p_rename_to}, {"stat_get", p_stat_get}, {"stat_put", p_stat_put},
  {"symlink", p_symlink}, {"unlink", p_unlink},
};

static char long_name[256 + 2], long_path[1200];

static void expect(size_t i, const char *what, cloudabi_errno_t got, cloudabi_errno_t want) {
  if (got != want)
    check_fail(__FILE__, __LINE__, "%s of %s: %s, not %s", path_calls[i].name, what, errno_name(got), errno_name(want));
}

static void paths(void) {
  memset(long_name, 'n', 256);
  memcpy(long_name + 256, "/", 2);
  for (size_t i = 0; i < sizeof long_path; i++)
    long_path[i] = i % 2 == 0 ? '.' : '/';
  cloudabi_sys_fd_close(new_file("file"));
  CHECK_OK(cloudabi_sys_file_symlink(P("loop"), tmpdir, P("loop")));
  for (size_t i = 0; i < sizeof path_calls / sizeof *path_calls; i++) {
    cloudabi_errno_t (*call)(cloudabi_fd_t, const char *, size_t) = path_calls[i].call;
    expect(i, "no descriptor", call(none, P("x")), CLOUDABI_EBADF);
    expect(i, "a file's descriptor", call(logfile, P("x")), CLOUDABI_ENOTCAPABLE);
    expect(i, "the parent", call(tmpdir, P("../x")), CLOUDABI_ENOTCAPABLE);
    expect(i, "the root", call(tmpdir, P("/x")), CLOUDABI_ENOTCAPABLE);
    expect(i, "nothing", call(tmpdir, P("")), CLOUDABI_ENOENT);
    expect(i, "a missing directory", call(tmpdir, P("missing/x")), CLOUDABI_ENOENT);
    expect(i, "below a file", call(tmpdir, P("file/x")), CLOUDABI_ENOTDIR);
    expect(i, "a loop", call(tmpdir, P("loop/x")), CLOUDABI_ELOOP);
    expect(i, "a long name", call(tmpdir, long_name, 256), CLOUDABI_ENAMETOOLONG);
    expect(i, "a long path", call(tmpdir, long_path, sizeof long_path), CLOUDABI_ENAMETOOLONG);
    expect(i, "a NUL", call(tmpdir, "a\0b", 3), CLOUDABI_EINVAL);
    expect(i, "unmapped memory", call(tmpdir, NOWHERE, 5), CLOUDABI_EFAULT);
    expect(i, "memory beyond", call(tmpdir, BEYOND, 5), CLOUDABI_EFAULT);
  }
  CHECK_ERR(cloudabi_sys_file_link(at(tmpdir), P("file"), other, P("x")), CLOUDABI_EXDEV);
  CHECK_ERR(cloudabi_sys_file_rename(tmpdir, P("file"), other, P("x")), CLOUDABI_EXDEV);
}

/* ---- calls with a descriptor ---- */

static void descriptors(void) {
  char b[4] = "abc";
  size_t n;
  cloudabi_filesize_t where;
  cloudabi_filestat_t st = {.st_size = 1};
  cloudabi_iovec_t in = {.buf = b, .buf_len = sizeof b}, bad_in = {.buf = NOWHERE, .buf_len = 4};
  cloudabi_ciovec_t out = {.buf = b, .buf_len = sizeof b}, bad_out = {.buf = NOWHERE, .buf_len = 4};
  CHECK_ERR(cloudabi_sys_fd_datasync(none), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_fd_sync(none), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_fd_pread(none, &in, 1, 0, &n), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_fd_pwrite(none, &out, 1, 0, &n), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_fd_seek(none, 0, CLOUDABI_WHENCE_SET, &where), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_file_allocate(none, 0, 1), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_file_advise(none, 0, 0, CLOUDABI_ADVICE_NORMAL), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_file_stat_fget(none, &st), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_file_stat_fput(none, &st, CLOUDABI_FILESTAT_SIZE), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_sock_shutdown(none, CLOUDABI_SHUT_RD), CLOUDABI_EBADF);

  cloudabi_fd_t f = new_file("f"), narrow;
  CHECK_OK(write_to(f, "0123456789", 10, &n));
  CHECK_ERR(cloudabi_sys_fd_pread(f, &bad_in, 1, 0, &n), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_fd_pwrite(f, &bad_out, 1, 0, &n), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_fd_pread(f, NOWHERE, 1, 0, &n), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_fd_pwrite(f, &out, 1, INT64_MAX, &n), CLOUDABI_EFBIG);
  CHECK_ERR(cloudabi_sys_fd_seek(f, INT64_MAX, CLOUDABI_WHENCE_CUR, &where), CLOUDABI_EOVERFLOW);
  CHECK_OK(cloudabi_sys_fd_seek(f, INT64_MAX, CLOUDABI_WHENCE_SET, &where));
  CHECK_ERR(write_to(f, b, 4, &n), CLOUDABI_EFBIG);
  CHECK_ERR(cloudabi_sys_file_stat_fget(f, NOWHERE), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_file_stat_fput(f, NOWHERE, CLOUDABI_FILESTAT_SIZE), CLOUDABI_EFAULT);

  /* A descriptor without any rights is refused everything. */
  cloudabi_fdstat_t rights = {0};
  CHECK_OK(cloudabi_sys_fd_dup(f, &narrow));
  CHECK_OK(cloudabi_sys_fd_stat_put(narrow, &rights, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(cloudabi_sys_file_advise(narrow, 0, 0, CLOUDABI_ADVICE_NORMAL), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_sock_shutdown(narrow, CLOUDABI_SHUT_RD), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_allocate(narrow, 0, 1), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(narrow));
  CHECK_OK(cloudabi_sys_fd_close(f));
}

/* ---- the rest ---- */

static lock_t contended;
static volatile bool done;

static void wants(void *arg) {
  (void)arg;
  lock_write(&contended);
  unlock(&contended);
}

static void stranger(void *arg) {
  (void)arg;
  CHECK_ERR(cloudabi_sys_lock_unlock(&contended, CLOUDABI_SCOPE_PRIVATE), CLOUDABI_EPERM);
  done = true;
}

/* Only the owner of a lock that others wait for may release it. */
static void locks(void) {
  lock_write(&contended);
  struct thread *a = thread_start(wants, NULL);
  while ((contended & CLOUDABI_LOCK_KERNEL_MANAGED) == 0)
    cloudabi_sys_thread_yield();
  struct thread *b = thread_start(stranger, NULL);
  while (!done)
    cloudabi_sys_thread_yield();
  unlock(&contended);
  thread_join(a);
  thread_join(b);
}

static void memory(void) {
  char *p = map_pages(1);
  size_t n;
  CHECK_ERR(cloudabi_sys_file_readdir(tmpdir, p, 4096, UINT64_MAX, &n), CLOUDABI_EINVAL);
#ifdef GUEST_2015
#if defined(__x86_64__)
  CHECK_ERR(cloudabi_sys_thread_tcb_set((void *)((uint64_t)1 << 60)), CLOUDABI_EINVAL);
#endif
  CHECK_OK(cloudabi_sys_mem_lock(p, 4096));
  CHECK_OK(cloudabi_sys_mem_unlock(p, 4096));
  CHECK_ERR(cloudabi_sys_mem_lock(NOWHERE, 4096), CLOUDABI_ENOMEM);
  CHECK_ERR(cloudabi_sys_mem_unlock(NOWHERE, 4096), CLOUDABI_ENOMEM);
  /* Ranges that wrap around the end of the address space. */
  CHECK_ERR(cloudabi_sys_mem_lock((void *)-8192, 16384), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_mem_unlock((void *)-8192, 16384), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_mem_lock(p, SIZE_MAX), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_mem_unlock(p + 1, SIZE_MAX), CLOUDABI_EINVAL);
#endif
  cloudabi_subscription_t s = {.type = CLOUDABI_EVENTTYPE_CLOCK};
  cloudabi_event_t e;
  CHECK_ERR(cloudabi_sys_poll(&s, &e, 0, &n), CLOUDABI_EINVAL);
}

int guest_main(const struct arg *args) {
  begin(args);
  if (!arg_fd(args, "other", &other))
    return 99;
  paths();
  descriptors();
  locks();
  memory();
  return check_result();
}
