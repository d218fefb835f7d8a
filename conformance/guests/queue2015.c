/* Event queues of 2015: poll_fd, and poll in its form before August 2015. */
#include "process.h"

static cloudabi_fd_t queue;

static cloudabi_2015_subscription_t change(cloudabi_subflags_t flags, cloudabi_eventtype_t type, cloudabi_fd_t fd) {
  cloudabi_2015_subscription_t s = {.userdata = 100 + fd, .flags = flags, .type = type};
  if (type == CLOUDABI_EVENTTYPE_PROC_TERMINATE)
    s.proc_terminate.fd = fd;
  else
    s.fd_readwrite.fd = fd;
  return s;
}

static cloudabi_2015_subscription_t clock_in(cloudabi_subflags_t flags, cloudabi_userdata_t identifier, uint64_t ns) {
  cloudabi_2015_subscription_t s = {.userdata = identifier, .flags = flags, .type = CLOUDABI_EVENTTYPE_CLOCK};
  s.clock.identifier = identifier;
  s.clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
  s.clock.timeout = ns;
  return s;
}

static cloudabi_2015_event_t events[10];

/* Applies a change, if any, and looks what there is to report. */
static size_t look(const cloudabi_2015_subscription_t *s) {
  cloudabi_2015_subscription_t now = clock_in(0, 0, 0);
  size_t n = 99;
  memset(events, 0xff, sizeof events);
  CHECK_OK(cloudabi_2015_poll_fd(queue, s, s == NULL ? 0 : 1, events, 10, &now, &n));
  return n;
}

static void descriptors(void) {
  cloudabi_fd_t a, b;
  cloudabi_2015_subscription_t s;
  size_t n;
  char byte;
  CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &a, &b));
  CHECK_INT(look(NULL), 0);
  s = change(CLOUDABI_SUBSCRIPTION_ADD, CLOUDABI_EVENTTYPE_FD_READ, b);
  CHECK_INT(look(&s), 0);
  CHECK_OK(write_to(a, "abc", 3, &n));
  for (int i = 0; i < 2; i++) { /* as long as it is ready */
    CHECK_INT(look(NULL), 1);
    CHECK_INT(events[0].userdata, 100 + b);
    CHECK_INT(events[0].error, 0);
    CHECK_INT(events[0].type, CLOUDABI_EVENTTYPE_FD_READ);
    CHECK_INT(events[0].fd_readwrite.fd, b);
    CHECK_INT(events[0].fd_readwrite.nbytes, 3);
    CHECK_INT(events[0].fd_readwrite.flags, 0);
  }
  s = change(CLOUDABI_SUBSCRIPTION_DISABLE, CLOUDABI_EVENTTYPE_FD_READ, b);
  CHECK_INT(look(&s), 0);
  s.flags = CLOUDABI_SUBSCRIPTION_ENABLE;
  CHECK_INT(look(&s), 1);
  s.flags = CLOUDABI_SUBSCRIPTION_ADD | CLOUDABI_SUBSCRIPTION_CLEAR;
  CHECK_INT(look(&s), 1);
  CHECK_INT(look(NULL), 0);
  CHECK_OK(write_to(a, "d", 1, &n)); /* it has changed */
  CHECK_INT(look(NULL), 1);
  CHECK_INT(look(NULL), 0);
  CHECK_OK(read_from(b, &byte, 1, &n));
  CHECK_INT(look(NULL), 0);
  s.flags = CLOUDABI_SUBSCRIPTION_ADD | CLOUDABI_SUBSCRIPTION_ONESHOT;
  CHECK_INT(look(&s), 1);
  CHECK_INT(look(NULL), 0);
  s.flags = CLOUDABI_SUBSCRIPTION_DELETE;
  CHECK_INT(look(&s), 1);
  CHECK_INT(events[0].error, CLOUDABI_ENOENT);
  s.flags = CLOUDABI_SUBSCRIPTION_ADD;
  CHECK_INT(look(&s), 1);
  s.flags = CLOUDABI_SUBSCRIPTION_DELETE;
  CHECK_INT(look(&s), 0);
  s = change(CLOUDABI_SUBSCRIPTION_ADD, CLOUDABI_EVENTTYPE_FD_WRITE, b);
  CHECK_INT(look(&s), 1);
  CHECK_INT(events[0].type, CLOUDABI_EVENTTYPE_FD_WRITE);
  CHECK_OK(cloudabi_sys_fd_close(a));
  CHECK_INT(look(NULL), 1);
  CHECK(events[0].error == CLOUDABI_EPIPE || events[0].fd_readwrite.flags == CLOUDABI_EVENT_FD_READWRITE_HANGUP);
  CHECK_OK(cloudabi_sys_fd_close(b)); /* takes the subscription away */
  CHECK_INT(look(NULL), 0);
}

