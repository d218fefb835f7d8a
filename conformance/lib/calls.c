/* How a program of the last generation reaches the system: it looks all calls
 * up in the vDSO once and jumps through a table from then on. */
#include "internal.h"
#include "cloudabi_2015.h"

#ifdef GUEST_2015

void calls_begin(const void *vdso) { (void)vdso; }

#else

/* One that the last generation does not have any more is there as well: a system
 * that has it lets a program take connections from a listening socket; elsewhere
 * it answers ENOSYS. A program that knew all of them would be one of before. */
#define ALL_CALLS(X) CLOUDABI_CALLS(X) X(sock_accept)

#define ENTRY(name) CALL_##name,
enum { ALL_CALLS(ENTRY) CALL_COUNT };

/* The table; hidden, so that the stubs reach it relative to the program
 * counter. */
__attribute__((visibility("hidden"))) void *guest_calls[CALL_COUNT];

#define NAME(name) #name,
static const char *const names[] = {ALL_CALLS(NAME)};

static cloudabi_errno_t absent(void) { return CLOUDABI_ENOSYS; }

/* A stub a call: jumps to the table's entry with all arguments where they are. */
#if defined(__x86_64__)
#define STUB(name) \
  __asm__(".pushsection .text.cloudabi_sys_" #name ",\"ax\",@progbits\n" \
          ".globl cloudabi_sys_" #name "\n.type cloudabi_sys_" #name ",@function\n" \
          "cloudabi_sys_" #name ":\n  jmpq *guest_calls+8*call_" #name "(%rip)\n" \
          ".size cloudabi_sys_" #name ", .-cloudabi_sys_" #name "\n.popsection");
#else
#define STUB(name) \
  __asm__(".pushsection .text.cloudabi_sys_" #name ",\"ax\",@progbits\n" \
          ".globl cloudabi_sys_" #name "\n.type cloudabi_sys_" #name ",@function\n.p2align 2\n" \
          "cloudabi_sys_" #name ":\n  adrp x16, guest_calls+8*call_" #name "\n" \
          "  ldr x16, [x16, :lo12:guest_calls+8*call_" #name "]\n  br x16\n" \
          ".size cloudabi_sys_" #name ", .-cloudabi_sys_" #name "\n.popsection");
#endif

/* The assembler counts the entries in the order of the list. */
__asm__(".set call_next, 0");
#define NUMBER(name) __asm__(".set call_" #name ", call_next\n.set call_next, call_next+1");
ALL_CALLS(NUMBER)
ALL_CALLS(STUB)

typedef struct { char ident[32]; uint64_t phoff; char rest[16]; uint16_t phentsize, phnum; } elf_header;
typedef struct { uint32_t type, flags; uint64_t offset, vaddr, paddr, filesz, memsz, align; } program_header;
typedef struct { uint64_t tag, value; } dynamic_entry;
typedef struct { uint32_t name; uint8_t info, other; uint16_t section; uint64_t value, size; } symbol;

enum { PT_DYNAMIC = 2, DT_HASH = 4, DT_STRTAB = 5, DT_SYMTAB = 6, GLOBAL_FUNCTION = 1 << 4 | 2 };

static void enter(const char *name, void *function) {
  static const char prefix[] = "cloudabi_sys_";
  if (strncmp(name, prefix, sizeof prefix - 1) != 0)
    return;
  for (int i = 0; i < CALL_COUNT; i++)
    if (strcmp(names[i], name + sizeof prefix - 1) == 0)
      guest_calls[i] = function;
}

void calls_begin(const void *vdso) {
  for (int i = 0; i < CALL_COUNT; i++)
    guest_calls[i] = (void *)absent;
  if (vdso == NULL)
    return;
  const char *base = vdso;
  const elf_header *header = vdso;
  const program_header *ph = (const program_header *)(base + header->phoff);
  for (int i = 0; i < header->phnum; i++) {
    if (ph[i].type != PT_DYNAMIC)
      continue;
    const uint32_t *hash = NULL;
    const char *strings = NULL;
    const symbol *symbols = NULL;
    for (const dynamic_entry *d = (const dynamic_entry *)(base + ph[i].vaddr); d->tag != 0; d++) {
      if (d->tag == DT_HASH) hash = (const uint32_t *)(base + d->value);
      else if (d->tag == DT_STRTAB) strings = base + d->value;
      else if (d->tag == DT_SYMTAB) symbols = (const symbol *)(base + d->value);
    }
    if (hash == NULL || strings == NULL || symbols == NULL)
      return;
    for (uint32_t s = 0; s < hash[1]; s++)
      if (symbols[s].info == GLOBAL_FUNCTION && symbols[s].other == 0 && symbols[s].name != 0)
        enter(strings + symbols[s].name, (void *)(base + symbols[s].value));
    return;
  }
}

#endif
