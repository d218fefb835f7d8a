/* Memory: mappings of every kind, protection, and what is refused. */
#include "begin.h"

#define RW (CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE)
#define ANON (CLOUDABI_MAP_ANON | CLOUDABI_MAP_PRIVATE)
#define NOFD CLOUDABI_MAP_ANON_FD
enum { PAGE = 4096 };

static cloudabi_errno_t map(void *addr, size_t len, int prot, int flags, cloudabi_fd_t fd, uint64_t off, void **m) {
  return cloudabi_sys_mem_map(addr, len, (cloudabi_mprot_t)prot, (cloudabi_mflags_t)flags, fd, off, m);
}

static void anonymous(void) {
  char *p;
  CHECK_OK(map(NULL, 3 * PAGE - 1, RW, ANON, NOFD, 0, (void **)&p));
  CHECK_INT((uintptr_t)p % PAGE, 0);
  for (int i = 0; i < 3 * PAGE; i++)
    CHECK(p[i] == 0);
  memset(p, 'x', 3 * PAGE);
  /* A hole in the middle; the pages at its sides stay. */
  CHECK_OK(cloudabi_sys_mem_unmap(p + PAGE, PAGE));
  CHECK(p[0] == 'x' && p[2 * PAGE] == 'x');
  CHECK_ERR(cloudabi_sys_random_get(p + PAGE, 1), CLOUDABI_EFAULT);
  void *q;
  CHECK_OK(map(p + PAGE, PAGE, RW, ANON | CLOUDABI_MAP_FIXED, NOFD, 0, &q));
  CHECK(q == p + PAGE && *(char *)q == 0);
  /* Fixed replaces what is there. */
  CHECK_OK(map(p, PAGE, RW, ANON | CLOUDABI_MAP_FIXED, NOFD, 0, &q));
  CHECK(q == p && p[0] == 0);
  /* A hint never does. */
  CHECK_OK(map(p, PAGE, RW, ANON, NOFD, 0, &q));
  CHECK(q != p);
  CHECK_OK(cloudabi_sys_mem_unmap(q, PAGE));
  CHECK_OK(cloudabi_sys_mem_unmap(p, 3 * PAGE));
  CHECK_OK(cloudabi_sys_mem_unmap(p, 3 * PAGE)); /* nothing there: fine */
  CHECK_OK(map(NULL, PAGE, 0, ANON, NOFD, 0, &q));
  CHECK_ERR(cloudabi_sys_random_get(q, 1), CLOUDABI_EFAULT);
  CHECK_OK(cloudabi_sys_mem_unmap(q, PAGE));
}

static void refused(void) {
  void *m;
  CHECK_ERR(map(NULL, PAGE, CLOUDABI_PROT_WRITE | CLOUDABI_PROT_EXEC, ANON, NOFD, 0, &m), CLOUDABI_ENOTSUP);
  CHECK_ERR(map(NULL, PAGE, 8, ANON, NOFD, 0, &m), CLOUDABI_ENOTSUP);
  CHECK_ERR(map(NULL, 0, RW, ANON, NOFD, 0, &m), CLOUDABI_EINVAL);
  CHECK_ERR(map(NULL, PAGE, RW, ANON | CLOUDABI_MAP_SHARED, NOFD, 0, &m), CLOUDABI_EINVAL);
  CHECK_ERR(map(NULL, PAGE, RW, ANON, 3, 0, &m), CLOUDABI_EINVAL);
  CHECK_ERR(map(NULL, PAGE, RW, ANON, NOFD, PAGE, &m), CLOUDABI_EINVAL);
  CHECK_ERR(map((void *)0x100001, PAGE, RW, ANON | CLOUDABI_MAP_FIXED, NOFD, 0, &m), CLOUDABI_EINVAL);
  CHECK_ERR(map(NULL, PAGE, RW, ANON | CLOUDABI_MAP_FIXED, NOFD, 0, &m), CLOUDABI_EINVAL);
  CHECK_ERR(map(BEYOND, PAGE, RW, ANON | CLOUDABI_MAP_FIXED, NOFD, 0, &m), CLOUDABI_EINVAL);
  CHECK_ERR(map((void *)0xffffffff000, PAGE * 4, RW, ANON | CLOUDABI_MAP_FIXED, NOFD, 0, &m), CLOUDABI_EINVAL);
  CHECK_ERR(map(NULL, SIZE_MAX, RW, ANON, NOFD, 0, &m), CLOUDABI_ENOMEM);
  CHECK_ERR(map(NULL, SIZE_MAX / 2, RW, ANON, NOFD, 0, &m), CLOUDABI_ENOMEM);
  CHECK_ERR(map(NULL, PAGE, RW, CLOUDABI_MAP_PRIVATE, 1000, 0, &m), CLOUDABI_EBADF);
  CHECK(map(NULL, PAGE, RW, CLOUDABI_MAP_PRIVATE, tmpdir, 0, &m) != 0);
#ifndef GUEST_2015 /* where the stub stores the result itself */
  CHECK_ERR(map(NULL, PAGE, RW, ANON, NOFD, 0, NOWHERE), CLOUDABI_EFAULT);
#endif
}

