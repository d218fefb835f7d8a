/* What a core is rated by: a list that is searched, merged and sorted, a small
 * matrix, and a state machine, each folded into a checksum. n: rounds. */
#include "bench.h"
const uint64_t bench_default = 55000;

struct node { struct node *next; int16_t key, data; };
static struct node pool[128];

static uint16_t crc(uint16_t c, uint16_t v) {
  for (int i = 0; i < 16; i++, v >>= 1)
    c = (uint16_t)(((c ^ v) & 1) != 0 ? c >> 1 ^ 0xa001 : c >> 1);
  return c;
}

static int by_key(const struct node *a, const struct node *b) { return a->key - b->key; }
static int by_data(const struct node *a, const struct node *b) { return a->data - b->data; }

/* Merge sort from the bottom up. */
static struct node *sort(struct node *list, int (*compare)(const struct node *, const struct node *)) {
  for (int size = 1;; size *= 2) {
    struct node *p = list, *head = NULL, **tail = &head;
    int merges = 0;
    while (p != NULL) {
      struct node *q = p;
      int left = 0, right = size;
      for (merges++; left < size && q != NULL; left++)
        q = q->next;
      while (left > 0 || (right > 0 && q != NULL)) {
        int take_left = left > 0 && (right == 0 || q == NULL || compare(p, q) <= 0);
        struct node **from = take_left ? &p : &q;
        *tail = *from, tail = &(*from)->next, *from = (*from)->next;
        *(take_left ? &left : &right) -= 1;
      }
      p = q;
    }
    *tail = NULL;
    list = head;
    if (merges <= 1)
      return list;
  }
}

static uint16_t lists(uint64_t seed, uint16_t c) {
  for (int i = 0; i < 128; i++)
    pool[i] = (struct node){i < 127 ? &pool[i + 1] : NULL, (int16_t)i, (int16_t)(next_random(&seed) & 0x3ff)};
  struct node *list = sort(pool, by_data);
  for (int i = 0; i < 10; i++)
    for (struct node *p = list; p != NULL; p = p->next)
      if (p->key == i * 12) {
        c = crc(c, (uint16_t)p->data);
        break;
      }
  for (struct node *p = list; p != NULL && p->next != NULL; p = p->next)
    p->data ^= p->next->data & 7;
  list = sort(list, by_key);
  return crc(c, (uint16_t)list->next->data);
}

enum { N = 12 };
static int16_t a[N][N], b[N][N];
static int32_t product[N][N];

static uint16_t matrix(int16_t seed, uint16_t c) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      a[i][j] = (int16_t)(seed + i * j), b[i][j] = (int16_t)((seed ^ i) + j);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      int32_t s = 0;
      for (int k = 0; k < N; k++)
        s += a[i][k] * b[k][j];
      product[i][j] = s;
    }
  int32_t sum = 0, last = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      sum += product[i][j] > last ? 10 : (product[i][j] >> 2 & 15) * (product[i][j] >> 5 & 127);
      last = product[i][j];
    }
  return crc(c, (uint16_t)sum);
}

static uint16_t machine(uint64_t seed, uint16_t c) {
  static const char text[] = "+12,5.33,-7e+2,T0.3e-1F,-.5,0x17,9..3,";
  uint16_t count[4] = {0};
  int state = 0;
  for (const char *p = text + seed % 8; *p != '\0'; p++) {
    int digit = *p >= '0' && *p <= '9';
    switch (state) {
    case 0: state = digit ? 1 : *p == '+' || *p == '-' ? 2 : *p == '.' ? 3 : 0; break;
    case 1: state = digit ? 1 : *p == '.' ? 3 : 0; break;
    case 2: state = digit ? 1 : *p == '.' ? 3 : 0; break;
    default: state = digit ? 3 : *p == 'e' ? 2 : 0; break;
    }
    count[state]++;
  }
  for (int i = 0; i < 4; i++)
    c = crc(c, count[i]);
  return c;
}

uint64_t bench(uint64_t n) {
  uint16_t c = 0xffff;
  for (uint64_t i = 0; i < n; i++) {
    c = lists(88172645463325252u + i, c);
    c = matrix((int16_t)(i & 0xff), c);
    c = machine(i, c);
  }
  return c;
}
