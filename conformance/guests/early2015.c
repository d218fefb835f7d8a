/* A program from before August 2015: started in one of three ways, with numbers
 * and forms of calls that changed from month to month. It brings its own start.
 * Arguments: a sequence of the log, a directory, and "G0", "G1" or "G2", the
 * table of numbers to use. */
#include "begin.h"

static int table = -1;
static bool latest; /* started with an auxiliary vector, which began in July */

/* The number of a call by the one that it has had since August 2015. */
static uint64_t number(uint64_t n) {
  enum { POLL_ONCE = 40, SOCK_SEND = 50 };
  if (table < 2 && n >= POLL_ONCE)
    n++;
  if (table == 0 && n > SOCK_SEND)
    n = n == SOCK_SEND + 1 ? 57 : n - 1;
  return n;
}

static uint64_t result[2];

/* Makes a call by that number; returns its error. */
static cloudabi_errno_t call(uint64_t n, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) {
  return cloudabi_2015_trap(number(n), a, b, c, d, e, 0, result) ? (cloudabi_errno_t)result[0] : 0;
}
#define CALL5(n, a, b, c, d, e, ...) call(n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e))
#define CALL(...) CALL5(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

enum { CONDVAR_SIGNAL = 2, LOCK_UNLOCK = 31, POLL = 39, POLL_ONCE = 39, PROC_EXIT = 41, RANDOM_GET = 44, SOCK_RECV = 49, SOCK_SEND = 50, THREAD_YIELD = 56 };

static _Noreturn void leave(int code) {
  /* It was a byte until May. */
  CALL(PROC_EXIT, table < 2 ? 0x100 | code : code);
  __builtin_unreachable();
}

/* ---- poll ---- */

enum { SHORT = 48, MANY = 16384 };
static char subscriptions[3 * SHORT], events[3 * SHORT];

static void subscribe(int i, cloudabi_2015_subscription_t s) {
  s.userdata = 100 + (cloudabi_userdata_t)i;
  memcpy(subscriptions + i * SHORT, &s, SHORT);
}

static const cloudabi_2015_event_t *event(int i) {
  return (const void *)(events + i * (table < 2 ? SHORT : sizeof(cloudabi_2015_event_t)));
}

static cloudabi_2015_subscription_t clock_at(cloudabi_clockid_t id, uint64_t ns) {
  cloudabi_2015_subscription_t s = {.type = CLOUDABI_EVENTTYPE_CLOCK};
  s.clock.identifier = 7;
  s.clock.clock_id = id;
  s.clock.timeout = ns;
  return s;
}

/* The one-shot form: poll_once, later poll without a queue. */
static cloudabi_errno_t once(const void *in, size_t nin, void *out, size_t nout) {
  return table < 2 ? cloudabi_2015_trap(40, (uint64_t)in, nin, (uint64_t)out, nout, 0, 0, result) ? (cloudabi_errno_t)result[0] : 0
                   : CALL(POLL, 0xffffffff, in, nin, out, nout);
}

