/* A hash table keyed by strings. n: rounds of 20,000 look-ups. */
#include "bench.h"
const uint64_t bench_default = 700;

enum { BUCKETS = 1 << 13, KEYS = 20000 };
struct entry { struct entry *next; uint32_t count; char key[20]; };
static struct entry *table[BUCKETS];

static int make_key(char *s, uint64_t v) {
  int n = 0;
  do s[n++] = (char)('a' + v % 26); while ((v /= 26) != 0);
  s[n] = '\0';
  return n;
}

static struct entry *look_up(const char *key) {
  uint32_t h = 5381;
  for (const char *p = key; *p != '\0'; p++)
    h = h * 33 + (uint8_t)*p;
  struct entry **where = &table[h % BUCKETS], *e;
  for (e = *where; e != NULL; e = e->next) {
    const char *a = e->key, *b = key;
    while (*a == *b && *a != '\0') a++, b++;
    if (*a == *b)
      return e;
  }
  e = bench_alloc(sizeof *e);
  e->next = *where;
  e->count = 0;
  for (int i = 0; (e->key[i] = key[i]) != '\0'; i++)
    ;
  return *where = e;
}

uint64_t bench(uint64_t n) {
  char key[20];
  uint64_t state = 99, sum = 0;
  bench_reset();
  for (int i = 0; i < BUCKETS; i++)
    table[i] = NULL;
  for (uint64_t r = 0; r < n; r++)
    for (int i = 0; i < KEYS; i++) {
      make_key(key, next_random(&state) % 30000 * 7919);
      sum = mix(sum, ++look_up(key)->count);
    }
  return sum;
}
