/* proc_exec: what the new program finds, and that nothing has happened when it
 * fails. Arguments: {log, tmpdir, program: fd this program can be executed from};
 * the new program finds {log, check: str} besides what the check needs. */
#include "process.h"

static cloudabi_fd_t self = (cloudabi_fd_t)-1;

/* Argument data {log: !fd 0, check: name}. */
static size_t arguments(char *p, const char *name) {
  size_t n = strlen(name);
  char *start = p;
  *p++ = ARG_MAP;
  memcpy(p, "\x85\x08log\0\x85\x03\0\0\0\0\x87\x08" "check\0", 20);
  p += 20;
  *p++ = (char)(0x80 | (n + 2));
  *p++ = ARG_STR;
  memcpy(p, name, n + 1);
  return (size_t)(p - start) + n + 1;
}

static cloudabi_errno_t become(const char *name, const cloudabi_fd_t *fds, size_t n) {
  char data[128];
  return cloudabi_sys_proc_exec(self, data, arguments(data, name), fds, n);
}

/* Runs a check in a child that executes the program; the child's descriptors
 * are the listed ones. */
static void in_child(const char *name, const cloudabi_fd_t *fds, size_t n, cloudabi_exitcode_t code) {
  cloudabi_fd_t child;
  if (!fork_child(&child)) {
    CHECK_OK(become(name, fds, n));
    guest_exit(96);
  }
  child_ends(child, 0, code);
}

static cloudabi_filetype_t kind(cloudabi_fd_t fd) {
  cloudabi_fdstat_t st;
  return cloudabi_sys_fd_stat_get(fd, &st) == 0 ? st.fs_filetype : 0xff;
}

/* ---- the other side: what was executed checks itself ---- */

static _Thread_local int own = 5;
static int data_section = 1;

static void check_fresh(void) {
  uint64_t tid = 0, len = 0;
  CHECK_INT(own, 5);
  CHECK_INT(data_section, 1);
  CHECK(guest_auxv(CLOUDABI_AT_TID, &tid));
  CHECK_INT(thread_self(), tid);
  CHECK(guest_auxv(CLOUDABI_AT_ARGDATALEN, &len));
  CHECK_INT(len, 1 + 20 + 1 + 1 + 6);
  CHECK_INT(kind(1), 0xff);
  /* Nothing of what was mapped: the parent had put a page there. */
  CHECK_ERR(cloudabi_sys_random_get((void *)0x70000000, 1), CLOUDABI_EFAULT);
  own = 6, data_section = 2;
}

static void check_list(void) {
  cloudabi_fdstat_t st;
  CHECK_INT(kind(1), CLOUDABI_FILETYPE_DIRECTORY);
  CHECK_OK(cloudabi_sys_fd_stat_get(2, &st));
  CHECK_INT(st.fs_rights_base, CLOUDABI_RIGHT_FD_SEEK | CLOUDABI_RIGHT_FD_TELL);
  CHECK_INT(st.fs_flags, CLOUDABI_FDFLAG_APPEND);
  CHECK_INT(kind(3), CLOUDABI_FILETYPE_REGULAR_FILE);
  CHECK_INT(kind(4), CLOUDABI_FILETYPE_REGULAR_FILE);
  CHECK_INT(kind(5), 0xff);
  cloudabi_filesize_t at;
  CHECK_OK(cloudabi_sys_fd_seek(3, 3, CLOUDABI_WHENCE_SET, &at));
  CHECK_OK(cloudabi_sys_fd_seek(4, 0, CLOUDABI_WHENCE_CUR, &at));
  CHECK_INT(at, 3); /* twice in the list: one open file */
  CHECK_OK(cloudabi_sys_fd_seek(2, 0, CLOUDABI_WHENCE_CUR, &at));
  CHECK_INT(at, 3);
}

/* 1 is the program: it executes itself several times. */
static int check_chain(const char *name) {
  char next[] = "chain0";
  next[5] = (char)(name[5] + 1);
  if (name[5] == '5')
    return 44;
  self = 1;
  cloudabi_fd_t fds[] = {0, 1};
  CHECK_OK(become(next, fds, 2));
  return 95;
}

/* 1 is a process descriptor of a child whose parent is another program now. */
static void check_keeps_child(void) {
  cloudabi_fdstat_t st;
  CHECK_OK(cloudabi_sys_fd_stat_get(1, &st));
  CHECK_INT(st.fs_filetype, CLOUDABI_FILETYPE_PROCESS);
  CHECK_INT(st.fs_rights_base, CLOUDABI_RIGHT_FILE_STAT_FGET | CLOUDABI_RIGHT_POLL_PROC_TERMINATE);
  cloudabi_fd_t go = 2;
  size_t n;
  CHECK_OK(write_to(go, "x", 1, &n));
  child_ends(1, 0, 12);
}

static int checked(const char *name) {
  if (strcmp(name, "fresh") == 0) check_fresh();
  else if (strcmp(name, "list") == 0) check_list();
  else if (strncmp(name, "chain", 5) == 0) return check_chain(name);
  else if (strcmp(name, "child") == 0) check_keeps_child();
  else if (strcmp(name, "nothing") == 0) return 33;
  else return 94;
  return check_result();
}

