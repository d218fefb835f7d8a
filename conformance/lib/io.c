/* Reading, writing and opening. */
#include "guest.h"

bool write_all(cloudabi_fd_t fd, const void *buf, size_t len) {
  const char *p = buf;
  while (len > 0) {
    cloudabi_ciovec_t v = {.buf = p, .buf_len = len};
    size_t n;
    if (cloudabi_sys_fd_write(fd, &v, 1, &n) != 0)
      return false;
    p += n, len -= n;
  }
  return true;
}

ptrdiff_t read_full(cloudabi_fd_t fd, void *buf, size_t len) {
  size_t done = 0;
  while (done < len) {
    cloudabi_iovec_t v = {.buf = (char *)buf + done, .buf_len = len - done};
    size_t n;
    if (cloudabi_sys_fd_read(fd, &v, 1, &n) != 0)
      return -1;
    if (n == 0)
      break;
    done += n;
  }
  return (ptrdiff_t)done;
}

static bool send(cloudabi_fd_t fd, const char *format, va_list ap, char *buf, size_t size, int *n) {
  *n = vsnprint(buf, size, format, ap);
  return write_all(fd, buf, (size_t)*n < size ? (size_t)*n : size - 1);
}

int dprint(cloudabi_fd_t fd, const char *format, ...) {
  char buf[1024];
  int n;
  va_list ap;
  va_start(ap, format);
  bool ok = send(fd, format, ap, buf, sizeof buf, &n);
  va_end(ap);
  return ok ? n : -1;
}

bool flush(struct writer *w) {
  bool ok = write_all(w->fd, w->buf, w->used);
  w->used = 0;
  return ok;
}

void put(struct writer *w, const void *p, size_t n) {
  if (n > sizeof w->buf - w->used)
    flush(w);
  if (n > sizeof w->buf) {
    write_all(w->fd, p, n);
    return;
  }
  memcpy(w->buf + w->used, p, n);
  w->used += n;
}

void print(struct writer *w, const char *format, ...) {
  char buf[1024];
  va_list ap;
  va_start(ap, format);
  int n = vsnprint(buf, sizeof buf, format, ap);
  va_end(ap);
  put(w, buf, (size_t)n < sizeof buf ? (size_t)n : sizeof buf - 1);
}

/* Asks for what the mode needs out of what the directory can hand on. */
cloudabi_errno_t open_at(cloudabi_fd_t dir, const char *path, enum open_mode mode, cloudabi_fd_t *fd) {
  cloudabi_fdstat_t have;
  cloudabi_errno_t e = cloudabi_sys_fd_stat_get(dir, &have);
  if (e != 0)
    return e;
  const cloudabi_rights_t writing = CLOUDABI_RIGHT_FD_DATASYNC | CLOUDABI_RIGHT_FD_WRITE | CLOUDABI_RIGHT_FILE_ALLOCATE |
                                    CLOUDABI_RIGHT_FILE_STAT_FPUT_SIZE;
  cloudabi_rights_t drop = mode == OPEN_READ || mode == OPEN_DIR ? writing : 0;
  cloudabi_fdstat_t want = {
    .fs_rights_base = have.fs_rights_inheriting & ~drop, .fs_rights_inheriting = have.fs_rights_inheriting,
  };
  cloudabi_lookup_t from = {.fd = dir, .flags = CLOUDABI_LOOKUP_SYMLINK_FOLLOW};
  cloudabi_oflags_t flags = mode == OPEN_CREATE ? CLOUDABI_O_CREAT | CLOUDABI_O_TRUNC : mode == OPEN_DIR ? CLOUDABI_O_DIRECTORY : 0;
  return cloudabi_sys_file_open(from, path, strlen(path), flags, &want, fd);
}
