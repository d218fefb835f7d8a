/* The checks of the conformance guests. */
#include "guest.h"

_Atomic int check_failures;
static cloudabi_fd_t log_fd = (cloudabi_fd_t)-1;

void check_log(cloudabi_fd_t fd) { log_fd = fd; }

void check_fail(const char *file, int line, const char *format, ...) {
  char text[512];
  int n = snprint(text, sizeof text, "%s:%d: ", file, line);
  va_list ap;
  va_start(ap, format);
  n += vsnprint(text + n, sizeof text - (size_t)n - 1, format, ap);
  va_end(ap);
  if ((size_t)n > sizeof text - 2)
    n = sizeof text - 2;
  text[n++] = '\n';
  write_all(log_fd, text, (size_t)n);
  __c11_atomic_fetch_add(&check_failures, 1, __ATOMIC_RELAXED);
}

void check_errno(const char *file, int line, const char *what, cloudabi_errno_t got, cloudabi_errno_t want) {
  if (got != want)
    check_fail(file, line, "%s is %s, not %s", what, errno_name(got), errno_name(want));
}

const char *errno_name(cloudabi_errno_t e) {
  switch (e) {
#define CASE(name) case CLOUDABI_##name: return #name;
    CLOUDABI_ERRNOS(CASE)
  }
  return "an unknown error";
}

int check_result(void) { return __c11_atomic_load(&check_failures, __ATOMIC_RELAXED) == 0 ? 0 : 1; }
