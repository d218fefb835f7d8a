/* Rights: each that a call asks for is taken away alone, and the call refused;
 * then the call is made with no more than it asks for, and succeeds.
 * Arguments: {log, tmpdir, program: fd this program can be executed from,
 * report: fd that is told what was shown, one line each (may be missing)}. */
#include "process.h"

static cloudabi_fd_t report = (cloudabi_fd_t)-1, program, file, socket_end, peer;

enum { EXECUTED = 71 };

/* ---- the frame ---- */

enum word { BASE, INHERITING };
typedef cloudabi_errno_t attempt(cloudabi_fd_t);

static cloudabi_fd_t with_rights(cloudabi_fd_t fd, cloudabi_rights_t base, cloudabi_rights_t inheriting) {
  cloudabi_fd_t d = dup_fd(fd);
  cloudabi_fdstat_t s = {.fs_rights_base = base, .fs_rights_inheriting = inheriting};
  CHECK_OK(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS));
  return d;
}

static void expect(const char *what, const char *how, cloudabi_errno_t got, cloudabi_errno_t want) {
  if (got != want)
    check_fail(__FILE__, __LINE__, "%s %s: %s, not %s", what, how, errno_name(got), errno_name(want));
}

/* Tries the call without the rights in without, and with exactly those that
 * are enough. */
static void need(const char *what, cloudabi_fd_t full, enum word word, cloudabi_rights_t without,
                 cloudabi_rights_t base, cloudabi_rights_t inheriting, attempt *call) {
  cloudabi_fdstat_t s = {0};
  CHECK_OK(cloudabi_sys_fd_stat_get(full, &s));
  CHECK(((word == BASE ? s.fs_rights_base : s.fs_rights_inheriting) & without) == without);
  int before = check_failures;
  cloudabi_fd_t d = with_rights(full, s.fs_rights_base & ~(word == BASE ? without : 0),
                                s.fs_rights_inheriting & ~(word == INHERITING ? without : 0));
  expect(what, "without it", call(d), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(d));
  d = with_rights(full, base, inheriting);
  expect(what, "with no more than it asks for", call(d), 0);
  CHECK_OK(cloudabi_sys_fd_close(d));
  if (check_failures == before && report != (cloudabi_fd_t)-1)
    dprint(report, "%s\n", what);
}

#define R(name) CLOUDABI_RIGHT_##name
/* A need of the base word: the call, the argument, the right, and what else the
 * attempt needs. */
