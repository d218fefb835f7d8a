/* clock_res_get, clock_time_get, random_get. */
#include "begin.h"

int guest_main(const struct arg *args) {
  begin(args);
  for (cloudabi_clockid_t id = 1; id <= 4; id++) {
    cloudabi_timestamp_t res = 0, a = 0, b = 0;
    CHECK_OK(cloudabi_sys_clock_res_get(id, &res));
    CHECK(res >= 1 && res <= 1000000000);
    CHECK_OK(cloudabi_sys_clock_time_get(id, 0, &a));
    CHECK_OK(cloudabi_sys_clock_time_get(id, 1000000, &b));
    CHECK(b >= a);
  }
  cloudabi_timestamp_t t;
  CHECK_ERR(cloudabi_sys_clock_res_get(0, &t), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_clock_time_get(5, 0, &t), CLOUDABI_EINVAL);
#ifndef GUEST_2015 /* where the stub stores the result itself */
  CHECK_ERR(cloudabi_sys_clock_time_get(CLOUDABI_CLOCK_MONOTONIC, 0, NOWHERE), CLOUDABI_EFAULT);
#endif

  /* Time passes, and a sleep lasts at least as long as asked for. */
  uint64_t before = clock_now(CLOUDABI_CLOCK_MONOTONIC);
  sleep_ns(2000000);
  CHECK(clock_now(CLOUDABI_CLOCK_MONOTONIC) - before >= 2000000);

  /* CPU time grows with work. */
  uint64_t cpu = clock_now(CLOUDABI_CLOCK_THREAD_CPUTIME_ID);
  volatile unsigned n = 0;
  while (clock_now(CLOUDABI_CLOCK_THREAD_CPUTIME_ID) == cpu && n < 100000000)
    n++;
  CHECK(clock_now(CLOUDABI_CLOCK_THREAD_CPUTIME_ID) > cpu);
  CHECK(clock_now(CLOUDABI_CLOCK_PROCESS_CPUTIME_ID) >= cpu);

  uint8_t a[300] = {0}, b[300] = {0};
  CHECK_OK(cloudabi_sys_random_get(a, sizeof a - 1));
  CHECK_OK(cloudabi_sys_random_get(b, sizeof b - 1));
  CHECK(memcmp(a, b, sizeof a - 1) != 0);
  CHECK_INT(a[299], 0);
  CHECK_OK(cloudabi_sys_random_get(a, 0));
  CHECK_ERR(cloudabi_sys_random_get(NOWHERE, 1), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_random_get(BEYOND, 1), CLOUDABI_EFAULT);
  return check_result();
}
