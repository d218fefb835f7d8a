/* Ends as it is told. Arguments: {log: fd, how: str, code: int}. */
#include "begin.h"

static volatile int zero;
static volatile intptr_t nowhere = 16;

static void recurse(volatile char *p) {
  volatile char frame[4096];
  frame[0] = *p;
  if (zero == 0) /* always, but the compiler can't know */
    recurse(frame);
  *p = frame[0];
}

static void never(void *arg) {
  (void)arg;
  for (;;)
    cloudabi_sys_thread_yield();
}

#if defined(__x86_64__)
#define ILLEGAL __asm__ volatile("ud2")
#define BREAK __asm__ volatile("int3")
#define DIVIDE __asm__ volatile("xorl %%edx, %%edx; divl %0" : : "r"(zero), "a"(1) : "edx", "cc")
#define NO_STACK __asm__ volatile("movq $16, %%rsp; pushq %%rax" : : : "memory")
#else
#define ILLEGAL __asm__ volatile("udf #0")
#define BREAK __asm__ volatile("brk #0")
#define DIVIDE cloudabi_sys_proc_raise(CLOUDABI_SIGFPE) /* division does not trap here */
#define NO_STACK __asm__ volatile("mov sp, %0; str x0, [sp, #-16]!" : : "r"(16L) : "memory")
#endif

int guest_main(const struct arg *args) {
  begin(args);
  const char *how;
  size_t len;
  int64_t code = 0;
  arg_int(args, "code", &code);
  if (!arg_str(args, "how", &how, &len))
    return 98;
  if (strcmp(how, "return") == 0) return (int)code;
  if (strcmp(how, "exit") == 0) guest_exit((int)code);
  if (strcmp(how, "raise") == 0) CHECK_OK(cloudabi_sys_proc_raise((cloudabi_signal_t)code));
  if (strcmp(how, "raise twice") == 0) {
    CHECK_ERR(cloudabi_sys_proc_raise(99), CLOUDABI_EINVAL);
    CHECK_OK(cloudabi_sys_proc_raise(CLOUDABI_SIGCHLD));
    CHECK_OK(cloudabi_sys_proc_raise(CLOUDABI_SIGCONT));
    CHECK_OK(cloudabi_sys_proc_raise(0));
    return check_result();
  }
  if (strcmp(how, "read") == 0) return *(volatile char *)nowhere;
  if (strcmp(how, "write") == 0) *(volatile char *)nowhere = 1;
  if (strcmp(how, "write code") == 0) *(volatile char *)(intptr_t)guest_main = 1;
  if (strcmp(how, "jump") == 0) ((void (*)(void))nowhere)();
  if (strcmp(how, "execute data") == 0) ((void (*)(void))(intptr_t)map_pages(1))();
  if (strcmp(how, "divide") == 0) DIVIDE;
  if (strcmp(how, "illegal") == 0) ILLEGAL;
  if (strcmp(how, "break") == 0) BREAK;
  if (strcmp(how, "recurse") == 0) { char c = 0; recurse(&c); }
  if (strcmp(how, "no stack") == 0) NO_STACK;
  if (strcmp(how, "unmap stack") == 0) {
    char here;
    char *page = (char *)((uintptr_t)&here & ~(uintptr_t)4095);
    cloudabi_sys_mem_unmap(page - (1 << 20), (1 << 20) + 2 * 4096);
  }
  if (strcmp(how, "unmap all") == 0)
    for (uintptr_t p = 0x10000; p < 0xffff0000; p += 1 << 20)
      cloudabi_sys_mem_unmap((void *)p, 1 << 20);
  if (strcmp(how, "past end") == 0) {
    cloudabi_fd_t fd;
    void *m;
    CHECK_OK(cloudabi_sys_fd_create1(CLOUDABI_FILETYPE_SHARED_MEMORY, &fd));
    CHECK_OK(cloudabi_sys_mem_map(NULL, 4096, CLOUDABI_PROT_READ, CLOUDABI_MAP_SHARED, fd, 0, &m));
    return *(volatile char *)m;
  }
  if (strcmp(how, "thread fault") == 0) {
    thread_start((void (*)(void *))nowhere, NULL);
    for (;;)
      sleep_ns(UINT64_C(1000000000));
  }
  if (strcmp(how, "main leaves") == 0) {
    /* The last thread to end ends the process with code 0. */
    static lock_t l;
    lock_write(&l);
    cloudabi_sys_thread_exit(&l, CLOUDABI_SCOPE_PRIVATE);
  }
  if (strcmp(how, "exit among threads") == 0) {
    for (int i = 0; i < 8; i++)
      thread_start(never, NULL);
    return (int)code;
  }
  if (strcmp(how, "loop") == 0) for (;;) __asm__ volatile("");
  if (strcmp(how, "sleep") == 0) for (;;) sleep_ns(UINT64_C(1) << 62);
  if (strcmp(how, "wait for self") == 0) {
    static lock_t a;
    static cond_t c;
    lock_write(&a);
    cond_wait(&c, &a);
  }
  return 97;
}
