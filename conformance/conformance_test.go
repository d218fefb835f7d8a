package conformance

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// subjects are the guests that check a part of the system and exit with 0.
// die, hostile, limits and race end in ways of their own, and have their own tests.
var subjects = []string{"arith", "children", "clock", "errors", "exec", "fd", "filestat", "fork", "io", "lock", "mem", "path", "poll", "procshared", "readdir", "sock", "socket", "start", "thread"}

// subjects2015 are those that only programs of 2015 can have.
var subjects2015 = []string{"queue2015", "sock2015"}

// subjectsOf are the subjects that a set has.
func subjectsOf(set string) []string {
	if strings.HasSuffix(set, "-2015") {
		return slices.Concat(subjects, subjects2015)
	}
	return subjects
}

// TestEveryGuestIsRun keeps a new guest from being forgotten.
func TestEveryGuestIsRun(t *testing.T) {
	for _, set := range Sets {
		names, err := Programs(set)
		require.NoError(t, err)
		require.ElementsMatch(t, append([]string{"die", "hostile", "limits", "race"}, subjectsOf(set)...), names, set)
	}
}

// runnable are the sets that this build can run.
var runnable = []string{"x86_64-final", "x86_64-2015", "aarch64-final", "aarch64-2015"}

// forms are the ways of keeping guest memory that there are here.
func forms(t *testing.T) []memory.Form {
	list := []memory.Form{memory.Paged}
	if s, err := memory.New(memory.Options{Form: memory.Window}); err == nil {
		require.NoError(t, s.Close())
		list = append(list, memory.Window)
	}
	return list
}

// guest runs a program with a log and the given further arguments, and returns
// its end and what it logged.
func guest(t *testing.T, o nuage.Options, set, name string, args map[string]any) (nuage.ExitStatus, string) {
	t.Helper()
	program, err := Program(set, name)
	require.NoError(t, err)
	image, err := nuage.LoadBytes(program)
	require.NoError(t, err)
	m, err := nuage.NewMachine(o)
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	var log bytes.Buffer
	all := map[string]any{"log": nuage.Writer(&log)}
	for k, v := range args {
		all[k] = v
	}
	p, err := m.Start(t.Context(), image, nuage.Config{Args: all})
	require.NoError(t, err)
	status, err := p.Wait(context.Background())
	require.NoError(t, err)
	return status, log.String()
}

// TestSubjects runs every subject on every generation, form of memory, and
// file system that a program can write to.
func TestSubjects(t *testing.T) {
	dirs := []struct {
		name string
		make func(t *testing.T) *nuage.Capability
	}{
		{"memory", func(*testing.T) *nuage.Capability { return nuage.MemoryDir() }},
		{"host", func(t *testing.T) *nuage.Capability { return nuage.Dir(t.TempDir()) }},
		{"overlay", func(t *testing.T) *nuage.Capability { return nuage.Overlay(t.TempDir()) }},
	}
	for _, set := range runnable {
		for _, form := range forms(t) {
			for _, dir := range dirs {
				for _, subject := range subjectsOf(set) {
					t.Run(fmt.Sprintf("%s/%v/%s/%s", set, form, dir.name, subject), func(t *testing.T) {
						t.Parallel()
						status, log := guest(t, nuage.Options{Memory: form}, set, subject, subjectArgs(dir.make(t)))
						require.Empty(t, log)
						require.Equal(t, nuage.ExitStatus{}, status)
					})
				}
			}
		}
	}
}

