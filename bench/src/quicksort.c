/* Sorting: compares, branches that can't be predicted. n: sorts of 20,000. */
#include "bench.h"
const uint64_t bench_default = 700;

static void sort(int32_t *a, int64_t low, int64_t high) {
  while (low < high) {
    int32_t pivot = a[(low + high) / 2];
    int64_t i = low, j = high;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i <= j) {
        int32_t t = a[i];
        a[i++] = a[j], a[j--] = t;
      }
    }
    if (j - low < high - i) {
      sort(a, low, j);
      low = i;
    } else {
      sort(a, i, high);
      high = j;
    }
  }
}

uint64_t bench(uint64_t n) {
  static int32_t a[20000];
  uint64_t state = 12345, sum = 0;
  for (uint64_t r = 0; r < n; r++) {
    for (int i = 0; i < 20000; i++)
      a[i] = (int32_t)next_random(&state);
    sort(a, 0, 19999);
    sum = mix(sum, (uint64_t)a[r % 20000]);
  }
  return sum;
}
