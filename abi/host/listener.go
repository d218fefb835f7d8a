package host

import (
	"net"
	"sync"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// listener is an [abi.Listener]. Like a stream it calls the host from a
// goroutine that accepts one connection, when the guest asks for one.
type listener struct {
	l      net.Listener
	notify func()

	mu        sync.Mutex
	accepting bool
	conn      net.Conn // arrived and not taken yet
	err       error
	closed    bool
}

// NewListener makes a listening socket, which is closed with it.
func NewListener(l net.Listener) abi.Listener {
	if d := newDirectListener(l); d != nil {
		return d
	}
	return &listener{l: l, notify: func() {}}
}

func (l *listener) Notify(f func()) { l.notify = f }

func (l *listener) Accept() (abi.Stream, cloudabi.Errno) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.conn != nil:
		c := l.conn
		l.conn = nil
		return NewConn(c), cloudabi.ESUCCESS
	case l.err != nil:
		err := l.err
		l.err = nil
		return nil, errno(err)
	}
	l.ask()
	return nil, cloudabi.EAGAIN
}

func (l *listener) Pending() abi.Readiness {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.conn != nil:
		return abi.Readiness{Ready: true, Bytes: 1}
	case l.err != nil:
		return abi.Readiness{Ready: true}
	}
	l.ask()
	return abi.Readiness{}
}

// ask has the host accept a connection. The caller holds l.mu.
func (l *listener) ask() {
	if l.accepting || l.closed {
		return
	}
	l.accepting = true
	go l.pump()
}

func (l *listener) pump() {
	c, err := l.l.Accept()
	l.mu.Lock()
	l.accepting = false
	closed := l.closed
	if !closed {
		l.conn, l.err = c, err
	}
	l.mu.Unlock()
	if closed && c != nil {
		_ = c.Close()
	}
	l.notify()
}

func (l *listener) Close() {
	l.mu.Lock()
	l.closed = true
	c := l.conn
	l.conn = nil
	l.mu.Unlock()
	if c != nil {
		_ = c.Close()
	}
	_ = l.l.Close()
}