static void polls(cloudabi_fd_t dir) {
  uint64_t now;
  CHECK_OK(cloudabi_sys_clock_time_get(CLOUDABI_CLOCK_MONOTONIC, 0, &now));
  subscribe(0, clock_at(CLOUDABI_CLOCK_MONOTONIC, now));
  subscribe(1, clock_at(CLOUDABI_CLOCK_MONOTONIC, now + UINT64_C(3600000000000)));
  subscribe(2, clock_at(CLOUDABI_CLOCK_MONOTONIC, now));
  CHECK_OK(once(subscriptions, 3, events, 3)); /* timeouts are absolute */
  CHECK_INT(result[0], 2);
  CHECK_INT(event(0)->userdata, 100);
  CHECK_INT(event(0)->clock.identifier, 7);
  CHECK_INT(event(1)->userdata, 102);
  CHECK_INT(event(1)->type, CLOUDABI_EVENTTYPE_CLOCK);
  CHECK_OK(once(subscriptions, 3, events, 1));
  CHECK_INT(result[0], 1);
  subscribe(0, clock_at(99, 1));
  CHECK_OK(once(subscriptions, 1, events, 1));
  CHECK_INT(event(0)->error, CLOUDABI_EINVAL);
  cloudabi_2015_subscription_t s = {.type = CLOUDABI_EVENTTYPE_FD_READ};
  s.fd_readwrite.fd = 1000;
  subscribe(0, s);
  CHECK_OK(once(subscriptions, 1, events, 1));
  CHECK_INT(event(0)->error, CLOUDABI_EBADF);
  CHECK_ERR(once(subscriptions, 0, events, 1), CLOUDABI_EINVAL);
  CHECK_ERR(once(NOWHERE, 1, events, 1), CLOUDABI_EFAULT);
  CHECK_ERR(once(subscriptions, 3, BEYOND, 3), CLOUDABI_EFAULT);
  CHECK_ERR(once(subscriptions, MANY + 1, events, 1), CLOUDABI_EINVAL);

  /* A lock: no scope yet, neither here nor in what is in those places. */
  static lock_t lock;
  s = (cloudabi_2015_subscription_t){.type = CLOUDABI_EVENTTYPE_LOCK_WRLOCK};
  s.lock.lock = &lock;
  subscribe(0, s);
  CHECK_OK(once(subscriptions, 1, events, 1));
  CHECK_INT(event(0)->error, 0);
  CHECK((lock & CLOUDABI_LOCK_WRLOCKED) != 0);
  CHECK_OK(CALL(LOCK_UNLOCK, &lock, 4711));
  CHECK_INT(lock, 0);
  static cond_t cond;
  CHECK_OK(CALL(CONDVAR_SIGNAL, &cond, 1, 4711));
  CHECK_INT(cond, 0);

  /* On a queue: what is added stays. */
  cloudabi_fd_t q, a, b;
  char c;
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_POLL, &q));
  CHECK_OK(cloudabi_sys_fd_create2(CLOUDABI_FILETYPE_SOCKET_STREAM, &a, &b));
  s = (cloudabi_2015_subscription_t){.type = CLOUDABI_EVENTTYPE_FD_WRITE};
  s.flags = table < 2 ? 0 : CLOUDABI_SUBSCRIPTION_ADD;
  s.fd_readwrite.fd = a;
  subscribe(0, s);
  CHECK_OK(CALL(POLL, q, subscriptions, 1, events, 3));
  for (int i = 0; i < 2; i++) {
    CHECK_INT(result[0], 1);
    CHECK_INT(event(0)->type, CLOUDABI_EVENTTYPE_FD_WRITE);
    CHECK_INT(event(0)->fd_readwrite.fd, a);
    CHECK_OK(CALL(POLL, q, NULL, 0, events, 3));
  }
  CHECK_ERR(CALL(POLL, dir, subscriptions, 1, events, 1), CLOUDABI_EBADF);
  CHECK_ERR(CALL(POLL, q, NOWHERE, 1, events, 1), CLOUDABI_EFAULT);
  if (latest) { /* rights had other numbers until May */
    cloudabi_fdstat_t r = {.fs_rights_base = CLOUDABI_RIGHT_POLL_WAIT};
    CHECK_OK(cloudabi_sys_fd_stat_put(q, &r, CLOUDABI_FDSTAT_RIGHTS));
    CHECK_ERR(CALL(POLL, q, subscriptions, 1, events, 1), CLOUDABI_ENOTCAPABLE);
    CHECK_OK(CALL(POLL, q, NULL, 0, events, 1));
  }

  /* Calls behind those that moved. */
  cloudabi_ciovec_t v = {.buf = "x", .buf_len = 1};
  cloudabi_iovec_t w = {.buf = &c, .buf_len = 1};
  cloudabi_2015_send_in_t si = {.si_data = &v, .si_datalen = 1};
  cloudabi_2015_recv_in_t ri = {.ri_data = &w, .ri_datalen = 1};
  cloudabi_send_out_t so = {0};
  cloudabi_2015_recv_out_t ro = {0};
  if (table == 0)
    CHECK_OK(cloudabi_2015_trap(57, a, (uint64_t)&si, (uint64_t)&so, 0, 0, 0, result) ? (cloudabi_errno_t)result[0] : 0);
  else
    CHECK_OK(CALL(SOCK_SEND, a, &si, &so));
  CHECK_INT(so.so_datalen, 1);
  CHECK_OK(CALL(SOCK_RECV, b, &ri, &ro));
  CHECK_INT(ro.ro_datalen, 1);
  CHECK_OK(CALL(RANDOM_GET, &c, 1));
  CHECK_OK(CALL(THREAD_YIELD));
}

