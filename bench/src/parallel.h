/* The body of parallel.c and parallel1.c: work that is divided among THREADS
 * threads. Each sorts and hashes in memory of its own. */
enum { SIZE = 4096 };
struct share { uint64_t from, to, sum; uint32_t a[SIZE]; char apart[128]; };
static struct share shares[THREADS];

static void work(void *arg) {
  struct share *s = arg;
  for (uint64_t piece = s->from; piece < s->to; piece++) {
    uint64_t state = piece + 1, hash = 0;
    for (int i = 0; i < SIZE; i++)
      s->a[i] = (uint32_t)next_random(&state);
    for (int gap = 1750; gap > 0; gap = gap == 1 ? 0 : gap * 4 / 9 + 1 - gap % 2)
      for (int i = gap; i < SIZE; i++) {
        uint32_t v = s->a[i];
        int j = i;
        for (; j >= gap && s->a[j - gap] > v; j -= gap)
          s->a[j] = s->a[j - gap];
        s->a[j] = v;
      }
    for (int i = 0; i < SIZE; i++)
      hash = mix(hash, s->a[i]);
    s->sum += hash;
  }
}

uint64_t bench(uint64_t n) {
  uint64_t sum = 0;
  void *thread[THREADS];
  for (uint64_t i = 0; i < THREADS; i++) {
    shares[i].from = n * i / THREADS, shares[i].to = n * (i + 1) / THREADS, shares[i].sum = 0;
    if (i > 0)
      thread[i] = bench_thread(work, &shares[i]);
  }
  work(&shares[0]);
  for (int i = 1; i < THREADS; i++)
    bench_join(thread[i]);
  for (int i = 0; i < THREADS; i++)
    sum += shares[i].sum;
  return sum;
}
