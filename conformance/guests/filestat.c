/* Attributes: sizes, times, allocation, advice. */
#include "begin.h"

int guest_main(const struct arg *args) {
  begin(args);
  cloudabi_fd_t f = new_file("f");
  cloudabi_filestat_t st, put = {0};
  size_t n;
  CHECK_OK(write_to(f, "0123456789", 10, &n));
  CHECK_OK(cloudabi_sys_file_stat_fget(f, &st));
  CHECK_INT(st.st_filetype, CLOUDABI_FILETYPE_REGULAR_FILE);
  CHECK_INT(st.st_size, 10);
  CHECK_INT(st.st_nlink, 1);
  CHECK(st.st_mtim != 0);
  cloudabi_inode_t ino = st.st_ino;
  CHECK_OK(cloudabi_sys_file_stat_get(at(tmpdir), P("f"), &st));
  CHECK(st.st_ino == ino);
  CHECK_OK(cloudabi_sys_file_stat_fget(tmpdir, &st));
  CHECK_INT(st.st_filetype, CLOUDABI_FILETYPE_DIRECTORY);

  put.st_size = 4;
  CHECK_OK(cloudabi_sys_file_stat_fput(f, &put, CLOUDABI_FILESTAT_SIZE));
  put.st_size = 20;
  CHECK_OK(cloudabi_sys_file_stat_fput(f, &put, CLOUDABI_FILESTAT_SIZE));
  char buf[32];
  cloudabi_iovec_t v = {.buf = buf, .buf_len = sizeof buf};
  CHECK_OK(cloudabi_sys_fd_pread(f, &v, 1, 0, &n));
  CHECK_INT(n, 20);
  CHECK(memcmp(buf, "0123\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20) == 0);
  put.st_size = UINT64_C(1) << 63;
  CHECK_ERR(cloudabi_sys_file_stat_fput(f, &put, CLOUDABI_FILESTAT_SIZE), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_stat_fput(f, &put, 0), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_stat_fput(f, &put, CLOUDABI_FILESTAT_SIZE | CLOUDABI_FILESTAT_ATIM), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_stat_fput(f, &put, 32), CLOUDABI_EINVAL);

  put.st_atim = UINT64_C(1000000000000000000);
  put.st_mtim = UINT64_C(1100000000000000000);
  CHECK_OK(cloudabi_sys_file_stat_fput(f, &put, CLOUDABI_FILESTAT_ATIM | CLOUDABI_FILESTAT_MTIM));
  CHECK_OK(cloudabi_sys_file_stat_fget(f, &st));
  CHECK(st.st_atim == put.st_atim && st.st_mtim == put.st_mtim);
  put.st_mtim = UINT64_C(1200000000000000000);
  CHECK_OK(cloudabi_sys_file_stat_put(at(tmpdir), P("f"), &put, CLOUDABI_FILESTAT_MTIM));
  CHECK_OK(cloudabi_sys_file_stat_fget(f, &st));
  CHECK(st.st_atim == put.st_atim && st.st_mtim == put.st_mtim);
  CHECK_OK(cloudabi_sys_file_stat_put(at(tmpdir), P("f"), &put, CLOUDABI_FILESTAT_MTIM_NOW));
  CHECK_OK(cloudabi_sys_file_stat_fget(f, &st));
  CHECK(st.st_atim == put.st_atim && st.st_mtim > put.st_mtim);
  CHECK_OK(cloudabi_sys_file_stat_put(at(tmpdir), P("f"), &put, 0));
  CHECK_ERR(cloudabi_sys_file_stat_put(at(tmpdir), P("f"), &put, CLOUDABI_FILESTAT_SIZE), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_stat_put(at(tmpdir), P("none"), &put, CLOUDABI_FILESTAT_MTIM), CLOUDABI_ENOENT);
  CHECK_ERR(cloudabi_sys_file_stat_put(at(tmpdir), P("f"), NOWHERE, CLOUDABI_FILESTAT_MTIM), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_file_stat_get(at(tmpdir), P("f"), NOWHERE), CLOUDABI_EFAULT);

  CHECK_OK(cloudabi_sys_file_allocate(f, 10, 90));
  CHECK_OK(cloudabi_sys_file_stat_fget(f, &st));
  CHECK_INT(st.st_size, 100);
  CHECK_OK(cloudabi_sys_file_allocate(f, 0, 10));
  CHECK_OK(cloudabi_sys_file_stat_fget(f, &st));
  CHECK_INT(st.st_size, 100);
  CHECK_ERR(cloudabi_sys_file_allocate(f, 0, 0), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_allocate(f, UINT64_C(1) << 63, 1), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_allocate(f, INT64_MAX, INT64_MAX), CLOUDABI_EFBIG);
  for (cloudabi_advice_t a = CLOUDABI_ADVICE_DONTNEED; a <= CLOUDABI_ADVICE_WILLNEED; a++)
    CHECK_OK(cloudabi_sys_file_advise(f, 0, 0, a));
  CHECK_ERR(cloudabi_sys_file_advise(f, 0, 0, 0), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_advise(f, 0, 0, 7), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_advise(1000, 0, 0, 1), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_file_advise(f, UINT64_C(1) << 63, 0, 1), CLOUDABI_EINVAL);
  return check_result();
}
