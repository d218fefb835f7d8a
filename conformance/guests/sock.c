/* Sockets: pairs, data, descriptors, ends, limits, waiting; fd_create2,
 * sock_send, sock_recv, sock_shutdown, and poll on sockets. */
#include "begin.h"

static cloudabi_errno_t send_to(cloudabi_fd_t s, const void *p, size_t n, const cloudabi_fd_t *fds, size_t nfds, size_t *done) {
  cloudabi_ciovec_t v = {.buf = p, .buf_len = n};
  cloudabi_send_in_t in = {.si_data = &v, .si_data_len = 1, .si_fds = fds, .si_fds_len = nfds};
  cloudabi_send_out_t out = {0};
  cloudabi_errno_t e = cloudabi_sys_sock_send(s, &in, &out);
  *done = out.so_datalen;
  return e;
}

static char buffer[200000];
static cloudabi_fd_t fds[1200];

static cloudabi_errno_t recv_from(cloudabi_fd_t s, size_t n, size_t nfds, int flags, cloudabi_recv_out_t *out) {
  cloudabi_iovec_t v = {.buf = buffer, .buf_len = n};
  cloudabi_recv_in_t in = {.ri_data = &v, .ri_data_len = 1, .ri_fds = fds, .ri_fds_len = nfds};
  in.ri_flags = (cloudabi_riflags_t)flags;
  memset(out, 0xff, sizeof *out);
  cloudabi_errno_t e = cloudabi_sys_sock_recv(s, &in, out);
  if (e != 0)
    out->ro_datalen = out->ro_fdslen = 0;
  return e;
}

#define SEND(s, text) do { size_t n_; CHECK_OK(send_to(s, P(text), NULL, 0, &n_)); CHECK_INT(n_, sizeof(text) - 1); } while (0)
#define SENDFD(s, text, fd) do { size_t n_; cloudabi_fd_t f_ = fd; CHECK_OK(send_to(s, P(text), &f_, 1, &n_)); CHECK_INT(n_, sizeof(text) - 1); } while (0)
#define RECV(s, room, nfds, flags, text) do { cloudabi_recv_out_t o_; CHECK_OK(recv_from(s, room, nfds, flags, &o_)); \
  got_flags = o_.ro_flags; got_fds = o_.ro_fdslen; CHECK_INT(o_.ro_datalen, sizeof(text) - 1); CHECK(memcmp(buffer, text, sizeof(text) - 1) == 0); } while (0)
static int got_flags;
static size_t got_fds;

static void nonblock(cloudabi_fd_t fd, bool on) {
  cloudabi_fdstat_t s = {.fs_flags = on ? CLOUDABI_FDFLAG_NONBLOCK : 0};
  CHECK_OK(cloudabi_sys_fd_stat_put(fd, &s, CLOUDABI_FDSTAT_FLAGS));
}

static void pair(cloudabi_filetype_t kind, cloudabi_fd_t *a, cloudabi_fd_t *b) {
  CHECK_OK(cloudabi_sys_fd_create2(kind, a, b));
}

/* Polls one descriptor and a clock that has rung. */
static bool ready(cloudabi_fd_t fd, cloudabi_eventtype_t type, cloudabi_event_t *e) {
  cloudabi_subscription_t s[2] = {{.type = type}, {.type = CLOUDABI_EVENTTYPE_CLOCK}};
  cloudabi_event_t events[2];
  size_t n = 0;
  s[0].fd_readwrite.fd = fd;
  s[1].clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
  s[1].clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
  CHECK_OK(cloudabi_sys_poll(s, events, 2, &n));
  CHECK(n >= 1);
  *e = events[0];
  return e->type == type;
}

