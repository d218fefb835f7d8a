/* Reading argument data in place. */
#include "guest.h"

enum arg_type arg_type(const struct arg *a) { return a->len == 0 ? ARG_NULL : (enum arg_type)a->bytes[0]; }

struct arg_iter arg_each(const struct arg *a) {
  if (arg_type(a) != ARG_MAP && arg_type(a) != ARG_SEQ)
    return (struct arg_iter){NULL, NULL};
  return (struct arg_iter){a->bytes + 1, a->bytes + a->len};
}

/* A subfield: its length in base 128, most significant digit first, the last
 * one marked with bit 7, then the node. */
bool arg_next(struct arg_iter *it, struct arg *element) {
  size_t length = 0;
  const uint8_t *p = it->p;
  for (;;) {
    if (p == it->end || length > SIZE_MAX >> 7)
      return false;
    length = length << 7 | (*p & 0x7f);
    if (*p++ & 0x80)
      break;
  }
  if (length > (size_t)(it->end - p))
    return false;
  *element = (struct arg){p, length};
  it->p = p + length;
  return true;
}

bool arg_as_str(const struct arg *a, const char **s, size_t *len) {
  if (arg_type(a) != ARG_STR || a->len < 2 || a->bytes[a->len - 1] != 0)
    return false;
  *s = (const char *)a->bytes + 1;
  *len = a->len - 2;
  return true;
}

bool arg_as_int(const struct arg *a, int64_t *value) {
  if (arg_type(a) != ARG_INT || a->len > 9)
    return false;
  uint64_t v = a->len > 1 && a->bytes[1] >= 0x80 ? UINT64_MAX : 0;
  for (size_t i = 1; i < a->len; i++)
    v = v << 8 | a->bytes[i];
  *value = (int64_t)v;
  return true;
}

bool arg_get(const struct arg *map, const char *key, struct arg *value) {
  *value = (struct arg){NULL, 0};
  if (arg_type(map) != ARG_MAP)
    return false;
  struct arg_iter it = arg_each(map);
  struct arg k;
  while (arg_next(&it, &k)) {
    struct arg v;
    const char *s;
    size_t n;
    if (!arg_next(&it, &v))
      return false;
    if (arg_as_str(&k, &s, &n) && n == strlen(key) && memcmp(s, key, n) == 0) {
      *value = v;
      return true;
    }
  }
  return false;
}

bool arg_fd(const struct arg *map, const char *key, cloudabi_fd_t *fd) {
  struct arg v;
  if (!arg_get(map, key, &v) || arg_type(&v) != ARG_FD || v.len != 5)
    return false;
  *fd = (cloudabi_fd_t)v.bytes[1] << 24 | (cloudabi_fd_t)v.bytes[2] << 16 | (cloudabi_fd_t)v.bytes[3] << 8 | v.bytes[4];
  return true;
}

bool arg_int(const struct arg *map, const char *key, int64_t *value) {
  struct arg v;
  return arg_get(map, key, &v) && arg_as_int(&v, value);
}

bool arg_str(const struct arg *map, const char *key, const char **s, size_t *len) {
  struct arg v;
  return arg_get(map, key, &v) && arg_as_str(&v, s, len);
}
