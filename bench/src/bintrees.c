/* Building and walking binary trees: allocation and pointers. n: trees of
 * depth 14. */
#include "bench.h"
const uint64_t bench_default = 5000;

struct node { struct node *left, *right; };
static struct node *unused;

static struct node *new_node(void) {
  struct node *n = unused;
  if (n != NULL) {
    unused = n->left;
    return n;
  }
  return bench_alloc(sizeof *n);
}

static struct node *build(int depth) {
  struct node *n = new_node();
  n->left = depth == 0 ? NULL : build(depth - 1);
  n->right = depth == 0 ? NULL : build(depth - 1);
  return n;
}

static uint64_t count(const struct node *n) { return n == NULL ? 0 : 1 + count(n->left) + count(n->right); }

static void release(struct node *n) {
  if (n == NULL)
    return;
  release(n->left);
  release(n->right);
  n->left = unused;
  unused = n;
}

uint64_t bench(uint64_t n) {
  uint64_t sum = 0;
  bench_reset();
  unused = NULL;
  for (uint64_t i = 0; i < n; i++) {
    struct node *t = build(10 + (int)(i % 5));
    sum = mix(sum, count(t));
    release(t);
  }
  return sum;
}
