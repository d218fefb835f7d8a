/* sha256sum: prints the SHA-256 digest of each file it is given.
 *
 * Arguments: {out: fd, files: [{name: str, data: fd}, …]}.
 * Exit code: 0, or 1 if a file could not be read (its line says why). */
#include "guest.h"

static const uint32_t k[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

struct sha256 {
  uint32_t h[8];
  uint64_t length; /* bytes so far */
  uint8_t block[64];
};

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(uint32_t h[8], const uint8_t *block) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  memcpy(v, h, sizeof v);
  for (int i = 0; i < 64; i++) {
    uint32_t e = v[4], a = v[0];
    uint32_t t1 = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + k[i] + w[i];
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof v[0]);
    v[4] += t1;
    v[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++)
    h[i] += v[i];
}

static void begin(struct sha256 *s) {
  static const uint32_t start[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  };
  memcpy(s->h, start, sizeof start);
  s->length = 0;
}

static void update(struct sha256 *s, const uint8_t *p, size_t n) {
  size_t used = s->length % 64;
  s->length += n;
  if (used + n < 64) {
    memcpy(s->block + used, p, n);
    return;
  }
  if (used > 0) {
    memcpy(s->block + used, p, 64 - used);
    compress(s->h, s->block);
    p += 64 - used, n -= 64 - used;
  }
  for (; n >= 64; p += 64, n -= 64)
    compress(s->h, p);
  memcpy(s->block, p, n);
}

static void finish(struct sha256 *s, uint8_t digest[32]) {
  uint64_t bits = s->length * 8;
  uint8_t pad[72] = {0x80};
  size_t n = (s->length % 64 < 56 ? 56 : 120) - s->length % 64;
  for (int i = 0; i < 8; i++)
    pad[n + (size_t)i] = (uint8_t)(bits >> (56 - 8 * i));
  update(s, pad, n + 8);
  for (int i = 0; i < 32; i++)
    digest[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

static cloudabi_errno_t sum(cloudabi_fd_t fd, uint8_t digest[32]) {
  static uint8_t buffer[64 << 10];
  struct sha256 s;
  begin(&s);
  for (;;) {
    cloudabi_iovec_t v = {.buf = buffer, .buf_len = sizeof buffer};
    size_t n;
    cloudabi_errno_t e = cloudabi_sys_fd_read(fd, &v, 1, &n);
    if (e != 0)
      return e;
    if (n == 0)
      break;
    update(&s, buffer, n);
  }
  finish(&s, digest);
  return 0;
}

int guest_main(const struct arg *args) {
  struct arg files, file;
  struct writer out = {0};
  if (!arg_fd(args, "out", &out.fd))
    return 2;
  if (!arg_get(args, "files", &files) || arg_type(&files) != ARG_SEQ) {
    print(&out, "sha256sum: the arguments need files: [{name: …, data: !file {path: …}}, …]\n");
    flush(&out);
    return 2;
  }
  int result = 0;
  struct arg_iter it = arg_each(&files);
  while (arg_next(&it, &file)) {
    const char *name = "-";
    size_t len = 1;
    cloudabi_fd_t fd;
    uint8_t digest[32];
    arg_str(&file, "name", &name, &len);
    cloudabi_errno_t e = arg_fd(&file, "data", &fd) ? sum(fd, digest) : CLOUDABI_EBADF;
    if (e != 0) {
      print(&out, "sha256sum: %.*s: %s\n", (int)len, name, errno_name(e));
      result = 1;
      continue;
    }
    for (int i = 0; i < 32; i++)
      print(&out, "%02x", digest[i]);
    print(&out, "  %.*s\n", (int)len, name);
  }
  return flush(&out) ? result : 2;
}
