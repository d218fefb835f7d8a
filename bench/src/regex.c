/* Regular expressions by backtracking over text. n: rounds. */
#include "bench.h"
const uint64_t bench_default = 130000;

static int one(const char *re, char c, int *len) {
  if (*re == '[') {
    int found = 0, i = 1;
    for (; re[i] != ']'; i++)
      if (re[i + 1] == '-' && re[i + 2] != ']') {
        found |= c >= re[i] && c <= re[i + 2];
        i += 2;
      } else
        found |= c == re[i];
    *len = i + 1;
    return found && c != '\0';
  }
  *len = 1;
  return c != '\0' && (*re == '.' || *re == c);
}

static const char *match(const char *re, const char *s) {
  for (;;) {
    if (*re == '\0')
      return s;
    if (*re == '$' && re[1] == '\0')
      return *s == '\0' ? s : NULL;
    int len, yes = one(re, *s, &len);
    const char *rest = re + len;
    if (*rest == '*' || *rest == '+') {
      const char *p = s, *end;
      int skip;
      while (one(re, *p, &skip))
        p++;
      for (const char *least = *rest == '+' ? s + 1 : s; p >= least; p--)
        if ((end = match(rest + 1, p)) != NULL)
          return end;
      return NULL;
    }
    if (*rest == '?') {
      const char *end = yes ? match(rest + 1, s + 1) : NULL;
      if (end != NULL)
        return end;
      re = rest + 1;
      continue;
    }
    if (!yes)
      return NULL;
    re = rest, s++;
  }
}

uint64_t bench(uint64_t n) {
  static const char *const list[] = {"[a-z]+@[a-z.]+", "[0-9]+-[0-9]+-[0-9]+", "h.*o.*w", "x?y?z?ab", "[A-Z][a-z]*ing", "[a-z ]*end$"};
  static const char text[] = "hello world, write to somebody@example.org by 2020-11-22 or Nothing will be Running xyab until the very end";
  uint64_t sum = 0;
  for (uint64_t r = 0; r < n; r++)
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
      for (const char *s = text + r % 5; *s != '\0'; s++) {
        const char *end = match(list[i], s);
        if (end != NULL) {
          sum = mix(sum, (uint64_t)((s - text) << 8 | (end - s)));
          break;
        }
      }
  return sum;
}