// ends are the ways in which die can be told to end, and what must be seen.
var ends = []struct {
	how    string
	code   int
	signal cloudabi.Signal
	exit   cloudabi.Exitcode
}{
	{how: "return"},
	{how: "return", code: 7, exit: 7},
	{how: "exit", code: 300, exit: 300},
	{how: "exit", code: -1, exit: 0xffffffff},
	{how: "raise", code: int(cloudabi.SIGABRT), signal: cloudabi.SIGABRT},
	{how: "raise", code: int(cloudabi.SIGKILL), signal: cloudabi.SIGKILL},
	{how: "raise", code: int(cloudabi.SIGXFSZ), signal: cloudabi.SIGXFSZ},
	{how: "raise twice"},
	{how: "read", signal: cloudabi.SIGSEGV},
	{how: "write", signal: cloudabi.SIGSEGV},
	{how: "write code", signal: cloudabi.SIGSEGV},
	{how: "jump", signal: cloudabi.SIGSEGV},
	{how: "execute data", signal: cloudabi.SIGSEGV},
	{how: "divide", signal: cloudabi.SIGFPE},
	{how: "illegal", signal: cloudabi.SIGILL},
	{how: "break", signal: cloudabi.SIGTRAP},
	{how: "recurse", signal: cloudabi.SIGSEGV},
	{how: "no stack", signal: cloudabi.SIGSEGV},
	{how: "unmap stack", signal: cloudabi.SIGSEGV},
	{how: "unmap all", signal: cloudabi.SIGSEGV},
	{how: "past end", signal: cloudabi.SIGBUS},
	{how: "thread fault", signal: cloudabi.SIGSEGV},
	{how: "main leaves"},
	{how: "exit among threads", code: 5, exit: 5},
}

// TestEnds checks exit codes, and that faults end the process with the right
// signal and a line that says what happened.
func TestEnds(t *testing.T) {
	for _, set := range runnable {
		for _, form := range forms(t) {
			for _, e := range ends {
				t.Run(fmt.Sprintf("%s/%v/%s %d", set, form, e.how, e.code), func(t *testing.T) {
					t.Parallel()
					status, log := guest(t, nuage.Options{Memory: form}, set, "die", map[string]any{"how": e.how, "code": e.code})
					require.Empty(t, log)
					require.Equal(t, e.signal, status.Signal, status)
					require.Equal(t, e.exit, status.Code, status)
					// Division by zero is no fault on aarch64: the guest raises.
					raised := e.how == "raise" || e.how == "divide" && strings.HasPrefix(set, "aarch64")
					if e.signal != 0 && !raised {
						require.NotNil(t, status.Fault)
						require.NotEmpty(t, status.Text)
						require.NotContains(t, status.Text, "\n")
					}
				})
			}
		}
	}
}

// TestAttributesOfFaults checks that what is reported of a fault is exact.
func TestAttributesOfFaults(t *testing.T) {
	for _, form := range forms(t) {
		for _, c := range []struct{ set, register, code, text string }{
			{"x86_64-final", "rip", "0f 0b", "ud2"},
			{"aarch64-final", "tpidr", "0000", "udf"},
		} {
			status, _ := guest(t, nuage.Options{Memory: form}, c.set, "die", map[string]any{"how": "write"})
			require.NotNil(t, status.Fault)
			require.Equal(t, uint64(16), status.Fault.Stop.Fault.Addr)
			require.Equal(t, memory.Write, status.Fault.Stop.Fault.Access)
			require.Contains(t, strings.ToLower(status.Fault.Registers), c.register)
			status, _ = guest(t, nuage.Options{Memory: form}, c.set, "die", map[string]any{"how": "illegal"})
			require.Contains(t, status.Text, c.code)
			require.Contains(t, status.Text, c.text)
		}
	}
}

// limited are the limits that the guest of that name runs into.
var limited = []struct {
	name   string
	limits nuage.Limits
}{
	{"descriptors", nuage.Limits{Descriptors: 10}},
	{"open files", nuage.Limits{OpenFiles: 10}},
	{"processes", nuage.Limits{Processes: 1}},
	{"threads", nuage.Limits{Threads: 10}},
	{"memory", nuage.Limits{Memory: 12 << 20}},
}

// TestLimits checks what calls answer when a limit is reached.
func TestLimits(t *testing.T) {
	for _, set := range runnable {
		for _, l := range limited {
			t.Run(set+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				status, log := guest(t, nuage.Options{Limits: l.limits}, set, "limits", map[string]any{
					"tmpdir": nuage.MemoryDir(), "limit": l.name,
				})
				require.Empty(t, log)
				require.Equal(t, nuage.ExitStatus{}, status)
			})
		}
	}
}