/* ---- this side ---- */

static void fresh(void) {
  void *p;
  CHECK_OK(cloudabi_sys_mem_map((void *)0x70000000, 4096, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE,
                                CLOUDABI_MAP_ANON | CLOUDABI_MAP_PRIVATE | CLOUDABI_MAP_FIXED, CLOUDABI_MAP_ANON_FD, 0, &p));
  own = 77, data_section = 77;
  in_child("fresh", &logfile, 1, 0);
}

static void list(void) {
  cloudabi_fd_t f = new_file("exec-list"), g = dup_fd(f);
  cloudabi_fdstat_t rights = {.fs_rights_base = CLOUDABI_RIGHT_FD_SEEK | CLOUDABI_RIGHT_FD_TELL};
  CHECK_OK(cloudabi_sys_fd_stat_put(g, &rights, CLOUDABI_FDSTAT_RIGHTS));
  cloudabi_fdstat_t flags = {.fs_flags = CLOUDABI_FDFLAG_APPEND};
  CHECK_OK(cloudabi_sys_fd_stat_put(f, &flags, CLOUDABI_FDSTAT_FLAGS));
  cloudabi_fd_t fds[] = {logfile, tmpdir, g, f, f};
  in_child("list", fds, 5, 0);
  CHECK_OK(cloudabi_sys_fd_close(f));
  CHECK_OK(cloudabi_sys_fd_close(g));
}

/* How the C library starts a program: the other end of a socket that is not on
 * the list tells that the program has begun. */
static void spawn(void) {
  cloudabi_fd_t pair[2], child;
  CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &pair[0], &pair[1]));
  if (!fork_child(&child)) {
    become("nothing", &logfile, 1);
    guest_exit(96);
  }
  CHECK_OK(cloudabi_sys_fd_close(pair[1]));
  char c;
  size_t n = 1;
  CHECK_OK(read_from(pair[0], &c, 1, &n));
  CHECK_INT(n, 0);
  CHECK_OK(cloudabi_sys_fd_close(pair[0]));
  child_ends(child, 0, 33);

  /* And when that fails the error comes through it. */
  CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &pair[0], &pair[1]));
  if (!fork_child(&child)) {
    cloudabi_errno_t e = cloudabi_sys_proc_exec(logfile, NULL, 0, NULL, 0);
    CHECK_OK(write_to(pair[1], &e, sizeof e, &n));
    guest_exit(127);
  }
  CHECK_OK(cloudabi_sys_fd_close(pair[1]));
  cloudabi_errno_t e = 0;
  CHECK_OK(read_from(pair[0], &e, sizeof e, &n));
  CHECK_INT(n, 2);
  CHECK_ERR(e, CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(pair[0]));
  child_ends(child, 0, 127);
}

/* A child's child stays one if its descriptor is on the list. */
static void keeps_child(void) {
  cloudabi_fd_t pair[2], child, inner;
  CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &pair[0], &pair[1]));
  if (!fork_child(&child)) {
    if (!fork_child(&inner)) {
      char c;
      size_t n;
      CHECK_OK(read_from(pair[0], &c, 1, &n));
      guest_exit(12);
    }
    cloudabi_fd_t fds[] = {logfile, inner, pair[1]};
    CHECK_OK(become("child", fds, 3));
    guest_exit(96);
  }
  child_ends(child, 0, 0);
  CHECK_OK(cloudabi_sys_fd_close(pair[0]));
  CHECK_OK(cloudabi_sys_fd_close(pair[1]));
}

/* Other threads end, wherever they are. */
static lock_t mutex;
static void loop(void *arg) {
  (void)arg;
  for (;;)
    __asm__ volatile("");
}
static void block(void *arg) {
  (void)arg;
  lock_write(&mutex);
}
static void sleeper(void *arg) {
  (void)arg;
  sleep_for_ever();
}

static void threads(void) {
  cloudabi_fd_t child;
  if (!fork_child(&child)) {
    lock_write(&mutex);
    CHECK(thread_start(loop, NULL) != NULL);
    CHECK(thread_start(block, NULL) != NULL);
    CHECK(thread_start(sleeper, NULL) != NULL);
    until_managed(&mutex);
    CHECK_OK(become("nothing", &logfile, 1));
    guest_exit(96);
  }
  child_ends(child, 0, 33);
}

static _Atomic uint32_t alive, enough;
static void count(void *arg) {
  (void)arg;
  while (enough == 0)
    __c11_atomic_fetch_add(&alive, 1, __ATOMIC_RELAXED);
}

static cloudabi_fd_t file_with(const char *name, const void *p, size_t n) {
  cloudabi_fd_t fd = new_file(name);
  CHECK(write_all(fd, p, n));
  CHECK_OK(cloudabi_sys_fd_close(fd));
  cloudabi_fdstat_t st = {.fs_rights_base = CLOUDABI_RIGHT_PROC_EXEC};
  CHECK_OK(cloudabi_sys_file_open(at(tmpdir), name, strlen(name), 0, &st, &fd));
  return fd;
}

