/* Objects with tables of methods, as C++ compiles them: a tree of expressions
 * that is evaluated, measured and rewritten through virtual calls. n: rounds. */
#include "bench.h"
const uint64_t bench_default = 130000;

struct node;
struct methods {
  int64_t (*value)(const struct node *, const int64_t *);
  int (*size)(const struct node *);
  void (*visit)(struct node *, uint64_t *);
};
struct node { const struct methods *methods; struct node *left, *right; int64_t constant; };

#define VALUE(n, e) ((n)->methods->value((n), (e)))
#define SIZE(n) ((n)->methods->size(n))
#define VISIT(n, s) ((n)->methods->visit((n), (s)))

static int64_t constant_value(const struct node *n, const int64_t *env) { (void)env; return n->constant; }
static int64_t variable_value(const struct node *n, const int64_t *env) { return env[n->constant & 7]; }
static int64_t sum_value(const struct node *n, const int64_t *env) { return (int64_t)((uint64_t)VALUE(n->left, env) + (uint64_t)VALUE(n->right, env)); }
static int64_t product_value(const struct node *n, const int64_t *env) { return (int64_t)((uint64_t)VALUE(n->left, env) * (uint64_t)VALUE(n->right, env)); }
static int64_t least_value(const struct node *n, const int64_t *env) {
  int64_t a = VALUE(n->left, env), b = VALUE(n->right, env);
  return a < b ? a : b;
}
static int64_t choice_value(const struct node *n, const int64_t *env) { return (VALUE(n->left, env) & 1) != 0 ? VALUE(n->right, env) : n->constant; }

static int leaf_size(const struct node *n) { (void)n; return 1; }
static int inner_size(const struct node *n) { return 1 + SIZE(n->left) + SIZE(n->right); }

static void leaf_visit(struct node *n, uint64_t *state) { n->constant += (int64_t)(*state += 3) & 15; }
static void inner_visit(struct node *n, uint64_t *state) {
  struct node *t = n->left;
  VISIT(n->left, state);
  VISIT(n->right, state);
  if ((*state >> 3 & 1) != 0)
    n->left = n->right, n->right = t;
}

static const struct methods classes[] = {
  {constant_value, leaf_size, leaf_visit}, {variable_value, leaf_size, leaf_visit}, {sum_value, inner_size, inner_visit},
  {product_value, inner_size, inner_visit}, {least_value, inner_size, inner_visit}, {choice_value, inner_size, inner_visit},
};

static struct node *build(uint64_t *state, int depth) {
  struct node *n = bench_alloc(sizeof *n);
  uint64_t v = next_random(state);
  *n = (struct node){.constant = (int64_t)(v >> 40)};
  if (depth == 0) {
    n->methods = &classes[v % 2];
    return n;
  }
  n->methods = &classes[2 + v % 4];
  n->left = build(state, depth - 1);
  n->right = build(state, depth - 1);
  return n;
}

uint64_t bench(uint64_t n) {
  uint64_t state = 77, sum = 0;
  int64_t env[8];
  bench_reset();
  struct node *root = build(&state, 10);
  for (int i = 0; i < 8; i++)
    env[i] = i * i;
  for (uint64_t r = 0; r < n; r++) {
    env[r & 7] += (int64_t)r;
    sum = mix(sum, (uint64_t)VALUE(root, env) + (uint64_t)SIZE(root));
    if (r % 16 == 0)
      VISIT(root, &state);
  }
  return sum;
}
