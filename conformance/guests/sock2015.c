/* What sockets and fifos could do in 2015 besides: names, connections, states,
 * sequenced packets, named pipes. */
#include "begin.h"

#define bind_name cloudabi_2015_sock_bind
#define connect_name cloudabi_2015_sock_connect

static cloudabi_fd_t make(cloudabi_filetype_t kind) {
  cloudabi_fd_t fd = (cloudabi_fd_t)-1;
  CHECK_OK(cloudabi_sys_fd_create1(kind, &fd));
  return fd;
}

static void nonblock(cloudabi_fd_t fd) {
  cloudabi_fdstat_t s = {.fs_flags = CLOUDABI_FDFLAG_NONBLOCK};
  CHECK_OK(cloudabi_sys_fd_stat_put(fd, &s, CLOUDABI_FDSTAT_FLAGS));
}

static void expect(cloudabi_fd_t fd, const char *text) {
  char buf[100];
  size_t n = 0;
  CHECK_OK(read_from(fd, buf, sizeof buf, &n));
  CHECK_INT(n, strlen(text));
  CHECK(memcmp(buf, text, strlen(text)) == 0);
}

static void say(cloudabi_fd_t fd, const char *text) {
  size_t n;
  CHECK_OK(write_to(fd, text, strlen(text), &n));
  CHECK_INT(n, strlen(text));
}

static void connections(cloudabi_filetype_t kind) {
  cloudabi_fd_t l = make(kind), c = make(kind), a = 0, other = make(kind);
  cloudabi_sockstat_t st;
  cloudabi_fdstat_t fs;
  char byte;
  size_t n;
  CHECK_OK(cloudabi_sys_fd_stat_get(l, &fs));
  CHECK_INT(fs.fs_filetype, kind);
  CHECK(fs.fs_rights_base == 0x000001ea1008004aULL);
  CHECK_ERR(cloudabi_2015_sock_listen(l, 1), CLOUDABI_EDESTADDRREQ);
  CHECK_ERR(cloudabi_2015_sock_accept(l, NULL, &a), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_sock_shutdown(l, CLOUDABI_SHUT_RD), CLOUDABI_ENOTCONN);
  CHECK_ERR(read_from(l, &byte, 1, &n), CLOUDABI_ENOTCONN);
  CHECK_ERR(write_to(l, "x", 1, &n), CLOUDABI_ENOTCONN);
  CHECK_OK(bind_name(l, tmpdir, P("sock")));
  CHECK_ERR(bind_name(l, tmpdir, P("twice")), CLOUDABI_EINVAL);
  CHECK_ERR(bind_name(c, tmpdir, P("sock")), CLOUDABI_EADDRINUSE);
  CHECK_ERR(connect_name(c, tmpdir, P("sock")), CLOUDABI_ECONNREFUSED);
  CHECK_OK(cloudabi_2015_sock_listen(l, 1));
  CHECK_OK(cloudabi_2015_sock_stat_get(l, &st, 0));
  CHECK_INT(st.ss_state, CLOUDABI_SOCKSTATE_ACCEPTCONN);
  CHECK_INT(st.ss_sockname.sa_family, CLOUDABI_AF_UNIX);
  nonblock(l);
  CHECK_ERR(cloudabi_2015_sock_accept(l, NULL, &a), CLOUDABI_EAGAIN);
  CHECK_OK(connect_name(c, tmpdir, P("sock")));
  CHECK_ERR(connect_name(c, tmpdir, P("sock")), CLOUDABI_EISCONN);
  nonblock(other);
  CHECK_ERR(connect_name(other, tmpdir, P("sock")), CLOUDABI_EAGAIN);
  say(c, "early");
  memset(&st, 0xff, sizeof st);
  CHECK_OK(cloudabi_2015_sock_accept(l, &st, &a));
  CHECK_INT(st.ss_peername.sa_family, CLOUDABI_AF_UNIX);
  CHECK_INT(st.ss_error, 0);
  expect(a, "early");
  say(a, "answer");
  expect(c, "answer");
  CHECK_OK(cloudabi_2015_sock_stat_get(c, &st, CLOUDABI_SOCKSTAT_CLEAR_ERROR));
  CHECK_INT(st.ss_peername.sa_family, CLOUDABI_AF_UNIX);
  CHECK_INT(st.ss_state, 0);
  CHECK_ERR(cloudabi_2015_sock_stat_get(c, &st, 2), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_2015_sock_stat_get(c, NOWHERE, 0), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_2015_sock_listen(c, 1), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_fd_close(a));
  expect(c, "");

  /* The result of sock_recv has addresses. */
  CHECK_OK(connect_name(other, tmpdir, P("sock")));
  CHECK_OK(cloudabi_2015_sock_accept(l, NULL, &a));
  cloudabi_ciovec_t v = {.buf = "record", .buf_len = 6};
  cloudabi_2015_send_in_t in = {.si_data = &v, .si_datalen = 1, .si_flags = CLOUDABI_MSG_EOR};
  cloudabi_send_out_t sent;
  CHECK_OK(cloudabi_2015_sock_send(other, &in, &sent));
  CHECK_INT(sent.so_datalen, 6);
  char buf[10];
  cloudabi_iovec_t rv = {.buf = buf, .buf_len = sizeof buf};
  cloudabi_2015_recv_in_t rin = {.ri_data = &rv, .ri_datalen = 1};
  cloudabi_2015_recv_out_t out;
  CHECK_OK(cloudabi_2015_sock_recv(a, &rin, &out));
  CHECK_INT(out.ro_datalen, 6);
  CHECK_INT(out.ro_peername.sa_family, CLOUDABI_AF_UNIX);
  CHECK_INT(out.ro_flags, kind == CLOUDABI_FILETYPE_SOCKET_SEQPACKET ? CLOUDABI_MSG_EOR : 0);
  CHECK_OK(cloudabi_sys_fd_close(a));
  CHECK_OK(cloudabi_sys_fd_close(l));
  cloudabi_fd_t late = make(kind);
  CHECK_ERR(connect_name(late, tmpdir, P("sock")), CLOUDABI_ECONNREFUSED);
  CHECK_OK(cloudabi_sys_file_unlink(tmpdir, P("sock"), 0));
  CHECK_ERR(connect_name(late, tmpdir, P("sock")), CLOUDABI_ENOENT);
  CHECK_OK(cloudabi_sys_fd_close(late));
  CHECK_OK(cloudabi_sys_fd_close(c));
  CHECK_OK(cloudabi_sys_fd_close(other));
}