/* What is waited for takes memory; there is none left. */
static void exhaust(void) {
  void *p;
  cloudabi_errno_t e = 0;
  for (int i = 0; i < 100000 && e == 0; i++)
    if ((e = cloudabi_sys_mem_map(NULL, 65536, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE, CLOUDABI_MAP_ANON | CLOUDABI_MAP_PRIVATE, CLOUDABI_MAP_ANON_FD, 0, &p)) == 0)
      for (int j = 0; j < 16; j++)
        ((volatile char *)p)[j * 4096] = 1;
  CHECK_ERR(e, CLOUDABI_ENOMEM);
  CHECK_ERR(once(subscriptions, MANY, events, 1), CLOUDABI_ENOMEM);
}

/* ---- start ---- */

/* The argument: the sequence's bytes in one piece, or cut at their NULs. */
static void look_at(const char *s, size_t n) {
  for (size_t i = 0; i + 1 < n; i++)
    if (s[i] == 'G' && s[i + 1] >= '0' && s[i + 1] <= '2')
      table = s[i + 1] - '0';
}

static void from_strings(const uint64_t *stack) {
  uint64_t argc = stack[0];
  const uint64_t *p = stack + 1;
  for (; *p != 0; p++, argc--)
    look_at((const char *)*p, strlen((const char *)*p));
  CHECK_INT(argc, 0);
  for (p++; *p != 0; p++)
    ; /* the environment */
  uint64_t headers = 0, count = 0;
  for (p++; *p != 0; p += 2) {
    if (*p == CLOUDABI_AT_PHDR)
      headers = p[1];
    if (*p == 5)
      count = p[1];
  }
  CHECK(headers != 0 && count > 0 && count < 20);
}

static void from_structure(const cloudabi_startup_data_t *d) {
  look_at(d->sd_arg, d->sd_arglen);
  CHECK(d->sd_elf_phdr != NULL && d->sd_elf_phdrlen > 0 && d->sd_elf_phdrlen < 20);
  CHECK(d->sd_thread_id >= 2 && d->sd_thread_id < 1u << 30);
  CHECK(d->sd_ncpus >= 1);
  CHECK_INT(d->sd_pagesize, 4096);
}

static void from_vector(const cloudabi_auxv_t *a) {
  const char *data = NULL;
  size_t n = 0;
  for (; a->a_type != CLOUDABI_AT_NULL; a++) {
    if (a->a_type == CLOUDABI_AT_ARGDATA)
      data = (const char *)a->a_val;
    if (a->a_type == CLOUDABI_AT_ARGDATALEN)
      n = a->a_val;
  }
  look_at(data, n);
  latest = true;
}

__attribute__((used)) void _start(const void *first, size_t second) {
  check_log(0);
  if (second == sizeof(cloudabi_startup_data_t))
    from_structure(first);
  else if (*(const uint32_t *)first == CLOUDABI_AT_ARGDATA)
    from_vector(first);
  else
    from_strings(first);
  if (table < 0)
    check_fail(__FILE__, __LINE__, "no table is given");
  else {
    polls(1);
    exhaust();
  }
  leave(check_result());
}