static void create(void) {
  cloudabi_fd_t a, b;
  cloudabi_fdstat_t s;
  cloudabi_filestat_t st;
  static const cloudabi_filetype_t kinds[] = {CLOUDABI_FILETYPE_SOCKET_STREAM, CLOUDABI_FILETYPE_SOCKET_DGRAM};
  for (int i = 0; i < 2; i++) {
    pair(kinds[i], &a, &b);
    CHECK(a != b);
    CHECK_OK(cloudabi_sys_fd_stat_get(b, &s));
    CHECK_INT(s.fs_filetype, kinds[i]);
    CHECK_INT(s.fs_flags, 0);
#ifdef GUEST_2015
    CHECK(s.fs_rights_base == 0x000001ea1008004aULL && s.fs_rights_inheriting == 0x000001ffffffffffULL);
#else
    CHECK(s.fs_rights_base == 0x000000801008004aULL && s.fs_rights_inheriting == 0x000000815ffff7ffULL);
#endif
    CHECK_OK(cloudabi_sys_file_stat_fget(a, &st));
    CHECK_INT(st.st_filetype, kinds[i]);
    CHECK_OK(cloudabi_sys_fd_close(a));
    CHECK_OK(cloudabi_sys_fd_close(b));
  }
  CHECK_ERR(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_REGULAR_FILE, &a, &b), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_create2(0, &a, &b), CLOUDABI_EINVAL);
#ifndef GUEST_2015
  CHECK_ERR(cloudabi_sys_fd_create2(0x30, &a, &b), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_create2(0x81, &a, &b), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_create1(0x40, &a), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SOCKET_STREAM, &a), CLOUDABI_EINVAL);
#endif
}

static void streams(void) {
  cloudabi_fd_t a, b;
  cloudabi_event_t e;
  size_t n;
  pair(CLOUDABI_FILETYPE_SOCKET_STREAM, &a, &b);
  CHECK(!ready(b, CLOUDABI_EVENTTYPE_FD_READ, &e));
  CHECK(ready(a, CLOUDABI_EVENTTYPE_FD_WRITE, &e));
  CHECK_INT(e.error, 0);
  CHECK_OK(write_to(a, "abc", 3, &n));
  SEND(a, "def");
  CHECK(ready(b, CLOUDABI_EVENTTYPE_FD_READ, &e));
  CHECK_INT(e.fd_readwrite.nbytes, 6);
  CHECK_INT(e.fd_readwrite.flags, 0);
  RECV(b, 4, 0, CLOUDABI_SOCK_RECV_PEEK, "abcd");
  CHECK_INT(got_flags, 0);
  RECV(b, 2, 0, 0, "ab");
  RECV(b, 100, 0, 0, "cdef");
  nonblock(b, true);
  cloudabi_recv_out_t out;
  CHECK_ERR(recv_from(b, 1, 0, 0, &out), CLOUDABI_EAGAIN);
  CHECK_ERR(read_from(b, buffer, 1, &n), CLOUDABI_EAGAIN);
  RECV(b, 0, 0, 0, "");

  /* So much fits and no more; what was sent arrives. */
  nonblock(a, true);
  size_t total = 0, got = 0;
  cloudabi_errno_t error;
  while ((error = send_to(a, buffer, 10000, NULL, 0, &n)) == 0 && total < 100000000)
    total += n;
  CHECK_INT(error, CLOUDABI_EAGAIN);
  CHECK(total > 0);
  CHECK(!ready(a, CLOUDABI_EVENTTYPE_FD_WRITE, &e));
  while (recv_from(b, 30000, 0, 0, &out) == 0)
    got += out.ro_datalen;
  CHECK_INT(got, total);
  CHECK(ready(a, CLOUDABI_EVENTTYPE_FD_WRITE, &e));

  /* Half-closed. */
  SEND(b, "bye");
  CHECK_OK(cloudabi_sys_sock_shutdown(b, CLOUDABI_SHUT_WR));
  CHECK_ERR(send_to(b, P("x"), NULL, 0, &n), CLOUDABI_EPIPE);
  CHECK_ERR(write_to(b, "x", 1, &n), CLOUDABI_EPIPE);
  CHECK(ready(a, CLOUDABI_EVENTTYPE_FD_READ, &e));
  CHECK_INT(e.fd_readwrite.nbytes, 3);
  CHECK_INT(e.fd_readwrite.flags, CLOUDABI_EVENT_FD_READWRITE_HANGUP);
  RECV(a, 10, 0, CLOUDABI_SOCK_RECV_WAITALL, "bye");
  RECV(a, 10, 0, 0, "");
  SEND(a, "still");
  RECV(b, 10, 0, 0, "still");
  CHECK_OK(cloudabi_sys_sock_shutdown(b, CLOUDABI_SHUT_RD));
  RECV(b, 10, 0, 0, "");
  CHECK_ERR(send_to(a, P("x"), NULL, 0, &n), CLOUDABI_EPIPE);
  CHECK_OK(cloudabi_sys_fd_close(b));
  CHECK_ERR(write_to(a, "x", 1, &n), CLOUDABI_EPIPE);
  CHECK(ready(a, CLOUDABI_EVENTTYPE_FD_WRITE, &e));
  CHECK(e.error == CLOUDABI_EPIPE || e.fd_readwrite.flags == CLOUDABI_EVENT_FD_READWRITE_HANGUP);
  CHECK_OK(cloudabi_sys_fd_close(a));
}

