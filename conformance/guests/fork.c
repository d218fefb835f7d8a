/* A copy of the process: what it shares and what it does not, how its end is
 * seen, and what proc_exec does
 * and refuses. Further argument: {program: fd of this program}. */
#include "begin.h"

static const cloudabi_fd_t none = 1000000;

/* Waits for the end of a child. */
static cloudabi_event_t wait_for_end(cloudabi_fd_t child) {
  cloudabi_subscription_t s = {.type = CLOUDABI_EVENTTYPE_PROC_TERMINATE};
  s.proc_terminate.fd = child;
  cloudabi_event_t e = {0};
  size_t n;
  CHECK_OK(cloudabi_sys_poll(&s, &e, 1, &n));
  CHECK_OK(e.error);
  return e;
}

static void copies(void) {
  volatile uint32_t mine = 1;
  volatile uint32_t *ours;
  void *p;
  CHECK_OK(cloudabi_sys_mem_map(NULL, 4096, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE, CLOUDABI_MAP_ANON | CLOUDABI_MAP_SHARED,
                                CLOUDABI_MAP_ANON_FD, 0, &p));
  ours = p;
  cloudabi_fd_t child = none;
  cloudabi_tid_t tid = 0;
  cloudabi_errno_t e = cloudabi_sys_proc_fork(&child, &tid);
  CHECK_OK(e);
  if (e == 0 && child == CLOUDABI_PROCESS_CHILD) {
    *ours = tid;
    mine = 2;
    cloudabi_sys_proc_exit(42);
  }
  cloudabi_event_t end = wait_for_end(child);
  CHECK_INT(end.proc_terminate.exitcode, 42);
  CHECK_INT(end.proc_terminate.signal, 0);
  CHECK_INT(mine, 1);
  CHECK(*ours != 0 && *ours != thread_self());
  cloudabi_filestat_t st;
  CHECK_OK(cloudabi_sys_file_stat_fget(child, &st));
  CHECK_INT(st.st_filetype, CLOUDABI_FILETYPE_PROCESS);
  CHECK_OK(cloudabi_sys_fd_close(child));
}

static void signals(void) {
  cloudabi_fd_t child = none;
  cloudabi_tid_t tid;
  if (cloudabi_sys_proc_fork(&child, &tid) == 0 && child == CLOUDABI_PROCESS_CHILD)
    cloudabi_sys_proc_raise(CLOUDABI_SIGUSR1);
  cloudabi_event_t end = wait_for_end(child);
  CHECK_INT(end.proc_terminate.signal, CLOUDABI_SIGUSR1);
  CHECK_OK(cloudabi_sys_fd_close(child));
}

/* Another program in the child: this one, which exits with 99 when it is not
 * told where its log is. */
static void exec(cloudabi_fd_t program) {
  cloudabi_fd_t child = none;
  cloudabi_tid_t tid;
  if (cloudabi_sys_proc_fork(&child, &tid) == 0 && child == CLOUDABI_PROCESS_CHILD) {
    cloudabi_errno_t e = cloudabi_sys_proc_exec(program, NULL, 0, NULL, 0);
    cloudabi_sys_proc_exit(e);
  }
  cloudabi_event_t end = wait_for_end(child);
  CHECK_INT(end.proc_terminate.exitcode, 99);
  CHECK_OK(cloudabi_sys_fd_close(child));
}

static void refusals(void) {
  cloudabi_fd_t file = new_file("not a program"), narrow;
  size_t n;
  CHECK_OK(write_to(file, "hello", 5, &n));
  CHECK_ERR(cloudabi_sys_proc_exec(none, NULL, 0, NULL, 0), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_proc_exec(file, NULL, 0, &none, 1), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_sys_proc_exec(file, NOWHERE, 10, NULL, 0), CLOUDABI_EFAULT);
  cloudabi_fdstat_t rights = {0};
  CHECK_OK(cloudabi_sys_fd_dup(file, &narrow));
  CHECK_OK(cloudabi_sys_fd_stat_put(narrow, &rights, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(cloudabi_sys_proc_exec(narrow, NULL, 0, NULL, 0), CLOUDABI_ENOTCAPABLE);
  /* Open for writing; then only for reading. */
  CHECK_ERR(cloudabi_sys_proc_exec(file, NULL, 0, NULL, 0), CLOUDABI_ETXTBSY);
  CHECK_OK(cloudabi_sys_fd_close(file));
  CHECK_OK(cloudabi_sys_fd_close(narrow));
  CHECK_OK(open_at(tmpdir, "not a program", OPEN_READ, &file));
  CHECK_ERR(cloudabi_sys_proc_exec(file, NULL, 0, NULL, 0), CLOUDABI_ENOEXEC);
#ifdef GUEST_2015
  cloudabi_fd_t queue;
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_POLL, &queue));
  CHECK_ERR(cloudabi_sys_proc_exec(file, NULL, 0, &queue, 1), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_fd_close(queue));
#endif
  static char much[2 << 20];
  CHECK_ERR(cloudabi_sys_proc_exec(file, much, sizeof much, NULL, 0), CLOUDABI_E2BIG);
}

int guest_main(const struct arg *args) {
  begin(args);
  copies();
  signals();
  cloudabi_fd_t program;
  if (arg_fd(args, "program", &program))
    exec(program);
  else
    CHECK(!"program");
  refusals();
  return check_result();
}