static void clocks(void) {
  size_t n;
  cloudabi_2015_subscription_t s[2] = {
    clock_in(CLOUDABI_SUBSCRIPTION_ADD, 7, UINT64_C(3600000000000)),
    clock_in(CLOUDABI_SUBSCRIPTION_ADD | CLOUDABI_SUBSCRIPTION_ONESHOT, 8, 1000000),
  };
  CHECK_OK(cloudabi_2015_poll_fd(queue, s, 2, events, 10, NULL, &n));
  CHECK_INT(n, 1);
  CHECK_INT(events[0].type, CLOUDABI_EVENTTYPE_CLOCK);
  CHECK_INT(events[0].clock.identifier, 8);
  CHECK_INT(look(NULL), 0);
  s[0].flags = CLOUDABI_SUBSCRIPTION_DELETE;
  CHECK_INT(look(s), 0);
  /* The timeout of the call, relative and absolute. */
  uint64_t before = clock_now(CLOUDABI_CLOCK_MONOTONIC);
  s[0] = clock_in(0, 0, 1000000);
  CHECK_OK(cloudabi_2015_poll_fd(queue, NULL, 0, events, 10, s, &n));
  CHECK_INT(n, 0);
  CHECK(clock_now(CLOUDABI_CLOCK_MONOTONIC) - before >= 1000000);
  s[0].clock.flags = CLOUDABI_SUBSCRIPTION_CLOCK_ABSTIME;
  CHECK_OK(cloudabi_2015_poll_fd(queue, NULL, 0, events, 10, s, &n));
  CHECK_INT(n, 0);
}

/* The end of a child, which stays to be seen. */
static void processes(void) {
  cloudabi_fd_t child;
  if (!fork_child(&child))
    guest_exit(3);
  cloudabi_2015_subscription_t s = change(CLOUDABI_SUBSCRIPTION_ADD, CLOUDABI_EVENTTYPE_PROC_TERMINATE, child);
  size_t n;
  CHECK_OK(cloudabi_2015_poll_fd(queue, &s, 1, events, 10, NULL, &n));
  for (int i = 0; i < 2; i++) {
    CHECK_INT(n, 1);
    CHECK_INT(events[0].type, CLOUDABI_EVENTTYPE_PROC_TERMINATE);
    CHECK_INT(events[0].error, 0);
    CHECK_INT(events[0].proc_terminate.fd, child);
    CHECK_INT(events[0].proc_terminate.exitcode, 3);
    n = look(NULL);
  }
  CHECK_OK(cloudabi_sys_fd_close(child));
  CHECK_INT(look(NULL), 0);
}

