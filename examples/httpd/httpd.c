/* httpd: a web server for static files.
 *
 * Arguments: {listen: fd of a listening socket, root: fd of a directory, log:
 * fd, connections: int (default 1000), timeout: int, seconds (default 30)}.
 * It serves GET and HEAD of HTTP/1.0 and 1.1 with keep-alive, until it is
 * ended from outside.
 *
 * The program does nothing to keep requests inside the directory: it could not
 * leave it if it tried. "GET /../../etc/passwd" is asked of the system just so,
 * and refused there. What a request of the worst kind could get hold of is the
 * three descriptors above, one of them read-only.
 *
 * One thread, one poll: connections are state machines that read a request,
 * write a response, and start again. sock_accept is a call of 2015 that the
 * last generation dropped; it is looked up in the vDSO like all others. */
#include "guest.h"
#include "cloudabi_2015.h"

enum { REQUEST = 8192, OUTPUT = 16384, PATH = 1024, SECOND = 1000000000, LINGER = 2 };

enum state { READING, WRITING, DRAINING };

struct conn {
  cloudabi_fd_t fd;
  enum state state;
  uint64_t deadline; /* of the request, of progress in writing, of draining */
  size_t in_len;
  size_t out_len, out_done;
  cloudabi_fd_t body; /* file that is being sent, or none */
  uint64_t body_left;
  bool keep;
  char in[REQUEST];
  char out[OUTPUT];
};

static const cloudabi_fd_t none = (cloudabi_fd_t)-1;
static cloudabi_fd_t root;
static struct writer logfile;
static struct conn **conns; /* the first nconns of limit */
static size_t nconns, limit;
static uint64_t now, timeout;

/* ---- dates ---- */

