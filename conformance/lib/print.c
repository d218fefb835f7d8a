/* Formatted output. Floating point is printed through an exact decimal
 * expansion, so that results can be compared digit by digit. */
#include "guest.h"

struct sink {
  char *buf;
  size_t size, used;
};

static void add(struct sink *s, char c) {
  if (s->used + 1 < s->size)
    s->buf[s->used] = c;
  s->used++;
}

struct spec {
  bool left, zero, plus, space, alt;
  int width, precision;
  char size; /* 'H' hh, 'h', 'l', 'L' long double */
};

static void pad(struct sink *s, int n, char c) {
  while (n-- > 0)
    add(s, c);
}

/* Puts sign and digits with the padding that the spec asks for. */
static void field(struct sink *s, const struct spec *f, const char *sign, const char *digits, int n, int zeros) {
  int total = (int)strlen(sign) + zeros + n;
  if (!f->left && !f->zero)
    pad(s, f->width - total, ' ');
  while (*sign != '\0')
    add(s, *sign++);
  if (!f->left && f->zero)
    pad(s, f->width - total, '0');
  pad(s, zeros, '0');
  for (int i = 0; i < n; i++)
    add(s, digits[i]);
  if (f->left)
    pad(s, f->width - total, ' ');
}

static void integer(struct sink *s, struct spec *f, uint64_t v, unsigned base, bool upper, const char *sign) {
  char digits[64];
  int n = 0;
  for (; v != 0; v /= base)
    digits[sizeof digits - 1 - n++] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[v % base];
  int zeros = f->precision < 0 ? (n == 0) : f->precision - n;
  if (f->precision >= 0)
    f->zero = false;
  field(s, f, sign, digits + sizeof digits - n, n, zeros > 0 ? zeros : 0);
}

/* A double as an exact decimal: the digits before and behind the point in
 * base 10^9, most significant group first. */
enum { GROUPS = 40, FRACTIONS = 125 };
static const uint32_t billion = 1000000000;

struct decimal {
  uint32_t whole[GROUPS];      /* least significant group first */
  uint32_t fraction[FRACTIONS]; /* most significant group first */
};

static void expand(double v, struct decimal *d) {
  memset(d, 0, sizeof *d);
  uint64_t bits;
  memcpy(&bits, &v, 8);
  int exponent = (int)(bits >> 52 & 0x7ff);
  uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
  if (exponent != 0)
    mantissa |= UINT64_C(1) << 52;
  else
    exponent = 1;
  exponent -= 1075;
  uint64_t whole = exponent >= 0 ? mantissa : exponent > -64 ? mantissa >> -exponent : 0;
  for (int i = 0; whole != 0; i++, whole /= billion)
    d->whole[i] = (uint32_t)(whole % billion);
  for (int e = exponent; e > 0; e--) {
    uint32_t carry = 0;
    for (int i = 0; i < GROUPS; i++) {
      uint32_t x = d->whole[i] * 2 + carry;
      carry = x >= billion;
      d->whole[i] = carry ? x - billion : x;
    }
  }
  if (exponent >= 0)
    return;
  /* Feed the fraction's bits from the lowest up, halving each time. */
  for (int bit = 0; bit < -exponent; bit++) {
    bool one = bit < 64 && (mantissa >> bit & 1) != 0;
    uint32_t carry = one ? 1 : 0;
    for (int i = 0; i < FRACTIONS; i++) {
      uint64_t x = (uint64_t)carry * billion + d->fraction[i];
      d->fraction[i] = (uint32_t)(x / 2);
      carry = (uint32_t)(x % 2);
    }
  }
}

/* All digits in one string: returns how many stand before the point. */
static int to_digits(const struct decimal *d, char *out, int *n) {
  int whole = 0;
  *n = 0;
  for (int i = GROUPS - 1; i >= 0; i--)
    for (uint32_t p = billion / 10, v = d->whole[i]; p != 0; p /= 10)
      if (v / p % 10 != 0 || whole > 0)
        out[whole++] = (char)('0' + v / p % 10);
  if (whole == 0)
    out[whole++] = '0';
  *n = whole;
  for (int i = 0; i < FRACTIONS; i++)
    for (uint32_t p = billion / 10; p != 0; p /= 10)
      out[(*n)++] = (char)('0' + d->fraction[i] / p % 10);
  return whole;
}