static void errors(void) {
  cloudabi_fd_t a, b, q;
  size_t n;
  CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &a, &b));
  CHECK_ERR(cloudabi_2015_poll_fd(1000, NULL, 0, events, 1, NULL, &n), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_2015_poll_fd(a, NULL, 0, events, 1, NULL, &n), CLOUDABI_EBADF);
  CHECK_ERR(cloudabi_2015_poll_fd(queue, NOWHERE, 1, events, 1, NULL, &n), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_2015_poll_fd(queue, NULL, 0, events, 1, NOWHERE, &n), CLOUDABI_EFAULT);
  cloudabi_2015_subscription_t s = change(CLOUDABI_SUBSCRIPTION_ADD, CLOUDABI_EVENTTYPE_FD_READ, 1000);
  CHECK_ERR(cloudabi_2015_poll_fd(queue, NULL, 0, events, 1, &s, &n), CLOUDABI_EINVAL);
  CHECK_INT(look(&s), 1);
  CHECK_INT(events[0].error, CLOUDABI_EBADF);
  CHECK_INT(events[0].userdata, 1100);
  CHECK_ERR(cloudabi_2015_poll_fd(queue, &s, 1, events, 0, NULL, &n), CLOUDABI_EBADF);
  s = change(CLOUDABI_SUBSCRIPTION_ADD, CLOUDABI_EVENTTYPE_PROC_TERMINATE, a);
  CHECK_INT(look(&s), 1);
  CHECK_INT(events[0].error, CLOUDABI_ENOTCAPABLE);
  s = change(CLOUDABI_SUBSCRIPTION_ADD, CLOUDABI_EVENTTYPE_FD_READ, queue);
  CHECK_INT(look(&s), 1);
  CHECK_INT(events[0].error, CLOUDABI_ENOTCAPABLE);
  s = change(CLOUDABI_SUBSCRIPTION_ADD, CLOUDABI_EVENTTYPE_LOCK_WRLOCK, 0);
  CHECK_INT(look(&s), 1);
  CHECK_INT(events[0].error, CLOUDABI_EINVAL);
  /* Every kind of event: what it cannot be made of, and what is not there. */
  static const cloudabi_eventtype_t kinds[] = {CLOUDABI_EVENTTYPE_FD_READ, CLOUDABI_EVENTTYPE_FD_WRITE, CLOUDABI_EVENTTYPE_PROC_TERMINATE};
  for (int i = 0; i < 3; i++) {
    s = change(CLOUDABI_SUBSCRIPTION_ADD, kinds[i], 1000);
    CHECK_INT(look(&s), 1);
    CHECK_INT(events[0].error, CLOUDABI_EBADF);
    CHECK_INT(events[0].type, kinds[i]);
    s = change(CLOUDABI_SUBSCRIPTION_ADD, kinds[i], queue);
    CHECK_INT(look(&s), 1);
    CHECK_INT(events[0].error, CLOUDABI_ENOTCAPABLE);
    s = change(CLOUDABI_SUBSCRIPTION_DELETE, kinds[i], a);
    CHECK_INT(look(&s), 1);
    CHECK_INT(events[0].error, CLOUDABI_ENOENT);
  }
  s = clock_in(CLOUDABI_SUBSCRIPTION_ENABLE, 55, 1);
  CHECK_INT(look(&s), 1);
  CHECK_INT(events[0].error, CLOUDABI_ENOENT);
  s = clock_in(CLOUDABI_SUBSCRIPTION_ADD, 55, 1);
  s.clock.clock_id = 99;
  CHECK_INT(look(&s), 1);
  CHECK_INT(events[0].error, CLOUDABI_EINVAL);
  s.clock.clock_id = CLOUDABI_CLOCK_THREAD_CPUTIME_ID;
  CHECK_INT(look(&s), 1);
  CHECK_INT(events[0].error, CLOUDABI_ENOTSUP);
  s = change(CLOUDABI_SUBSCRIPTION_ADD, CLOUDABI_EVENTTYPE_FD_READ, a);
  CHECK_OK(cloudabi_sys_fd_dup(queue, &q));
  cloudabi_fdstat_t r = {.fs_rights_base = CLOUDABI_RIGHT_POLL_WAIT};
  CHECK_OK(cloudabi_sys_fd_stat_put(q, &r, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(cloudabi_2015_poll_fd(q, &s, 1, events, 0, NULL, &n), CLOUDABI_ENOTCAPABLE);
  r.fs_rights_base = 0;
  CHECK_OK(cloudabi_sys_fd_stat_put(q, &r, CLOUDABI_FDSTAT_RIGHTS));
  CHECK_ERR(cloudabi_2015_poll_fd(q, NULL, 0, events, 1, NULL, &n), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_2015_poll_fd(q, NULL, 0, events, 0, NULL, &n));
  CHECK_INT(n, 0);
  CHECK_OK(cloudabi_sys_fd_close(q));
  /* A queue stays where it is. */
  cloudabi_ciovec_t v = {.buf = "x", .buf_len = 1};
  cloudabi_2015_send_in_t in = {.si_data = &v, .si_datalen = 1, .si_fds = &queue, .si_fdslen = 1};
  cloudabi_send_out_t out;
  CHECK_ERR(cloudabi_2015_sock_send(a, &in, &out), CLOUDABI_ENOTSUP);
  CHECK_OK(cloudabi_sys_fd_close(a));
  CHECK_OK(cloudabi_sys_fd_close(b));
}

static cloudabi_fd_t sender_end;

static void sender(void *arg) {
  size_t n;
  (void)arg;
  sleep_ns(1000000);
  CHECK_OK(write_to(sender_end, "x", 1, &n));
}

/* Waiting for hundreds of descriptors of which one gets ready. */
static void many(void) {
  enum { MANY = 200 };
  static cloudabi_fd_t ends[MANY][2];
  size_t n;
  for (int i = 0; i < MANY; i++) {
    CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_DGRAM, &ends[i][0], &ends[i][1]));
    cloudabi_2015_subscription_t s = change(CLOUDABI_SUBSCRIPTION_ADD, CLOUDABI_EVENTTYPE_FD_READ, ends[i][1]);
    CHECK_OK(cloudabi_2015_poll_fd(queue, &s, 1, NULL, 0, NULL, &n));
  }
  for (int i = 0; i < 5; i++) {
    char byte;
    sender_end = ends[i * 37][0];
    struct thread *t = thread_start(sender, NULL);
    CHECK_OK(cloudabi_2015_poll_fd(queue, NULL, 0, events, 10, NULL, &n));
    CHECK_INT(n, 1);
    CHECK_INT(events[0].fd_readwrite.fd, ends[i * 37][1]);
    CHECK_OK(read_from(ends[i * 37][1], &byte, 1, &n));
    thread_join(t);
  }
  for (int i = 0; i < MANY; i++) {
    CHECK_OK(cloudabi_sys_fd_close(ends[i][0]));
    CHECK_OK(cloudabi_sys_fd_close(ends[i][1]));
  }
  CHECK_INT(look(NULL), 0);
}

int guest_main(const struct arg *args) {
  begin(args);
  cloudabi_fdstat_t s;
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_POLL, &queue));
  CHECK_OK(cloudabi_sys_fd_stat_get(queue, &s));
  CHECK_INT(s.fs_filetype, CLOUDABI_FILETYPE_POLL);
  CHECK_INT(s.fs_rights_base, 0xa0080000);
  descriptors();
  clocks();
  processes();
  errors();
  many();
  CHECK_OK(cloudabi_sys_fd_close(queue));
  return check_result();
}
