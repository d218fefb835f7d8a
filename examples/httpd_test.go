// Package examples_test runs the examples that need more than a command line.
package examples_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// log is what the server writes to its log.
type log struct {
	mu    sync.Mutex
	b     bytes.Buffer
	grown chan struct{} // holds something if it has since it was looked at
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.grown <- struct{}{}:
	default:
	}
	return l.b.Write(p)
}

// await waits until a line has been written n times: the server answers first.
func (l *log) await(line string, n int) {
	for strings.Count(l.String(), line) < n {
		<-l.grown
	}
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// server is a running one.
type server struct {
	addr    string
	log     *log
	process *nuage.Process
}

// page is large enough for several buffers of the server.
var page = strings.Repeat("The quick brown fox jumps over the lazy dog.\n", 5000)

// start runs the server in a directory with a few files, and something outside
// of it that nobody must see.
func start(t *testing.T, o nuage.Options, args map[string]any) *server {
	t.Helper()
	top := t.TempDir()
	root := filepath.Join(top, "root")
	for name, text := range map[string]string{
		"secret": "SECRET", "root/index.html": "<h1>home</h1>", "root/sub/index.html": "<h1>sub</h1>",
		"root/a b.txt": "spaced", "root/page.txt": page, "root/empty": "", "root/caf\u00e9.css": "x{}", "root/sub2/x": "",
	} {
		path := filepath.Join(top, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	if err := os.Symlink("../secret", filepath.Join(root, "leak")); err != nil {
		t.Log("no symbolic links here:", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback network:", err)
	}
	s := &server{addr: l.Addr().String(), log: &log{grown: make(chan struct{}, 1)}}
	image, err := nuage.LoadFile("httpd/httpd.x86_64")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, image.Close()) })
	m, err := nuage.NewMachine(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	all := map[string]any{"listen": nuage.Listener(l), "root": nuage.Dir(root).ReadOnly(), "log": nuage.Writer(s.log)}
	for k, v := range args {
		all[k] = v
	}
	s.process, err = m.Start(context.Background(), image, nuage.Config{Args: all})
	require.NoError(t, err)
	t.Cleanup(func() {
		// It ends by being ended, and by nothing else.
		s.process.Kill(cloudabi.SIGTERM)
		status, err := s.process.Wait(context.Background())
		require.NoError(t, err)
		require.Equal(t, cloudabi.SIGTERM, status.Signal, status)
		require.NotContains(t, s.log.String(), "SECRET")
	})
	return s
}

func (s *server) url(path string) string { return "http://" + s.addr + path }

// get asks for a path with a client that follows no redirections.
func get(t *testing.T, c *http.Client, method, url string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, nil)
	require.NoError(t, err)
	response, err := c.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

func client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// exchanges are what a client gets.
var exchanges = []struct {
	method, path string
	status       int
	kind         string
	body         string
}{
	{"GET", "/", 200, "text/html; charset=utf-8", "<h1>home</h1>"},
	{"GET", "/index.html?query=%zz", 200, "text/html; charset=utf-8", "<h1>home</h1>"},
	{"HEAD", "/", 200, "text/html; charset=utf-8", ""},
	{"GET", "/a%20b.txt", 200, "text/plain; charset=utf-8", "spaced"},
	{"GET", "/caf%C3%A9.css", 200, "text/css; charset=utf-8", "x{}"},
	{"GET", "/page.txt", 200, "text/plain; charset=utf-8", page},
	{"HEAD", "/page.txt", 200, "text/plain; charset=utf-8", ""},
	{"GET", "/empty", 200, "application/octet-stream", ""},
	{"GET", "/sub/", 200, "text/html; charset=utf-8", "<h1>sub</h1>"},
	{"GET", "/sub", 301, "text/html; charset=utf-8", "*"},
	{"GET", "/sub2/", 404, "text/html; charset=utf-8", "*"},
	{"GET", "/missing", 404, "text/html; charset=utf-8", "*"},
	{"GET", "/index.html/", 404, "text/html; charset=utf-8", "*"},
	{"GET", "/../secret", 404, "text/html; charset=utf-8", "*"},
	{"GET", "/sub/%2e%2e/%2e%2e/secret", 404, "text/html; charset=utf-8", "*"},
	{"GET", "/leak", 404, "text/html; charset=utf-8", "*"},
	{"GET", "//etc/passwd", 404, "text/html; charset=utf-8", "*"},
	{"GET", "/%00", 400, "text/html; charset=utf-8", "*"},
	{"POST", "/", 405, "text/html; charset=utf-8", "*"},
	{"DELETE", "/index.html", 405, "text/html; charset=utf-8", "*"},
}

func TestExchanges(t *testing.T) {
	s := start(t, nuage.Options{}, nil)
	c := client()
	for _, e := range exchanges {
		t.Run(e.method+" "+e.path, func(t *testing.T) {
			response, body := get(t, c, e.method, s.url(e.path))
			require.Equal(t, e.status, response.StatusCode)
			require.Equal(t, e.kind, response.Header.Get("Content-Type"))
			if e.body != "*" {
				require.Equal(t, e.body, body)
			}
			require.NotContains(t, body, "SECRET")
			_, err := http.ParseTime(response.Header.Get("Date"))
			require.NoError(t, err)
			if e.status == 200 {
				changed, err := http.ParseTime(response.Header.Get("Last-Modified"))
				require.NoError(t, err)
				require.WithinDuration(t, time.Now(), changed, time.Hour)
			}
			if e.status == 301 {
				require.Equal(t, "/sub/", response.Header.Get("Location"))
			}
			if e.status == 405 {
				require.Equal(t, "GET, HEAD", response.Header.Get("Allow"))
			}
		})
	}
	s.log.await("GET /a%20b.txt 200 6\n", 1)
	require.Contains(t, s.log.String(), "GET /a%20b.txt 200 6\n")
}

// raws are requests as bytes, and how the answers begin.
var raws = []struct{ request, want string }{
	{"GET / HTTP/1.0\r\n\r\n", "200"},
	{"GET / HTTP/1.0\n\n", "200"},
	{"\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"},
	{"GET http://elsewhere/sub/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"},
	// Several requests in one piece.
	{"GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD /missing HTTP/1.1\r\nHost: x\r\n\r\nGET /empty HTTP/1.0\r\n\r\n", "200 404 200"},
	{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n", "200 200"},
	{"GET / HTTP/1.1\r\n\r\n", "400"},
	{"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
	{"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", "400"},
	{"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "400"},
	{"GET /\r\n\r\n", "400"},
	{"GET nowhere HTTP/1.0\r\n\r\n", "400"},
	{"GET /%4 HTTP/1.0\r\n\r\n", "400"},
	{"GET /% HTTP/1.0\r\n\r\n", "400"},
	{"GET /%zz HTTP/1.0\r\n\r\n", "400"},
	{"GET /" + strings.Repeat("a", 2000) + " HTTP/1.0\r\n\r\n", "400"},
	{"G\x00T / HTTP/1.0\r\n\r\n", "400"},
	{"GET / HTTP/2.0\r\n\r\n", "505"},
	{"BREW / HTTP/1.0\r\n\r\n", "405"},
	{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "413"},
	{"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "413"},
	{"GET / HTTP/1.0\r\nX: " + strings.Repeat("y", 9000), "431"},
}

func TestRawRequests(t *testing.T) {
	s := start(t, nuage.Options{}, nil)
	for _, r := range raws {
		t.Run(fmt.Sprintf("%.30q", r.request), func(t *testing.T) {
			c, err := net.Dial("tcp", s.addr)
			require.NoError(t, err)
			defer c.Close()
			_, err = io.WriteString(c, r.request)
			require.NoError(t, err)
			reader := bufio.NewReader(c)
			var got []string
			for i := range strings.Fields(r.want) {
				method := "GET"
				if strings.Contains(r.request, "HEAD") && i == 1 {
					method = "HEAD"
				}
				response, err := http.ReadResponse(reader, &http.Request{Method: method})
				require.NoError(t, err)
				_, err = io.ReadAll(response.Body)
				require.NoError(t, err)
				got = append(got, fmt.Sprint(response.StatusCode))
			}
			require.Equal(t, r.want, strings.Join(got, " "))
			// Then the server hangs up.
			_, err = reader.ReadByte()
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

// TestSlowClients: whoever takes too long is hung up on.
func TestSlowClients(t *testing.T) {
	s := start(t, nuage.Options{}, map[string]any{"timeout": 1})
	c, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "GET / HT")
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

// attack sends rubbish that looks like requests until the context ends.
func attack(ctx context.Context, addr string, seed uint64, sent *atomic.Int64) {
	r := rand.New(rand.NewPCG(seed, 0))
	for ctx.Err() == nil {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		for range r.IntN(4) {
			b := []byte(raws[r.IntN(len(raws))].request)
			for range r.IntN(6) {
				switch i := r.IntN(len(b)); r.IntN(4) {
				case 0:
					b[i] = byte(r.Uint32())
				case 1:
					b = b[:i+1]
				case 2:
					b = append(b, b[i:]...)
				case 3:
					b[i] = "\r\n%/. :"[r.IntN(7)]
				}
			}
			if _, err := c.Write(b); err != nil {
				break
			}
			sent.Add(1)
		}
		switch r.IntN(3) {
		case 0:
			_ = c.(*net.TCPConn).SetLinger(0) // a reset
		case 1:
			_ = c.(*net.TCPConn).CloseWrite()
			_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			_, _ = io.Copy(io.Discard, c)
		}
		_ = c.Close()
	}
}

// TestServesUnderAttack: clients get right answers while others send rubbish.
func TestServesUnderAttack(t *testing.T) {
	s := start(t, nuage.Options{}, map[string]any{"timeout": 2})
	const attacks = 2000
	ctx, cancel := context.WithCancel(t.Context())
	var attackers, clients sync.WaitGroup
	var sent atomic.Int64
	for i := range 4 {
		attackers.Go(func() { attack(ctx, s.addr, uint64(i), &sent) })
	}
	for range 4 {
		clients.Go(func() {
			c := client()
			for sent.Load() < attacks {
				for _, e := range exchanges {
					response, body := get(t, c, e.method, s.url(e.path))
					if response.StatusCode != e.status || e.body != "*" && body != e.body {
						t.Errorf("%s %s: status %d, %d bytes", e.method, e.path, response.StatusCode, len(body))
					}
				}
			}
		})
	}
	clients.Wait()
	cancel()
	attackers.Wait()
}

// TestThousandConnections holds as many connections as the server takes, and
// makes requests on all of them.
func TestThousandConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("a soak; not in short mode")
	}
	const connections, rounds = 1000, 3
	s := start(t, nuage.Options{Limits: nuage.Limits{Descriptors: 2 * connections}}, map[string]any{"timeout": 300})
	conns := make([]net.Conn, connections)
	readers := make([]*bufio.Reader, connections)
	for i := range conns {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Skip("this host does not give so many descriptors:", err)
		}
		defer c.Close()
		conns[i], readers[i] = c, bufio.NewReader(c)
	}
	for round := range rounds {
		begin := time.Now()
		for _, c := range conns {
			_, err := io.WriteString(c, "GET /a%20b.txt HTTP/1.1\r\nHost: x\r\n\r\n")
			require.NoError(t, err)
		}
		for _, r := range readers {
			response, err := http.ReadResponse(r, nil)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.Equal(t, 200, response.StatusCode)
			require.Equal(t, "spaced", string(body))
		}
		t.Logf("round %d: %d requests in %v", round, connections, time.Since(begin))
	}
	s.log.await("GET /a%20b.txt 200 6\n", connections*rounds)
	require.Equal(t, connections*rounds, strings.Count(s.log.String(), "GET /a%20b.txt 200 6\n"))
}

// TestDeterministicServer: one connection is served in deterministic mode too.
func TestDeterministicServer(t *testing.T) {
	s := start(t, nuage.Options{Deterministic: true}, nil)
	response, body := get(t, client(), "GET", s.url("/page.txt"))
	require.Equal(t, 200, response.StatusCode)
	require.Equal(t, page, body)
	require.Equal(t, "Mon, 01 Jan 2018 00:00:00 GMT", response.Header.Get("Last-Modified"))
}
