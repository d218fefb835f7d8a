/* Names: open, create, link, rename, symbolic links, unlink; what a path may
 * say and where it may lead. */
#include "begin.h"

static cloudabi_errno_t make(const char *path) {
  cloudabi_fd_t fd;
  cloudabi_errno_t e = open_at(tmpdir, path, OPEN_CREATE, &fd);
  return e != 0 ? e : cloudabi_sys_fd_close(fd);
}

static cloudabi_errno_t open_flags(cloudabi_lookup_t dir, const char *path, cloudabi_oflags_t flags, cloudabi_rights_t rights) {
  cloudabi_fd_t fd;
  cloudabi_fdstat_t want = {.fs_rights_base = rights};
  cloudabi_errno_t e = cloudabi_sys_file_open(dir, path, strlen(path), flags, &want, &fd);
  return e != 0 ? e : cloudabi_sys_fd_close(fd);
}

#define READ CLOUDABI_RIGHT_FD_READ
#define WRITE (CLOUDABI_RIGHT_FD_WRITE | CLOUDABI_RIGHT_FD_SEEK)

static cloudabi_errno_t stat_path(cloudabi_lookup_t dir, const char *path, cloudabi_filestat_t *st) {
  return cloudabi_sys_file_stat_get(dir, path, strlen(path), st);
}

static void opening(void) {
  CHECK_ERR(open_flags(at(tmpdir), "none", 0, READ), CLOUDABI_ENOENT);
  CHECK_OK(open_flags(at(tmpdir), "file", CLOUDABI_O_CREAT | CLOUDABI_O_EXCL, READ));
  CHECK_ERR(open_flags(at(tmpdir), "file", CLOUDABI_O_CREAT | CLOUDABI_O_EXCL, READ), CLOUDABI_EEXIST);
  CHECK_OK(open_flags(at(tmpdir), "file", CLOUDABI_O_CREAT, READ));
  CHECK_ERR(open_flags(at(tmpdir), "file", CLOUDABI_O_DIRECTORY, READ), CLOUDABI_ENOTDIR);
  CHECK_ERR(open_flags(at(tmpdir), "file/", 0, READ), CLOUDABI_ENOTDIR);
  CHECK_ERR(open_flags(at(tmpdir), "file/x", 0, READ), CLOUDABI_ENOTDIR);
  CHECK_ERR(open_flags(at(tmpdir), "none/x", 0, READ), CLOUDABI_ENOENT);
  CHECK_ERR(open_flags(at(tmpdir), "", 0, READ), CLOUDABI_ENOENT);
  CHECK_OK(cloudabi_sys_file_create(tmpdir, P("dir"), CLOUDABI_FILETYPE_DIRECTORY));
  CHECK_ERR(cloudabi_sys_file_create(tmpdir, P("dir"), CLOUDABI_FILETYPE_DIRECTORY), CLOUDABI_EEXIST);
  CHECK_ERR(cloudabi_sys_file_create(tmpdir, P("x"), CLOUDABI_FILETYPE_REGULAR_FILE), CLOUDABI_EINVAL);
  CHECK_ERR(open_flags(at(tmpdir), "dir", 0, WRITE), CLOUDABI_EISDIR);
  CHECK_OK(open_flags(at(tmpdir), "dir", CLOUDABI_O_DIRECTORY, CLOUDABI_RIGHT_FILE_READDIR));
  CHECK_OK(open_flags(at(tmpdir), "dir/.", CLOUDABI_O_DIRECTORY, 0));
  CHECK_OK(open_flags(at(tmpdir), ".//dir///", CLOUDABI_O_DIRECTORY, 0));
  CHECK_OK(make("dir/inner"));
  CHECK_OK(open_flags(at(tmpdir), "dir/../dir/./inner", 0, READ));

  size_t n;
  cloudabi_fd_t fd;
  cloudabi_filestat_t st;
  CHECK_OK(open_at(tmpdir, "file", OPEN_WRITE, &fd));
  CHECK_OK(write_to(fd, "hello", 5, &n));
  CHECK_OK(cloudabi_sys_fd_close(fd));
  CHECK_OK(open_flags(at(tmpdir), "file", CLOUDABI_O_TRUNC, WRITE));
  CHECK_OK(stat_path(at(tmpdir), "file", &st));
  CHECK_INT(st.st_size, 0);
}