/* Cuts to `keep` digits, rounding half to even; true if a digit was added in
 * front by a carry. */
static bool round_digits(char *digits, int n, int keep) {
  if (keep >= n)
    return false;
  bool up = digits[keep] > '5';
  if (digits[keep] == '5') {
    bool rest = false;
    for (int i = keep + 1; i < n; i++)
      rest |= digits[i] != '0';
    up = rest || (keep > 0 && (digits[keep - 1] - '0') % 2 == 1);
  }
  for (int i = keep - 1; up && i >= 0; i--) {
    up = digits[i] == '9';
    digits[i] = up ? '0' : (char)(digits[i] + 1);
  }
  if (!up)
    return false;
  memmove(digits + 1, digits, (size_t)keep);
  digits[0] = '1';
  return true;
}

static int fixed(char *out, char *digits, int n, int whole, int precision) {
  if (round_digits(digits, n, whole + precision))
    whole++;
  memcpy(out, digits, (size_t)whole);
  int used = whole;
  if (precision > 0)
    out[used++] = '.';
  for (int i = 0; i < precision; i++)
    out[used++] = whole + i < n ? digits[whole + i] : '0';
  return used;
}

static int scientific(char *out, char *digits, int n, int whole, int precision, int *exponent) {
  int first = 0;
  while (first < n && digits[first] == '0')
    first++;
  *exponent = first == n ? 0 : whole - 1 - first;
  if (first == n)
    first = 0;
  if (round_digits(digits + first, n - first, precision + 1))
    ++*exponent;
  int used = 0;
  out[used++] = digits[first];
  if (precision > 0)
    out[used++] = '.';
  for (int i = 1; i <= precision; i++)
    out[used++] = first + i < n ? digits[first + i] : '0';
  return used;
}

static int put_exponent(char *out, int used, int exponent) {
  out[used++] = 'e';
  out[used++] = exponent < 0 ? '-' : '+';
  unsigned e = (unsigned)(exponent < 0 ? -exponent : exponent);
  if (e >= 100)
    out[used++] = (char)('0' + e / 100);
  out[used++] = (char)('0' + e / 10 % 10);
  out[used++] = (char)('0' + e % 10);
  return used;
}

static int trim(char *out, int used) {
  while (out[used - 1] == '0')
    used--;
  return out[used - 1] == '.' ? used - 1 : used;
}

static void floating(struct sink *s, struct spec *f, double v, char style) {
  const char *sign = __builtin_signbit(v) ? "-" : f->plus ? "+" : f->space ? " " : "";
  if (__builtin_isnan(v) || __builtin_isinf(v)) {
    f->zero = false;
    field(s, f, sign, __builtin_isnan(v) ? "nan" : "inf", 3, 0);
    return;
  }
  static const int most = 200;
  int precision = f->precision < 0 ? 6 : f->precision > most ? most : f->precision;
  struct decimal d;
  char digits[GROUPS * 9 + FRACTIONS * 9 + 2], out[GROUPS * 9 + 256];
  int n, exponent, used;
  expand(__builtin_fabs(v), &d);
  int whole = to_digits(&d, digits, &n);
  if (style == 'f') {
    used = fixed(out, digits, n, whole, precision);
  } else if (style == 'e') {
    used = scientific(out, digits, n, whole, precision, &exponent);
    used = put_exponent(out, used, exponent);
  } else {
    char copy[sizeof digits];
    memcpy(copy, digits, (size_t)n);
    precision = precision == 0 ? 1 : precision;
    used = scientific(out, copy, n, whole, precision - 1, &exponent);
    if (exponent < -4 || exponent >= precision) {
      if (precision > 1)
        used = trim(out, used);
      used = put_exponent(out, used, exponent);
    } else {
      int behind = precision - 1 - exponent;
      used = fixed(out, digits, n, whole, behind);
      if (behind > 0)
        used = trim(out, used);
    }
  }
  field(s, f, sign, out, used, 0);
}

