/* What every conformance guest begins with. Arguments: {log: fd, tmpdir: fd
 * of an empty directory}; some take more and say so. */
#include "guest.h"

/* A path and its length, as the calls take it. */
#define P(s) (s), (sizeof(s) - 1)

static cloudabi_fd_t logfile = (cloudabi_fd_t)-1, tmpdir = (cloudabi_fd_t)-1;

static inline void begin(const struct arg *args) {
  if (arg_fd(args, "log", &logfile))
    check_log(logfile);
  else
    guest_exit(99);
  arg_fd(args, "tmpdir", &tmpdir);
}

static inline cloudabi_lookup_t at(cloudabi_fd_t fd) { return (cloudabi_lookup_t){.fd = fd}; }
static inline cloudabi_lookup_t follow(cloudabi_fd_t fd) {
  return (cloudabi_lookup_t){.fd = fd, .flags = CLOUDABI_LOOKUP_SYMLINK_FOLLOW};
}

/* A new file in tmpdir, open for reading and writing. */
static inline cloudabi_fd_t new_file(const char *name) {
  cloudabi_fd_t fd = (cloudabi_fd_t)-1;
  CHECK_OK(open_at(tmpdir, name, OPEN_CREATE, &fd));
  return fd;
}

static inline cloudabi_errno_t write_to(cloudabi_fd_t fd, const void *p, size_t n, size_t *done) {
  cloudabi_ciovec_t v = {.buf = p, .buf_len = n};
  return cloudabi_sys_fd_write(fd, &v, 1, done);
}

static inline cloudabi_errno_t read_from(cloudabi_fd_t fd, void *p, size_t n, size_t *done) {
  cloudabi_iovec_t v = {.buf = p, .buf_len = n};
  return cloudabi_sys_fd_read(fd, &v, 1, done);
}

static inline void *map_pages(size_t n) {
  void *p = NULL;
  CHECK_OK(cloudabi_sys_mem_map(NULL, n * 4096, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE,
                                CLOUDABI_MAP_ANON | CLOUDABI_MAP_PRIVATE, CLOUDABI_MAP_ANON_FD, 0, &p));
  return p;
}

/* An address where nothing is mapped, and one above the 4 GiB window. The
 * first is above 64 KiB, or poll would take it for the descriptor that it had
 * as its first argument before August 2015. */
#define NOWHERE ((void *)0x20000)
#define BEYOND ((void *)0x100000000000)