#define NEED(call, arg, right, also, full, attempt) \
  need(call " " arg " base " #right, full, BASE, R(right), R(right) | (also), 0, attempt)
/* A need of the inheriting word of a directory that is opened through. */
#define INHERIT(right, base, also, attempt) \
  need("file_open dirfd inheriting " #right, tmpdir, INHERITING, R(right), base, R(right) | (also), attempt)

/* ---- files ---- */

static char byte;
static size_t count;
static cloudabi_filesize_t where;
static cloudabi_filestat_t attributes;
static cloudabi_iovec_t in = {.buf = &byte, .buf_len = 1};
static cloudabi_ciovec_t out = {.buf = "x", .buf_len = 1};

static cloudabi_errno_t datasync(cloudabi_fd_t d) { return cloudabi_sys_fd_datasync(d); }
static cloudabi_errno_t sync_file(cloudabi_fd_t d) { return cloudabi_sys_fd_sync(d); }
static cloudabi_errno_t pread_file(cloudabi_fd_t d) { return cloudabi_sys_fd_pread(d, &in, 1, 0, &count); }
static cloudabi_errno_t pwrite_file(cloudabi_fd_t d) { return cloudabi_sys_fd_pwrite(d, &out, 1, 0, &count); }
static cloudabi_errno_t read_file(cloudabi_fd_t d) { return cloudabi_sys_fd_read(d, &in, 1, &count); }
static cloudabi_errno_t write_file(cloudabi_fd_t d) { return cloudabi_sys_fd_write(d, &out, 1, &count); }
static cloudabi_errno_t tell(cloudabi_fd_t d) { return cloudabi_sys_fd_seek(d, 0, CLOUDABI_WHENCE_CUR, &where); }
static cloudabi_errno_t seek(cloudabi_fd_t d) {
  cloudabi_errno_t e = cloudabi_sys_fd_seek(d, 1, CLOUDABI_WHENCE_CUR, &where);
  CHECK_ERR(cloudabi_sys_fd_seek(d, 0, CLOUDABI_WHENCE_END, &where), e);
  CHECK_ERR(cloudabi_sys_fd_seek(d, 0, CLOUDABI_WHENCE_SET, &where), e);
  return e;
}
static cloudabi_errno_t put_flags(cloudabi_fd_t d) {
  cloudabi_fdstat_t s = {0};
  return cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_FLAGS);
}
static cloudabi_errno_t advise(cloudabi_fd_t d) { return cloudabi_sys_file_advise(d, 0, 1, CLOUDABI_ADVICE_NORMAL); }
static cloudabi_errno_t allocate(cloudabi_fd_t d) { return cloudabi_sys_file_allocate(d, 0, 1); }
static cloudabi_errno_t fget(cloudabi_fd_t d) { return cloudabi_sys_file_stat_fget(d, &attributes); }
static cloudabi_errno_t fput_size(cloudabi_fd_t d) {
  cloudabi_filestat_t st = {.st_size = 100};
  return cloudabi_sys_file_stat_fput(d, &st, CLOUDABI_FILESTAT_SIZE);
}
/* Each of the four needs the right. */
static cloudabi_errno_t fput_times(cloudabi_fd_t d) {
  static const cloudabi_fsflags_t flags[] = {CLOUDABI_FILESTAT_ATIM_NOW, CLOUDABI_FILESTAT_MTIM, CLOUDABI_FILESTAT_MTIM_NOW};
  cloudabi_filestat_t st = {.st_atim = 1, .st_mtim = 2};
  cloudabi_errno_t e = cloudabi_sys_file_stat_fput(d, &st, CLOUDABI_FILESTAT_ATIM);
  for (size_t i = 0; i < 3; i++)
    CHECK_ERR(cloudabi_sys_file_stat_fput(d, &st, flags[i]), e);
  return e;
}

static cloudabi_errno_t map(cloudabi_fd_t d, cloudabi_mprot_t prot, cloudabi_mflags_t flags) {
  void *p;
  cloudabi_errno_t e = cloudabi_sys_mem_map(NULL, 4096, prot, flags, d, 0, &p);
  if (e == 0)
    CHECK_OK(cloudabi_sys_mem_unmap(p, 4096));
  return e;
}
static cloudabi_errno_t map_none(cloudabi_fd_t d) { return map(d, 0, CLOUDABI_MAP_PRIVATE); }
static cloudabi_errno_t map_read(cloudabi_fd_t d) { return map(d, CLOUDABI_PROT_READ, CLOUDABI_MAP_SHARED); }
static cloudabi_errno_t map_write(cloudabi_fd_t d) { return map(d, CLOUDABI_PROT_WRITE, CLOUDABI_MAP_SHARED); }
static cloudabi_errno_t map_exec(cloudabi_fd_t d) { return map(d, CLOUDABI_PROT_EXEC, CLOUDABI_MAP_PRIVATE); }

static void files(void) {
  NEED("fd_datasync", "fd", FD_DATASYNC, 0, file, datasync);
  NEED("fd_sync", "fd", FD_SYNC, 0, file, sync_file);
  NEED("fd_pread", "fd", FD_READ, R(FD_SEEK), file, pread_file);
  NEED("fd_pread", "fd", FD_SEEK, R(FD_READ), file, pread_file);
  NEED("fd_pwrite", "fd", FD_WRITE, R(FD_SEEK), file, pwrite_file);
  NEED("fd_pwrite", "fd", FD_SEEK, R(FD_WRITE), file, pwrite_file);
  NEED("fd_read", "fd", FD_READ, 0, file, read_file);
  NEED("fd_write", "fd", FD_WRITE, 0, file, write_file);
  need("fd_seek fd base FD_TELL", file, BASE, R(FD_TELL) | R(FD_SEEK), R(FD_TELL), 0, tell);
  need("fd_seek fd base FD_TELL", file, BASE, R(FD_TELL) | R(FD_SEEK), R(FD_SEEK), 0, tell);
  NEED("fd_seek", "fd", FD_SEEK, 0, file, seek);
  NEED("fd_stat_put", "fd", FD_STAT_PUT_FLAGS, 0, file, put_flags);
  NEED("file_advise", "fd", FILE_ADVISE, 0, file, advise);
  NEED("file_allocate", "fd", FILE_ALLOCATE, 0, file, allocate);
  NEED("file_stat_fget", "fd", FILE_STAT_FGET, 0, file, fget);
  NEED("file_stat_fput", "fd", FILE_STAT_FPUT_SIZE, 0, file, fput_size);
  NEED("file_stat_fput", "fd", FILE_STAT_FPUT_TIMES, 0, file, fput_times);
  NEED("mem_map", "fd", MEM_MAP, 0, file, map_none);
  NEED("mem_map", "fd", FD_READ, R(MEM_MAP), file, map_read);
  NEED("mem_map", "fd", FD_WRITE, R(MEM_MAP), file, map_write);
  NEED("mem_map", "fd", MEM_MAP_EXEC, R(MEM_MAP), file, map_exec);
}

/* ---- directories ---- */

/* A name that is new, of five characters. */
static const char *fresh(void) {
  static char name[] = "new00";
  static int n;
  name[3] = (char)('0' + ++n / 10);
  name[4] = (char)('0' + n % 10);
  return name;
}

static cloudabi_errno_t make_dir(cloudabi_fd_t d) { return cloudabi_sys_file_create(d, fresh(), 5, CLOUDABI_FILETYPE_DIRECTORY); }
static cloudabi_errno_t link_from(cloudabi_fd_t d) { return cloudabi_sys_file_link(at(d), P("file"), tmpdir, fresh(), 5); }
static cloudabi_errno_t link_to(cloudabi_fd_t d) { return cloudabi_sys_file_link(at(tmpdir), P("file"), d, fresh(), 5); }
static cloudabi_errno_t list(cloudabi_fd_t d) { return cloudabi_sys_file_readdir(d, &byte, 1, 0, &count); }
static cloudabi_errno_t read_link(cloudabi_fd_t d) { return cloudabi_sys_file_readlink(d, P("link"), &byte, 1, &count); }
static cloudabi_errno_t rename_from(cloudabi_fd_t d) { return cloudabi_sys_file_rename(d, P("a"), tmpdir, P("b")); }
static cloudabi_errno_t rename_to(cloudabi_fd_t d) { return cloudabi_sys_file_rename(tmpdir, P("b"), d, P("a")); }
static cloudabi_errno_t stat_get(cloudabi_fd_t d) { return cloudabi_sys_file_stat_get(at(d), P("file"), &attributes); }
static cloudabi_errno_t stat_put(cloudabi_fd_t d) {
  cloudabi_filestat_t st = {0};
  return cloudabi_sys_file_stat_put(at(d), P("a"), &st, CLOUDABI_FILESTAT_ATIM | CLOUDABI_FILESTAT_MTIM_NOW);
}
static cloudabi_errno_t make_link(cloudabi_fd_t d) { return cloudabi_sys_file_symlink(P("text"), d, fresh(), 5); }
static cloudabi_errno_t unlink_name(cloudabi_fd_t d) { return cloudabi_sys_file_unlink(d, P("a"), 0); }
static cloudabi_errno_t remove_dir(cloudabi_fd_t d) { return cloudabi_sys_file_unlink(d, P("dir"), CLOUDABI_UNLINK_REMOVEDIR); }

static cloudabi_errno_t open_with(cloudabi_fd_t d, const char *name, cloudabi_oflags_t flags, cloudabi_fdstat_t want) {
  cloudabi_fd_t fd;
  cloudabi_errno_t e = cloudabi_sys_file_open(at(d), name, strlen(name), flags, &want, &fd);
  return e != 0 ? e : cloudabi_sys_fd_close(fd);
}
static cloudabi_errno_t open_plain(cloudabi_fd_t d) { return open_with(d, "file", 0, (cloudabi_fdstat_t){0}); }
static cloudabi_errno_t open_new(cloudabi_fd_t d) { return open_with(d, fresh(), CLOUDABI_O_CREAT, (cloudabi_fdstat_t){0}); }
static cloudabi_errno_t open_flagged(cloudabi_fd_t d, cloudabi_fdflags_t flags) {
  return open_with(d, "file", 0, (cloudabi_fdstat_t){.fs_flags = flags});
}
static cloudabi_errno_t open_dsync(cloudabi_fd_t d) { return open_flagged(d, CLOUDABI_FDFLAG_DSYNC); }
static cloudabi_errno_t open_sync(cloudabi_fd_t d) { return open_flagged(d, CLOUDABI_FDFLAG_SYNC); }
static cloudabi_errno_t open_rsync(cloudabi_fd_t d) { return open_flagged(d, CLOUDABI_FDFLAG_RSYNC); }
static cloudabi_errno_t open_trunc(cloudabi_fd_t d) {
  return open_with(d, "a", CLOUDABI_O_TRUNC, (cloudabi_fdstat_t){.fs_rights_base = R(FD_WRITE)});
}
static cloudabi_errno_t open_write(cloudabi_fd_t d) {
  return open_with(d, "a", 0, (cloudabi_fdstat_t){.fs_rights_base = R(FD_WRITE)});
}

static cloudabi_rights_t asked;
static cloudabi_errno_t ask_base(cloudabi_fd_t d) {
  return open_with(d, "a", 0, (cloudabi_fdstat_t){.fs_flags = CLOUDABI_FDFLAG_APPEND, .fs_rights_base = asked});
}
static cloudabi_errno_t ask_inheriting(cloudabi_fd_t d) {
  return open_with(d, "a", 0, (cloudabi_fdstat_t){.fs_rights_inheriting = asked});
}

static void directories(void) {
  NEED("file_create", "fd", FILE_CREATE_DIRECTORY, 0, tmpdir, make_dir);
  NEED("file_link", "fd1", FILE_LINK_SOURCE, 0, tmpdir, link_from);
  NEED("file_link", "fd2", FILE_LINK_TARGET, 0, tmpdir, link_to);
  NEED("file_readdir", "fd", FILE_READDIR, 0, tmpdir, list);
  NEED("file_readlink", "fd", FILE_READLINK, 0, tmpdir, read_link);
  NEED("file_rename", "fd1", FILE_RENAME_SOURCE, 0, tmpdir, rename_from);
  NEED("file_rename", "fd2", FILE_RENAME_TARGET, 0, tmpdir, rename_to);
  NEED("file_stat_get", "fd", FILE_STAT_GET, 0, tmpdir, stat_get);
  NEED("file_stat_put", "fd", FILE_STAT_PUT_TIMES, 0, tmpdir, stat_put);
  NEED("file_symlink", "fd", FILE_SYMLINK, 0, tmpdir, make_link);
  NEED("file_open", "dirfd", FILE_OPEN, 0, tmpdir, open_plain);
  NEED("file_open", "dirfd", FILE_CREATE_FILE, R(FILE_OPEN), tmpdir, open_new);
  INHERIT(FD_DATASYNC, R(FILE_OPEN), 0, open_dsync);
  INHERIT(FD_SYNC, R(FILE_OPEN), 0, open_sync);
  INHERIT(FD_SYNC, R(FILE_OPEN), 0, open_rsync);
  INHERIT(FILE_STAT_FPUT_SIZE, R(FILE_OPEN), R(FD_WRITE), open_trunc);
  INHERIT(FD_SEEK, R(FILE_OPEN), R(FD_WRITE), open_write);
  /* Each right that a directory can hand on. */
  cloudabi_fdstat_t s;
  CHECK_OK(cloudabi_sys_fd_stat_get(tmpdir, &s));
  for (int i = 0; i < 64; i++) {
    asked = (cloudabi_rights_t)1 << i;
    if ((s.fs_rights_inheriting & asked) != 0) {
      need("file_open dirfd inheriting -", tmpdir, INHERITING, asked, R(FILE_OPEN), asked, ask_base);
      need("file_open dirfd inheriting -", tmpdir, INHERITING, asked, R(FILE_OPEN), asked, ask_inheriting);
    }
  }
  NEED("file_unlink", "fd", FILE_UNLINK, 0, tmpdir, unlink_name);
  NEED("file_unlink", "fd", FILE_UNLINK, 0, tmpdir, remove_dir);
}

/* A right that is gone does not come back, in either word. */
static void subsets(cloudabi_fd_t fd) {
  cloudabi_fdstat_t full, s;
  CHECK_OK(cloudabi_sys_fd_stat_get(fd, &full));
  for (int i = 0; i < 64; i++) {
    cloudabi_rights_t bit = (cloudabi_rights_t)1 << i;
    cloudabi_fd_t d = with_rights(fd, full.fs_rights_base & ~bit, full.fs_rights_inheriting & ~bit);
    s = full;
    s.fs_rights_inheriting &= ~bit;
    s.fs_rights_base |= bit;
    CHECK_ERR(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS), CLOUDABI_ENOTCAPABLE);
    s.fs_rights_base &= ~bit;
    s.fs_rights_inheriting |= bit;
    CHECK_ERR(cloudabi_sys_fd_stat_put(d, &s, CLOUDABI_FDSTAT_RIGHTS), CLOUDABI_ENOTCAPABLE);
    CHECK_OK(cloudabi_sys_fd_stat_get(d, &s));
    CHECK(s.fs_rights_base == (full.fs_rights_base & ~bit) && s.fs_rights_inheriting == (full.fs_rights_inheriting & ~bit));
    CHECK_OK(cloudabi_sys_fd_close(d));
  }
}