static void protection(void) {
  char *p = map_pages(4);
  memset(p, 'a', 4 * PAGE);
  CHECK_OK(cloudabi_sys_mem_protect(p + PAGE, PAGE, CLOUDABI_PROT_READ));
  CHECK_INT(p[PAGE], 'a');
  CHECK_ERR(cloudabi_sys_random_get(p + PAGE, 1), CLOUDABI_EFAULT);
  CHECK_ERR(cloudabi_sys_random_get(p + PAGE - 1, 2), CLOUDABI_EFAULT);
  CHECK_OK(cloudabi_sys_mem_protect(p + PAGE, PAGE, RW));
  p[PAGE] = 'b';
  CHECK_ERR(cloudabi_sys_mem_protect(p, PAGE, CLOUDABI_PROT_WRITE | CLOUDABI_PROT_EXEC), CLOUDABI_ENOTSUP);
  CHECK_ERR(cloudabi_sys_mem_protect(p, PAGE, 8), CLOUDABI_ENOTSUP);
  CHECK_ERR(cloudabi_sys_mem_protect(p + 1, PAGE, RW), CLOUDABI_EINVAL);
  /* What a start file computes for a RELRO range inside one page. */
  cloudabi_errno_t e = cloudabi_sys_mem_protect(p + PAGE, (size_t)-PAGE, CLOUDABI_PROT_READ);
  CHECK(e == CLOUDABI_EINVAL || e == CLOUDABI_ENOMEM);
  p[PAGE] = 'c';
  CHECK_OK(cloudabi_sys_mem_unmap(p + 2 * PAGE, PAGE));
  CHECK_ERR(cloudabi_sys_mem_protect(p, 4 * PAGE, CLOUDABI_PROT_READ), CLOUDABI_ENOMEM);
  CHECK_ERR(cloudabi_sys_mem_unmap(p + 1, PAGE), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_mem_unmap(p, 0), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_mem_unmap(p, 4 * PAGE));
}

