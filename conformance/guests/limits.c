/* What calls answer when a limit is reached. The test runs this with one limit
 * made small, and says which. Further arguments: {limit: str, program: fd this
 * program can be executed from}. */
#include "begin.h"

enum { MANY = 100 };

static cloudabi_errno_t open_new(const char *name, size_t n) {
  cloudabi_fdstat_t want = {.fs_rights_base = CLOUDABI_RIGHT_FD_READ | CLOUDABI_RIGHT_FD_WRITE};
  cloudabi_fd_t fd;
  return cloudabi_sys_file_open(at(tmpdir), name, n, CLOUDABI_O_CREAT, &want, &fd);
}

#ifdef GUEST_2015
static cloudabi_fd_t listener, queue;

/* A listener with a connection that waits to be taken, and a queue of events. */
static void prepare(void) {
  cloudabi_fd_t client;
  cloudabi_fdstat_t s = {.fs_flags = CLOUDABI_FDFLAG_NONBLOCK};
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SOCKET_STREAM, &listener));
  CHECK_OK(cloudabi_2015_sock_bind(listener, tmpdir, P("listener")));
  CHECK_OK(cloudabi_2015_sock_listen(listener, 1));
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SOCKET_STREAM, &client));
  CHECK_OK(cloudabi_2015_sock_connect(client, tmpdir, P("listener")));
  CHECK_OK(cloudabi_sys_fd_stat_put(listener, &s, CLOUDABI_FDSTAT_FLAGS));
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_POLL, &queue));
}

/* The connection waits on until it can be taken. */
static void no_connection(cloudabi_errno_t want, cloudabi_fd_t room) {
  cloudabi_fd_t c;
  CHECK_ERR(cloudabi_2015_sock_accept(listener, NULL, &c), want);
  CHECK_OK(cloudabi_sys_fd_close(room));
  CHECK_OK(cloudabi_2015_sock_accept(listener, NULL, &c));
  CHECK_OK(cloudabi_sys_fd_close(c));
  CHECK_ERR(cloudabi_2015_sock_accept(listener, NULL, &c), CLOUDABI_EAGAIN);
}

/* Every watch of a queue takes memory. */
static void no_watch(void) {
  cloudabi_errno_t e = 0;
  size_t n;
  for (cloudabi_userdata_t i = 0; i < 10000 && e == 0; i++) {
    cloudabi_2015_subscription_t s = {.flags = CLOUDABI_SUBSCRIPTION_ADD, .type = CLOUDABI_EVENTTYPE_CLOCK};
    s.clock.identifier = i;
    s.clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
    s.clock.timeout = UINT64_MAX;
    e = cloudabi_2015_poll_fd(queue, &s, 1, NULL, 0, NULL, &n);
  }
  CHECK_ERR(e, CLOUDABI_ENOMEM);
}
#else
static void prepare(void) {}
static void no_connection(cloudabi_errno_t want, cloudabi_fd_t room) { (void)want, (void)room; }
static void no_watch(void) {}
#endif

/* Every call that makes a descriptor, when there is room for none. */
static void no_descriptor(cloudabi_errno_t want) {
  cloudabi_fd_t a, b;
  CHECK_ERR(open_new(P("x")), want);
  CHECK_ERR(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SHARED_MEMORY, &a), want);
  CHECK_ERR(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &a, &b), want);
  cloudabi_tid_t tid;
  CHECK_ERR(cloudabi_sys_proc_fork(&a, &tid), want);
}

static void descriptors(void) {
  cloudabi_fd_t fd;
  cloudabi_errno_t e = 0;
  prepare();
  for (int i = 0; i < MANY && e == 0; i++)
    e = cloudabi_sys_fd_dup(logfile, &fd);
  CHECK_ERR(e, CLOUDABI_EMFILE);
  no_descriptor(CLOUDABI_EMFILE);
  no_connection(CLOUDABI_EMFILE, fd);
}

static void open_files(void) {
  cloudabi_fd_t fd;
  cloudabi_errno_t e = 0;
  prepare();
  for (int i = 0; i < MANY && e == 0; i++)
    e = cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SHARED_MEMORY, &fd);
  CHECK_ERR(e, CLOUDABI_ENFILE);
  no_descriptor(CLOUDABI_ENFILE);
  no_connection(CLOUDABI_ENFILE, fd);
}

