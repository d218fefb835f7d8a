package host

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// TestTerminal: a terminal that blocks is used without waiting, and goes on
// blocking for others.
func TestTerminal(t *testing.T) {
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	defer unix.Close(master)
	require.NoError(t, unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	require.NoError(t, err)
	fd, err := unix.Open(fmt.Sprintf("/dev/pts/%d", n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	f := os.NewFile(uintptr(fd), "terminal")
	defer f.Close()
	s, arrived := watched(NewStream(f, f, StreamOptions{Terminal: true, Filetype: cloudabi.FiletypeCharacterDevice}))
	defer s.Close()
	require.IsType(t, &direct{}, s)
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	require.NoError(t, err)
	require.Zero(t, flags&unix.O_NONBLOCK)
	p := make([]byte, 100)
	_, e := s.Read(p)
	require.Equal(t, cloudabi.EAGAIN, e)
	_, err = unix.Write(master, []byte("a line"))
	require.NoError(t, err)
	require.False(t, s.Ready(abi.Input).Ready, "the line is not complete")
	_, err = unix.Write(master, []byte("\n"))
	require.NoError(t, err)
	k, e := again(arrived, func() (int, cloudabi.Errno) { return s.Read(p) })
	require.Zero(t, e)
	require.Equal(t, "a line\n", string(p[:k]))
	_, e = s.Write([]byte("answer"))
	require.Zero(t, e)
	// The other side of a terminal is no terminal to be opened once more.
	require.Nil(t, openDescriptor(os.NewFile(uintptr(dupped(t, master)), "master")))
}

func dupped(t *testing.T, fd int) int {
	t.Helper()
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(t, err)
	return n
}

func TestDevicesThatNeverWait(t *testing.T) {
	for _, name := range []string{"/dev/null", "/dev/zero"} {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		require.NoError(t, err)
		defer f.Close()
		s := NewStream(f, f, StreamOptions{})
		defer s.Close()
		require.IsType(t, &direct{}, s)
		require.True(t, s.Ready(abi.Input).Ready)
		n, e := s.Write([]byte("x"))
		require.Zero(t, e)
		require.Equal(t, 1, n)
	}
}
