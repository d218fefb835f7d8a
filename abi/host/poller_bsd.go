//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

import (
	"errors"

	"golang.org/x/sys/unix"
)

// readySet is a kqueue. Closing the writing end of the pipe ends wait.
type readySet struct {
	fd         int
	stop, done int // ends of the pipe
	events     [128]unix.Kevent_t
}

func newReadySet() (*readySet, error) {
	fd, err := unix.Kqueue()
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(fd)
	var ends [2]int
	if err := unix.Pipe(ends[:]); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	unix.CloseOnExec(ends[0])
	unix.CloseOnExec(ends[1])
	s := &readySet{fd: fd, done: ends[0], stop: ends[1]}
	if err := s.change(s.done, unix.EVFILT_READ, unix.EV_ADD); err != nil {
		s.close()
		s.release()
		return nil, err
	}
	return s, nil
}

func (s *readySet) change(fd, filter, flags int) error {
	var k unix.Kevent_t
	unix.SetKevent(&k, fd, filter, flags)
	_, err := unix.Kevent(s.fd, []unix.Kevent_t{k}, nil, nil)
	return err
}

func (s *readySet) add(fd int, _, more directions) error {
	if more&input != 0 {
		return s.change(fd, unix.EVFILT_READ, unix.EV_ADD|unix.EV_CLEAR)
	}
	return s.change(fd, unix.EVFILT_WRITE, unix.EV_ADD|unix.EV_CLEAR)
}

func (s *readySet) remove(fd int, have directions) {
	if have&input != 0 {
		_ = s.change(fd, unix.EVFILT_READ, unix.EV_DELETE)
	}
	if have&output != 0 {
		_ = s.change(fd, unix.EVFILT_WRITE, unix.EV_DELETE)
	}
}

// wait returns how many reports there are, and not ok when the set is closed.
func (s *readySet) wait() (n int, ok bool) {
	n, err := unix.Kevent(s.fd, nil, s.events[:], nil)
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Kevent(s.fd, nil, s.events[:], nil)
	}
	ok = err == nil
	for i := range s.events[:max(n, 0)] {
		ok = ok && int(s.events[i].Ident) != s.done
	}
	if !ok {
		s.release()
	}
	return n, ok
}

// report returns one report of the last wait.
func (s *readySet) report(i int) (fd int, which directions) {
	e := &s.events[i]
	if int(e.Filter) == unix.EVFILT_WRITE {
		return int(e.Ident), output
	}
	return int(e.Ident), input
}

// close has wait return, which then gives up the rest.
func (s *readySet) close() { _ = unix.Close(s.stop) }

func (s *readySet) release() {
	_ = unix.Close(s.done)
	_ = unix.Close(s.fd)
}
