/* grep: prints the lines of all files below a directory that match a pattern.
 *
 * Arguments: {out: fd, dir: fd, pattern: str, ignorecase: bool (default false)}.
 * The pattern knows . [set] [^set] * + ? ^ $ and \ before any of them.
 * Exit code: 0 if a line matched, 1 if none did, 2 on errors.
 *
 * The directory is all the program can see: it has no way to name anything
 * outside of it. */
#include "guest.h"

static struct writer out;
static bool fold, matched, failed;

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static bool same(char a, char b) { return fold ? lower(a) == lower(b) : a == b; }

/* ---- the pattern: one item (a character, a class, or any) at a time ---- */

static const char *item_end(const char *p, const char *end) {
  if (*p == '\\' && p + 1 < end)
    return p + 2;
  if (*p != '[')
    return p + 1;
  const char *q = p + 1;
  if (q < end && *q == '^')
    q++;
  if (q < end)
    q++;
  while (q < end && *q != ']')
    q++;
  return q < end ? q + 1 : end;
}

static bool in_set(const char *p, const char *end, char c) {
  bool negated = *p == '^', found = false;
  for (p += negated; p < end; p++) {
    if (p + 2 < end && p[1] == '-') {
      char x = fold ? lower(c) : c;
      found |= (x >= p[0] && x <= p[2]) || (c >= p[0] && c <= p[2]);
      p += 2;
    } else {
      found |= same(*p, c);
    }
  }
  return found != negated;
}

static bool item_matches(const char *p, const char *end, char c) {
  if (*p == '\\' && end - p == 2)
    return same(p[1], c);
  if (*p == '[' && end - p > 1)
    return in_set(p + 1, end - 1, c);
  return *p == '.' || same(*p, c);
}

static bool match_here(const char *p, const char *end, const char *s, const char *stop) {
  while (p < end) {
    if (*p == '$' && p + 1 == end)
      return s == stop;
    const char *next = item_end(p, end);
    char repeat = next < end ? *next : '\0';
    if (repeat != '*' && repeat != '+' && repeat != '?') {
      if (s == stop || !item_matches(p, next, *s))
        return false;
      p = next, s++;
      continue;
    }
    size_t least = repeat == '+', most = repeat == '?' ? 1 : SIZE_MAX, n = 0;
    while (n < most && s + n < stop && item_matches(p, next, s[n]))
      n++;
    for (;; n--) {
      if (n < least)
        return false;
      if (match_here(next + 1, end, s + n, stop))
        return true;
      if (n == 0)
        return false;
    }
  }
  return true;
}

static bool match(const char *p, const char *end, const char *s, const char *stop) {
  if (p < end && *p == '^')
    return match_here(p + 1, end, s, stop);
  for (;; s++) {
    if (match_here(p, end, s, stop))
      return true;
    if (s == stop)
      return false;
  }
}

/* ---- files ---- */

static const char *pattern;
static size_t pattern_len;

static void complain(const char *path, cloudabi_errno_t e) {
  print(&out, "grep: %s: %s\n", path, errno_name(e));
  failed = true;
}

static void search(const char *path, const char *text, size_t len) {
  if (memchr(text, '\0', len) != NULL)
    return; /* not text */
  const char *end = text + len;
  for (unsigned line = 1; text < end; line++) {
    const char *stop = memchr(text, '\n', (size_t)(end - text));
    if (stop == NULL)
      stop = end;
    if (match(pattern, pattern + pattern_len, text, stop)) {
      print(&out, "%s:%u:", path, line);
      put(&out, text, (size_t)(stop - text));
      put(&out, "\n", 1);
      matched = true;
    }
    text = stop + 1;
  }
}

static void search_file(cloudabi_fd_t dir, const char *name, const char *path) {
  cloudabi_fd_t fd;
  cloudabi_errno_t e = open_at(dir, name, OPEN_READ, &fd);
  if (e != 0) {
    complain(path, e);
    return;
  }
  cloudabi_filestat_t st;
  e = cloudabi_sys_file_stat_fget(fd, &st);
  char *text = e == 0 ? malloc(st.st_size + 1) : NULL;
  ptrdiff_t n = text == NULL ? -1 : read_full(fd, text, st.st_size);
  if (n < 0)
    complain(path, e != 0 ? e : CLOUDABI_EIO);
  else
    search(path, text, (size_t)n);
  free(text);
  cloudabi_sys_fd_close(fd);
}

struct name {
  struct name *next;
  cloudabi_filetype_t type;
  char text[];
};

/* Reads the directory's names in alphabetical order, so that the output does
 * not depend on the order in which the system has them. */
static struct name *list(cloudabi_fd_t dir, const char *path) {
  static const size_t size = 64 << 10;
  struct name *first = NULL;
  uint8_t *buf = malloc(size);
  cloudabi_dircookie_t cookie = 0;
  size_t used = size;
  while (used == size) {
    cloudabi_errno_t e = cloudabi_sys_file_readdir(dir, buf, size, cookie, &used);
    if (e != 0) {
      complain(path, e);
      break;
    }
    for (size_t at = 0; at + sizeof(cloudabi_dirent_t) <= used;) {
      cloudabi_dirent_t d;
      memcpy(&d, buf + at, sizeof d);
      const char *text = (const char *)buf + at + sizeof d;
      at += sizeof d + d.d_namlen;
      if (at > used)
        break;
      cookie = d.d_next;
      if (text[0] == '.')
        continue; /* hidden, and the directory itself */
      struct name *n = malloc(sizeof *n + d.d_namlen + 1);
      n->type = d.d_type;
      memcpy(n->text, text, d.d_namlen);
      n->text[d.d_namlen] = '\0';
      struct name **where = &first;
      while (*where != NULL && strcmp((*where)->text, n->text) < 0)
        where = &(*where)->next;
      n->next = *where;
      *where = n;
    }
  }
  free(buf);
  return first;
}

static void walk(cloudabi_fd_t dir, const char *path) {
  for (struct name *n = list(dir, path), *next; n != NULL; n = next) {
    next = n->next;
    size_t len = strlen(path) + strlen(n->text) + 2;
    char *below = malloc(len);
    snprint(below, len, "%s%s%s", path, *path != '\0' ? "/" : "", n->text);
    if (n->type == CLOUDABI_FILETYPE_DIRECTORY) {
      cloudabi_fd_t sub;
      cloudabi_errno_t e = open_at(dir, n->text, OPEN_DIR, &sub);
      if (e != 0) {
        complain(below, e);
      } else {
        walk(sub, below);
        cloudabi_sys_fd_close(sub);
      }
    } else if (n->type == CLOUDABI_FILETYPE_REGULAR_FILE) {
      search_file(dir, n->text, below);
    }
    free(below);
    free(n);
  }
}

int guest_main(const struct arg *args) {
  cloudabi_fd_t dir;
  struct arg flag;
  if (!arg_fd(args, "out", &out.fd))
    return 2;
  if (!arg_fd(args, "dir", &dir) || !arg_str(args, "pattern", &pattern, &pattern_len)) {
    print(&out, "grep: the arguments need dir: !file {path: …} and pattern: …\n");
    flush(&out);
    return 2;
  }
  fold = arg_get(args, "ignorecase", &flag) && arg_type(&flag) == ARG_BOOL && flag.len == 2;
  walk(dir, "");
  flush(&out);
  return failed ? 2 : matched ? 0 : 1;
}