static void datagrams(void) {
  cloudabi_fd_t a, b;
  cloudabi_event_t e;
  cloudabi_recv_out_t out;
  size_t n;
  pair(CLOUDABI_FILETYPE_SOCKET_DGRAM, &a, &b);
  SEND(a, "one");
  CHECK_OK(write_to(a, "second", 6, &n));
  SEND(a, "");
  SEND(a, "four");
  CHECK(ready(b, CLOUDABI_EVENTTYPE_FD_READ, &e));
  CHECK_INT(e.fd_readwrite.nbytes, 3);
  RECV(b, 10, 0, 0, "one");
  CHECK_INT(got_flags, 0);
  RECV(b, 3, 0, CLOUDABI_SOCK_RECV_PEEK, "sec");
  CHECK_INT(got_flags, CLOUDABI_SOCK_RECV_DATA_TRUNCATED);
  RECV(b, 3, 0, 0, "sec");
  CHECK_INT(got_flags, CLOUDABI_SOCK_RECV_DATA_TRUNCATED);
  RECV(b, 3, 0, 0, "");
  CHECK_OK(read_from(b, buffer, 2, &n));
  CHECK_INT(n, 2);
  nonblock(b, true);
  CHECK_ERR(recv_from(b, 1, 0, 0, &out), CLOUDABI_EAGAIN);
  CHECK_ERR(send_to(a, buffer, sizeof buffer, NULL, 0, &n), CLOUDABI_EMSGSIZE);
  CHECK_ERR(send_to(a, P("x"), (cloudabi_fd_t[]){1000}, 1, &n), CLOUDABI_EBADF);
  CHECK_ERR(recv_from(b, 1, 1, 0, &out), CLOUDABI_EAGAIN);
  CHECK_OK(cloudabi_sys_fd_close(b));
  CHECK_ERR(send_to(a, P("x"), NULL, 0, &n), CLOUDABI_EPIPE);
  CHECK_OK(cloudabi_sys_fd_close(a));
}