static int64_t signed_arg(va_list *ap, char size) {
  switch (size) {
  case 'H': return (signed char)va_arg(*ap, int);
  case 'h': return (short)va_arg(*ap, int);
  case 'l': return va_arg(*ap, long);
  }
  return va_arg(*ap, int);
}

static uint64_t unsigned_arg(va_list *ap, char size) {
  switch (size) {
  case 'H': return (unsigned char)va_arg(*ap, unsigned);
  case 'h': return (unsigned short)va_arg(*ap, unsigned);
  case 'l': return va_arg(*ap, unsigned long);
  }
  return va_arg(*ap, unsigned);
}

static const char *read_spec(const char *p, struct spec *f, va_list *ap) {
  *f = (struct spec){.precision = -1};
  for (;; p++) {
    if (*p == '-') f->left = true;
    else if (*p == '0') f->zero = true;
    else if (*p == '+') f->plus = true;
    else if (*p == ' ') f->space = true;
    else if (*p == '#') f->alt = true;
    else break;
  }
  if (*p == '*') {
    f->width = va_arg(*ap, int);
    if (f->width < 0)
      f->left = true, f->width = -f->width;
    p++;
  }
  for (; *p >= '0' && *p <= '9'; p++)
    f->width = f->width * 10 + (*p - '0');
  if (*p == '.') {
    f->precision = 0;
    if (*++p == '*')
      f->precision = va_arg(*ap, int), p++;
    for (; *p >= '0' && *p <= '9'; p++)
      f->precision = f->precision * 10 + (*p - '0');
  }
  for (;; p++) {
    if (*p == 'h') f->size = f->size == 'h' ? 'H' : 'h';
    else if (*p == 'l' || *p == 'z' || *p == 'j' || *p == 't') f->size = 'l';
    else if (*p == 'L') f->size = 'L';
    else return p;
  }
}

static void convert(struct sink *s, struct spec *f, char c, va_list *ap) {
  switch (c) {
  case 'd': case 'i': {
    int64_t v = signed_arg(ap, f->size);
    integer(s, f, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, false, v < 0 ? "-" : f->plus ? "+" : f->space ? " " : "");
    return;
  }
  case 'u': integer(s, f, unsigned_arg(ap, f->size), 10, false, ""); return;
  case 'o': integer(s, f, unsigned_arg(ap, f->size), 8, false, ""); return;
  case 'x': case 'X': integer(s, f, unsigned_arg(ap, f->size), 16, c == 'X', f->alt ? "0x" : ""); return;
  case 'p': integer(s, f, (uintptr_t)va_arg(*ap, void *), 16, false, "0x"); return;
  case 'c': {
    char ch = (char)va_arg(*ap, int);
    field(s, f, "", &ch, 1, 0);
    return;
  }
  case 's': {
    const char *str = va_arg(*ap, const char *);
    int n = 0;
    while ((f->precision < 0 || n < f->precision) && str[n] != '\0')
      n++;
    f->zero = false;
    field(s, f, "", str, n, 0);
    return;
  }
  case 'f': case 'e': case 'g':
    if (f->size != 'L')
      floating(s, f, va_arg(*ap, double), c);
#if defined(__x86_64__) /* elsewhere the format takes a library that is not here */
    else
      floating(s, f, (double)va_arg(*ap, long double), c);
#endif
    return;
  }
  add(s, c);
}

int vsnprint(char *buf, size_t size, const char *format, va_list arguments) {
  struct sink s = {buf, size, 0};
  va_list ap;
  va_copy(ap, arguments);
  for (const char *p = format; *p != '\0'; p++) {
    if (*p != '%') {
      add(&s, *p);
      continue;
    }
    struct spec f;
    p = read_spec(p + 1, &f, &ap);
    if (*p == '\0')
      break;
    convert(&s, &f, *p, &ap);
  }
  va_end(ap);
  if (size > 0)
    buf[s.used < size ? s.used : size - 1] = '\0';
  return (int)s.used;
}

int snprint(char *buf, size_t size, const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  int n = vsnprint(buf, size, format, ap);
  va_end(ap);
  return n;
}
