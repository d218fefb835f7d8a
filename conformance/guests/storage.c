/* Errors of what a program is given: a directory that cannot be changed, though
 * the program has all rights; one on storage that is full and has a limit for
 * files; a device. Further arguments: {fixed: fd of a directory with a file
 * "file", a directory "dir" and a link "link", full: fd of a directory, device: fd}. */
#include "begin.h"

static cloudabi_fd_t fixed, full, device;

static cloudabi_errno_t open_for(const char *name, cloudabi_oflags_t flags, cloudabi_rights_t rights) {
  cloudabi_fdstat_t want = {.fs_rights_base = rights};
  cloudabi_fd_t fd;
  return cloudabi_sys_file_open(at(fixed), name, strlen(name), flags, &want, &fd);
}

/* What is wrong with a name comes before what is wrong with the place. */
static void unchangeable(void) {
  const cloudabi_rights_t reading = CLOUDABI_RIGHT_FD_READ, writing = CLOUDABI_RIGHT_FD_WRITE;
  cloudabi_filestat_t st = {0};
  CHECK_OK(open_for("file", 0, reading));
  CHECK_OK(open_for("file", CLOUDABI_O_CREAT, reading));
  CHECK_ERR(open_for("file", CLOUDABI_O_CREAT | CLOUDABI_O_EXCL, reading), CLOUDABI_EEXIST);
  CHECK_ERR(open_for("new", CLOUDABI_O_CREAT, reading), CLOUDABI_EROFS);
  CHECK_ERR(open_for("file", 0, writing), CLOUDABI_EROFS);
  CHECK_ERR(open_for("file", CLOUDABI_O_TRUNC, writing), CLOUDABI_EROFS);
  CHECK_ERR(cloudabi_sys_file_create(fixed, P("new"), CLOUDABI_FILETYPE_DIRECTORY), CLOUDABI_EROFS);
  CHECK_ERR(cloudabi_sys_file_create(fixed, P("dir"), CLOUDABI_FILETYPE_DIRECTORY), CLOUDABI_EEXIST);
  CHECK_ERR(cloudabi_sys_file_symlink(P("text"), fixed, P("new")), CLOUDABI_EROFS);
  CHECK_ERR(cloudabi_sys_file_unlink(fixed, P("file"), 0), CLOUDABI_EROFS);
  CHECK_ERR(cloudabi_sys_file_unlink(fixed, P("none"), 0), CLOUDABI_ENOENT);
  CHECK_ERR(cloudabi_sys_file_unlink(fixed, P("dir"), CLOUDABI_UNLINK_REMOVEDIR), CLOUDABI_EROFS);
  CHECK_ERR(cloudabi_sys_file_link(at(fixed), P("file"), fixed, P("new")), CLOUDABI_EROFS);
  CHECK_ERR(cloudabi_sys_file_rename(fixed, P("file"), fixed, P("new")), CLOUDABI_EROFS);
  CHECK_ERR(cloudabi_sys_file_stat_put(at(fixed), P("file"), &st, CLOUDABI_FILESTAT_MTIM), CLOUDABI_EROFS);
  cloudabi_fd_t dir;
  CHECK_OK(open_at(fixed, "dir", OPEN_DIR, &dir));
  CHECK_ERR(cloudabi_sys_file_stat_fput(dir, &st, CLOUDABI_FILESTAT_MTIM_NOW), CLOUDABI_EROFS);
}

static void exhausted(void) {
  cloudabi_fd_t fd;
  cloudabi_filestat_t st = {.st_size = 1 << 20};
  size_t n;
  char c = 0;
  cloudabi_iovec_t in = {.buf = &c, .buf_len = 1};
  cloudabi_ciovec_t out = {.buf = "x", .buf_len = 1};
  CHECK_OK(open_at(full, "file", OPEN_CREATE, &fd));
  CHECK_ERR(cloudabi_sys_file_allocate(fd, 0, 1 << 20), CLOUDABI_ENOSPC);
  CHECK_ERR(cloudabi_sys_file_stat_fput(fd, &st, CLOUDABI_FILESTAT_SIZE), CLOUDABI_ENOSPC);
  st.st_size = (cloudabi_filesize_t)1 << 50;
  CHECK_ERR(cloudabi_sys_file_stat_fput(fd, &st, CLOUDABI_FILESTAT_SIZE), CLOUDABI_EFBIG);
  CHECK_ERR(write_to(fd, "x", 1, &n), CLOUDABI_ENOSPC);
  CHECK_ERR(cloudabi_sys_fd_pwrite(fd, &out, 1, 10, &n), CLOUDABI_ENOSPC);
  /* Nothing has changed. */
  CHECK_OK(cloudabi_sys_file_stat_fget(fd, &st));
  CHECK_INT(st.st_size, 0);
  CHECK_OK(cloudabi_sys_fd_pread(fd, &in, 1, 0, &n));
  CHECK_INT(n, 0);
}

/* A device has all rights, and not all abilities. */
static void devices(void) {
  cloudabi_fdstat_t s;
  void *p;
  CHECK_OK(cloudabi_sys_fd_stat_get(device, &s));
  CHECK_INT(s.fs_filetype, CLOUDABI_FILETYPE_CHARACTER_DEVICE);
  CHECK((s.fs_rights_base & CLOUDABI_RIGHT_MEM_MAP) != 0 && (s.fs_rights_base & CLOUDABI_RIGHT_PROC_EXEC) != 0);
  CHECK_ERR(cloudabi_sys_mem_map(NULL, 4096, CLOUDABI_PROT_READ, CLOUDABI_MAP_PRIVATE, device, 0, &p), CLOUDABI_ENODEV);
  CHECK_ERR(cloudabi_sys_proc_exec(device, NULL, 0, NULL, 0), CLOUDABI_EACCES);
  cloudabi_subscription_t wait = {.type = CLOUDABI_EVENTTYPE_PROC_TERMINATE};
  cloudabi_event_t e = {0};
  size_t n = 0;
  wait.proc_terminate.fd = device;
  CHECK_OK(cloudabi_sys_poll(&wait, &e, 1, &n));
  CHECK_INT(n, 1);
  CHECK_INT(e.error, CLOUDABI_EINVAL);
#ifdef GUEST_2015
  cloudabi_fd_t queue;
  cloudabi_2015_subscription_t add = {.flags = CLOUDABI_SUBSCRIPTION_ADD, .type = CLOUDABI_EVENTTYPE_PROC_TERMINATE};
  cloudabi_2015_event_t event = {0};
  add.proc_terminate.fd = device;
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_POLL, &queue));
  CHECK_OK(cloudabi_2015_poll_fd(queue, &add, 1, &event, 1, NULL, &n));
  CHECK_INT(n, 1);
  CHECK_INT(event.error, CLOUDABI_EINVAL);
#endif
}

int guest_main(const struct arg *args) {
  begin(args);
  if (!arg_fd(args, "fixed", &fixed) || !arg_fd(args, "full", &full) || !arg_fd(args, "device", &device))
    return 99;
  unchangeable();
  exhausted();
  devices();
  return check_result();
}
