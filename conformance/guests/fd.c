/* Descriptors: fd_dup, fd_replace, fd_close, fd_stat_get, fd_stat_put,
 * fd_create1, and the rights words. */
#include "begin.h"

static cloudabi_fdstat_t stat_of(cloudabi_fd_t fd) {
  cloudabi_fdstat_t s = {0};
  CHECK_OK(cloudabi_sys_fd_stat_get(fd, &s));
  return s;
}

static void numbers(void) {
  cloudabi_fd_t a = new_file("numbers"), b, c;
  size_t n;
  CHECK_OK(cloudabi_sys_fd_dup(a, &b));
  CHECK(a != b);
  CHECK_OK(write_to(a, "hello", 5, &n));
  cloudabi_filesize_t off;
  CHECK_OK(cloudabi_sys_fd_seek(b, 0, CLOUDABI_WHENCE_CUR, &off));
  CHECK_INT(off, 5); /* one open file, one offset */
  CHECK_OK(cloudabi_sys_fd_close(a));
  CHECK_ERR(cloudabi_sys_fd_close(a), CLOUDABI_EBADF);
  CHECK_OK(write_to(b, "x", 1, &n));
  CHECK_OK(cloudabi_sys_fd_dup(b, &c));
  CHECK_INT(c, a); /* the lowest free number */

  cloudabi_fd_t other = new_file("other");
  CHECK_OK(cloudabi_sys_fd_replace(b, other));
  CHECK_OK(cloudabi_sys_fd_seek(other, 0, CLOUDABI_WHENCE_CUR, &off));
  CHECK_INT(off, 6);
  CHECK_OK(cloudabi_sys_fd_replace(b, b));
  CHECK_ERR(cloudabi_sys_fd_replace(b, 1000), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_fd_replace(1000, b), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_fd_replace(1000, 1000), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_fd_dup(1000, &c), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_fd_dup(0xffffffff, &c), CLOUDABI_EBADF);
  CHECK_OK(cloudabi_sys_fd_close(other));
  CHECK_OK(cloudabi_sys_fd_close(b));
}

static void status(void) {
  cloudabi_fdstat_t s = stat_of(tmpdir);
  CHECK_INT(s.fs_filetype, CLOUDABI_FILETYPE_DIRECTORY);
  CHECK((s.fs_rights_base & CLOUDABI_RIGHT_FILE_OPEN) != 0);
  CHECK((s.fs_rights_base & CLOUDABI_RIGHT_FD_READ) == 0);
  CHECK((s.fs_rights_inheriting & CLOUDABI_RIGHT_FD_READ) != 0);

  cloudabi_fd_t f = new_file("status");
  s = stat_of(f);
  CHECK_INT(s.fs_filetype, CLOUDABI_FILETYPE_REGULAR_FILE);
  CHECK_INT(s.fs_flags, 0);
  CHECK_INT(s.fs_rights_inheriting, 0);
  CHECK_INT(s.fs_rights_base & CLOUDABI_RIGHT_FILE_OPEN, 0);

  s.fs_flags = CLOUDABI_FDFLAG_APPEND | CLOUDABI_FDFLAG_NONBLOCK;
  CHECK_OK(cloudabi_sys_fd_stat_put(f, &s, CLOUDABI_FDSTAT_FLAGS));
  CHECK_INT(stat_of(f).fs_flags, CLOUDABI_FDFLAG_APPEND | CLOUDABI_FDFLAG_NONBLOCK);
  cloudabi_fd_t d;
  CHECK_OK(cloudabi_sys_fd_dup(f, &d));
  CHECK_INT(stat_of(d).fs_flags, CLOUDABI_FDFLAG_APPEND | CLOUDABI_FDFLAG_NONBLOCK);
  CHECK_ERR(cloudabi_sys_fd_stat_put(f, &s, 0), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_stat_put(f, &s, 3), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_stat_put(f, &s, 4), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_stat_put(f, NOWHERE, CLOUDABI_FDSTAT_FLAGS), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_fd_stat_put(1000, &s, CLOUDABI_FDSTAT_FLAGS), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_fd_stat_get(1000, &s), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_fd_stat_get(f, NOWHERE), CLOUDABI_EFAULT);
  CHECK_OK(cloudabi_sys_fd_close(f));
  CHECK_OK(cloudabi_sys_fd_close(d));
}

