/* Huffman codes: a heap, a tree, bits written and read. n: rounds over 8 KiB. */
#include "bench.h"
const uint64_t bench_default = 3000;

enum { SIZE = 8 << 10, NODES = 512 };
static uint8_t text[SIZE], bits[2 * SIZE], back[SIZE];
static uint32_t weight[NODES], code[256];
static int16_t left[NODES], right[NODES], heap[NODES];
static uint8_t length[256];
static int used;

static void down(int i) {
  for (;;) {
    int least = i;
    for (int c = 2 * i + 1; c <= 2 * i + 2; c++)
      if (c < used && weight[heap[c]] < weight[heap[least]])
        least = c;
    if (least == i)
      return;
    int16_t t = heap[i];
    heap[i] = heap[least], heap[least] = t, i = least;
  }
}

static int16_t pop(void) {
  int16_t top = heap[0];
  heap[0] = heap[--used];
  down(0);
  return top;
}

static void push(int16_t node) {
  int i = used++;
  heap[i] = node;
  for (; i > 0 && weight[heap[(i - 1) / 2]] > weight[heap[i]]; i = (i - 1) / 2) {
    int16_t t = heap[i];
    heap[i] = heap[(i - 1) / 2], heap[(i - 1) / 2] = t;
  }
}

static void assign(int16_t node, uint32_t prefix, uint8_t depth) {
  if (node < 256) {
    code[node] = prefix, length[node] = depth;
    return;
  }
  assign(left[node], prefix << 1, depth + 1);
  assign(right[node], prefix << 1 | 1, depth + 1);
}

uint64_t bench(uint64_t n) {
  uint64_t sum = 0, state = 3;
  for (uint64_t r = 0; r < n; r++) {
    for (int i = 0; i < SIZE; i++) {
      uint64_t v = next_random(&state);
      text[i] = (uint8_t)('a' + (v & v >> 8 & 15) + (v >> 20 & 3));
    }
    for (int i = 0; i < 256; i++)
      weight[i] = 0, length[i] = 0;
    for (int i = 0; i < SIZE; i++)
      weight[text[i]]++;
    used = 0;
    for (int16_t i = 0; i < 256; i++)
      if (weight[i] != 0)
        push(i);
    int16_t next = 256;
    while (used > 1) {
      left[next] = pop(), right[next] = pop();
      weight[next] = weight[left[next]] + weight[right[next]];
      push(next++);
    }
    int16_t root = pop();
    assign(root, 0, 0);
    size_t at = 0;
    for (size_t i = 0; i < sizeof bits; i++)
      bits[i] = 0;
    for (int i = 0; i < SIZE; i++)
      for (int b = length[text[i]] - 1; b >= 0; b--, at++)
        bits[at / 8] |= (uint8_t)((code[text[i]] >> b & 1) << at % 8);
    size_t end = at;
    at = 0;
    for (int i = 0; i < SIZE; i++) {
      int16_t node = root;
      while (node >= 256)
        node = (bits[at / 8] >> at % 8 & 1) != 0 ? right[node] : left[node], at++;
      back[i] = (uint8_t)node;
    }
    for (int i = 0; i < SIZE; i++)
      sum += back[i] != text[i];
    sum = mix(sum, end + (at == end));
  }
  return sum;
}