static void descriptors(void) {
  cloudabi_fd_t a, b, f = new_file("passed"), d;
  cloudabi_recv_out_t out;
  size_t n;
  pair(CLOUDABI_FILETYPE_SOCKET_STREAM, &a, &b);
  CHECK_OK(write_to(f, "contents", 8, &n));
  CHECK_OK(cloudabi_sys_fd_dup(f, &d));
  cloudabi_fdstat_t s = {.fs_rights_base = CLOUDABI_RIGHT_FD_READ | CLOUDABI_RIGHT_FD_SEEK};
  CHECK_OK(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS));
  SEND(a, "before");
  SENDFD(a, "with", d);
  SEND(a, "after");
  SENDFD(a, "!", f);
  CHECK_OK(cloudabi_sys_fd_close(d));
  RECV(b, 100, 5, 0, "before");
  CHECK_INT(got_fds, 0);
  RECV(b, 1, 5, 0, "w");
  CHECK_INT(got_fds, 1);
  CHECK_OK(cloudabi_sys_fd_stat_get(fds[0], &s));
  CHECK_INT(s.fs_rights_base, CLOUDABI_RIGHT_FD_READ | CLOUDABI_RIGHT_FD_SEEK);
  CHECK_INT(s.fs_filetype, CLOUDABI_FILETYPE_REGULAR_FILE);
  cloudabi_filesize_t off;
  CHECK_OK(cloudabi_sys_fd_seek(fds[0], 3, CLOUDABI_WHENCE_SET, &off));
  CHECK_OK(read_from(f, buffer, 100, &n)); /* one open file */
  CHECK_INT(n, 5);
  CHECK_ERR(write_to(fds[0], "x", 1, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(fds[0]));
  RECV(b, 100, 5, CLOUDABI_SOCK_RECV_WAITALL, "ithafter");
  CHECK_INT(got_fds, 0);
  RECV(b, 100, 0, 0, "!");
  CHECK_INT(got_fds, 0);
  /* More than there is room for. */
  cloudabi_fd_t three[3] = {f, f, f};
  CHECK_OK(send_to(a, "x", 1, three, 3, &n));
  RECV(b, 100, 2, 0, "x");
  CHECK_INT(got_flags, CLOUDABI_SOCK_RECV_FDS_TRUNCATED);
  CHECK_INT(got_fds, 2);
  for (size_t i = 0; i < got_fds; i++)
    CHECK_OK(cloudabi_sys_fd_close(fds[i]));
  /* fd_read takes the bytes alone. */
  SENDFD(a, "y", f);
  CHECK_OK(read_from(b, buffer, 10, &n));
  CHECK_INT(n, 1);
  /* Without a byte they do not travel, and no bad ones. */
  CHECK_ERR(send_to(a, "", 0, &f, 1, &n), CLOUDABI_EMSGSIZE);
  three[2] = 100000;
  CHECK_ERR(send_to(a, "x", 1, three, 3, &n), CLOUDABI_EBADF);
  CHECK_ERR(send_to(a, "x", 1, fds, 1200, &n), CLOUDABI_EINVAL);
  nonblock(b, true);
  CHECK_ERR(recv_from(b, 1, 3, 0, &out), CLOUDABI_EAGAIN);
  /* A socket over itself, many times: closing lets go of them. */
  for (int i = 0; i < 3000; i++) {
    cloudabi_fd_t x, y;
    cloudabi_errno_t error = cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &x, &y);
    if (error != 0) {
      CHECK_OK(error);
      break;
    }
    SENDFD(x, "x", y);
    SENDFD(y, "y", x);
    CHECK_OK(cloudabi_sys_fd_close(x));
    CHECK_OK(cloudabi_sys_fd_close(y));
  }
  CHECK_OK(cloudabi_sys_fd_close(a));
  CHECK_OK(cloudabi_sys_fd_close(b));
  CHECK_OK(cloudabi_sys_fd_close(f));
}

/* A full table does not take what arrives. */
static void full(void) {
  cloudabi_fd_t a, b, first = 0, fd, x, y;
  size_t n;
  int count = 0;
  pair(CLOUDABI_FILETYPE_SOCKET_STREAM, &a, &b);
  SENDFD(a, "x", tmpdir);
  while (cloudabi_sys_fd_dup(tmpdir, &fd) == 0 && count < 1000000)
    if (count++ == 0)
      first = fd;
  CHECK_ERR(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &x, &y), CLOUDABI_EMFILE);
  CHECK_OK(cloudabi_sys_fd_close(first));
  CHECK_ERR(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &x, &y), CLOUDABI_EMFILE);
  CHECK_OK(cloudabi_sys_fd_dup(tmpdir, &fd));
  CHECK_INT(fd, first);
  RECV(b, 10, 5, 0, "x");
  CHECK_INT(got_fds, 0);
  CHECK_INT(got_flags, CLOUDABI_SOCK_RECV_FDS_TRUNCATED);
  for (int i = 0; i < count; i++)
    cloudabi_sys_fd_close(first + (cloudabi_fd_t)i);
  CHECK_OK(write_to(a, "y", 1, &n));
  CHECK_OK(cloudabi_sys_fd_close(a));
  CHECK_OK(cloudabi_sys_fd_close(b));
}