static void datagrams(void) {
  cloudabi_fd_t s = make(CLOUDABI_FILETYPE_SOCKET_DGRAM), c = make(CLOUDABI_FILETYPE_SOCKET_DGRAM);
  cloudabi_fd_t stream = make(CLOUDABI_FILETYPE_SOCKET_STREAM);
  size_t n;
  CHECK_OK(bind_name(s, tmpdir, P("gram")));
  CHECK_ERR(cloudabi_2015_sock_listen(s, 1), CLOUDABI_ENOTSUP);
  CHECK_ERR(write_to(c, "x", 1, &n), CLOUDABI_EDESTADDRREQ);
  CHECK_ERR(connect_name(stream, tmpdir, P("gram")), CLOUDABI_EPROTOTYPE);
  CHECK_OK(connect_name(c, tmpdir, P("gram")));
  say(c, "one");
  say(c, "two");
  expect(s, "one");
  expect(s, "two");
  CHECK_OK(cloudabi_sys_fd_close(s));
  CHECK_ERR(write_to(c, "x", 1, &n), CLOUDABI_EPIPE);
  CHECK_OK(cloudabi_sys_fd_close(c));
  CHECK_OK(cloudabi_sys_fd_close(stream));
  CHECK_OK(cloudabi_sys_file_unlink(tmpdir, P("gram"), 0));
}

