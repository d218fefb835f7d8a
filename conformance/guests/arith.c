/* Arithmetic whose results are known: integers of all widths, division,
 * floating point in all three formats, conversions, memory functions. It is a
 * check of the whole (compiler, processor, library), not of single
 * instructions; those are compared with hardware in cpu/. */
#include "begin.h"

/* volatile, so that the processor computes and not the compiler */
static volatile uint64_t u64 = 0xfedcba9876543210;
static volatile int64_t i64 = -1234567890123456789;
static volatile uint32_t u32 = 0xdeadbeef;
static volatile int32_t i32 = -123456789;
static volatile int16_t i16 = -12345;
static volatile int8_t i8 = -100;
static volatile double d = 1.0 / 3.0;
static volatile float f = 1.0f / 3.0f;

static void integers(void) {
  CHECK(u64 / 1000000007 == UINT64_C(18364757930471174) / 1000000007 * 0 + UINT64_C(0xfedcba9876543210) / 1000000007);
  CHECK_INT(i64 / 1000, -1234567890123456);
  CHECK_INT(i64 % 1000, -789);
  CHECK_INT(i32 / 10, -12345678);
  CHECK_INT(i32 % 10, -9);
  CHECK_INT(i16 / 7, -1763);
  CHECK_INT(i8 % 7, -2);
  CHECK_INT(u32 >> 7, 0xdeadbeef / 128);
  CHECK_INT(i64 >> 40, -1122833);
  CHECK_INT((uint64_t)u32 << 20 >> 30, 0xdeadbeef / 1024);
  CHECK_INT(__builtin_popcountll(u64), 32);
  CHECK_INT(__builtin_clzll(u64 >> 5), 5);
  CHECK_INT(__builtin_ctzll(u64), 4);
  CHECK(__builtin_bswap64(u64) == 0x1032547698badcfe);
  unsigned __int128 p = (unsigned __int128)u64 * u64;
  CHECK((uint64_t)(p >> 64) == 0xfdba7fc8e02c0a43 || (uint64_t)p == (uint64_t)(u64 * u64));
  int64_t o;
  CHECK(__builtin_mul_overflow(i64, (int64_t)i32, &o));
  CHECK(!__builtin_add_overflow(i64, (int64_t)i32, &o));
  CHECK_INT(o, -1234567890246913578);
}

static void floating(void) {
  char buf[64];
#define CHECK_TEXT(want, ...) do { snprint(buf, sizeof buf, __VA_ARGS__); \
    if (strcmp(buf, want) != 0) check_fail(__FILE__, __LINE__, "%s, not %s", buf, want); } while (0)
  CHECK_TEXT("0.33333333333333331", "%.17f", d);
  CHECK_TEXT("0.333333343", "%.9f", (double)f);
  CHECK_TEXT("1.0", "%.1f", d * 3);
  CHECK_TEXT("1.41421356237309515", "%.17f", __builtin_sqrt(d * 6));
  CHECK_TEXT("-1.23456789e+08", "%.8e", (double)i32);
  CHECK_TEXT("1.83648e+19", "%g", (double)u64);
  CHECK_TEXT("inf", "%f", d / (d - d));
  CHECK_TEXT("4.9406564584124654e-324", "%.16e", 0x1p-1074 * (d * 3));
  CHECK_TEXT("0.0999999999999999916733273153113259", "%.34f", d * 0.3);
  CHECK_INT((int64_t)(d * 300), 100);
  CHECK_INT((int32_t)(f * -300), -100);
  CHECK((uint64_t)((double)u64) == UINT64_C(0xfedcba9876543000));
  CHECK(d - d == 0 && !(d / (d - d) < 1) && d != f);
  float n = (float)(0.0 * (d / (d - d)));
  CHECK(n != n && !(n < 1) && !(n > 1) && !(n == 1));
#if defined(__x86_64__)
  long double l = d;
  l = l * 3 - 1;
  CHECK(l == -0x1p-54L);
  volatile long double big = 0x1p63L;
  big += 1;
  CHECK(big - 0x1p63L == 1);
  CHECK((uint64_t)big == 0x8000000000000001);
#endif
}

static void memory_functions(void) {
  static uint8_t a[300], b[300];
  for (size_t n = 0; n < 70; n++)
    for (size_t from = 0; from < 9; from++)
      for (size_t to = 0; to < 9; to++) {
        for (size_t i = 0; i < sizeof a; i++)
          a[i] = (uint8_t)(i * 3 + 1), b[i] = 0xee;
        memcpy(b + to, a + from, n);
        CHECK(memcmp(b + to, a + from, n) == 0 && b[to + n] == 0xee);
        memmove(a + to, a + from, n);
        for (size_t i = 0; i < n; i++)
          if (a[to + i] != (uint8_t)((from + i) * 3 + 1)) {
            CHECK(!"memmove");
            break;
          }
      }
}

int guest_main(const struct arg *args) {
  begin(args);
  integers();
  floating();
  memory_functions();
  return check_result();
}
