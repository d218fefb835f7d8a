/* Socket pairs, messages with descriptors, and what 2015 had besides: sockets
 * with names in directories, and event queues. */
#include "begin.h"

static const cloudabi_fd_t none = 1000000;

static void pair(cloudabi_filetype_t type, cloudabi_fd_t s[2]) { CHECK_OK(cloudabi_sys_fd_create2(type, &s[0], &s[1])); }

static cloudabi_errno_t send_on(cloudabi_fd_t s, const void *p, size_t n, const cloudabi_fd_t *fds, size_t nfds) {
  cloudabi_ciovec_t v = {.buf = p, .buf_len = n};
  cloudabi_send_in_t in = {.si_data = &v, .si_data_len = 1, .si_fds = fds, .si_fds_len = nfds};
  cloudabi_send_out_t out = {0};
  cloudabi_errno_t e = cloudabi_sys_sock_send(s, &in, &out);
  if (e == 0)
    CHECK_INT(out.so_datalen, n);
  return e;
}

static cloudabi_errno_t recv_on(cloudabi_fd_t s, void *p, size_t n, cloudabi_fd_t *fds, size_t nfds, cloudabi_riflags_t flags,
                                cloudabi_recv_out_t *out) {
  cloudabi_iovec_t v = {.buf = p, .buf_len = n};
  cloudabi_recv_in_t in = {.ri_data = &v, .ri_data_len = 1, .ri_fds = fds, .ri_fds_len = nfds, .ri_flags = flags};
  return cloudabi_sys_sock_recv(s, &in, out);
}

static void nonblock(cloudabi_fd_t fd) {
  cloudabi_fdstat_t st = {.fs_flags = CLOUDABI_FDFLAG_NONBLOCK};
  CHECK_OK(cloudabi_sys_fd_stat_put(fd, &st, CLOUDABI_FDSTAT_FLAGS));
}

