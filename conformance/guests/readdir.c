/* file_readdir: all entries, in any size of buffer, with cookies that survive
 * changes. */
#include "begin.h"

enum { FILES = 300 };
static cloudabi_fd_t dir;

/* Reads the whole directory through a buffer of the given size and counts the
 * names fNNN; returns how many other names there were. */
static int read_all(size_t size, uint8_t seen[FILES]) {
  uint8_t *buf = malloc(size);
  cloudabi_dircookie_t cookie = CLOUDABI_DIRCOOKIE_START;
  int others = 0;
  memset(seen, 0, FILES);
  for (;;) {
    size_t used = 0;
    cloudabi_errno_t e = cloudabi_sys_file_readdir(dir, buf, size, cookie, &used);
    CHECK_ERR(e, 0);
    if (e != 0)
      break;
    CHECK(used <= size);
    for (size_t at = 0; at + sizeof(cloudabi_dirent_t) <= used;) {
      cloudabi_dirent_t d;
      memcpy(&d, buf + at, sizeof d);
      at += sizeof d;
      if (at + d.d_namlen > used)
        break;
      cookie = d.d_next;
      const char *name = (const char *)buf + at;
      at += d.d_namlen;
      if (name[0] == 'f') {
        int n = (name[1] - '0') * 100 + (name[2] - '0') * 10 + name[3] - '0';
        CHECK_INT(d.d_namlen, 4);
        CHECK_INT(d.d_type, CLOUDABI_FILETYPE_REGULAR_FILE);
        seen[n]++;
      } else {
        others++;
      }
    }
    if (used < size)
      break;
  }
  free(buf);
  return others;
}

int guest_main(const struct arg *args) {
  begin(args);
  CHECK_OK(cloudabi_sys_file_create(tmpdir, P("many"), CLOUDABI_FILETYPE_DIRECTORY));
  CHECK_OK(open_at(tmpdir, "many", OPEN_DIR, &dir));
  uint8_t seen[FILES];
  CHECK_INT(read_all(4096, seen), 2); /* . and .. */
  char name[8];
  for (int i = 0; i < FILES; i++) {
    cloudabi_fd_t fd;
    snprint(name, sizeof name, "f%03d", i);
    CHECK_OK(open_at(dir, name, OPEN_CREATE, &fd));
    CHECK_OK(cloudabi_sys_fd_close(fd));
  }
  static const size_t sizes[] = {29, 64, 100, 1000, 65536};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    CHECK_INT(read_all(sizes[s], seen), 2);
    for (int i = 0; i < FILES; i++)
      CHECK_INT(seen[i], 1);
  }
  /* Too small for one record: cut anywhere, even in its head. */
  uint8_t tiny[10];
  size_t used;
  CHECK_OK(cloudabi_sys_file_readdir(dir, tiny, sizeof tiny, 0, &used));
  CHECK_INT(used, sizeof tiny);
  CHECK_OK(cloudabi_sys_file_readdir(dir, tiny, 0, 0, &used));
  CHECK_INT(used, 0);

  /* Entries that go while reading are not missed by those that stay. */
  uint8_t buf[1000];
  cloudabi_dircookie_t cookie = 0;
  memset(seen, 0, sizeof seen);
  for (int round = 0;; round++) {
    CHECK_OK(cloudabi_sys_file_readdir(dir, buf, sizeof buf, cookie, &used));
    for (size_t at = 0; at + sizeof(cloudabi_dirent_t) <= used;) {
      cloudabi_dirent_t d;
      memcpy(&d, buf + at, sizeof d);
      at += sizeof d;
      if (at + d.d_namlen > used)
        break;
      cookie = d.d_next;
      const char *n = (const char *)buf + at;
      if (n[0] == 'f')
        seen[(n[1] - '0') * 100 + (n[2] - '0') * 10 + n[3] - '0']++;
      at += d.d_namlen;
    }
    if (used < sizeof buf || round > 100)
      break;
    if (round < 20) {
      snprint(name, sizeof name, "f%03d", round);
      CHECK_OK(cloudabi_sys_file_unlink(dir, name, 4, 0));
    }
  }
  for (int i = 20; i < FILES; i++)
    CHECK_INT(seen[i], 1);

  cloudabi_fd_t file = new_file("plain");
  CHECK_ERR(cloudabi_sys_file_readdir(file, buf, sizeof buf, 0, &used), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_file_readdir(1000, buf, sizeof buf, 0, &used), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_file_readdir(dir, NOWHERE, 100, 0, &used), CLOUDABI_EFAULT);
  return check_result();
}
