/* Data transfer on regular files: read, write, their positioned forms, seek,
 * append, gather lists, and the errors. */
#include "begin.h"

static void transfer(void) {
  cloudabi_fd_t f = new_file("transfer");
  cloudabi_ciovec_t out[3] = {{.buf = "abc", .buf_len = 3}, {.buf = "", .buf_len = 0}, {.buf = "defgh", .buf_len = 5}};
  size_t n;
  cloudabi_filesize_t off;
  CHECK_OK(cloudabi_sys_fd_write(f, out, 3, &n));
  CHECK_INT(n, 8);
  CHECK_OK(cloudabi_sys_fd_seek(f, 0, CLOUDABI_WHENCE_CUR, &off));
  CHECK_INT(off, 8);
  CHECK_OK(cloudabi_sys_fd_seek(f, -6, CLOUDABI_WHENCE_END, &off));
  CHECK_INT(off, 2);
  char a[3] = "", b[10] = "";
  cloudabi_iovec_t in[2] = {{.buf = a, .buf_len = 2}, {.buf = b, .buf_len = 10}};
  CHECK_OK(cloudabi_sys_fd_read(f, in, 2, &n));
  CHECK_INT(n, 6);
  CHECK(memcmp(a, "cd", 2) == 0 && memcmp(b, "efgh", 4) == 0);
  CHECK_OK(cloudabi_sys_fd_read(f, in, 2, &n));
  CHECK_INT(n, 0);
  CHECK_OK(cloudabi_sys_fd_read(f, in, 0, &n));
  CHECK_INT(n, 0);

  CHECK_OK(cloudabi_sys_fd_pread(f, in, 2, 3, &n));
  CHECK_INT(n, 5);
  CHECK(memcmp(a, "de", 2) == 0 && memcmp(b, "fgh", 3) == 0);
  CHECK_OK(cloudabi_sys_fd_pwrite(f, out, 1, 12, &n));
  CHECK_INT(n, 3);
  CHECK_OK(cloudabi_sys_fd_seek(f, 0, CLOUDABI_WHENCE_CUR, &off));
  CHECK_INT(off, 8); /* the positioned forms leave the offset alone */
  memset(b, 'x', sizeof b);
  in[0] = (cloudabi_iovec_t){.buf = b, .buf_len = 10};
  CHECK_OK(cloudabi_sys_fd_pread(f, in, 1, 6, &n));
  CHECK_INT(n, 9);
  CHECK(memcmp(b, "gh\0\0\0\0abc", 9) == 0); /* a gap reads as zeros */
  CHECK_OK(cloudabi_sys_fd_seek(f, 100, CLOUDABI_WHENCE_SET, &off));
  CHECK_OK(cloudabi_sys_fd_read(f, in, 1, &n));
  CHECK_INT(n, 0);
  CHECK_ERR(cloudabi_sys_fd_seek(f, -1, CLOUDABI_WHENCE_SET, &off), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_seek(f, -1000, CLOUDABI_WHENCE_CUR, &off), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_seek(f, 0, 9, &off), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_pread(f, in, 1, UINT64_C(1) << 63, &n), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_pwrite(f, out, 1, UINT64_C(1) << 63, &n), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_fd_sync(f));
  CHECK_OK(cloudabi_sys_fd_datasync(f));
  CHECK_OK(cloudabi_sys_fd_close(f));
}

static void append(void) {
  cloudabi_fd_t f = new_file("append");
  size_t n;
  cloudabi_filesize_t off;
  CHECK_OK(write_to(f, "12345", 5, &n));
  cloudabi_fdstat_t s;
  CHECK_OK(cloudabi_sys_fd_stat_get(f, &s));
  s.fs_flags = CLOUDABI_FDFLAG_APPEND;
  CHECK_OK(cloudabi_sys_fd_stat_put(f, &s, CLOUDABI_FDSTAT_FLAGS));
  CHECK_OK(cloudabi_sys_fd_seek(f, 0, CLOUDABI_WHENCE_SET, &off));
  CHECK_OK(write_to(f, "67890", 5, &n));
  CHECK_OK(cloudabi_sys_fd_seek(f, 0, CLOUDABI_WHENCE_CUR, &off));
  CHECK_INT(off, 10);
  char buf[16];
  cloudabi_iovec_t in = {.buf = buf, .buf_len = sizeof buf};
  CHECK_OK(cloudabi_sys_fd_pread(f, &in, 1, 0, &n));
  CHECK_INT(n, 10);
  CHECK(memcmp(buf, "1234567890", 10) == 0);
  CHECK_OK(cloudabi_sys_fd_close(f));
}

