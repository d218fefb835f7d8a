package host

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// readySet is an instance of epoll. It is itself registered with Go's poller,
// so that the goroutine that waits for it occupies no thread.
type readySet struct {
	fd     int
	file   *os.File
	raw    syscall.RawConn
	events [128]unix.EpollEvent
	n      int
}

func newReadySet() (*readySet, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	s := &readySet{fd: fd, file: os.NewFile(uintptr(fd), "epoll")}
	// A file that Go's poller has not taken has no deadlines.
	if err = s.file.SetReadDeadline(time.Time{}); err == nil {
		s.raw, err = s.file.SyscallConn()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *readySet) add(fd int, have, more directions) error {
	op := unix.EPOLL_CTL_ADD
	if have != 0 {
		op = unix.EPOLL_CTL_MOD
	}
	e := unix.EpollEvent{Fd: int32(fd), Events: unix.EPOLLET & (1<<32 - 1)}
	if (have|more)&input != 0 {
		e.Events |= unix.EPOLLIN | unix.EPOLLRDHUP
	}
	if (have|more)&output != 0 {
		e.Events |= unix.EPOLLOUT
	}
	return unix.EpollCtl(s.fd, op, fd, &e)
}

func (s *readySet) remove(fd int, _ directions) {
	_ = unix.EpollCtl(s.fd, unix.EPOLL_CTL_DEL, fd, nil)
}

// wait returns how many reports there are, and not ok when the set is closed.
func (s *readySet) wait() (n int, ok bool) {
	err := s.raw.Read(s.collect)
	return s.n, err == nil && s.n >= 0
}

func (s *readySet) collect(fd uintptr) bool {
	var err error
	s.n, err = unix.EpollWait(int(fd), s.events[:], 0)
	return s.n > 0 || err != nil && !errors.Is(err, unix.EINTR)
}

// report returns one report of the last wait.
func (s *readySet) report(i int) (fd int, which directions) {
	const ended = unix.EPOLLERR | unix.EPOLLHUP
	e := &s.events[i]
	if e.Events&(unix.EPOLLIN|unix.EPOLLRDHUP|ended) != 0 {
		which |= input
	}
	if e.Events&(unix.EPOLLOUT|ended) != 0 {
		which |= output
	}
	return int(e.Fd), which
}

func (s *readySet) close() { _ = s.file.Close() }
