/* What a program finds at its start: auxiliary vector, argument data,
 * zeroed memory, thread-local storage, alignment.
 * Further arguments: {number: int 42, text: str "h\xc3\xa9", list: [1, -2, null, true]}. */
#include "begin.h"

static char zeroed[10000];
static int initialised[3] = {1, 2, 3};
static int *pointer = &initialised[1]; /* needs the program's own relocation in a PIE */
static _Thread_local int tls_data = 7;
static _Thread_local int tls_zero;
static _Thread_local _Alignas(64) char tls_aligned[64];

static void arguments(const struct arg *args) {
  int64_t n;
  const char *s;
  size_t len;
  struct arg list, e;
  CHECK(arg_int(args, "number", &n) && n == 42);
  CHECK(arg_str(args, "text", &s, &len) && len == 3 && memcmp(s, "h\xc3\xa9", 3) == 0);
  CHECK(arg_get(args, "list", &list) && arg_type(&list) == ARG_SEQ);
  struct arg_iter it = arg_each(&list);
  CHECK(arg_next(&it, &e) && arg_as_int(&e, &n) && n == 1);
  CHECK(arg_next(&it, &e) && arg_as_int(&e, &n) && n == -2);
  CHECK(arg_next(&it, &e) && arg_type(&e) == ARG_NULL);
  CHECK(arg_next(&it, &e) && arg_type(&e) == ARG_BOOL && e.len == 2);
  CHECK(!arg_next(&it, &e));
}

static void auxiliary_vector(void) {
  uint64_t v, len;
  CHECK(guest_auxv(CLOUDABI_AT_PAGESZ, &v) && v == 4096);
  CHECK(guest_auxv(CLOUDABI_AT_TID, &v) && v >= 2 && v < 1u << 30);
  CHECK(guest_auxv(CLOUDABI_AT_NCPUS, &v) && v >= 1);
  CHECK(guest_auxv(CLOUDABI_AT_PHNUM, &v) && v >= 1);
  CHECK(guest_auxv(CLOUDABI_AT_PHDR, &v) && v != 0);
  if (guest_auxv(CLOUDABI_AT_CANARY, &v) && guest_auxv(CLOUDABI_AT_CANARYLEN, &len)) {
    uint8_t any = 0;
    for (uint64_t i = 0; i < len; i++)
      any |= ((const uint8_t *)v)[i];
    CHECK_INT(len, 64);
    CHECK(any != 0);
  } else {
    CHECK(!"canary");
  }
#ifndef GUEST_2015
  CHECK(guest_auxv(CLOUDABI_AT_SYSINFO_EHDR, &v) && memcmp((const void *)v, "\x7f""ELF", 4) == 0);
  CHECK(guest_auxv(CLOUDABI_AT_PID, &v));
  const uint8_t *pid = (const uint8_t *)v;
  CHECK_INT(pid[6] >> 4, 4);
  CHECK_INT(pid[8] >> 6, 2);
#endif
}

int guest_main(const struct arg *args) {
  begin(args);
  arguments(args);
  auxiliary_vector();
  for (size_t i = 0; i < sizeof zeroed; i++)
    CHECK(zeroed[i] == 0);
  CHECK_INT(*pointer, 2);
  CHECK_INT(tls_data, 7);
  CHECK_INT(tls_zero, 0);
  CHECK_INT((uintptr_t)tls_aligned % 64, 0);
  tls_data = tls_zero = 9;
  CHECK_INT(tls_data + tls_zero, 18);
  _Alignas(16) volatile char local[16];
  CHECK_INT((uintptr_t)local % 16, 0);
  return check_result();
}