static void files(void) {
  cloudabi_fd_t f = new_file("mapped");
  size_t n;
  char *s, *p;
  CHECK_OK(write_to(f, "hello", 5, &n));
  CHECK_OK(map(NULL, PAGE, RW, CLOUDABI_MAP_SHARED, f, 0, (void **)&s));
  CHECK_OK(map(NULL, PAGE, RW, CLOUDABI_MAP_PRIVATE, f, 0, (void **)&p));
  CHECK(memcmp(s, "hello\0\0", 7) == 0); /* zeros behind the end of the file */
  CHECK(memcmp(p, "hello\0\0", 7) == 0);
  p[0] = 'J';
  CHECK_INT(s[0], 'h');
  s[1] = 'E';
  char buf[8] = "";
  cloudabi_iovec_t v = {.buf = buf, .buf_len = 8};
  CHECK_OK(cloudabi_sys_mem_sync(s, PAGE, CLOUDABI_MS_SYNC));
  CHECK_OK(cloudabi_sys_fd_pread(f, &v, 1, 0, &n));
  CHECK_INT(n, 5);
  CHECK(memcmp(buf, "hEllo", 5) == 0);
  cloudabi_ciovec_t o = {.buf = "HELLO", .buf_len = 5};
  CHECK_OK(cloudabi_sys_fd_pwrite(f, &o, 1, 0, &n));
  CHECK(memcmp(s, "HELLO", 5) == 0); /* the same bytes, either way */
  CHECK_OK(cloudabi_sys_fd_close(f));
  CHECK_INT(s[4], 'O'); /* a mapping outlives its descriptor */

  CHECK_ERR(cloudabi_sys_mem_sync(s, PAGE, 0), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_mem_sync(s, PAGE, CLOUDABI_MS_SYNC | CLOUDABI_MS_ASYNC), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_mem_sync(s, PAGE, 8 | CLOUDABI_MS_SYNC), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_mem_sync(s + 1, PAGE, CLOUDABI_MS_SYNC), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_mem_sync(s, PAGE, CLOUDABI_MS_ASYNC | CLOUDABI_MS_INVALIDATE));
  CHECK_OK(cloudabi_sys_mem_unmap(s, PAGE));
  CHECK_ERR(cloudabi_sys_mem_sync(s, PAGE, CLOUDABI_MS_SYNC), CLOUDABI_ENOMEM);
  CHECK_OK(cloudabi_sys_mem_unmap(p, PAGE));

  /* A file opened for reading can't be written through a mapping. */
  cloudabi_fdstat_t want = {.fs_rights_base = CLOUDABI_RIGHT_FD_READ | CLOUDABI_RIGHT_FD_SEEK | CLOUDABI_RIGHT_MEM_MAP};
  CHECK_OK(cloudabi_sys_file_open(at(tmpdir), P("mapped"), 0, &want, &f));
  CHECK_ERR(map(NULL, PAGE, RW, CLOUDABI_MAP_SHARED, f, 0, (void **)&s), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(map(NULL, PAGE, CLOUDABI_PROT_READ, CLOUDABI_MAP_SHARED, f, 0, (void **)&s));
  CHECK_ERR(cloudabi_sys_mem_protect(s, PAGE, RW), CLOUDABI_EACCES);
  CHECK_OK(cloudabi_sys_mem_unmap(s, PAGE));
  CHECK_ERR(map(NULL, PAGE, CLOUDABI_PROT_READ | CLOUDABI_PROT_EXEC, CLOUDABI_MAP_PRIVATE, f, 0, (void **)&s), CLOUDABI_ENOTCAPABLE);
  CHECK_OK(cloudabi_sys_fd_close(f));
}

static void shared_memory(void) {
  cloudabi_fd_t fd;
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SHARED_MEMORY, &fd));
  cloudabi_filestat_t st = {.st_size = 2 * PAGE};
  CHECK_OK(cloudabi_sys_file_stat_fput(fd, &st, CLOUDABI_FILESTAT_SIZE));
  char *a, *b;
  CHECK_OK(map(NULL, 2 * PAGE, RW, CLOUDABI_MAP_SHARED, fd, 0, (void **)&a));
  CHECK_OK(map(NULL, PAGE, RW, CLOUDABI_MAP_SHARED, fd, PAGE, (void **)&b));
  a[PAGE + 5] = 'z';
  CHECK_INT(b[5], 'z');
  b[6] = 'y';
  CHECK_INT(a[PAGE + 6], 'y');
  CHECK_OK(cloudabi_sys_fd_close(fd));
  CHECK_OK(cloudabi_sys_mem_unmap(a, 2 * PAGE));
  CHECK_INT(b[5], 'z');
  CHECK_OK(cloudabi_sys_mem_unmap(b, PAGE));
}

