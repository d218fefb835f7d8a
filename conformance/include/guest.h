/*
 * The guest support library: what a small CloudABI program of ours needs, and
 * no more. It stands between the generated headers (cloudabi.h and
 * cloudabi_2015.h, which only declare the ABI) and the programs in guests/,
 * ../examples and ../bench.
 *
 * A program defines guest_main. It is called once, on the initial thread,
 * after relocation, thread-local storage and constructors are in place; what
 * it returns becomes the exit code.
 *
 * The library is built twice, for the last generation (static PIE, calls
 * through the vDSO) and for that of August 2015 (ET_EXEC, direct traps; the
 * macro GUEST_2015 is defined then). Programs see the same functions in both:
 * the C-level calls cloudabi_sys_* of cloudabi.h.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef GUEST_2015
#define CLOUDABI_CALLS_BY_TRAP
#include "cloudabi_2015.h"
#else
#include "cloudabi.h"
#endif

/* ---- program ---- */

struct arg;
int guest_main(const struct arg *args);

_Noreturn void guest_exit(int code);

/* The auxiliary vector's entry of the given type; false if there is none. */
bool guest_auxv(uint32_t type, uint64_t *value);

/* ---- argument data: a node is a run of bytes, see abi/argdata.md ---- */

struct arg {
  const uint8_t *bytes;
  size_t len;
};

enum arg_type {
  ARG_NULL = 0, ARG_BINARY, ARG_BOOL, ARG_FD, ARG_FLOAT, ARG_INT, ARG_MAP, ARG_SEQ, ARG_STR, ARG_TIMESTAMP,
};

enum arg_type arg_type(const struct arg *a);
/* Looks a string key up in a map. A missing key gives a null node and false. */
bool arg_get(const struct arg *map, const char *key, struct arg *value);
bool arg_fd(const struct arg *map, const char *key, cloudabi_fd_t *fd);
bool arg_int(const struct arg *map, const char *key, int64_t *value);
/* The string's bytes in place, without the terminator. */
bool arg_str(const struct arg *map, const char *key, const char **s, size_t *len);
/* Steps through the subfields of a map (key, value, key …) or sequence. */
struct arg_iter { const uint8_t *p, *end; };
struct arg_iter arg_each(const struct arg *a);
bool arg_next(struct arg_iter *it, struct arg *element);
/* A node's own value. */
bool arg_as_int(const struct arg *a, int64_t *value);
bool arg_as_str(const struct arg *a, const char **s, size_t *len);

/* ---- memory and strings ---- */

void *memcpy(void *restrict d, const void *restrict s, size_t n);
void *memmove(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

void *malloc(size_t n);
void *calloc(size_t n, size_t m);
void *realloc(void *p, size_t n);
void free(void *p);

/* ---- formatted output: %d %i %u %x %X %c %s %p %f %e %g %%, with flags - 0
 * + and space, width, precision, * and the sizes hh h l ll z j t; L on x86-64 only ---- */

int vsnprint(char *buf, size_t size, const char *format, va_list ap);
int snprint(char *buf, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int dprint(cloudabi_fd_t fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes all bytes; false if the descriptor refuses. */
bool write_all(cloudabi_fd_t fd, const void *buf, size_t len);
/* Reads until the buffer is full or the end; -1 on error. */
ptrdiff_t read_full(cloudabi_fd_t fd, void *buf, size_t len);

/* Output through a buffer of its own; flush before exit. */
struct writer { cloudabi_fd_t fd; size_t used; char buf[4096]; };
void put(struct writer *w, const void *p, size_t n);
void print(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool flush(struct writer *w);

/* ---- threads and locks, on the lock words of the ABI ---- */

struct thread;
/* Starts a thread with a stack of the given size (0: 64 KiB); NULL with the
 * errno in *error (if not NULL) when refused. */
struct thread *thread_start_size(void (*fn)(void *), void *arg, size_t stack, cloudabi_errno_t *error);
struct thread *thread_start(void (*fn)(void *), void *arg);
/* Waits for the end and frees the thread. */
void thread_join(struct thread *t);
cloudabi_tid_t thread_self(void);

typedef _Atomic uint32_t lock_t;
typedef _Atomic uint32_t cond_t;
void lock_write(lock_t *l);
bool try_lock_write(lock_t *l);
void lock_read(lock_t *l);
void unlock(lock_t *l);
void cond_wait(cond_t *c, lock_t *l);
/* False on timeout; the time is relative, in nanoseconds. */
bool cond_wait_for(cond_t *c, lock_t *l, uint64_t ns);
void cond_signal(cond_t *c);
void cond_broadcast(cond_t *c);
/* The same with scope shared, for words in shared mappings. */
void lock_write_shared(lock_t *l);
void unlock_shared(lock_t *l);

uint64_t clock_now(cloudabi_clockid_t id);
void sleep_ns(uint64_t ns);

/* ---- files, short forms of the calls ---- */

/* Opens a name below dir with the rights it can give; see file.c for modes. */
enum open_mode { OPEN_READ, OPEN_WRITE, OPEN_CREATE, OPEN_DIR };
cloudabi_errno_t open_at(cloudabi_fd_t dir, const char *path, enum open_mode mode, cloudabi_fd_t *fd);

/* ---- checks, for the conformance guests ---- */

/* Number of failed checks so far. */
extern _Atomic int check_failures;
/* Where failures are printed; guest_main of a test sets it first. */
void check_log(cloudabi_fd_t fd);
void check_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
void check_errno(const char *file, int line, const char *what, cloudabi_errno_t got, cloudabi_errno_t want);
const char *errno_name(cloudabi_errno_t e);

#define CHECK(cond) do { if (!(cond)) check_fail(__FILE__, __LINE__, "%s", #cond); } while (0)
#define CHECK_INT(got, want) do { long long g_ = (long long)(got), w_ = (long long)(want); \
  if (g_ != w_) check_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #got, g_, w_); } while (0)
#define CHECK_ERR(call, want) check_errno(__FILE__, __LINE__, #call, (call), (want))
#define CHECK_OK(call) CHECK_ERR(call, 0)
/* The exit code of a conformance guest. */
int check_result(void);

#endif