static void errors(void) {
  struct thread *t = thread_start(count, NULL);
  cloudabi_fdstat_t before, after;
  CHECK_OK(cloudabi_sys_fd_stat_get(tmpdir, &before));
  static char large[512 << 10];
  cloudabi_fd_t bad[2] = {logfile, 9999}, none = (cloudabi_fd_t)-1;
  CHECK_ERR(cloudabi_sys_proc_exec(9999, "x", 1, &logfile, 1), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_proc_exec(self, "x", 1, bad, 2), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_proc_exec(self, "x", 1, &none, 1), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_proc_exec(tmpdir, "x", 1, &logfile, 1), CLOUDABI_ENOTCAPABLE);
  cloudabi_fd_t weak = dup_fd(self);
  cloudabi_fdstat_t rights = {.fs_rights_base = CLOUDABI_RIGHT_FD_READ};
  CHECK_OK(cloudabi_sys_fd_stat_put(weak, &rights, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(cloudabi_sys_proc_exec(weak, "x", 1, &logfile, 1), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(weak));
  CHECK_ERR(cloudabi_sys_proc_exec(self, NOWHERE, 1, &logfile, 1), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_proc_exec(self, BEYOND, 1, &logfile, 1), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_proc_exec(self, "x", 1, NOWHERE, 1), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_proc_exec(self, large, sizeof large, &logfile, 1), CLOUDABI_E2BIG);
  CHECK_ERR(cloudabi_sys_proc_exec(self, "x", (size_t)-1, &logfile, 1), CLOUDABI_E2BIG);
  CHECK_ERR(cloudabi_sys_proc_exec(self, "x", 1, (cloudabi_fd_t *)(void *)large, 10000), CLOUDABI_E2BIG);
  CHECK_ERR(cloudabi_sys_proc_exec(self, "x", 1, (cloudabi_fd_t *)(void *)large, (size_t)-1), CLOUDABI_E2BIG);

  cloudabi_fd_t f = file_with("exec-empty", "", 0);
  CHECK_ERR(cloudabi_sys_proc_exec(f, "x", 1, &logfile, 1), CLOUDABI_ENOEXEC);
  CHECK_OK(cloudabi_sys_fd_close(f));
  f = file_with("exec-script", "#!/bin/sh\n", 10);
  CHECK_ERR(cloudabi_sys_proc_exec(f, "x", 1, &logfile, 1), CLOUDABI_ENOEXEC);
  CHECK_OK(cloudabi_sys_fd_close(f));
  f = file_with("exec-zeros", large, 4096);
  CHECK_ERR(cloudabi_sys_proc_exec(f, "x", 1, &logfile, 1), CLOUDABI_ENOEXEC);

  /* Open for writing: the one that is executed, or another. */
  cloudabi_fd_t w = (cloudabi_fd_t)-1;
  CHECK_OK(open_at(tmpdir, "exec-zeros", OPEN_WRITE, &w));
  CHECK_ERR(cloudabi_sys_proc_exec(f, "x", 1, &logfile, 1), CLOUDABI_ETXTBSY);
  CHECK_OK(cloudabi_sys_fd_close(f));
  CHECK_OK(cloudabi_sys_fd_close(w));

  CHECK_OK(cloudabi_sys_fd_stat_get(tmpdir, &after));
  CHECK_INT(after.fs_rights_base, before.fs_rights_base);
  uint32_t n = alive; /* the other thread goes on */
  while (alive == n)
    cloudabi_sys_thread_yield();
  enough = 1;
  thread_join(t);
}

/* What cannot be passed on: the event queues of 2015. */
static void queues(void) {
#ifdef GUEST_2015
  cloudabi_fd_t fds[2] = {logfile, (cloudabi_fd_t)-1}, child;
  CHECK_OK(cloudabi_2015_fd_create1(CLOUDABI_FILETYPE_POLL, &fds[1]));
  CHECK_ERR(become("nothing", fds, 2), CLOUDABI_EINVAL);
  if (!fork_child(&child)) {
    CHECK_INT(kind(fds[1]), 0xff);
    child_exit();
  }
  child_ends(child, 0, 0);
  CHECK_OK(cloudabi_sys_fd_close(fds[1]));
#endif
}

int guest_main(const struct arg *args) {
  begin(args);
  const char *name;
  size_t len;
  if (arg_str(args, "check", &name, &len))
    return checked(name);
  if (!arg_fd(args, "program", &self))
    return 98;
  errors();
  queues();
  fresh();
  list();
  spawn();
  keeps_child();
  threads();
  cloudabi_fd_t fds[] = {logfile, self};
  in_child("chain0", fds, 2, 44);
  /* At last without a child: the exit code of this process is that of the
   * program it becomes, which checks that nothing failed here. */
  if (check_result() != 0)
    return check_result();
  return become("fresh", &logfile, 1) != 0 ? 93 : 92;
}