static void advice(void) {
  char *p = map_pages(1);
  static const cloudabi_advice_t good[] = {
    CLOUDABI_ADVICE_NORMAL, CLOUDABI_ADVICE_RANDOM, CLOUDABI_ADVICE_SEQUENTIAL, CLOUDABI_ADVICE_WILLNEED, CLOUDABI_ADVICE_DONTNEED,
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    CHECK_OK(cloudabi_sys_mem_advise(p, PAGE, good[i]));
  CHECK_ERR(cloudabi_sys_mem_advise(p, PAGE, CLOUDABI_ADVICE_NOREUSE), CLOUDABI_EINVAL);
  CHECK_ERR(cloudabi_sys_mem_advise(p, PAGE, 99), CLOUDABI_EINVAL);
  CHECK_OK(cloudabi_sys_mem_unmap(p, PAGE));
  CHECK_ERR(cloudabi_sys_mem_advise(p, PAGE, CLOUDABI_ADVICE_NORMAL), CLOUDABI_ENOMEM);
}

/* Code made at run time: written, then made executable, changed, run again. */
static void code(void) {
#if defined(__x86_64__)
  static const uint8_t one[] = {0xb8, 1, 0, 0, 0, 0xc3}, two[] = {0xb8, 2, 0, 0, 0, 0xc3};
#else
  static const uint8_t one[] = {0x20, 0, 0x80, 0x52, 0xc0, 3, 0x5f, 0xd6}, two[] = {0x40, 0, 0x80, 0x52, 0xc0, 3, 0x5f, 0xd6};
#endif
  char *p = map_pages(1);
  int (*f)(void) = (int (*)(void))p;
  memcpy(p, one, sizeof one);
  __builtin___clear_cache(p, p + PAGE);
  CHECK_OK(cloudabi_sys_mem_protect(p, PAGE, CLOUDABI_PROT_READ | CLOUDABI_PROT_EXEC));
  for (int i = 0; i < 100; i++)
    CHECK_INT(f(), 1);
  CHECK_OK(cloudabi_sys_mem_protect(p, PAGE, RW));
  memcpy(p, two, sizeof two);
  __builtin___clear_cache(p, p + PAGE);
  CHECK_OK(cloudabi_sys_mem_protect(p, PAGE, CLOUDABI_PROT_READ | CLOUDABI_PROT_EXEC));
  CHECK_INT(f(), 2);
  CHECK_OK(cloudabi_sys_mem_unmap(p, PAGE));

  /* The same through two mappings of one object: no call in between. */
  cloudabi_fd_t fd;
  CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SHARED_MEMORY, &fd));
  cloudabi_filestat_t st = {.st_size = PAGE};
  CHECK_OK(cloudabi_sys_file_stat_fput(fd, &st, CLOUDABI_FILESTAT_SIZE));
  char *w, *x;
  CHECK_OK(map(NULL, PAGE, RW, CLOUDABI_MAP_SHARED, fd, 0, (void **)&w));
  CHECK_OK(map(NULL, PAGE, CLOUDABI_PROT_READ | CLOUDABI_PROT_EXEC, CLOUDABI_MAP_SHARED, fd, 0, (void **)&x));
  f = (int (*)(void))x;
  for (int i = 0; i < 10; i++) {
    memcpy(w, i % 2 == 0 ? one : two, sizeof one);
    __builtin___clear_cache(x, x + PAGE);
    CHECK_INT(f(), i % 2 + 1);
  }
}

int guest_main(const struct arg *args) {
  begin(args);
  anonymous();
  refused();
  protection();
  files();
  shared_memory();
  advice();
  code();
  return check_result();
}