/* ---- sockets, events, processes ---- */

static cloudabi_errno_t receive(cloudabi_fd_t d) {
  CHECK_OK(write_to(peer, "x", 1, &count));
  cloudabi_recv_in_t i = {.ri_data = &in, .ri_data_len = 1};
  union { cloudabi_recv_out_t now; char then[64]; } o; /* it was larger in 2015 */
  return cloudabi_sys_sock_recv(d, &i, &o.now);
}
static cloudabi_errno_t send(cloudabi_fd_t d) {
  cloudabi_send_in_t i = {.si_data = &out, .si_data_len = 1};
  cloudabi_send_out_t o;
  return cloudabi_sys_sock_send(d, &i, &o);
}
static cloudabi_errno_t shut(cloudabi_fd_t d) { return cloudabi_sys_sock_shutdown(d, CLOUDABI_SHUT_WR); }

/* What a subscription lacks is said in its event. */
static cloudabi_errno_t poll_for(cloudabi_eventtype_t type, cloudabi_fd_t d) {
  cloudabi_subscription_t s = {.type = type, .userdata = 5};
  if (type == CLOUDABI_EVENTTYPE_PROC_TERMINATE)
    s.proc_terminate.fd = d;
  else
    s.fd_readwrite.fd = d;
  cloudabi_event_t e = {.error = CLOUDABI_ENOSYS};
  CHECK_OK(cloudabi_sys_poll(&s, &e, 1, &count));
  CHECK_INT(count, 1);
  CHECK(e.userdata == 5 && e.type == type);
  return e.error;
}
static cloudabi_errno_t poll_read(cloudabi_fd_t d) {
  CHECK_OK(write_to(peer, "x", 1, &count));
  return poll_for(CLOUDABI_EVENTTYPE_FD_READ, d);
}
static cloudabi_errno_t poll_write(cloudabi_fd_t d) { return poll_for(CLOUDABI_EVENTTYPE_FD_WRITE, d); }

