package launcher

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/nuage-emu/nuage"
)

// Trace writes a line for every system call. Its Event method is a trace hook.
type Trace struct {
	json  bool
	style Style

	mu    sync.Mutex
	out   *bufio.Writer
	flush bool // after every line, for those who watch
	file  *os.File
	err   error
}

// NewTrace makes a trace that goes to stderr, or to a file if path is not
// empty. Format is text or json: one object a line.
func NewTrace(path, format string, stderr io.Writer) (*Trace, error) {
	t := &Trace{json: format == "json"}
	if path == "" {
		t.out, t.flush, t.style = bufio.NewWriter(stderr), true, StyleFor(stderr)
		return t, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("the trace cannot be written: %w", err)
	}
	t.out, t.file = bufio.NewWriterSize(f, 64<<10), f
	return t, nil
}

// Event writes one call; it may be called by many goroutines at once.
func (t *Trace) Event(e *nuage.TraceEvent) {
	line := t.line(e)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return
	}
	_, _ = t.out.WriteString(line) // the first error stays until Flush
	_ = t.out.WriteByte('\n')
	if t.flush {
		t.err = t.out.Flush()
	}
}

func (t *Trace) line(e *nuage.TraceEvent) string {
	if t.json {
		b, err := json.Marshal(e)
		if err != nil {
			return fmt.Sprintf(`{"call":%q}`, e.Call)
		}
		return string(b)
	}
	line := oneLine(e.String())
	if e.Errno != 0 {
		return t.style.Red(line)
	}
	return line
}

// Close writes what is left, and returns what went wrong since the beginning.
func (t *Trace) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.out.Flush(); t.err == nil {
		t.err = err
	}
	if t.file != nil {
		if err := t.file.Close(); t.err == nil {
			t.err = err
		}
	}
	if t.err != nil {
		return fmt.Errorf("the trace is not complete: %w", t.err)
	}
	return nil
}
