package host

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// StreamOptions say what a stream is beyond its reader and writer.
type StreamOptions struct {
	// Filetype the guest is told; 0 means socket_stream, which is what
	// existing systems call a pipe.
	Filetype cloudabi.Filetype
	Terminal bool
	// Direct says that the writer never waits, so that writing needs no
	// goroutine. Buffers in memory are recognised without it.
	Direct bool
	// Close, if set, is called once, when the guest has given the stream up
	// and the last write has ended. It should make a Read under way return.
	Close func() error
}

// Sizes in bytes.
const (
	maxRead  = 64 << 10  // of one Read of the host
	pollRead = 4 << 10   // asked of the host by a poll, to learn whether there is anything
	maxWrite = 128 << 10 // of one Write of the host
)

// stream is an [abi.Stream] over a reader and a writer, either of which may be
// missing. The host is only called by goroutines that do one Read or Write
// each and are started when the guest asks, so a guest that does not read takes
// nothing away from the reader, and a stream that is not in use has no
// goroutine. At most one Read and one Write are under way.
type stream struct {
	options StreamOptions
	r       io.Reader
	w       io.Writer
	half    halfCloser // nil if the directions cannot be closed singly
	conn    net.Conn   // nil if it is none
	// messages says that a write of nothing sends an empty message.
	messages bool
	notify   func()

	mu sync.Mutex

	arrived  []byte // read and not taken yet
	inBuffer []byte // what arrived is a part of
	reading  bool
	inErr    error // what ended the input

	outBuffer []byte
	writing   bool
	outErr    error // of the last write, to be reported once
	outEnded  bool  // shut down

	closed bool
}

// halfCloser is what TCP and Unix connections can do.
type halfCloser interface {
	CloseRead() error
	CloseWrite() error
}

// NewStream makes a stream of the host from a reader and a writer, one of which
// may be nil. Two streams with the same writer write to it at the same time;
// make one stream and give the process duplicates of it instead.
//
// A Read that never returns outlives the stream unless options.Close ends it;
// what it reads then is lost. A Read that takes from a reader that others use
// too asks for no more than the guest did.
func NewStream(r io.Reader, w io.Writer, o StreamOptions) abi.Stream {
	if o.Filetype == 0 {
		o.Filetype = cloudabi.FiletypeSocketStream
	}
	switch w.(type) {
	case *bytes.Buffer, *strings.Builder:
		o.Direct = true
	}
	if s := newDirect(r, w, o); s != nil {
		return s
	}
	return &stream{options: o, r: r, w: w, notify: func() {}}
}

// NewConn makes a stream of a network connection, which is closed with it. One
// that keeps the boundaries of messages (UDP, Unix datagrams and sequenced
// packets) is given out as what it is. A datagram socket that is not connected
// can only receive.
func NewConn(c net.Conn) abi.Stream {
	if s := newDirectConn(c); s != nil {
		return s
	}
	half, _ := c.(halfCloser)
	s := &stream{
		options: StreamOptions{Filetype: cloudabi.FiletypeSocketStream, Close: c.Close},
		r:       c, w: c, conn: c, half: half, notify: func() {},
	}
	kind := messageKind(c.LocalAddr())
	if kind == 0 {
		return s
	}
	s.options.Filetype, s.messages = kind, true
	if !connected(c) {
		s.w = nil
	}
	return &packets{stream: s}
}

// Networked implements [abi.Networked].
func (s *stream) Networked() bool { return s.conn != nil }

func (s *stream) Filetype() cloudabi.Filetype      { return s.options.Filetype }
func (s *stream) Terminal() bool                   { return s.options.Terminal }
func (s *stream) Directions() (input, output bool) { return s.r != nil, s.w != nil }
func (s *stream) Notify(f func())                  { s.notify = f }

func (s *stream) Read(p []byte) (int, cloudabi.Errno) {
	if s.r == nil {
		return 0, cloudabi.EBADF
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.arrived) > 0:
		n := copy(p, s.arrived)
		s.arrived = s.arrived[n:]
		return n, cloudabi.ESUCCESS
	case errors.Is(s.inErr, io.EOF):
		return 0, cloudabi.ESUCCESS
	case s.inErr != nil:
		return 0, errno(s.inErr)
	case len(p) == 0:
		return 0, cloudabi.ESUCCESS
	}
	s.ask(len(p))
	return 0, cloudabi.EAGAIN
}