/* Writes a time as HTTP has it: Sun, 06 Nov 1994 08:49:37 GMT. */
static void date(char *buf, size_t size, uint64_t ns) {
  uint64_t s = ns / SECOND, days = s / 86400;
  /* Years begin in March here, so that the leap day is the last. */
  uint64_t shifted = days + 719468, era = shifted / 146097, of_era = shifted % 146097;
  uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  uint64_t of_year = of_era - (365 * year + year / 4 - year / 100), m = (5 * of_year + 2) / 153;
  uint64_t day = of_year - (153 * m + 2) / 5 + 1, month = m < 10 ? m + 2 : m - 10;
  year += era * 400 + (month < 2);
  snprint(buf, size, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", &"ThuFriSatSunMonTueWed"[days % 7 * 3], (unsigned)day,
          &"JanFebMarAprMayJunJulAugSepOctNovDec"[month * 3], (unsigned)year, (unsigned)(s / 3600 % 24),
          (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

/* ---- text ---- */

struct text {
  const char *p;
  size_t n;
};

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static bool is(struct text t, const char *s) {
  size_t n = strlen(s);
  if (t.n != n)
    return false;
  for (size_t i = 0; i < n; i++)
    if (lower(t.p[i]) != lower(s[i]))
      return false;
  return true;
}

/* Takes what is before the first c off t; all of it if there is none. */
static struct text cut(struct text *t, char c) {
  const char *end = t->n == 0 ? NULL : memchr(t->p, c, t->n);
  struct text head = {t->p, end == NULL ? t->n : (size_t)(end - t->p)};
  size_t gone = end == NULL ? t->n : head.n + 1;
  t->p += gone, t->n -= gone;
  return head;
}

static struct text trim(struct text t) {
  while (t.n > 0 && (t.p[0] == ' ' || t.p[0] == '\t')) t.p++, t.n--;
  while (t.n > 0 && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t' || t.p[t.n - 1] == '\r')) t.n--;
  return t;
}

static bool is_token(struct text t) {
  for (size_t i = 0; i < t.n; i++) {
    char c = lower(t.p[i]);
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (c == 0 || strchr("!#$%&'*+-.^_`|~", c) == NULL))
      return false;
  }
  return t.n > 0;
}

static int hex(char c) {
  c = lower(c);
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes the encoding of a path; false if it is none, or does not fit. */
static bool decode(struct text t, char *to, size_t size) {
  size_t n = 0;
  for (size_t i = 0; i < t.n; i++) {
    int c = (unsigned char)t.p[i];
    if (c == '%') {
      if (t.n - i < 3)
        return false;
      int high = hex(t.p[i + 1]), low = hex(t.p[i + 2]);
      if (high < 0 || low < 0)
        return false;
      c = high << 4 | low;
      i += 2;
    }
    if (c == 0 || n + 1 >= size)
      return false;
    to[n++] = (char)c;
  }
  to[n] = 0;
  return true;
}

/* ---- requests ---- */

struct request {
  struct text method, target, path;
  bool keep;
  int status; /* 0, or the error that it is answered with */
};

/* Finds the end of the request's head: the number of bytes, 0 if it is not
 * there yet. */
static size_t head_length(const char *p, size_t n) {
  for (const char *q = p; (q = memchr(q, '\n', (size_t)(p + n - q))) != NULL;) {
    q++;
    if (q < p + n && *q == '\n')
      return (size_t)(q + 1 - p);
    if (q + 1 < p + n && q[0] == '\r' && q[1] == '\n')
      return (size_t)(q + 2 - p);
  }
  return 0;
}

static void parse_fields(struct request *r, struct text rest, bool minor) {
  int hosts = 0;
  while (rest.n > 0) {
    struct text value = cut(&rest, '\n');
    if (trim(value).n == 0)
      break;
    if (memchr(value.p, ':', value.n) == NULL) {
      r->status = 400;
      return;
    }
    struct text name = cut(&value, ':');
    value = trim(value);
    if (!is_token(name)) {
      r->status = 400;
      return;
    }
    if (is(name, "host")) {
      hosts++;
    } else if (is(name, "connection")) {
      while (value.n > 0) {
        struct text option = trim(cut(&value, ','));
        if (is(option, "close"))
          r->keep = false;
        else if (is(option, "keep-alive"))
          r->keep = true;
      }
    } else if (is(name, "transfer-encoding") || (is(name, "content-length") && !is(value, "0"))) {
      r->status = 413; /* what would follow is not a request */
    }
  }
  if (r->status == 0 && minor && hosts != 1)
    r->status = 400;
}

static struct request parse(const char *p, size_t n) {
  struct text rest = {p, n};
  struct request r = {.status = 0};
  struct text line = trim(cut(&rest, '\n'));
  r.method = cut(&line, ' ');
  r.target = cut(&line, ' ');
  bool minor = is(line, "HTTP/1.1");
  r.keep = minor;
  if (!is_token(r.method) || (!minor && !is(line, "HTTP/1.0"))) {
    r.status = line.n >= 5 && memcmp(line.p, "HTTP/", 5) == 0 && is_token(r.method) ? 505 : 400;
    return r;
  }
  parse_fields(&r, rest, minor);
  if (r.status != 0)
    return r;
  if ((r.method.n != 3 || memcmp(r.method.p, "GET", 3) != 0) && (r.method.n != 4 || memcmp(r.method.p, "HEAD", 4) != 0)) {
    r.status = 405;
    return r;
  }
  struct text t = r.target;
  if (t.n > 7 && is((struct text){t.p, 7}, "http://")) {
    t.p += 7, t.n -= 7;
    const char *slash = memchr(t.p, '/', t.n);
    t.n = slash == NULL ? 0 : t.n - (size_t)(slash - t.p);
    t.p = slash;
  }
  if (t.n == 0 || t.p[0] != '/') {
    r.status = 400;
    return r;
  }
  r.path = cut(&t, '?');
  return r;
}

/* ---- responses ---- */

static const struct { int status; const char *reason; } reasons[] = {
  {200, "OK"}, {301, "Moved Permanently"}, {400, "Bad Request"}, {404, "Not Found"}, {405, "Method Not Allowed"},
  {408, "Request Timeout"}, {413, "Content Too Large"}, {431, "Request Header Fields Too Large"},
  {500, "Internal Server Error"}, {503, "Service Unavailable"}, {505, "HTTP Version Not Supported"},
};

static const char *reason(int status) {
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (reasons[i].status == status)
      return reasons[i].reason;
  return "";
}

static const struct { const char *suffix, *type; } types[] = {
  {"html", "text/html; charset=utf-8"}, {"htm", "text/html; charset=utf-8"}, {"txt", "text/plain; charset=utf-8"},
  {"md", "text/plain; charset=utf-8"}, {"go", "text/plain; charset=utf-8"}, {"c", "text/plain; charset=utf-8"},
  {"h", "text/plain; charset=utf-8"}, {"css", "text/css; charset=utf-8"}, {"js", "text/javascript; charset=utf-8"},
  {"json", "application/json"}, {"xml", "application/xml"}, {"svg", "image/svg+xml"}, {"png", "image/png"},
  {"jpg", "image/jpeg"}, {"jpeg", "image/jpeg"}, {"gif", "image/gif"}, {"webp", "image/webp"},
  {"ico", "image/x-icon"}, {"pdf", "application/pdf"}, {"wasm", "application/wasm"}, {"woff2", "font/woff2"},
};

static const char *content_type(const char *path) {
  const char *dot = NULL;
  for (const char *p = path; *p != 0; p++)
    dot = *p == '.' ? p : *p == '/' ? NULL : dot;
  for (size_t i = 0; dot != NULL && i < sizeof types / sizeof *types; i++)
    if (is((struct text){dot + 1, strlen(dot + 1)}, types[i].suffix))
      return types[i].type;
  return "application/octet-stream";
}

/* Writes a line to the log: what came from outside only as printable bytes. */
static void note(const struct request *r, int status, uint64_t length) {
  char target[256];
  size_t n = 0;
  for (size_t i = 0; i < r->target.n && n + 1 < sizeof target; i++) {
    unsigned char c = (unsigned char)r->target.p[i];
    target[n++] = c > ' ' && c < 0x7f ? (char)c : '?';
  }
  target[n] = 0;
  bool token = r->method.n < 16 && is_token(r->method);
  print(&logfile, "%.*s %s %d %llu\n", token ? (int)r->method.n : 1, token ? r->method.p : "-", n > 0 ? target : "-", status,
        (unsigned long long)length);
}

static void add(struct conn *c, const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  int n = vsnprint(c->out + c->out_len, OUTPUT - c->out_len, format, ap);
  va_end(ap);
  c->out_len += (size_t)n < OUTPUT - c->out_len ? (size_t)n : OUTPUT - c->out_len - 1;
}

static void begin_head(struct conn *c, int status) {
  char today[40];
  date(today, sizeof today, clock_now(CLOUDABI_CLOCK_REALTIME));
  c->out_len = c->out_done = 0;
  add(c, "HTTP/1.1 %d %s\r\nServer: nuage-httpd\r\nDate: %s\r\n", status, reason(status), today);
}

static void end_head(struct conn *c, const char *type, uint64_t length) {
  add(c, "Content-Type: %s\r\nContent-Length: %llu\r\nConnection: %s\r\n\r\n", type, (unsigned long long)length,
      c->keep ? "keep-alive" : "close");
  c->state = WRITING;
  c->deadline = now + timeout;
}

static bool is_head(const struct request *r) { return r->method.n == 4 && memcmp(r->method.p, "HEAD", 4) == 0; }

/* An answer of our own: an error, or the way to another place. */
static void answer(struct conn *c, const struct request *r, int status, const char *location) {
  char body[256];
  int n = snprint(body, sizeof body, "<!doctype html><title>%d %s</title><h1>%s</h1>\n", status, reason(status), reason(status));
  begin_head(c, status);
  if (status == 405)
    add(c, "Allow: GET, HEAD\r\n");
  if (location != NULL)
    add(c, "Location: %s\r\n", location);
  end_head(c, "text/html; charset=utf-8", (uint64_t)n);
  if (!is_head(r))
    add(c, "%s", body);
  note(r, status, is_head(r) ? 0 : (uint64_t)n);
}

static int status_of(cloudabi_errno_t e) {
  switch (e) {
  case CLOUDABI_EMFILE: case CLOUDABI_ENFILE: case CLOUDABI_ENOMEM: return 503;
  case CLOUDABI_EIO: return 500;
  default: return 404; /* also what lies outside: nobody learns what is there */
  }
}

/* Sends the file of that path, or says why not. */
static void serve(struct conn *c, const struct request *r) {
  char path[PATH];
  if (!decode(r->path, path, sizeof path - sizeof "index.html")) {
    answer(c, r, 400, NULL);
    return;
  }
  const char *name = path;
  while (*name == '/')
    name++;
  size_t n = strlen(name);
  cloudabi_lookup_t dir = {.fd = root, .flags = CLOUDABI_LOOKUP_SYMLINK_FOLLOW};
  if (n == 0 || name[n - 1] == '/') {
    memcpy((char *)name + n, "index.html", sizeof "index.html");
  } else {
    cloudabi_filestat_t st;
    cloudabi_errno_t e = cloudabi_sys_file_stat_get(dir, name, n, &st);
    if (e == 0 && st.st_filetype == CLOUDABI_FILETYPE_DIRECTORY) {
      char location[PATH];
      struct text p = r->path;
      while (p.n > 1 && p.p[1] == '/') /* "//x" would name another host */
        p.p++, p.n--;
      if (snprint(location, sizeof location, "%.*s/", (int)p.n, p.p) >= (int)sizeof location)
        answer(c, r, 404, NULL);
      else
        answer(c, r, 301, location);
      return;
    }
  }
  cloudabi_fdstat_t want = {.fs_rights_base = CLOUDABI_RIGHT_FD_READ | CLOUDABI_RIGHT_FILE_STAT_FGET};
  cloudabi_filestat_t st;
  cloudabi_fd_t file;
  cloudabi_errno_t e = cloudabi_sys_file_open(dir, name, strlen(name), 0, &want, &file);
  if (e == 0 && ((e = cloudabi_sys_file_stat_fget(file, &st)) != 0 || st.st_filetype != CLOUDABI_FILETYPE_REGULAR_FILE)) {
    cloudabi_sys_fd_close(file);
    e = e != 0 ? e : CLOUDABI_ENOENT;
  }
  if (e != 0) {
    answer(c, r, status_of(e), NULL);
    return;
  }
  char changed[40];
  date(changed, sizeof changed, st.st_mtim);
  begin_head(c, 200);
  add(c, "Last-Modified: %s\r\n", changed);
  end_head(c, content_type(name), st.st_size);
  if (is_head(r) || st.st_size == 0) {
    cloudabi_sys_fd_close(file);
    note(r, 200, 0);
    return;
  }
  c->body = file;
  c->body_left = st.st_size;
  note(r, 200, st.st_size);
}

/* ---- connections ---- */

static void drop(struct conn *c) {
  if (c->body != none)
    cloudabi_sys_fd_close(c->body);
  cloudabi_sys_fd_close(c->fd);
  c->fd = none; /* taken off the list at the end of the round */
}

/* Fills the output with what comes next of the file. False if the file has
 * become shorter: all that can be done is to break off. */
static bool refill(struct conn *c) {
  c->out_len = c->out_done = 0;
  while (c->out_len < OUTPUT && c->body_left > 0) {
    size_t want = OUTPUT - c->out_len, n;
    cloudabi_iovec_t v = {.buf = c->out + c->out_len, .buf_len = want < c->body_left ? want : (size_t)c->body_left};
    if (cloudabi_sys_fd_read(c->body, &v, 1, &n) != 0 || n == 0)
      return false;
    c->out_len += n;
    c->body_left -= n;
  }
  if (c->body_left == 0) {
    cloudabi_sys_fd_close(c->body);
    c->body = none;
  }
  return true;
}

/* Writes until the other side is slow. True when all is written. */
static bool send_output(struct conn *c) {
  for (;;) {
    while (c->out_done < c->out_len) {
      cloudabi_ciovec_t v = {.buf = c->out + c->out_done, .buf_len = c->out_len - c->out_done};
      size_t n;
      cloudabi_errno_t e = cloudabi_sys_fd_write(c->fd, &v, 1, &n);
      if (e == CLOUDABI_EAGAIN)
        return false;
      if (e != 0) {
        drop(c);
        return false;
      }
      c->out_done += n;
      c->deadline = now + timeout;
    }
    if (c->body == none)
      return true;
    if (!refill(c)) {
      drop(c);
      return false;
    }
  }
}

/* Takes the next request out of the input, if it is there. */
static bool take_request(struct conn *c) {
  size_t skip = 0; /* empty lines in front of a request */
  while (skip < c->in_len && (c->in[skip] == '\r' || c->in[skip] == '\n'))
    skip++;
  size_t n = head_length(c->in + skip, c->in_len - skip);
  struct request r = {.status = 0};
  if (n == 0) {
    if (c->in_len < REQUEST)
      return false;
    r.status = 431;
  } else {
    r = parse(c->in + skip, n);
  }
  c->keep = r.keep && r.status == 0;
  if (r.status != 0)
    answer(c, &r, r.status, NULL);
  else
    serve(c, &r);
  if (n != 0)
    memmove(c->in, c->in + skip + n, c->in_len -= skip + n);
  return true;
}

/* Goes on with a connection as far as possible. */
static void advance(struct conn *c) {
  while (c->fd != none) {
    switch (c->state) {
    case READING:
      if (take_request(c))
        break;
      /* fall through */
    case DRAINING: {
      if (c->state == DRAINING)
        c->in_len = 0;
      cloudabi_iovec_t v = {.buf = c->in + c->in_len, .buf_len = REQUEST - c->in_len};
      size_t n;
      cloudabi_errno_t e = cloudabi_sys_fd_read(c->fd, &v, 1, &n);
      if (e == CLOUDABI_EAGAIN)
        return;
      if (e != 0 || n == 0)
        drop(c);
      else
        c->in_len += n;
      break;
    }
    case WRITING:
      if (!send_output(c))
        return;
      c->deadline = now + timeout;
      c->state = READING;
      if (!c->keep) {
        /* The other side may still be sending. Closing now could make its
         * system throw the response away. */
        c->state = DRAINING;
        c->deadline = now + LINGER * (uint64_t)SECOND;
        if (cloudabi_sys_sock_shutdown(c->fd, CLOUDABI_SHUT_WR) != 0)
          drop(c);
      }
      break;
    }
  }
}

static void nonblock(cloudabi_fd_t fd) {
  cloudabi_fdstat_t st = {.fs_flags = CLOUDABI_FDFLAG_NONBLOCK};
  cloudabi_sys_fd_stat_put(fd, &st, CLOUDABI_FDSTAT_FLAGS);
}

/* Takes the connections that have come, as long as there is room. */
static cloudabi_errno_t welcome(cloudabi_fd_t listener) {
  while (nconns < limit) {
    cloudabi_fd_t fd;
    cloudabi_errno_t e = cloudabi_sys_sock_accept(listener, NULL, &fd);
    if (e != 0)
      return e;
    struct conn *c = malloc(sizeof *c);
    if (c == NULL) {
      cloudabi_sys_fd_close(fd);
      return CLOUDABI_ENOMEM;
    }
    nonblock(fd);
    c->fd = fd;
    c->state = READING;
    c->deadline = now + timeout;
    c->in_len = c->out_len = c->out_done = 0;
    c->body = none;
    conns[nconns++] = c;
    advance(c);
  }
  return 0;
}

/* Ends what has taken too long, and takes off the list what has ended. */
static void sweep(void) {
  size_t kept = 0;
  for (size_t i = 0; i < nconns; i++) {
    struct conn *c = conns[i];
    if (c->fd != none && now >= c->deadline)
      drop(c);
    if (c->fd == none)
      free(c);
    else
      conns[kept++] = c;
  }
  nconns = kept;
}

static int run(cloudabi_fd_t listener) {
  cloudabi_subscription_t *subs = calloc(limit + 2, sizeof *subs);
  cloudabi_event_t *events = calloc(limit + 2, sizeof *events);
  conns = calloc(limit, sizeof *conns);
  if (subs == NULL || events == NULL || conns == NULL)
    return 1;
  uint64_t pause = 0; /* until when no connections are taken, for want of descriptors */
  for (;;) {
    size_t n = 0, ready;
    for (size_t i = 0; i < nconns; i++) {
      subs[n].type = conns[i]->state == WRITING ? CLOUDABI_EVENTTYPE_FD_WRITE : CLOUDABI_EVENTTYPE_FD_READ;
      subs[n].fd_readwrite.fd = conns[i]->fd;
      subs[n].fd_readwrite.flags = 0;
      subs[n++].userdata = (uintptr_t)conns[i];
    }
    if (nconns < limit && now >= pause) {
      subs[n] = (cloudabi_subscription_t){.type = CLOUDABI_EVENTTYPE_FD_READ};
      subs[n++].fd_readwrite.fd = listener;
    }
    if (nconns > 0 || now < pause) {
      subs[n] = (cloudabi_subscription_t){.type = CLOUDABI_EVENTTYPE_CLOCK, .userdata = 1};
      subs[n].clock.clock_id = CLOUDABI_CLOCK_MONOTONIC;
      subs[n++].clock.timeout = SECOND / 2;
    }
    if (cloudabi_sys_poll(subs, events, n, &ready) != 0)
      return 1;
    now = clock_now(CLOUDABI_CLOCK_MONOTONIC);
    for (size_t i = 0; i < ready; i++) {
      if (events[i].userdata == 1)
        continue;
      if (events[i].userdata != 0) {
        advance((struct conn *)(uintptr_t)events[i].userdata);
        continue;
      }
      switch (welcome(listener)) {
      case 0: case CLOUDABI_EAGAIN: case CLOUDABI_ECONNABORTED:
        break;
      case CLOUDABI_EMFILE: case CLOUDABI_ENFILE: case CLOUDABI_ENOMEM:
        pause = now + SECOND / 2;
        break;
      default:
        return 1; /* the socket is gone */
      }
    }
    sweep();
    if (logfile.used > 0)
      flush(&logfile);
  }
}

int guest_main(const struct arg *args) {
  cloudabi_fd_t listener;
  if (!arg_fd(args, "log", &logfile.fd))
    return 2;
  if (!arg_fd(args, "listen", &listener) || !arg_fd(args, "root", &root)) {
    dprint(logfile.fd, "httpd: the arguments need listen: !socket {bind: …} and root: !file {path: …}\n");
    return 2;
  }
  int64_t n;
  limit = arg_int(args, "connections", &n) && n > 0 && n <= 10000 ? (size_t)n : 1000;
  timeout = (arg_int(args, "timeout", &n) && n > 0 && n <= 86400 ? (uint64_t)n : 30) * SECOND;
  now = clock_now(CLOUDABI_CLOCK_MONOTONIC);
  nonblock(listener);
  int code = run(listener);
  flush(&logfile);
  return code;
}