static cloudabi_errno_t execute(cloudabi_fd_t d) {
  cloudabi_fd_t child;
  if (!fork_child(&child))
    guest_exit(cloudabi_sys_proc_exec(d, NULL, 0, NULL, 0));
  cloudabi_event_t e = wait_child(child);
  CHECK_OK(cloudabi_sys_fd_close(child));
  return e.proc_terminate.exitcode == EXECUTED ? 0 : (cloudabi_errno_t)e.proc_terminate.exitcode;
}

static cloudabi_errno_t poll_process(cloudabi_fd_t d) { return poll_for(CLOUDABI_EVENTTYPE_PROC_TERMINATE, d); }

static void others(void) {
  CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &socket_end, &peer));
  subsets(socket_end);
  NEED("sock_recv", "sock", FD_READ, 0, socket_end, receive);
  NEED("sock_send", "sock", FD_WRITE, 0, socket_end, send);
  NEED("poll", "in fd_read", POLL_FD_READWRITE, R(FD_READ), socket_end, poll_read);
  NEED("poll", "in fd_read", FD_READ, R(POLL_FD_READWRITE), socket_end, poll_read);
  NEED("poll", "in fd_write", POLL_FD_READWRITE, R(FD_WRITE), socket_end, poll_write);
  NEED("poll", "in fd_write", FD_WRITE, R(POLL_FD_READWRITE), socket_end, poll_write);
  NEED("sock_shutdown", "sock", SOCK_SHUTDOWN, 0, socket_end, shut);
  cloudabi_fd_t child;
  if (!fork_child(&child))
    guest_exit(0);
  NEED("poll", "in proc_terminate", POLL_PROC_TERMINATE, 0, child, poll_process);
  CHECK_OK(cloudabi_sys_fd_close(child));
  NEED("proc_exec", "fd", PROC_EXEC, 0, program, execute);
}