static void refused(void) {
  cloudabi_fd_t f = new_file("refused");
  size_t n;
  char c = 'c';
  static cloudabi_iovec_t many[1025];
  static cloudabi_ciovec_t cmany[1025];
  for (int i = 0; i < 1025; i++) {
    many[i] = (cloudabi_iovec_t){.buf = &c, .buf_len = 1};
    cmany[i] = (cloudabi_ciovec_t){.buf = &c, .buf_len = 1};
  }
  CHECK_ERR(cloudabi_sys_fd_read(f, many, 1025, &n), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_write(f, cmany, 1025, &n), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_fd_write(f, cmany, 1024, &n));
  CHECK_INT(n, 1024);
  CHECK_ERR(cloudabi_sys_fd_write(f, NOWHERE, 1, &n), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_fd_read(f, BEYOND, 1, &n), CLOUDABI_EFAULT);
  CHECK_ERR(write_to(f, NOWHERE, 1, &n), CLOUDABI_EFAULT);
  CHECK_ERR(write_to(f, BEYOND, 1, &n), CLOUDABI_EFAULT);
  cloudabi_filesize_t off;
  CHECK_OK(cloudabi_sys_fd_seek(f, 0, CLOUDABI_WHENCE_SET, &off));
  CHECK_ERR(read_from(f, NOWHERE, 1, &n), CLOUDABI_EFAULT);
  CHECK_ERR(read_from(f, (void *)guest_main, 1, &n), CLOUDABI_EFAULT); /* code can't be written */
  cloudabi_iovec_t huge[2] = {{.buf = &c, .buf_len = SIZE_MAX / 2}, {.buf = &c, .buf_len = SIZE_MAX / 2}};
  CHECK_ERR(cloudabi_sys_fd_read(f, huge, 2, &n), CLOUDABI_EINVAL);
  CHECK_ERR(read_from(1000, &c, 1, &n), CLOUDABI_EBADF);
  CHECK_ERR(write_to(1000, &c, 1, &n), CLOUDABI_EBADF);
  CHECK(read_from(tmpdir, &c, 1, &n) != 0);
  CHECK_OK(cloudabi_sys_fd_close(f));

  cloudabi_fdstat_t want = {.fs_rights_base = CLOUDABI_RIGHT_FD_READ | CLOUDABI_RIGHT_FD_SEEK};
  CHECK_OK(cloudabi_sys_file_open(at(tmpdir), P("refused"), 0, &want, &f));
  CHECK_ERR(write_to(f, &c, 1, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(f));
}

/* A large file, in pieces that cross every boundary there may be inside. */
static void large(void) {
  cloudabi_fd_t f = new_file("large");
  static uint8_t out[70001], in[70001];
  for (size_t i = 0; i < sizeof out; i++)
    out[i] = (uint8_t)(i * 7 + i / 251);
  for (int i = 0; i < 10; i++)
    CHECK(write_all(f, out, sizeof out));
  cloudabi_filesize_t off;
  CHECK_OK(cloudabi_sys_fd_seek(f, 0, CLOUDABI_WHENCE_SET, &off));
  for (int i = 0; i < 10; i++) {
    CHECK_INT(read_full(f, in, sizeof in), sizeof in);
    CHECK(memcmp(in, out, sizeof in) == 0);
  }
  CHECK_INT(read_full(f, in, 1), 0);
  CHECK_OK(cloudabi_sys_fd_close(f));
}

int guest_main(const struct arg *args) {
  begin(args);
  transfer();
  append();
  refused();
  large();
  return check_result();
}
