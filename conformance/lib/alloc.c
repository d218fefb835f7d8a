/* Memory allocation: power-of-two size classes cut from chunks, one lock;
 * large blocks are mappings of their own. Simple, since the programs here are
 * to test the system below them and not an allocator. */
#include "internal.h"

enum { SMALLEST = 5, LARGEST = 17, CHUNK = 1 << 20, HEADER = 16, PAGE = 4096 };

/* In front of every block: its class, or 0 and the length of its mapping. */
struct header {
  uint64_t class, length;
};

struct block {
  struct block *next;
};

static lock_t heap;
static struct block *unused[LARGEST + 1];
static char *chunk, *chunk_end;

static void *map(size_t n) {
  void *p;
  if (cloudabi_sys_mem_map(NULL, n, CLOUDABI_PROT_READ | CLOUDABI_PROT_WRITE, CLOUDABI_MAP_ANON | CLOUDABI_MAP_PRIVATE,
                           CLOUDABI_MAP_ANON_FD, 0, &p) != 0)
    return NULL;
  return p;
}

static void *large(size_t n) {
  if (n > SIZE_MAX - HEADER - PAGE)
    return NULL;
  size_t length = (n + HEADER + PAGE - 1) / PAGE * PAGE;
  struct header *h = map(length);
  if (h == NULL)
    return NULL;
  h->class = 0;
  h->length = length;
  return (char *)h + HEADER;
}

void *malloc(size_t n) {
  unsigned class = SMALLEST;
  while (class <= LARGEST && ((size_t)1 << class) < n + HEADER)
    class++;
  if (class > LARGEST || n > SIZE_MAX - HEADER)
    return large(n);
  lock_write(&heap);
  struct block *b = unused[class];
  if (b != NULL) {
    unused[class] = b->next;
  } else {
    size_t size = (size_t)1 << class;
    if ((size_t)(chunk_end - chunk) < size) {
      chunk = map(CHUNK);
      chunk_end = chunk == NULL ? NULL : chunk + CHUNK;
    }
    if (chunk != NULL) {
      ((struct header *)chunk)->class = class;
      b = (struct block *)(chunk + HEADER);
      chunk += size;
    }
  }
  unlock(&heap);
  return b;
}

void free(void *p) {
  if (p == NULL)
    return;
  struct header *h = (struct header *)((char *)p - HEADER);
  if (h->class == 0) {
    cloudabi_sys_mem_unmap(h, h->length);
    return;
  }
  struct block *b = p;
  lock_write(&heap);
  b->next = unused[h->class];
  unused[h->class] = b;
  unlock(&heap);
}

void *calloc(size_t n, size_t m) {
  size_t total;
  if (__builtin_mul_overflow(n, m, &total))
    return NULL;
  void *p = malloc(total);
  if (p != NULL)
    memset(p, 0, total);
  return p;
}

void *realloc(void *p, size_t n) {
  if (p == NULL)
    return malloc(n);
  struct header *h = (struct header *)((char *)p - HEADER);
  size_t room = (h->class == 0 ? h->length : (size_t)1 << h->class) - HEADER;
  if (n <= room)
    return p;
  void *q = malloc(n);
  if (q != NULL) {
    memcpy(q, p, room);
    free(p);
  }
  return q;
}