static const struct arg *arguments;
static char block[4096];

/* No room for another process or thread. */
static void processes(void) {
  cloudabi_fd_t child;
  cloudabi_tid_t tid;
  CHECK_ERR(cloudabi_sys_proc_fork(&child, &tid), CLOUDABI_EAGAIN);
}

static void rest(void *arg) {
  lock_read(arg);
  unlock(arg);
}

static void threads(void) {
  struct thread *t[MANY];
  size_t n = 0;
  cloudabi_errno_t e = 0;
  lock_t gate = 0;
  lock_write(&gate);
  while (n < MANY && (t[n] = thread_start_size(rest, &gate, 0, &e)) != NULL)
    n++;
  CHECK_ERR(e, CLOUDABI_EAGAIN);
  unlock(&gate);
  while (n > 0)
    thread_join(t[--n]);
}

/* Fills the file system, which is in memory, and then memory itself. */
static void memory(void) {
  prepare();
  cloudabi_fd_t fd = new_file("full"), program;
  memset(block, 'x', sizeof block);
  cloudabi_errno_t e;
  size_t n;
  cloudabi_filesize_t end = 0;
  while ((e = write_to(fd, block, sizeof block, &n)) == 0)
    end += n;
  CHECK_ERR(e, CLOUDABI_ENOSPC);
  cloudabi_ciovec_t v = {.buf = block, .buf_len = sizeof block};
  while ((e = cloudabi_sys_fd_pwrite(fd, &v, 1, end, &n)) == 0)
    end += n;
  CHECK_ERR(e, CLOUDABI_ENOSPC);
  char name[] = "0000";
  e = 0;
  for (int i = 0; i < 10000 && e == 0; i++) {
    for (int j = 3, k = i; j >= 0; j--, k /= 10)
      name[j] = (char)('0' + k % 10);
    e = cloudabi_sys_file_create(tmpdir, name, 4, CLOUDABI_FILETYPE_DIRECTORY);
  }
  CHECK_ERR(e, CLOUDABI_ENOSPC);
  CHECK_ERR(cloudabi_sys_file_symlink(P("text"), tmpdir, P("link")), CLOUDABI_ENOSPC);
  CHECK_ERR(open_new(P("x")), CLOUDABI_ENOSPC);
  static cloudabi_subscription_t subs[256];
  static cloudabi_event_t events[256];
  CHECK_ERR(cloudabi_sys_poll(subs, events, 256, &n), CLOUDABI_ENOMEM);
  cloudabi_filestat_t st = {.st_size = end + (1 << 30)};
  cloudabi_errno_t grown = cloudabi_sys_file_stat_fput(fd, &st, CLOUDABI_FILESTAT_SIZE);
  CHECK(grown == 0 || grown == CLOUDABI_ENOSPC || grown == CLOUDABI_EFBIG);
  cloudabi_fd_t child;
  cloudabi_tid_t tid;
  CHECK_ERR(cloudabi_sys_proc_fork(&child, &tid), CLOUDABI_ENOMEM);
  CHECK(arg_fd(arguments, "program", &program));
  CHECK_ERR(cloudabi_sys_proc_exec(program, NULL, 0, NULL, 0), CLOUDABI_ENOMEM);
  no_watch();
  void *p;
  CHECK_ERR(cloudabi_sys_mem_map(NULL, 1 << 30, CLOUDABI_PROT_READ, CLOUDABI_MAP_ANON | CLOUDABI_MAP_PRIVATE, CLOUDABI_MAP_ANON_FD, 0, &p),
            CLOUDABI_ENOMEM);
}

int guest_main(const struct arg *args) {
  begin(args);
  arguments = args;
  const char *limit;
  size_t n;
  if (!arg_str(args, "limit", &limit, &n))
    return 99;
  if (strcmp(limit, "descriptors") == 0)
    descriptors();
  else if (strcmp(limit, "open files") == 0)
    open_files();
  else if (strcmp(limit, "processes") == 0)
    processes();
  else if (strcmp(limit, "threads") == 0)
    threads();
  else if (strcmp(limit, "memory") == 0)
    memory();
  return check_result();
}
