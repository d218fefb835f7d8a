/* How a program of ours begins: abi/startup.md sections 2 to 6 from the
 * program's side. Nothing here may touch relocated data, thread-local storage
 * or a system call before the step that makes it work. */
#include "internal.h"

static const cloudabi_auxv_t *auxiliary;
static struct arg arguments;

typedef struct { uint32_t type, flags; uint64_t offset, vaddr, paddr, filesz, memsz, align; } program_header;
typedef struct { uint64_t tag, value; } dynamic_entry;
typedef struct { uint64_t offset, info; int64_t addend; } relocation;

enum { PT_DYNAMIC = 2, PT_TLS = 7, PT_GNU_RELRO = 0x6474e552, DT_RELA = 7, DT_RELASZ = 8 };

#if defined(__x86_64__)
enum { RELATIVE = 8 };
#else
enum { RELATIVE = 1027 };
#endif

static const program_header *tls_header;
static uint64_t load_bias;

bool guest_auxv(uint32_t type, uint64_t *value) {
  for (const cloudabi_auxv_t *a = auxiliary; a->a_type != CLOUDABI_AT_NULL; a++)
    if (a->a_type == type) {
      *value = a->a_val;
      return true;
    }
  return false;
}

static uint64_t auxv_or(const cloudabi_auxv_t *a, uint32_t type, uint64_t otherwise) {
  for (; a->a_type != CLOUDABI_AT_NULL; a++)
    if (a->a_type == type)
      return a->a_val;
  return otherwise;
}

/* Applies the program's own relocations. Only the form "base plus addend"
 * occurs in a static program. */
static bool relocate(uint64_t base, const program_header *dynamic) {
  uint64_t rela = 0, size = 0;
  for (const dynamic_entry *d = (const dynamic_entry *)(base + dynamic->vaddr); d->tag != 0; d++) {
    if (d->tag == DT_RELA)
      rela = base + d->value;
    else if (d->tag == DT_RELASZ)
      size = d->value;
  }
  const relocation *r = (const relocation *)rela;
  for (size_t i = 0; i < size / sizeof *r; i++) {
    if ((uint32_t)r[i].info != RELATIVE)
      return false;
    *(uint64_t *)(base + r[i].offset) = base + (uint64_t)r[i].addend;
  }
  return true;
}

static uint64_t round_up(uint64_t n, uint64_t to) { return to > 1 ? (n + to - 1) / to * to : n; }

/* Size of a thread's TLS area, thread control block included, and the largest
 * alignment it needs. */
size_t tls_size(void) {
  size_t image = tls_header == NULL ? 0 : round_up(tls_header->memsz, tls_header->align);
  return image + TCB_AREA + (tls_header == NULL ? 16 : tls_header->align);
}

#if defined(__x86_64__)
/* Variant 2: the image ends at the thread control block. FS designates a cell
 * that holds the block's address; in 2015 the program makes that cell itself. */
void tls_install(void *area) {
  uint64_t align = tls_header == NULL ? 16 : tls_header->align < 16 ? 16 : tls_header->align;
  size_t image = tls_header == NULL ? 0 : round_up(tls_header->memsz, tls_header->align);
  char *tcb = (char *)round_up((uint64_t)area + image, align);
  if (tls_header != NULL) {
    char *start = tcb - image;
    memcpy(start, (const void *)(load_bias + tls_header->vaddr), tls_header->filesz);
    memset(start + tls_header->filesz, 0, image - tls_header->filesz);
  }
#ifdef GUEST_2015
  *(void **)tcb = tcb;
  cloudabi_2015_thread_tcb_set(tcb);
#else
  void *old;
  __asm__("movq %%fs:0, %0" : "=r"(old));
  *(void **)tcb = *(void **)old;
  __asm__ volatile("movq %0, %%fs:0" : : "r"(tcb) : "memory");
#endif
}
#else
/* Variant 1: the image follows a 16-byte area at the thread pointer. */
void tls_install(void *area) {
  uint64_t align = tls_header == NULL ? 16 : tls_header->align < 16 ? 16 : tls_header->align;
  char *tcb = (char *)round_up((uint64_t)area, align);
  if (tls_header != NULL) {
    char *start = (char *)round_up((uint64_t)tcb + 16, tls_header->align);
    memcpy(start, (const void *)(load_bias + tls_header->vaddr), tls_header->filesz);
    memset(start + tls_header->filesz, 0, tls_header->memsz - tls_header->filesz);
  }
#ifdef GUEST_2015
  *(void **)tcb = 0;
#else
  void *old;
  __asm__("mrs %0, tpidr_el0" : "=r"(old));
  *(void **)tcb = *(void **)old;
#endif
  __asm__ volatile("msr tpidr_el0, %0" : : "r"(tcb) : "memory");
}
#endif

_Noreturn void guest_exit(int code) {
  cloudabi_sys_proc_exit((cloudabi_exitcode_t)code);
  __builtin_unreachable();
}

/* The initial thread's TLS. Programs of ours keep little in it. */
static _Alignas(64) char initial_tls[1024];

/* The rest of the start, in a function of its own so that the compiler cannot
 * move an access to thread-local storage before the switch. */
static __attribute__((noinline)) int begin(const cloudabi_auxv_t *auxv) {
  auxiliary = auxv;
  thread_begin_initial((cloudabi_tid_t)auxv_or(auxv, CLOUDABI_AT_TID, 1));
  arguments.bytes = (const uint8_t *)auxv_or(auxv, CLOUDABI_AT_ARGDATA, 0);
  arguments.len = auxv_or(auxv, CLOUDABI_AT_ARGDATALEN, 0);
  return guest_main(&arguments);
}

__attribute__((used)) void _start(const cloudabi_auxv_t *auxv) {
  uint64_t base = auxv_or(auxv, CLOUDABI_AT_BASE, 0);
  const program_header *ph = (const program_header *)auxv_or(auxv, CLOUDABI_AT_PHDR, 0);
  uint64_t count = auxv_or(auxv, CLOUDABI_AT_PHNUM, 0), page = auxv_or(auxv, CLOUDABI_AT_PAGESZ, 1);
  const program_header *tls = NULL, *relro = NULL;
  bool good = true;
  for (uint64_t i = 0; i < count; i++) {
    if (ph[i].type == PT_DYNAMIC)
      good = relocate(base, &ph[i]);
    else if (ph[i].type == PT_TLS)
      tls = &ph[i];
    else if (ph[i].type == PT_GNU_RELRO)
      relro = &ph[i];
  }
  tls_header = tls;
  load_bias = base;
  calls_begin((const void *)auxv_or(auxv, CLOUDABI_AT_SYSINFO_EHDR, 0));
  if (!good)
    cloudabi_sys_proc_exit(127);
  if (relro != NULL) {
    uint64_t start = round_up(base + relro->vaddr, page);
    uint64_t end = (base + relro->vaddr + relro->memsz) / page * page;
    cloudabi_sys_mem_protect((void *)start, end - start, CLOUDABI_PROT_READ);
  }
  tls_install(initial_tls);
  guest_exit(begin(auxv));
}