static void errors(void) {
  cloudabi_fd_t a, b, f = new_file("nosocket");
  cloudabi_recv_out_t out;
  cloudabi_send_out_t sent;
  size_t n;
  pair(CLOUDABI_FILETYPE_SOCKET_STREAM, &a, &b);
  CHECK_ERR(send_to(1000, P("x"), NULL, 0, &n), CLOUDABI_EBADF);
  CHECK_ERR(recv_from(1000, 1, 0, 0, &out), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_sock_shutdown(1000, CLOUDABI_SHUT_WR), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_sock_shutdown(a, 0), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_sock_shutdown(a, 4), CLOUDABI_EINVAL);
  cloudabi_errno_t e = send_to(f, P("x"), NULL, 0, &n);
  CHECK(e == CLOUDABI_ENOTSOCK || e == CLOUDABI_ENOTCAPABLE);
  e = recv_from(f, 1, 0, 0, &out);
  CHECK(e == CLOUDABI_ENOTSOCK || e == CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_sock_shutdown(f, CLOUDABI_SHUT_WR), CLOUDABI_ENOTCAPABLE);
  cloudabi_filesize_t off;
  CHECK_ERR(cloudabi_sys_fd_seek(a, 0, CLOUDABI_WHENCE_CUR, &off), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_sock_send(a, NOWHERE, &sent), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_sock_recv(a, NOWHERE, &out), CLOUDABI_EFAULT);
  cloudabi_ciovec_t v = {.buf = BEYOND, .buf_len = 5};
  cloudabi_send_in_t in = {.si_data = &v, .si_data_len = 1};
  CHECK_ERR(cloudabi_sys_sock_send(a, &in, &sent), CLOUDABI_EFAULT);
  in.si_data = NOWHERE;
  CHECK_ERR(cloudabi_sys_sock_send(a, &in, &sent), CLOUDABI_EFAULT);
  in.si_data_len = 1025;
  CHECK_ERR(cloudabi_sys_sock_send(a, &in, &sent), CLOUDABI_EINVAL);
  SEND(a, "kept");
  cloudabi_iovec_t rv = {.buf = BEYOND, .buf_len = 5};
  cloudabi_recv_in_t rin = {.ri_data = &rv, .ri_data_len = 1};
  CHECK_ERR(cloudabi_sys_sock_recv(b, &rin, &out), CLOUDABI_EFAULT);
  rin.ri_data_len = 1025;
  CHECK_ERR(cloudabi_sys_sock_recv(b, &rin, &out), CLOUDABI_EINVAL);
  RECV(b, 10, 0, 0, "kept");
  cloudabi_fdstat_t s = {.fs_rights_base = 0};
  CHECK_OK(cloudabi_sys_fd_stat_put(a, &s, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(send_to(a, P("x"), NULL, 0, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(recv_from(a, 1, 0, 0, &out), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_sock_shutdown(a, CLOUDABI_SHUT_WR), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(a));
  CHECK_OK(cloudabi_sys_fd_close(b));
  CHECK_OK(cloudabi_sys_fd_close(f));
}

/* A thread at each end, with more than fits at once. */
enum { MUCH = 1000000 };
static cloudabi_fd_t thread_end;

static void sender(void *arg) {
  static unsigned char data[5000];
  (void)arg;
  for (size_t done = 0; done < MUCH;) {
    size_t n;
    for (size_t i = 0; i < sizeof data; i++)
      data[i] = (unsigned char)((done + i) * 7);
    size_t want = MUCH - done < sizeof data ? MUCH - done : sizeof data;
    CHECK_OK(send_to(thread_end, data, want, NULL, 0, &n));
    CHECK_INT(n, want);
    done += n;
  }
  CHECK_OK(cloudabi_sys_fd_close(thread_end));
}

static void waiting(void) {
  cloudabi_fd_t b;
  pair(CLOUDABI_FILETYPE_SOCKET_STREAM, &thread_end, &b);
  struct thread *t = thread_start(sender, NULL);
  size_t total = 0;
  bool same = true;
  for (;;) {
    cloudabi_recv_out_t out;
    CHECK_OK(recv_from(b, 12345, 0, CLOUDABI_SOCK_RECV_WAITALL, &out));
    if (out.ro_datalen == 0)
      break;
    for (size_t i = 0; i < out.ro_datalen; i++)
      same = same && (unsigned char)buffer[i] == (unsigned char)((total + i) * 7);
    total += out.ro_datalen;
    CHECK(out.ro_datalen == 12345 || total == MUCH);
  }
  CHECK(same);
  CHECK_INT(total, MUCH);
  thread_join(t);
  CHECK_OK(cloudabi_sys_fd_close(b));
}

int guest_main(const struct arg *args) {
  begin(args);
  create();
  streams();
  datagrams();
  descriptors();
  full();
  errors();
  waiting();
  return check_result();
}
