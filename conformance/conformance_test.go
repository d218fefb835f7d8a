package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/memory"
)

// subjects are the guests that check a part of the system and exit with 0.
// The others end in ways of their own or need more, and have their own tests.
var subjects = []string{"arith", "children", "clock", "errors", "exec", "fd", "filestat", "fork", "io", "lock", "mem", "path", "poll", "procshared", "readdir", "rights", "sock", "socket", "start", "thread"}

// subjects2015 are those that only programs of 2015 can have.
var subjects2015 = []string{"queue2015", "sock2015"}

// special are the guests with tests of their own, special2015 those of 2015 only.
var (
	special     = []string{"die", "hostile", "limits", "race", "storage"}
	special2015 = []string{"early2015"}
)

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
		want := slices.Concat(special, subjectsOf(set))
		if strings.HasSuffix(set, "-2015") {
			want = append(want, special2015...)
		}
		require.ElementsMatch(t, want, names, set)
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

// formsFor are the forms of memory to run a set on. A short run takes one each,
// such that either instruction set is run on both: neither kernel nor memory
// know of instruction sets, nor do generations matter to memory.
func formsFor(t *testing.T, set string) []memory.Form {
	all := forms(t)
	if !testing.Short() {
		return all
	}
	i := slices.Index(runnable, set) % len(all)
	return all[i : i+1]
}

// setsToRepeat are the sets whose deterministic runs are repeated. In a short
// run they are those that differ in both respects.
func setsToRepeat() []string {
	if testing.Short() {
		return []string{"x86_64-final", "aarch64-2015"}
	}
	return runnable
}

// guest runs a program with a log and the given further arguments, and returns
// its end and what it logged.
func guest(t *testing.T, o nuage.Options, set, name string, args map[string]any) (nuage.ExitStatus, string) {
	t.Helper()
	m, err := nuage.NewMachine(o)
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	var log bytes.Buffer
	all := map[string]any{"log": nuage.Writer(&log)}
	for k, v := range args {
		all[k] = v
	}
	p, err := m.Start(t.Context(), imageOf(t, set, name), nuage.Config{Args: all})
	require.NoError(t, err)
	status, err := p.Wait(context.Background())
	require.NoError(t, err)
	return status, log.String()
}

// TestSubjects runs every subject on every generation and form of memory, and
// those that use files on every file system that a program can write to.
func TestSubjects(t *testing.T) {
	for _, set := range runnable {
		for _, form := range formsFor(t, set) {
			for _, dir := range directories {
				for _, subject := range subjectsOf(set) {
					if dir.name != "memory" && !slices.Contains(filing, subject) {
						continue
					}
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
		for _, form := range formsFor(t, set) {
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

// limitArgs is what the guest limits is given.
func limitArgs(limit string) map[string]any {
	return map[string]any{"tmpdir": nuage.MemoryDir(), "program": nuage.Executable(), "limit": limit}
}

// TestLimits checks what calls answer when a limit is reached.
func TestLimits(t *testing.T) {
	for _, set := range runnable {
		for _, l := range limited {
			t.Run(set+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				status, log := guest(t, nuage.Options{Limits: l.limits}, set, "limits", limitArgs(l.name))
				require.Empty(t, log)
				require.Equal(t, nuage.ExitStatus{}, status)
			})
		}
	}
}

// ages are the ways in which programs from before August 2015 were built: the
// table of numbers, told to the system or found out by it, and the start.
var ages = []struct {
	table string
	told  abi.Generation
	start elf.Generation
}{
	{"G0", abi.G0, elf.Argv2015},
	{"G1", abi.G1, elf.Argv2015},
	{"G1", abi.G1, elf.StartupData2015},
	{"G2", abi.G2, elf.StartupData2015},
	{"G2", abi.G2, elf.Auxv2015},
	{"G2", abi.Auto, elf.StartupData2015},
	{"G2", abi.Auto, elf.Final},
}

// earlyLimits are those that the guest early2015 needs: it uses memory up.
var earlyLimits = nuage.Limits{Memory: 12 << 20}

// early is how the guest early2015 is started. It has no names for what it is
// given.
func early(i int, log io.Writer) nuage.Config {
	a := ages[i]
	return nuage.Config{
		Args:       []any{nuage.Writer(log), nuage.MemoryDir(), a.table},
		Generation: a.told,
		StartForm:  a.start,
	}
}

// TestAges runs a program of each age before August 2015.
func TestAges(t *testing.T) {
	for _, set := range runnable {
		if !strings.HasSuffix(set, "-2015") {
			continue
		}
		for i, a := range ages {
			t.Run(fmt.Sprintf("%s/%s %v %v", set, a.table, a.told, a.start), func(t *testing.T) {
				t.Parallel()
				var log bytes.Buffer
				m, err := nuage.NewMachine(nuage.Options{Limits: earlyLimits})
				require.NoError(t, err)
				defer func() { require.NoError(t, m.Close()) }()
				p, err := m.Start(t.Context(), imageOf(t, set, "early2015"), early(i, &log))
				require.NoError(t, err)
				status, err := p.Wait(context.Background())
				require.NoError(t, err)
				require.Empty(t, log.String())
				require.Equal(t, nuage.ExitStatus{}, status)
			})
		}
	}
}
