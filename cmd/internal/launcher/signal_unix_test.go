//go:build unix

package launcher

import (
	"bytes"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
)

// The host's requests reach the program: each is sent when the program is
// seen to run, which is after Run has asked for them.
func TestRequestsOfTheHost(t *testing.T) {
	for _, c := range []struct {
		config string
		send   syscall.Signal
		status int
		says   string
	}{
		{"{log: !fd stderr, how: sleep}", syscall.SIGTERM, 143, "died of signal SIGTERM"},
		{"{log: !fd stderr, how: loop}", syscall.SIGINT, 130, "died of signal SIGINT"},
	} {
		var stderr bytes.Buffer
		var once sync.Once
		o := Options{Command: "test", Program: die, Config: parse(t, c.config), Stderr: &stderr}
		o.Machine.Trace = func(*nuage.TraceEvent) {
			once.Do(func() { _ = syscall.Kill(syscall.Getpid(), c.send) })
		}
		status, err := Run(o)
		require.NoError(t, err)
		require.Equal(t, c.status, status)
		require.Contains(t, stderr.String(), c.says)
	}
}

// TestRequestBeforeTheProgram: a request that no program takes ends the process,
// as while a configuration is read.
func TestRequestBeforeTheProgram(t *testing.T) {
	const asked = "NUAGE_TEST_LISTEN"
	if os.Getenv(asked) != "" {
		r := Listen()
		<-r.ready
		os.Stdout.WriteString("\n")
		select {}
	}
	for sig, status := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130} {
		c := exec.Command(os.Args[0], "-test.run=^TestRequestBeforeTheProgram$")
		c.Env = append(os.Environ(), asked+"=1")
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, c.Start())
		_, err = out.Read(make([]byte, 1))
		require.NoError(t, err)
		require.NoError(t, c.Process.Signal(sig))
		require.Error(t, c.Wait())
		require.Equal(t, status, c.ProcessState.ExitCode())
	}
}

func TestStoppedProgramGoesOn(t *testing.T) {
	stderr := &notifying{stopped: make(chan struct{})}
	o := Options{Command: "test", Program: die, Config: parse(t, "{log: !fd stderr, how: raise, code: 14}"), Stderr: stderr}
	go func() {
		<-stderr.stopped
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGCONT)
	}()
	status, err := Run(o)
	require.NoError(t, err)
	require.Equal(t, 97, status, "the guest's status for having come back from raise")
	require.Contains(t, stderr.String(), "stopped itself by signal SIGSTOP; kill -CONT")
}

// notifying tells of the first line.
type notifying struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	once    sync.Once
	stopped chan struct{}
}

func (n *notifying) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.once.Do(func() { close(n.stopped) })
	return n.buf.Write(p)
}

func (n *notifying) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.String()
}
