/* The body of matmul.c and matscalar.c; MATMUL_LOOP stands before the inner
 * loop. */
enum { N = 96 };
static double a[N][N], b[N][N], c[N][N];

uint64_t bench(uint64_t n) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      a[i][j] = (i * 3 + j) % 7, b[i][j] = (i + j * 5) % 11;
  for (uint64_t r = 0; r < n; r++) {
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++)
        c[i][j] = 0;
    for (int i = 0; i < N; i++)
      for (int k = 0; k < N; k++)
        MATMUL_LOOP
        for (int j = 0; j < N; j++)
          c[i][j] += a[i][k] * b[k][j];
    a[r % N][r / N % N] = c[r % N][r % 13] / 1e6;
  }
  return bits_of(c[3][5]);
}