/* Rights only shrink, belong to the number, and are needed. */
static void rights(void) {
  cloudabi_fd_t f = new_file("rights"), d;
  CHECK_OK(cloudabi_sys_fd_dup(f, &d));
  cloudabi_fdstat_t s = stat_of(d);
  cloudabi_rights_t full = s.fs_rights_base;
  s.fs_rights_base = full | CLOUDABI_RIGHT_FILE_OPEN;
  CHECK_ERR(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS), CLOUDABI_ENOTCAPABLE);
  s.fs_rights_base = full | UINT64_C(1) << 63;
  CHECK_ERR(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS), CLOUDABI_ENOTCAPABLE);
  CHECK_INT(stat_of(d).fs_rights_base == full, 1);
  s.fs_rights_base = CLOUDABI_RIGHT_FD_READ;
  CHECK_OK(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_INT(stat_of(d).fs_rights_base, CLOUDABI_RIGHT_FD_READ);
  CHECK_INT(stat_of(f).fs_rights_base == full, 1);
  s.fs_rights_base = full;
  CHECK_ERR(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS), CLOUDABI_ENOTCAPABLE);

  char c;
  size_t n;
  cloudabi_filesize_t off;
  cloudabi_filestat_t st = {0};
  cloudabi_iovec_t v = {.buf = &c, .buf_len = 1};
  cloudabi_ciovec_t cv = {.buf = &c, .buf_len = 1};
  void *m;
  CHECK_OK(read_from(d, &c, 1, &n));
  CHECK_ERR(write_to(d, "x", 1, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_fd_pread(d, &v, 1, 0, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_fd_pwrite(d, &cv, 1, 0, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_fd_seek(d, 0, CLOUDABI_WHENCE_SET, &off), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_fd_sync(d), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_fd_datasync(d), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_stat_fget(d, &st), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_stat_fput(d, &st, CLOUDABI_FILESTAT_SIZE), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_stat_fput(d, &st, CLOUDABI_FILESTAT_ATIM), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_allocate(d, 0, 1), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_mem_map(NULL, 4096, CLOUDABI_PROT_READ, CLOUDABI_MAP_PRIVATE, d, 0, &m), CLOUDABI_ENOTCAPABLE);
  s.fs_rights_base = 0;
  CHECK_OK(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(read_from(d, &c, 1, &n), CLOUDABI_ENOTCAPABLE);
  s.fs_flags = 0;
  CHECK_ERR(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_FLAGS), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(d));
  CHECK_OK(cloudabi_sys_fd_close(f));

  /* A file gets no more than the directory hands on. */
  CHECK_OK(cloudabi_sys_fd_dup(tmpdir, &d));
  s = stat_of(d);
  s.fs_rights_inheriting = CLOUDABI_RIGHT_FD_READ | CLOUDABI_RIGHT_FD_SEEK;
  CHECK_OK(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS));
  cloudabi_fdstat_t want = {.fs_rights_base = CLOUDABI_RIGHT_FD_READ | CLOUDABI_RIGHT_FD_WRITE};
  CHECK_ERR(cloudabi_sys_file_open(at(d), P("rights"), 0, &want, &f), CLOUDABI_ENOTCAPABLE);
  want.fs_rights_base = CLOUDABI_RIGHT_FD_READ;
  CHECK_ERR(cloudabi_sys_file_open(at(d), P("rights"), CLOUDABI_O_TRUNC, &want, &f), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_file_open(at(d), P("rights"), 0, &want, &f));
  CHECK_INT(stat_of(f).fs_rights_base, CLOUDABI_RIGHT_FD_READ);
  CHECK_OK(cloudabi_sys_fd_close(f));
  s.fs_rights_base &= ~CLOUDABI_RIGHT_FILE_CREATE_FILE;
  CHECK_OK(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(cloudabi_sys_file_open(at(d), P("new"), CLOUDABI_O_CREAT, &want, &f), CLOUDABI_ENOTCAPABLE);
  s.fs_rights_base = 0;
  CHECK_OK(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(cloudabi_sys_file_open(at(d), P("rights"), 0, &want, &f), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_create(d, P("d"), CLOUDABI_FILETYPE_DIRECTORY), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_unlink(d, P("rights"), 0), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_symlink(P("x"), d, P("y")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_rename(d, P("rights"), tmpdir, P("z")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_rename(tmpdir, P("rights"), d, P("z")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_link(at(d), P("rights"), tmpdir, P("z")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_link(at(tmpdir), P("rights"), d, P("z")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_stat_get(at(d), P("rights"), &st), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_stat_put(at(d), P("rights"), &st, CLOUDABI_FILESTAT_ATIM), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_readdir(d, &c, 1, 0, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_readlink(d, P("x"), &c, 1, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(d));
}

static void create(void) {
  cloudabi_fd_t fd;
  CHECK_ERR(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_REGULAR_FILE, &fd), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SHARED_MEMORY, &fd));
  cloudabi_fdstat_t s = stat_of(fd);
  CHECK_INT(s.fs_filetype, CLOUDABI_FILETYPE_SHARED_MEMORY);
  CHECK((s.fs_rights_base & CLOUDABI_RIGHT_MEM_MAP) != 0);
  cloudabi_filestat_t st = {.st_size = 8192};
  CHECK_OK(cloudabi_sys_file_stat_fput(fd, &st, CLOUDABI_FILESTAT_SIZE));
  CHECK_OK(cloudabi_sys_file_stat_fget(fd, &st));
  CHECK_INT(st.st_size, 8192);
  CHECK_INT(st.st_filetype, CLOUDABI_FILETYPE_SHARED_MEMORY);
  CHECK_OK(cloudabi_sys_fd_close(fd));
}

/* Opens until the table is full, and gets back in order. */
static void exhaust(void) {
  cloudabi_fd_t fd, first = 0;
  cloudabi_errno_t e;
  int n = 0;
  while ((e = cloudabi_sys_fd_dup(tmpdir, &fd)) == 0 && n < 1000000)
    if (n++ == 0)
      first = fd;
  CHECK_INT(e, CLOUDABI_EMFILE);
  for (int i = 0; i < n; i++)
    cloudabi_sys_fd_close(first + (cloudabi_fd_t)i);
  CHECK_OK(cloudabi_sys_fd_dup(tmpdir, &fd));
  CHECK_INT(fd, first);
  CHECK_OK(cloudabi_sys_fd_close(fd));
}

int guest_main(const struct arg *args) {
  begin(args);
  numbers();
  status();
  rights();
  create();
  exhaust();
  return check_result();
}