static void streams(void) {
  cloudabi_fd_t s[2], got[2];
  cloudabi_recv_out_t out;
  char b[16];
  size_t n;
  CHECK_ERR(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_REGULAR_FILE, &s[0], &s[1]), CLOUDABI_EINVAL);
  pair(CLOUDABI_FILETYPE_SOCKET_STREAM, s);
  nonblock(s[1]);
  CHECK_ERR(read_from(s[1], b, 4, &n), CLOUDABI_EAGAIN);
  CHECK_ERR(recv_on(s[1], b, 4, NULL, 0, 0, &out), CLOUDABI_EAGAIN);
  CHECK_OK(write_to(s[0], "hello", 5, &n));
  CHECK_OK(recv_on(s[1], b, 3, NULL, 0, CLOUDABI_SOCK_RECV_PEEK, &out));
  CHECK(out.ro_datalen == 3 && memcmp(b, "hel", 3) == 0);
  CHECK_OK(read_from(s[1], b, sizeof b, &n));
  CHECK(n == 5 && memcmp(b, "hello", 5) == 0);

  /* A descriptor travels with its rights, and its offset is the same. */
  cloudabi_fd_t file = new_file("passed");
  CHECK_OK(write_to(file, "abc", 3, &n));
  CHECK_OK(send_on(s[0], "f", 1, &file, 1));
  CHECK_OK(cloudabi_sys_fd_close(file));
  CHECK_OK(recv_on(s[1], b, sizeof b, got, 2, 0, &out));
  CHECK(out.ro_datalen == 1 && out.ro_fdslen == 1);
  CHECK_OK(write_to(got[0], "d", 1, &n));
  cloudabi_filestat_t st;
  CHECK_OK(cloudabi_sys_file_stat_fget(got[0], &st));
  CHECK_INT(st.st_size, 4);

  CHECK_ERR(send_on(none, "x", 1, NULL, 0), CLOUDABI_EBADF);
  CHECK_ERR(send_on(s[0], "x", 1, &none, 1), CLOUDABI_EBADF);
  CHECK_ERR(send_on(got[0], "x", 1, NULL, 0), CLOUDABI_ENOTSOCK);
  CHECK_ERR(send_on(s[0], NOWHERE, 1, NULL, 0), CLOUDABI_EFAULT);
  CHECK_ERR(recv_on(none, b, 1, NULL, 0, 0, &out), CLOUDABI_EBADF);
  CHECK_ERR(recv_on(got[0], b, 1, NULL, 0, 0, &out), CLOUDABI_ENOTSOCK);
  CHECK_ERR(cloudabi_sys_sock_recv(s[1], NOWHERE, &out), CLOUDABI_EFAULT);
  static cloudabi_iovec_t many[1025];
  cloudabi_recv_in_t in = {.ri_data = many, .ri_data_len = 1025};
  CHECK_ERR(cloudabi_sys_sock_recv(s[1], &in, &out), CLOUDABI_EINVAL);
  cloudabi_send_in_t sin = {.si_data = (const cloudabi_ciovec_t *)many, .si_data_len = 1025};
  cloudabi_send_out_t sout;
  CHECK_ERR(cloudabi_sys_sock_send(s[1], &sin, &sout), CLOUDABI_EINVAL);
  cloudabi_fd_t narrow;
  cloudabi_fdstat_t rights = {0};
  CHECK_OK(cloudabi_sys_fd_dup(s[1], &narrow));
  CHECK_OK(cloudabi_sys_fd_stat_put(narrow, &rights, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(send_on(narrow, "x", 1, NULL, 0), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(recv_on(narrow, b, 1, NULL, 0, 0, &out), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(narrow));

  /* Until there is no more room; then half-closed; then gone. */
  static char block[4096];
  nonblock(s[0]);
  cloudabi_errno_t e;
  while ((e = write_to(s[0], block, sizeof block, &n)) == 0) {
  }
  CHECK_ERR(e, CLOUDABI_EAGAIN);
  CHECK_ERR(send_on(s[0], block, 1, NULL, 0), CLOUDABI_EAGAIN);
  CHECK_ERR(cloudabi_sys_sock_shutdown(s[0], 0), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_sock_shutdown(s[0], CLOUDABI_SHUT_WR));
  CHECK_ERR(write_to(s[0], "x", 1, &n), CLOUDABI_EPIPE);
  while ((e = read_from(s[1], block, sizeof block, &n)) == 0 && n > 0) {
  }
  CHECK_OK(e);
  CHECK_OK(cloudabi_sys_fd_close(s[0]));
  CHECK_ERR(send_on(s[1], "x", 1, NULL, 0), CLOUDABI_EPIPE);
  CHECK_OK(cloudabi_sys_fd_close(s[1]));
}

static void datagrams(void) {
  cloudabi_fd_t s[2];
  cloudabi_recv_out_t out;
  char b[4];
  static char large[1 << 18];
  pair(CLOUDABI_FILETYPE_SOCKET_DGRAM, s);
  CHECK_OK(send_on(s[0], "one", 3, NULL, 0));
  CHECK_OK(send_on(s[0], "second", 6, NULL, 0));
  CHECK_OK(recv_on(s[1], b, 4, NULL, 0, 0, &out));
  CHECK(out.ro_datalen == 3 && out.ro_flags == 0);
  CHECK_OK(recv_on(s[1], b, 4, NULL, 0, 0, &out));
  CHECK(out.ro_datalen == 4 && out.ro_flags == CLOUDABI_SOCK_RECV_DATA_TRUNCATED);
  CHECK_ERR(send_on(s[0], large, sizeof large, NULL, 0), CLOUDABI_EMSGSIZE);
  CHECK_OK(cloudabi_sys_fd_close(s[0]));
  CHECK_OK(cloudabi_sys_fd_close(s[1]));
}

/* ---- 2015 ---- */
#ifdef GUEST_2015

static cloudabi_fd_t old_socket(cloudabi_filetype_t type) {
  cloudabi_fd_t fd = none;
  CHECK_OK(cloudabi_sys_fd_create1(type, &fd));
  return fd;
}

static void names(void) {
  cloudabi_fd_t server = old_socket(CLOUDABI_FILETYPE_SOCKET_STREAM), client = old_socket(CLOUDABI_FILETYPE_SOCKET_STREAM);
  cloudabi_fd_t packets = old_socket(CLOUDABI_FILETYPE_SOCKET_DGRAM), again = old_socket(CLOUDABI_FILETYPE_SOCKET_STREAM), conn;
  static char path[200];
  memset(path, 'p', sizeof path);
  cloudabi_sockstat_t st;
  CHECK_ERR(cloudabi_sys_sock_shutdown(client, CLOUDABI_SHUT_RD), CLOUDABI_ENOTCONN);
  CHECK_ERR(cloudabi_sys_sock_listen(server, 1), CLOUDABI_EDESTADDRREQ);
  CHECK_ERR(cloudabi_sys_sock_accept(server, NULL, &conn), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_sock_bind(none, tmpdir, P("sock")), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_sock_bind(server, logfile, P("sock")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_sock_bind(server, tmpdir, P("")), CLOUDABI_ENOENT);
  CHECK_ERR(cloudabi_sys_sock_bind(server, tmpdir, path, sizeof path), CLOUDABI_ENAMETOOLONG);
  CHECK_ERR(cloudabi_sys_sock_bind(server, tmpdir, NOWHERE, 4), CLOUDABI_EFAULT);
  CHECK_OK(cloudabi_sys_sock_bind(server, tmpdir, P("sock")));
  CHECK_ERR(cloudabi_sys_sock_bind(server, tmpdir, P("sock2")), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_sock_bind(again, tmpdir, P("sock")), CLOUDABI_EADDRINUSE);
  CHECK_ERR(cloudabi_sys_sock_connect(client, tmpdir, P("sock")), CLOUDABI_ECONNREFUSED);
  CHECK_OK(cloudabi_sys_sock_listen(server, 4));
  CHECK_ERR(cloudabi_sys_sock_connect(none, tmpdir, P("sock")), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_sock_connect(client, logfile, P("sock")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_sock_connect(client, tmpdir, P("none")), CLOUDABI_ENOENT);
  CHECK_ERR(cloudabi_sys_sock_connect(client, tmpdir, NOWHERE, 4), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_sock_connect(packets, tmpdir, P("sock")), CLOUDABI_EPROTOTYPE);
  nonblock(server);
  CHECK_ERR(cloudabi_sys_sock_accept(server, NULL, &conn), CLOUDABI_EAGAIN);
  CHECK_OK(cloudabi_sys_sock_connect(client, tmpdir, P("sock")));
  CHECK_ERR(cloudabi_sys_sock_connect(client, tmpdir, P("sock")), CLOUDABI_EISCONN);
  CHECK_ERR(cloudabi_sys_sock_listen(client, 1), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_sock_accept(server, &st, &conn));
  CHECK_ERR(cloudabi_sys_sock_accept(none, NULL, &conn), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_sock_listen(none, 1), CLOUDABI_EBADF);
  CHECK_OK(cloudabi_sys_sock_stat_get(server, &st, 0));
  CHECK_ERR(cloudabi_sys_sock_stat_get(server, &st, 0x80), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_sock_stat_get(none, &st, 0), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_sock_stat_get(server, NOWHERE, 0), CLOUDABI_EFAULT);
  cloudabi_fdstat_t rights = {0};
  CHECK_OK(cloudabi_sys_fd_stat_put(again, &rights, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(cloudabi_sys_sock_accept(again, NULL, &conn), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_sock_listen(again, 1), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_sys_sock_stat_get(again, &st, 0), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_sock_connect(old_socket(CLOUDABI_FILETYPE_SOCKET_STREAM), tmpdir, P("sock")));
  cloudabi_fd_t ignored;
  CHECK_ERR(cloudabi_sys_sock_accept(server, NOWHERE, &ignored), CLOUDABI_EFAULT);
  char b[4];
  size_t n;
  CHECK_OK(write_to(client, "ping", 4, &n));
  CHECK_OK(read_from(conn, b, 4, &n));
  CHECK(n == 4 && memcmp(b, "ping", 4) == 0);
  const cloudabi_fd_t all[] = {server, client, packets, again, conn};
  for (int i = 0; i < 5; i++)
    CHECK_OK(cloudabi_sys_fd_close(all[i]));
  CHECK_OK(cloudabi_sys_file_unlink(tmpdir, P("sock"), 0));
}

static void queues(void) {
  cloudabi_fd_t q = none, s[2], narrow;
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_POLL, &q));
  pair(CLOUDABI_FILETYPE_SOCKET_STREAM, s);
  cloudabi_2015_subscription_t in = {.userdata = 7, .flags = CLOUDABI_SUBSCRIPTION_ADD, .type = CLOUDABI_EVENTTYPE_FD_READ};
  in.fd_readwrite.fd = s[1];
  cloudabi_2015_subscription_t limit = {.type = CLOUDABI_EVENTTYPE_CLOCK};
  limit.clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
  cloudabi_2015_event_t out;
  size_t n, done;
  CHECK_OK(write_to(s[0], "abc", 3, &done));
  CHECK_OK(cloudabi_sys_poll_fd(q, &in, 1, &out, 1, &limit, &n));
  CHECK(n == 1 && out.userdata == 7 && out.fd_readwrite.fd == s[1] && out.fd_readwrite.nbytes == 3);
  CHECK_ERR(cloudabi_sys_poll_fd(none, &in, 1, &out, 1, &limit, &n), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_poll_fd(q, NOWHERE, 1, &out, 1, &limit, &n), CLOUDABI_EFAULT);
  cloudabi_fdstat_t rights = {0};
  CHECK_OK(cloudabi_sys_fd_dup(q, &narrow));
  CHECK_OK(cloudabi_sys_fd_stat_put(narrow, &rights, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(cloudabi_sys_poll_fd(narrow, &in, 1, &out, 1, &limit, &n), CLOUDABI_ENOTCAPABLE);
  const cloudabi_fd_t all[] = {q, narrow, s[0], s[1]};
  for (int i = 0; i < 4; i++)
    CHECK_OK(cloudabi_sys_fd_close(all[i]));
}

#else
static void names(void) {}
static void queues(void) {}
#endif

int guest_main(const struct arg *args) {
  begin(args);
  streams();
  datagrams();
  names();
  queues();
  return check_result();
}
