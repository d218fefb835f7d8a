/* wordfreq: counts the words of a text with several threads and prints the
 * most frequent ones.
 *
 * Arguments: {out: fd, text: fd, threads: int (default 4), top: int (default 10)}.
 * A word is a run of ASCII letters; case does not matter. Each thread counts
 * its part of the text into a table of its own; the tables are then merged
 * under one lock. */
#include "guest.h"

struct entry {
  struct entry *next;
  uint64_t count;
  size_t len;
  char word[];
};

enum { BUCKETS = 1 << 12 };

struct table {
  struct entry *bucket[BUCKETS];
  size_t words;
};

static struct table total;
static lock_t total_lock;

static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static void count(struct table *t, const char *word, size_t len, uint64_t n) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < len; i++)
    hash = (hash ^ (uint8_t)(word[i] | 0x20)) * 16777619u;
  struct entry **where = &t->bucket[hash % BUCKETS];
  for (struct entry *e = *where; e != NULL; e = e->next) {
    size_t i = 0;
    while (e->len == len && i < len && e->word[i] == (word[i] | 0x20))
      i++;
    if (e->len == len && i == len) {
      e->count += n;
      return;
    }
  }
  struct entry *e = malloc(sizeof *e + len);
  e->next = *where;
  e->count = n;
  e->len = len;
  for (size_t i = 0; i < len; i++)
    e->word[i] = (char)(word[i] | 0x20);
  *where = e;
  t->words++;
}

struct part {
  const char *start, *end;
  struct thread *thread;
};

static void work(void *arg) {
  struct part *p = arg;
  struct table *mine = calloc(1, sizeof *mine);
  for (const char *s = p->start; s < p->end;) {
    const char *word = s;
    while (s < p->end && letter(*s))
      s++;
    if (s > word)
      count(mine, word, (size_t)(s - word), 1);
    else
      s++;
  }
  lock_write(&total_lock);
  for (int i = 0; i < BUCKETS; i++)
    for (struct entry *e = mine->bucket[i], *next; e != NULL; e = next) {
      next = e->next;
      count(&total, e->word, e->len, e->count);
      free(e);
    }
  unlock(&total_lock);
  free(mine);
}

/* Reads everything, whatever kind of descriptor it is. */
static char *slurp(cloudabi_fd_t fd, size_t *len) {
  size_t room = 64 << 10, used = 0;
  char *text = malloc(room);
  for (;;) {
    ptrdiff_t n = read_full(fd, text + used, room - used);
    if (n < 0)
      return NULL;
    used += (size_t)n;
    if (used < room)
      break;
    char *more = realloc(text, room * 2);
    if (more == NULL)
      return NULL;
    text = more, room *= 2;
  }
  *len = used;
  return text;
}

/* More frequent first, then alphabetical. */
static bool before(const struct entry *a, const struct entry *b) {
  if (a->count != b->count)
    return a->count > b->count;
  size_t n = a->len < b->len ? a->len : b->len;
  int c = memcmp(a->word, b->word, n);
  return c != 0 ? c < 0 : a->len < b->len;
}

static void sift(struct entry **heap, size_t n, size_t i) {
  for (;;) {
    size_t child = 2 * i + 1;
    if (child >= n)
      return;
    if (child + 1 < n && before(heap[child], heap[child + 1]))
      child++;
    if (!before(heap[i], heap[child]))
      return;
    struct entry *e = heap[i];
    heap[i] = heap[child], heap[child] = e;
    i = child;
  }
}

static struct entry **sorted(void) {
  struct entry **all = malloc((total.words + 1) * sizeof *all);
  size_t n = 0;
  for (int i = 0; i < BUCKETS; i++)
    for (struct entry *e = total.bucket[i]; e != NULL; e = e->next)
      all[n++] = e;
  for (size_t i = n / 2; i-- > 0;)
    sift(all, n, i);
  for (size_t end = n; end-- > 1;) {
    struct entry *e = all[0];
    all[0] = all[end], all[end] = e;
    sift(all, end, 0);
  }
  return all;
}

int guest_main(const struct arg *args) {
  struct writer out = {0};
  cloudabi_fd_t in;
  int64_t threads = 4, top = 10;
  size_t len;
  if (!arg_fd(args, "out", &out.fd))
    return 2;
  arg_int(args, "threads", &threads);
  arg_int(args, "top", &top);
  if (!arg_fd(args, "text", &in) || threads < 1 || threads > 256) {
    print(&out, "wordfreq: the arguments need text: !file {path: …}; threads is 1 to 256\n");
    flush(&out);
    return 2;
  }
  char *text = slurp(in, &len);
  if (text == NULL) {
    print(&out, "wordfreq: the text can't be read\n");
    flush(&out);
    return 2;
  }
  struct part *parts = calloc((size_t)threads, sizeof *parts);
  size_t at = 0;
  for (int64_t i = 0; i < threads; i++) {
    size_t end = len * (size_t)(i + 1) / (size_t)threads;
    end = end < at ? at : end;
    while (end < len && letter(text[end]))
      end++; /* no word is cut in two */
    parts[i] = (struct part){text + at, text + end, NULL};
    at = end;
    parts[i].thread = thread_start(work, &parts[i]);
    if (parts[i].thread == NULL)
      work(&parts[i]); /* refused: count it here */
  }
  for (int64_t i = 0; i < threads; i++)
    if (parts[i].thread != NULL)
      thread_join(parts[i].thread);
  struct entry **all = sorted();
  for (size_t i = 0; i < total.words && i < (size_t)top; i++)
    print(&out, "%7lu %.*s\n", all[i]->count, (int)all[i]->len, all[i]->word);
  return flush(&out) ? 0 : 2;
}