static void sandbox(void) {
  cloudabi_fd_t dir;
  CHECK_ERR(open_flags(at(tmpdir), "/", 0, 0), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(open_flags(at(tmpdir), "/etc/passwd", 0, READ), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(open_flags(at(tmpdir), "..", 0, 0), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(open_flags(at(tmpdir), "dir/../..", 0, 0), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(open_flags(at(tmpdir), "dir/../../tmp", 0, 0), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(open_flags(at(tmpdir), "dir/..", CLOUDABI_O_DIRECTORY, 0));
  CHECK_OK(open_at(tmpdir, "dir", OPEN_DIR, &dir));
  CHECK_ERR(open_flags(at(dir), "../file", 0, READ), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_file_symlink(P("/etc"), tmpdir, P("abs")));
  CHECK_OK(cloudabi_sys_file_symlink(P("../file"), dir, P("up")));
  CHECK_ERR(open_flags(at(tmpdir), "abs/passwd", 0, READ), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(open_flags(follow(tmpdir), "abs", 0, READ), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(open_flags(follow(tmpdir), "dir/up", 0, READ));
  CHECK_ERR(open_flags(follow(dir), "up", 0, READ), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_rename(dir, P("inner"), dir, P("../escaped")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_link(at(dir), P("inner"), dir, P("../escaped")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_unlink(dir, P("../file"), 0), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_create(dir, P("../d"), CLOUDABI_FILETYPE_DIRECTORY), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_symlink(P("x"), dir, P("../s")), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(dir));
}

static void lengths(void) {
  static char path[2000];
  cloudabi_filestat_t st;
  memset(path, 'a', sizeof path);
  CHECK_ERR(cloudabi_sys_file_stat_get(at(tmpdir), path, 256, &st), CLOUDABI_ENAMETOOLONG);
  CHECK_ERR(cloudabi_sys_file_stat_get(at(tmpdir), path, 255, &st), CLOUDABI_ENOENT);
  CHECK_ERR(cloudabi_sys_file_stat_get(at(tmpdir), path, 1024, &st), CLOUDABI_ENAMETOOLONG);
  for (size_t i = 0; i < sizeof path; i++)
    path[i] = i % 2 == 0 ? '.' : '/';
  CHECK_OK(cloudabi_sys_file_stat_get(at(tmpdir), path, 1023, &st));
  CHECK_ERR(cloudabi_sys_file_stat_get(at(tmpdir), path, 1024, &st), CLOUDABI_ENAMETOOLONG);
  CHECK_ERR(cloudabi_sys_file_stat_get(at(tmpdir), P("a\0b"), &st), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_stat_get(at(tmpdir), NOWHERE, 3, &st), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_file_stat_get(at(1000), P("x"), &st), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_file_stat_get(at(logfile), P("x"), &st), CLOUDABI_ENOTCAPABLE);
}

static void symlinks(void) {
  cloudabi_filestat_t st;
  char buf[16];
  size_t n;
  CHECK_OK(make("target"));
  CHECK_OK(cloudabi_sys_file_symlink(P("target"), tmpdir, P("link")));
  CHECK_ERR(cloudabi_sys_file_symlink(P("target"), tmpdir, P("link")), CLOUDABI_EEXIST);
  CHECK_OK(stat_path(at(tmpdir), "link", &st));
  CHECK_INT(st.st_filetype, CLOUDABI_FILETYPE_SYMBOLIC_LINK);
  CHECK_INT(st.st_size, 6);
  CHECK_OK(stat_path(follow(tmpdir), "link", &st));
  CHECK_INT(st.st_filetype, CLOUDABI_FILETYPE_REGULAR_FILE);
  CHECK_ERR(open_flags(at(tmpdir), "link", 0, READ), CLOUDABI_ELOOP);
  CHECK_OK(open_flags(follow(tmpdir), "link", 0, READ));
  CHECK_ERR(open_flags(follow(tmpdir), "link", CLOUDABI_O_CREAT | CLOUDABI_O_EXCL, READ), CLOUDABI_EEXIST);
  CHECK_OK(cloudabi_sys_file_readlink(tmpdir, P("link"), buf, sizeof buf, &n));
  CHECK_INT(n, 6);
  CHECK(memcmp(buf, "target", 6) == 0);
  CHECK_OK(cloudabi_sys_file_readlink(tmpdir, P("link"), buf, 3, &n));
  CHECK_INT(n, 3);
  CHECK_OK(cloudabi_sys_file_readlink(tmpdir, P("link"), buf, 0, &n));
  CHECK_INT(n, 0);
  CHECK_ERR(cloudabi_sys_file_readlink(tmpdir, P("target"), buf, 3, &n), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_readlink(tmpdir, P("none"), buf, 3, &n), CLOUDABI_ENOENT);
  CHECK_OK(cloudabi_sys_file_symlink(P("loop2"), tmpdir, P("loop1")));
  CHECK_OK(cloudabi_sys_file_symlink(P("loop1"), tmpdir, P("loop2")));
  CHECK_ERR(open_flags(follow(tmpdir), "loop1", 0, READ), CLOUDABI_ELOOP);
  CHECK_ERR(open_flags(at(tmpdir), "loop1/x", 0, READ), CLOUDABI_ELOOP);
  CHECK_OK(cloudabi_sys_file_symlink(P("gone"), tmpdir, P("dangling")));
  CHECK_ERR(open_flags(follow(tmpdir), "dangling", 0, READ), CLOUDABI_ENOENT);
  CHECK_OK(cloudabi_sys_file_symlink(P("dir"), tmpdir, P("dirlink")));
  CHECK_OK(open_flags(at(tmpdir), "dirlink/inner", 0, READ));
  CHECK_OK(open_flags(at(tmpdir), "dirlink/", CLOUDABI_O_DIRECTORY, 0));
}

static void links(void) {
  cloudabi_filestat_t a, b;
  CHECK_OK(make("one"));
  CHECK_OK(cloudabi_sys_file_link(at(tmpdir), P("one"), tmpdir, P("two")));
  CHECK_OK(stat_path(at(tmpdir), "one", &a));
  CHECK_OK(stat_path(at(tmpdir), "two", &b));
  CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
  CHECK_INT(a.st_nlink, 2);
  CHECK_ERR(cloudabi_sys_file_link(at(tmpdir), P("one"), tmpdir, P("two")), CLOUDABI_EEXIST);
  CHECK_ERR(cloudabi_sys_file_link(at(tmpdir), P("dir"), tmpdir, P("three")), CLOUDABI_EPERM);
  CHECK_ERR(cloudabi_sys_file_link(at(tmpdir), P("none"), tmpdir, P("three")), CLOUDABI_ENOENT);
  CHECK_OK(cloudabi_sys_file_link(at(tmpdir), P("link"), tmpdir, P("link copy")));
  CHECK_OK(stat_path(at(tmpdir), "link copy", &a));
  CHECK_INT(a.st_filetype, CLOUDABI_FILETYPE_SYMBOLIC_LINK);
}

static void renames(void) {
  cloudabi_filestat_t st;
  CHECK_OK(make("from"));
  CHECK_OK(cloudabi_sys_file_rename(tmpdir, P("from"), tmpdir, P("to")));
  CHECK_ERR(stat_path(at(tmpdir), "from", &st), CLOUDABI_ENOENT);
  CHECK_OK(make("from"));
  CHECK_OK(cloudabi_sys_file_rename(tmpdir, P("from"), tmpdir, P("to")));
  CHECK_OK(cloudabi_sys_file_rename(tmpdir, P("to"), tmpdir, P("to")));
  CHECK_ERR(cloudabi_sys_file_rename(tmpdir, P("none"), tmpdir, P("to")), CLOUDABI_ENOENT);
  CHECK_ERR(cloudabi_sys_file_rename(tmpdir, P("dir"), tmpdir, P("dir/sub")), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_file_rename(tmpdir, P("to"), tmpdir, P("dir")), CLOUDABI_EISDIR);
  CHECK_ERR(cloudabi_sys_file_rename(tmpdir, P("dir"), tmpdir, P("to")), CLOUDABI_ENOTDIR);
  CHECK_OK(cloudabi_sys_file_create(tmpdir, P("empty"), CLOUDABI_FILETYPE_DIRECTORY));
  cloudabi_errno_t e = cloudabi_sys_file_rename(tmpdir, P("empty"), tmpdir, P("dir"));
  CHECK(e == CLOUDABI_ENOTEMPTY || e == CLOUDABI_EEXIST);
  CHECK_OK(cloudabi_sys_file_rename(tmpdir, P("dir"), tmpdir, P("empty")));
  CHECK_OK(stat_path(at(tmpdir), "empty/inner", &st));
  CHECK_OK(cloudabi_sys_file_rename(tmpdir, P("empty"), tmpdir, P("dir")));
}

static void unlinking(void) {
  CHECK_ERR(cloudabi_sys_file_unlink(tmpdir, P("none"), 0), CLOUDABI_ENOENT);
  CHECK_ERR(cloudabi_sys_file_unlink(tmpdir, P("dir"), 0), CLOUDABI_EPERM);
  CHECK_ERR(cloudabi_sys_file_unlink(tmpdir, P("to"), CLOUDABI_UNLINK_REMOVEDIR), CLOUDABI_ENOTDIR);
  CHECK_ERR(cloudabi_sys_file_unlink(tmpdir, P("dirlink"), CLOUDABI_UNLINK_REMOVEDIR), CLOUDABI_ENOTDIR);
  CHECK_ERR(cloudabi_sys_file_unlink(tmpdir, P("dir"), CLOUDABI_UNLINK_REMOVEDIR), CLOUDABI_ENOTEMPTY);
  CHECK_ERR(cloudabi_sys_file_unlink(tmpdir, P("dir/."), CLOUDABI_UNLINK_REMOVEDIR), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_file_unlink(tmpdir, P("dirlink"), 0));

  /* A file without a name lives on while it is open. */
  cloudabi_fd_t fd = new_file("shortlived");
  size_t n;
  char c;
  cloudabi_filesize_t off;
  CHECK_OK(cloudabi_sys_file_unlink(tmpdir, P("shortlived"), 0));
  CHECK_OK(write_to(fd, "x", 1, &n));
  CHECK_OK(cloudabi_sys_fd_seek(fd, 0, CLOUDABI_WHENCE_SET, &off));
  CHECK_OK(read_from(fd, &c, 1, &n));
  CHECK_INT(c, 'x');
  cloudabi_filestat_t st;
  CHECK_OK(cloudabi_sys_file_stat_fget(fd, &st));
  CHECK_INT(st.st_nlink, 0);
  CHECK_OK(cloudabi_sys_fd_close(fd));
}

int guest_main(const struct arg *args) {
  begin(args);
  opening();
  sandbox();
  lengths();
  symlinks();
  links();
  renames();
  unlinking();
  return check_result();
}