/* ---- what is gone ---- */

#ifdef GUEST_2015
static cloudabi_fd_t made(cloudabi_filetype_t kind) {
  cloudabi_fd_t fd = (cloudabi_fd_t)-1;
  CHECK_OK(cloudabi_sys_fd_create1(kind, &fd));
  return fd;
}
static cloudabi_fd_t stream(void) { return made(CLOUDABI_FILETYPE_SOCKET_STREAM); }

static cloudabi_errno_t make_fifo(cloudabi_fd_t d) { return cloudabi_sys_file_create(d, fresh(), 5, CLOUDABI_FILETYPE_FIFO); }
static cloudabi_errno_t bind_socket(cloudabi_fd_t d) { return cloudabi_2015_sock_bind(d, tmpdir, P("listener")); }
static cloudabi_errno_t bind_below(cloudabi_fd_t d) {
  cloudabi_fd_t s = stream();
  cloudabi_errno_t e = cloudabi_2015_sock_bind(s, d, fresh(), 5);
  CHECK_OK(cloudabi_sys_fd_close(s));
  return e;
}
static cloudabi_errno_t listen(cloudabi_fd_t d) { return cloudabi_2015_sock_listen(d, 10); }
static cloudabi_errno_t socket_state(cloudabi_fd_t d) {
  cloudabi_sockstat_t st;
  return cloudabi_2015_sock_stat_get(d, &st, 0);
}
static cloudabi_errno_t connect_socket(cloudabi_fd_t d) { return cloudabi_2015_sock_connect(d, tmpdir, P("listener")); }
static cloudabi_errno_t connect_below(cloudabi_fd_t d) {
  cloudabi_fd_t s = stream();
  cloudabi_errno_t e = cloudabi_2015_sock_connect(s, d, P("listener"));
  CHECK_OK(cloudabi_sys_fd_close(s));
  return e;
}
static cloudabi_errno_t take(cloudabi_fd_t d) {
  cloudabi_fd_t c;
  cloudabi_errno_t e = cloudabi_2015_sock_accept(d, NULL, &c);
  return e != 0 ? e : cloudabi_sys_fd_close(c);
}