// ask has the host read up to n bytes. The caller holds s.mu.
func (s *stream) ask(n int) {
	if s.reading || s.closed {
		return
	}
	s.reading = true
	if n = min(n, maxRead); cap(s.inBuffer) < n {
		s.inBuffer = make([]byte, n)
	}
	go s.pumpIn(s.inBuffer[:n])
}

// pumpIn does one Read.
func (s *stream) pumpIn(p []byte) {
	const attempts = 100 // of a reader that returns neither data nor an error
	n, err := s.r.Read(p)
	for i := 1; n == 0 && err == nil; i++ {
		if i == attempts {
			err = io.ErrNoProgress
			break
		}
		n, err = s.r.Read(p)
	}
	s.mu.Lock()
	s.reading = false
	if s.inErr == nil { // not shut down meanwhile
		s.arrived, s.inErr = p[:min(max(n, 0), len(p))], err
	}
	s.mu.Unlock()
	s.notify()
}

func (s *stream) Write(p []byte) (int, cloudabi.Errno) {
	if s.w == nil {
		return 0, cloudabi.EBADF
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.outEnded:
		return 0, cloudabi.EPIPE
	case s.outErr != nil:
		return 0, s.takeError()
	case s.writing:
		return 0, cloudabi.EAGAIN
	case len(p) == 0 && !s.messages:
		return 0, cloudabi.ESUCCESS
	case s.options.Direct:
		n, err := s.w.Write(p)
		return min(max(n, 0), len(p)), errno(err)
	}
	s.writing = true
	s.outBuffer = append(s.outBuffer[:0], p[:min(len(p), maxWrite)]...)
	go s.pumpOut(s.outBuffer)
	return len(s.outBuffer), cloudabi.ESUCCESS
}

// takeError reports the error of an earlier write once. The caller holds s.mu.
func (s *stream) takeError() cloudabi.Errno {
	e := errno(s.outErr)
	s.outErr = nil
	return e
}

// pumpOut does one Write.
func (s *stream) pumpOut(p []byte) {
	n, err := s.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	s.mu.Lock()
	s.writing = false
	s.outErr = err
	closed, ended := s.closed, s.outEnded
	s.mu.Unlock()
	switch {
	case closed:
		s.closeHost()
	case ended && s.half != nil:
		_ = s.half.CloseWrite()
	}
	s.notify()
}

func (s *stream) Flushed() cloudabi.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.writing:
		return cloudabi.EAGAIN
	case s.outErr != nil:
		return s.takeError()
	}
	return cloudabi.ESUCCESS
}

func (s *stream) Ready(d abi.Direction) abi.Readiness {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d == abi.Output {
		return abi.Readiness{Ready: !s.writing, Hangup: s.outEnded, Bytes: maxWrite}
	}
	switch {
	case len(s.arrived) > 0:
		return abi.Readiness{Ready: true, Bytes: uint64(len(s.arrived)), Hangup: s.inErr != nil}
	case s.inErr != nil:
		return abi.Readiness{Ready: true, Hangup: true}
	}
	s.ask(pollRead)
	return abi.Readiness{}
}

func (s *stream) Shutdown(input, output bool) cloudabi.Errno {
	s.mu.Lock()
	if input {
		s.inErr, s.arrived = io.EOF, nil
	}
	now := output && !s.outEnded && !s.writing
	s.outEnded = s.outEnded || output
	s.mu.Unlock()
	if s.half != nil {
		if input {
			_ = s.half.CloseRead()
		}
		if now { // else when the write under way has ended
			_ = s.half.CloseWrite()
		}
	}
	s.notify()
	return cloudabi.ESUCCESS
}

func (s *stream) Close() {
	s.mu.Lock()
	later := s.closed || s.writing
	s.closed = true
	s.mu.Unlock()
	if !later {
		s.closeHost()
	}
}

func (s *stream) closeHost() {
	if s.options.Close != nil {
		_ = s.options.Close()
	}
}
