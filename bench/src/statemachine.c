/* Lists, a state machine and a checksum over them: small branchy functions of
 * the kind that embedded suites measure. n: rounds. */
#include "bench.h"
const uint64_t bench_default = 1000000;

struct item { struct item *next; int16_t value, index; };
static struct item items[200];

static struct item *reverse(struct item *l) {
  struct item *r = NULL;
  while (l != NULL) {
    struct item *next = l->next;
    l->next = r;
    r = l, l = next;
  }
  return r;
}

static struct item *find(struct item *l, int16_t value) {
  while (l != NULL && (l->value & 0xff) != value)
    l = l->next;
  return l;
}

static uint16_t crc(uint16_t c, uint8_t byte) {
  for (int i = 0; i < 8; i++, byte >>= 1)
    c = (uint16_t)(((c ^ byte) & 1) != 0 ? c >> 1 ^ 0xa001 : c >> 1);
  return c;
}

/* Recognises numbers: integers, fractions, exponents. */
static int classify(const char **p) {
  enum { START, SIGN, INT, POINT, FRACTION, EXP, EXPSIGN, SCIENCE, INVALID } s = START;
  for (; **p != '\0' && **p != ','; ++*p) {
    char c = **p;
    int digit = c >= '0' && c <= '9';
    switch (s) {
    case START: s = digit ? INT : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID; break;
    case SIGN: s = digit ? INT : c == '.' ? POINT : INVALID; break;
    case INT: s = digit ? INT : c == '.' ? FRACTION : c == 'e' ? EXP : INVALID; break;
    case POINT: case FRACTION: s = digit ? FRACTION : c == 'e' && s == FRACTION ? EXP : INVALID; break;
    case EXP: s = digit ? SCIENCE : c == '+' || c == '-' ? EXPSIGN : INVALID; break;
    case EXPSIGN: case SCIENCE: s = digit ? SCIENCE : INVALID; break;
    case INVALID: break;
    }
  }
  if (**p == ',')
    ++*p;
  return s;
}

uint64_t bench(uint64_t n) {
  static const char text[] = "5012,-1.5,+0.25e10,.5,12x,7e-3,--2,1.2.3,99999,e5,+.1,3e,4e+5,";
  for (int i = 0; i < 200; i++)
    items[i] = (struct item){i + 1 < 200 ? &items[i + 1] : NULL, (int16_t)(i * 37), (int16_t)i};
  struct item *list = items;
  uint16_t c = 0xffff;
  for (uint64_t r = 0; r < n; r++) {
    list = reverse(list);
    struct item *f = find(list, (int16_t)(r & 0xff));
    c = crc(c, f == NULL ? 0 : (uint8_t)f->index);
    for (const char *p = text; *p != '\0'; )
      c = crc(c, (uint8_t)classify(&p));
  }
  return c;
}
