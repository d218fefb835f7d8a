/* Records, short strings and calls of small functions, in the proportions of
 * the system programs of the eighties. n: thousands of rounds. */
#include "bench.h"
const uint64_t bench_default = 27000;

enum colour { RED, GREEN, BLUE, WHITE, BLACK };
struct record {
  struct record *next;
  enum colour colour, other;
  int number;
  char name[31];
};

static struct record *head, *spare;
static int global, values[50], grid[50][50];
static char letter;
static char first[31], second[31];

static __attribute__((noinline)) int same(const char *a, const char *b) {
  while (*a == *b && *a != '\0')
    a++, b++;
  return *a - *b;
}

static __attribute__((noinline)) void copy(char *d, const char *s) {
  while ((*d++ = *s++) != '\0') {
  }
}

static __attribute__((noinline)) enum colour choose(enum colour c) {
  switch (c) {
  case RED: return global > 100 ? RED : WHITE;
  case GREEN: return global > 50 ? BLUE : GREEN;
  case BLUE: return BLACK;
  case WHITE: return GREEN;
  case BLACK: return RED;
  }
  return WHITE;
}

static __attribute__((noinline)) void seven(int a, int b, int *out) { *out = a + 2 + b; }

static __attribute__((noinline)) void fill(int *line, int table[50][50], int at, int value) {
  int where = at + 5;
  line[where] = value, line[where + 1] = line[where], line[where + 30] = where;
  for (int i = where; i <= where + 1; i++)
    table[where][i] = where;
  table[where][where - 1] += 1;
  table[where + 20][where] = line[where];
  global = 5;
}

static __attribute__((noinline)) void step(struct record *r) {
  struct record *n = r->next;
  *n = *head;
  r->number = 5;
  n->number = r->number;
  n->next = r->next;
  if (n->colour == RED) {
    n->number = 6;
    n->other = choose(r->other);
    n->next = head->next;
    seven(n->number, 10, &n->number);
  } else
    *r = *n;
}

uint64_t bench(uint64_t n) {
  static struct record one, two;
  head = &one, spare = &two;
  one = (struct record){.next = spare, .colour = RED, .other = BLUE, .number = 40};
  copy(one.name, "RECORDS, THE ONE OF THEM ALL");
  copy(first, "A STRING OF SOME LENGTH, 1");
  uint64_t sum = 0;
  for (uint64_t run = 0; run < n * 1000; run++) {
    letter = 'A' + (char)(run % 3);
    int a = 2, b = 3, c = 0;
    copy(second, "A STRING OF SOME LENGTH, 2");
    second[24 + run % 2] ^= 1;
    enum colour k = same(first, second) > 0 ? GREEN : BLUE;
    while (a < b) {
      c = 5 * a - b;
      seven(a, b, &c);
      a++;
    }
    fill(values, grid, a, c);
    step(head);
    for (char i = 'A'; i <= letter; i++)
      k = choose(k);
    b = b * a + (int)k;
    a = b / (c > 0 ? c : 1);
    sum = mix(sum, (uint64_t)(a + b + one.number + two.number + values[8] + second[25]));
  }
  return sum;
}