static void errors(void) {
  cloudabi_fd_t s = make(CLOUDABI_FILETYPE_SOCKET_STREAM), f = new_file("file"), fd;
  cloudabi_sockstat_t st;
  static const char name[120] = {[0 ... 119] = 'n'};
  CHECK_ERR(bind_name(s, tmpdir, P("")), CLOUDABI_ENOENT);
  CHECK_ERR(bind_name(s, tmpdir, P("a\0b")), CLOUDABI_EINVAL);
  CHECK_ERR(bind_name(s, tmpdir, name, 104), CLOUDABI_ENAMETOOLONG);
  CHECK_ERR(bind_name(s, tmpdir, P("../x")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(bind_name(s, tmpdir, P("/x")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(bind_name(s, tmpdir, P("file/x")), CLOUDABI_ENOTDIR);
  CHECK_ERR(bind_name(s, tmpdir, P("file")), CLOUDABI_EADDRINUSE);
  CHECK_ERR(bind_name(1000, tmpdir, P("x")), CLOUDABI_EBADF);
  CHECK_ERR(bind_name(s, 1000, P("x")), CLOUDABI_EBADF);
  CHECK_ERR(bind_name(f, tmpdir, P("x")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(bind_name(s, f, P("x")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(bind_name(s, tmpdir, NOWHERE, 3), CLOUDABI_EFAULT);
  CHECK_ERR(connect_name(s, tmpdir, P("none")), CLOUDABI_ENOENT);
  CHECK_ERR(connect_name(s, tmpdir, P("file")), CLOUDABI_ENOTSOCK);
  CHECK_ERR(connect_name(s, tmpdir, P(".")), CLOUDABI_ENOTSOCK);
  CHECK_ERR(connect_name(1000, tmpdir, P("x")), CLOUDABI_EBADF);
  CHECK_ERR(connect_name(f, tmpdir, P("x")), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_2015_sock_listen(1000, 1), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_2015_sock_listen(f, 1), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_2015_sock_accept(1000, NULL, &fd), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_2015_sock_accept(f, NULL, &fd), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(cloudabi_2015_sock_stat_get(1000, &st, 0), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_2015_sock_stat_get(f, &st, 0), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(s));
  CHECK_OK(cloudabi_sys_fd_close(f));
}

static cloudabi_errno_t open_fifo(cloudabi_rights_t rights, int flags, cloudabi_fd_t *fd) {
  /* Without append, opening for writing asks for fd_seek to be handed on too. */
  cloudabi_fdstat_t s = {.fs_rights_base = rights, .fs_flags = (cloudabi_fdflags_t)(flags | CLOUDABI_FDFLAG_APPEND)};
  return cloudabi_sys_file_open(at(tmpdir), P("fifo"), 0, &s, fd);
}

static cloudabi_fd_t reader_fd;

static void reader(void *arg) {
  (void)arg;
  CHECK_OK(open_fifo(CLOUDABI_RIGHT_FD_READ, 0, &reader_fd));
  expect(reader_fd, "through");
  expect(reader_fd, "");
}

static void fifos(void) {
  cloudabi_fd_t r, w;
  cloudabi_fdstat_t s;
  cloudabi_filestat_t st;
  size_t n;
  char byte;
  CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_FIFO, &r, &w));
  CHECK_OK(cloudabi_sys_fd_stat_get(r, &s));
  CHECK_INT(s.fs_filetype, CLOUDABI_FILETYPE_FIFO);
  CHECK_INT(s.fs_rights_base, 0x1008000a);
  CHECK_OK(cloudabi_sys_fd_stat_get(w, &s));
  CHECK_INT(s.fs_rights_base, 0x10080048);
  say(w, "abc");
  expect(r, "abc");
  CHECK_ERR(write_to(r, "x", 1, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_ERR(read_from(w, &byte, 1, &n), CLOUDABI_ENOTCAPABLE);
  nonblock(r);
  CHECK_ERR(read_from(r, &byte, 1, &n), CLOUDABI_EAGAIN);
  CHECK_OK(cloudabi_sys_fd_close(w));
  expect(r, "");
  CHECK_OK(cloudabi_sys_fd_close(r));
  CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_FIFO, &r, &w));
  CHECK_OK(cloudabi_sys_fd_close(r));
  CHECK_ERR(write_to(w, "x", 1, &n), CLOUDABI_EPIPE);
  CHECK_OK(cloudabi_sys_fd_close(w));

  CHECK_OK(cloudabi_sys_file_create(tmpdir, P("fifo"), CLOUDABI_FILETYPE_FIFO));
  CHECK_ERR(cloudabi_sys_file_create(tmpdir, P("fifo"), CLOUDABI_FILETYPE_FIFO), CLOUDABI_EEXIST);
  CHECK_ERR(cloudabi_sys_file_create(tmpdir, P("x"), CLOUDABI_FILETYPE_SOCKET_STREAM), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_file_stat_get(at(tmpdir), P("fifo"), &st));
  CHECK_INT(st.st_filetype, CLOUDABI_FILETYPE_FIFO);
  CHECK_ERR(open_fifo(CLOUDABI_RIGHT_FD_WRITE, CLOUDABI_FDFLAG_NONBLOCK, &w), CLOUDABI_ENXIO);
  CHECK_OK(open_fifo(CLOUDABI_RIGHT_FD_READ, CLOUDABI_FDFLAG_NONBLOCK, &r));
  expect(r, "");
  CHECK_OK(open_fifo(CLOUDABI_RIGHT_FD_WRITE, CLOUDABI_FDFLAG_NONBLOCK, &w));
  CHECK_ERR(read_from(r, &byte, 1, &n), CLOUDABI_EAGAIN);
  say(w, "named");
  expect(r, "named");
  CHECK_OK(cloudabi_sys_fd_close(w));
  CHECK_OK(cloudabi_sys_fd_close(r));
  /* Each side waits for the other. */
  struct thread *t = thread_start(reader, NULL);
  CHECK_OK(open_fifo(CLOUDABI_RIGHT_FD_WRITE, 0, &w));
  say(w, "through");
  CHECK_OK(cloudabi_sys_fd_close(w));
  thread_join(t);
  CHECK_OK(cloudabi_sys_fd_close(reader_fd));
  CHECK_OK(cloudabi_sys_file_unlink(tmpdir, P("fifo"), 0));
}

static cloudabi_fd_t listener;

static void client(void *arg) {
  (void)arg;
  cloudabi_fd_t c = make(CLOUDABI_FILETYPE_SOCKET_STREAM);
  CHECK_OK(connect_name(c, tmpdir, P("served")));
  say(c, "hello");
  expect(c, "");
  CHECK_OK(cloudabi_sys_fd_close(c));
}

/* Accepting waits, and clients that wait for room in the queue come in. */
static void server(void) {
  enum { CLIENTS = 8 };
  struct thread *t[CLIENTS];
  listener = make(CLOUDABI_FILETYPE_SOCKET_STREAM);
  CHECK_OK(bind_name(listener, tmpdir, P("served")));
  CHECK_OK(cloudabi_2015_sock_listen(listener, 1));
  for (int i = 0; i < CLIENTS; i++)
    t[i] = thread_start(client, NULL);
  for (int i = 0; i < CLIENTS; i++) {
    cloudabi_fd_t a = 0;
    CHECK_OK(cloudabi_2015_sock_accept(listener, NULL, &a));
    expect(a, "hello");
    CHECK_OK(cloudabi_sys_fd_close(a));
  }
  for (int i = 0; i < CLIENTS; i++)
    thread_join(t[i]);
  CHECK_OK(cloudabi_sys_fd_close(listener));
}

int guest_main(const struct arg *args) {
  begin(args);
  connections(CLOUDABI_FILETYPE_SOCKET_STREAM);
  connections(CLOUDABI_FILETYPE_SOCKET_SEQPACKET);
  datagrams();
  errors();
  fifos();
  server();
  return check_result();
}