static cloudabi_2015_subscription_t change;
static cloudabi_errno_t modify(cloudabi_fd_t d) { return cloudabi_2015_poll_fd(d, &change, 1, NULL, 0, NULL, &count); }
static cloudabi_errno_t wait_for(cloudabi_fd_t d) {
  cloudabi_2015_subscription_t now = {.type = CLOUDABI_EVENTTYPE_CLOCK};
  cloudabi_2015_event_t e;
  now.clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
  return cloudabi_2015_poll_fd(d, NULL, 0, &e, 1, &now, &count);
}

static void gone(void) {
  NEED("file_create", "fd", FILE_CREATE_FIFO, 0, tmpdir, make_fifo);
  cloudabi_fd_t l = stream(), c = stream(), q = made(CLOUDABI_FILETYPE_POLL);
  subsets(l);
  NEED("sock_bind", "sock", SOCK_BIND_SOCKET, 0, l, bind_socket);
  NEED("sock_bind", "fd", SOCK_BIND_DIRECTORY, 0, tmpdir, bind_below);
  NEED("sock_listen", "sock", SOCK_LISTEN, 0, l, listen);
  NEED("sock_stat_get", "sock", SOCK_STAT_GET, 0, l, socket_state);
  NEED("sock_connect", "sock", SOCK_CONNECT_SOCKET, 0, c, connect_socket);
  NEED("sock_connect", "fd", SOCK_CONNECT_DIRECTORY, 0, tmpdir, connect_below);
  NEED("sock_accept", "sock", SOCK_ACCEPT, 0, l, take);
  change = (cloudabi_2015_subscription_t){.flags = CLOUDABI_SUBSCRIPTION_ADD, .type = CLOUDABI_EVENTTYPE_FD_READ};
  change.fd_readwrite.fd = file;
  NEED("poll_fd", "fd", POLL_MODIFY, 0, q, modify);
  NEED("poll_fd", "fd", POLL_WAIT, 0, q, wait_for);
}
#else
static void gone(void) {}
#endif

int guest_main(const struct arg *args) {
  if (args->len == 0)
    return EXECUTED;
  begin(args);
  arg_fd(args, "report", &report);
  if (!arg_fd(args, "program", &program))
    return 99;
  file = new_file("file");
  CHECK_OK(cloudabi_sys_fd_close(new_file("a")));
  CHECK_OK(cloudabi_sys_file_symlink(P("text"), tmpdir, P("link")));
  CHECK_OK(cloudabi_sys_file_create(tmpdir, P("dir"), CLOUDABI_FILETYPE_DIRECTORY));
  subsets(file);
  subsets(tmpdir);
  files();
  directories();
  others();
  gone();
  return check_result();
}
