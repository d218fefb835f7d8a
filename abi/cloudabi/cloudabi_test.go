package cloudabi_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/abi/cloudabi/internal/gen"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	files, err := gen.Generate(os.DirFS("spec"))
	require.NoError(t, err)
	require.Len(t, files, 6)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		require.NoError(t, err)
		require.True(t, bytes.Equal(got, want), "%s is stale: run go generate ./abi/cloudabi", name)
	}
}

func TestGenerations(t *testing.T) {
	counts := []int{58, 58, 57, 58, 58, 57, 55, 52, 50, 49}
	require.Len(t, cloudabi.Generations, len(counts))
	for g, gen := range cloudabi.Generations {
		require.Len(t, gen.Table, counts[g], gen.ID)
		seen := map[cloudabi.CallID]bool{}
		for n, id := range gen.Table {
			require.Equal(t, n, cloudabi.Calls[id].Number[g], "%s in %s", id, gen.ID)
			require.False(t, seen[id], "%s twice in %s", id, gen.ID)
			seen[id] = true
		}
		for id, c := range cloudabi.Calls {
			if !seen[cloudabi.CallID(id)] {
				require.Equal(t, -1, c.Number[g], "%s in %s", c.Name, gen.ID)
			}
		}
		if g >= cloudabi.G4 {
			require.True(t, slices.IsSortedFunc(gen.Table, func(a, b cloudabi.CallID) int {
				return bytes.Compare([]byte(a.String()), []byte(b.String()))
			}), gen.ID)
		}
		if g > 0 {
			require.Equal(t, cloudabi.Generations[g-1].Until, gen.From)
		}
	}
	final := cloudabi.Generations[cloudabi.G9]
	require.Empty(t, final.Until)
	for n, id := range final.Table {
		require.Equal(t, cloudabi.CallID(n), id, "the final calls come first, in order")
	}
}

// Numbers that programs and the documents of the ABI are known to use.
func TestKnownNumbers(t *testing.T) {
	for _, c := range []struct {
		id     cloudabi.CallID
		gen    int
		number int
	}{
		{cloudabi.CallPollFd, cloudabi.G3, 57}, {cloudabi.CallPollFd, cloudabi.G4, 40}, {cloudabi.CallPollFd, cloudabi.G2, -1},
		{cloudabi.CallThreadTcbSet, cloudabi.G2, 55}, {cloudabi.CallThreadYield, cloudabi.G3, 56}, {cloudabi.CallThreadYield, cloudabi.G9, 48},
		{cloudabi.CallPoll, cloudabi.G3, 39}, {cloudabi.CallPoll, cloudabi.G9, 37}, {cloudabi.CallMemMap, cloudabi.G3, 34},
		{cloudabi.CallMemMap, cloudabi.G9, 33}, {cloudabi.CallProcExit, cloudabi.G3, 41}, {cloudabi.CallProcExit, cloudabi.G9, 39},
		{cloudabi.CallSockSend, cloudabi.G0, 57}, {cloudabi.CallSockSend, cloudabi.G1, 51}, {cloudabi.CallSockSend, cloudabi.G3, 50},
		{cloudabi.CallPollOnce, cloudabi.G1, 40}, {cloudabi.CallPollOnce, cloudabi.G2, -1}, {cloudabi.CallClockResGet, cloudabi.G9, 0},
	} {
		require.Equal(t, c.number, cloudabi.Calls[c.id].Number[c.gen], "%s in G%d", c.id, c.gen)
	}
}

func TestCallTable(t *testing.T) {
	require.Len(t, cloudabi.Calls, 59)
	for _, c := range cloudabi.Calls {
		require.Equal(t, "cloudabi_sys_"+c.Name, c.Symbol)
		require.NotEmpty(t, c.Purpose)
		require.LessOrEqual(t, len(c.Outputs), 2, c.Name)
		require.LessOrEqual(t, len(c.Inputs), 6, c.Name)
		if c.Noreturn {
			require.Empty(t, c.Outputs)
		}
		for _, a := range append(slices.Clone(c.Inputs), c.Outputs...) {
			require.Contains(t, []int{1, 2, 4, 8}, a.Width, "%s.%s", c.Name, a.Name)
			if a.Pointer {
				require.Equal(t, 8, a.Width)
			}
			if a.Count >= 0 {
				require.True(t, a.Pointer)
				require.Equal(t, "size", c.Inputs[a.Count].Type, "%s.%s", c.Name, a.Name)
			}
		}
		for _, n := range c.Needs {
			require.Less(t, n.Arg, len(c.Inputs))
			require.Zero(t, n.Rights&^cloudabi.RightsAll2015)
		}
	}
	noreturn := []cloudabi.CallID{}
	for id, c := range cloudabi.Calls {
		if c.Noreturn {
			noreturn = append(noreturn, cloudabi.CallID(id))
		}
	}
	require.Equal(t, []cloudabi.CallID{cloudabi.CallProcExit, cloudabi.CallThreadExit}, noreturn)
}

func TestLargestRights(t *testing.T) {
	require.Equal(t, cloudabi.Rights(0x815ffff7ff), cloudabi.RightsAll)
	require.Equal(t, cloudabi.Rights(0x1ffffffffff), cloudabi.RightsAll2015)
	type words struct{ base, inheriting uint64 }
	check := func(what string, p cloudabi.RightsPair, w words) {
		require.Equal(t, w, words{uint64(p.Base), uint64(p.Inheriting)}, what)
	}
	for typ, w := range map[cloudabi.Filetype]words{
		cloudabi.FiletypeUnknown:         {},
		cloudabi.FiletypeSymbolicLink:    {},
		cloudabi.FiletypeDirectory:       {0x13eff698, 0x11ffff7ff},
		cloudabi.FiletypeRegularFile:     {0x11c3801ff, 0},
		cloudabi.FiletypeSharedMemory:    {0xc180042, 0},
		cloudabi.FiletypeSocketDgram:     {0x801008004a, 0x815ffff7ff},
		cloudabi.FiletypeSocketStream:    {0x801008004a, 0x815ffff7ff},
		cloudabi.FiletypeProcess:         {0x40080000, 0},
		cloudabi.FiletypeCharacterDevice: {0x815ffff7ff, 0x815ffff7ff},
	} {
		check(typ.String(), cloudabi.LargestRights(typ), w)
	}
	check("terminal", cloudabi.LargestRightsTerminal, words{0x1008004a, 0})
	for typ, w := range map[cloudabi.Filetype]words{
		cloudabi.FiletypeDirectory:       {0x1413effe98, 0x151fffffff},
		cloudabi.FiletypeRegularFile:     {0x11c3801ff, 0},
		cloudabi.FiletypeSocketSeqpacket: {0x1ea1008004a, 0x1ffffffffff},
		cloudabi.FiletypeFifo:            {0x1008004a, 0},
		cloudabi.FiletypePoll:            {0xa0080000, 0},
	} {
		check(typ.String(), cloudabi.LargestRights2015(typ), w)
	}
	check("read end", cloudabi.LargestRightsFifoReadEnd2015, words{0x1008000a, 0})
	check("write end", cloudabi.LargestRightsFifoWriteEnd2015, words{0x10080048, 0})
}

func TestNames(t *testing.T) {
	for want, v := range map[string]interface{ String() string }{
		"fd_read|fd_write":           cloudabi.RightFdRead | cloudabi.RightFdWrite,
		"fd_seek|0x8000000000000000": cloudabi.RightFdSeek | 1<<63,
		"0":                          cloudabi.Rights(0),
		"regular_file":               cloudabi.FiletypeRegularFile,
		"Filetype(255)":              cloudabi.Filetype(255),
		"SIGSEGV":                    cloudabi.SIGSEGV,
		"E2BIG":                      cloudabi.E2BIG,
		"sysinfo_ehdr":               cloudabi.AtSysinfoEhdr,
		"sock_send":                  cloudabi.CallSockSend,
		"CallID(200)":                cloudabi.CallID(200),
	} {
		require.Equal(t, want, v.String())
	}
	require.EqualError(t, cloudabi.EBADF, "EBADF: bad descriptor")
	require.EqualError(t, cloudabi.Errno(999), "Errno(999)")
	require.EqualValues(t, 76, cloudabi.ENOTCAPABLE)
}

type layout interface {
	Put([]byte)
	Get([]byte)
}

// layouts lists every structure with its size and, for tagged ones, the tags.
var layouts = []struct {
	v    layout
	size int
	tags []uint64
}{
	{&cloudabi.Auxv{}, cloudabi.AuxvSize, nil}, {&cloudabi.Ciovec{}, cloudabi.CiovecSize, nil}, {&cloudabi.Dirent{}, cloudabi.DirentSize, nil},
	{&cloudabi.Event{}, cloudabi.EventSize, []uint64{0, 1, 2, 3, 4, 5, 6, 7}}, {&cloudabi.Fdstat{}, cloudabi.FdstatSize, nil},
	{&cloudabi.Filestat{}, cloudabi.FilestatSize, nil}, {&cloudabi.Iovec{}, cloudabi.IovecSize, nil}, {&cloudabi.Lookup{}, cloudabi.LookupSize, nil},
	{&cloudabi.RecvIn{}, cloudabi.RecvInSize, nil}, {&cloudabi.RecvOut{}, cloudabi.RecvOutSize, nil}, {&cloudabi.SendIn{}, cloudabi.SendInSize, nil},
	{&cloudabi.SendOut{}, cloudabi.SendOutSize, nil}, {&cloudabi.Subscription{}, cloudabi.SubscriptionSize, []uint64{0, 1, 2, 3, 4, 5, 6, 7}},
	{&cloudabi.Tcb{}, cloudabi.TcbSize, nil}, {&cloudabi.Threadattr{}, cloudabi.ThreadattrSize, nil},
	{&cloudabi.Event2015{}, cloudabi.Event2015Size, []uint64{0, 1, 2, 3, 4, 5, 6, 7}}, {&cloudabi.RecvIn2015{}, cloudabi.RecvIn2015Size, nil},
	{&cloudabi.RecvOut2015{}, cloudabi.RecvOut2015Size, nil}, {&cloudabi.SendIn2015{}, cloudabi.SendIn2015Size, nil},
	{&cloudabi.Subscription2015{}, cloudabi.Subscription2015Size, []uint64{0, 1, 2, 3, 4, 5, 6, 7}},
	{&cloudabi.SubscriptionShort2015{}, cloudabi.SubscriptionShort2015Size, []uint64{0, 1, 2, 3, 4, 5, 6, 7}},
	{&cloudabi.EventInout2015{}, cloudabi.EventInout2015Size, []uint64{0, 1, 2, 3, 4, 5, 6, 7}},
	{&cloudabi.Sockaddr{}, cloudabi.SockaddrSize, []uint64{0, 1, 2, 3}}, {&cloudabi.Sockstat{}, cloudabi.SockstatSize, nil},
	{&cloudabi.StartupData{}, cloudabi.StartupDataSize, nil},
}

// What Get reads, Put writes and Get reads again, whatever the bytes; Put
// writes exactly the structure's size.
func TestStructuresRoundTrip(t *testing.T) {
	for _, l := range layouts {
		name := reflect.TypeOf(l.v).Elem().Name()
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				raw := rapid.SliceOfN(rapid.Byte(), l.size, l.size).Draw(t, "raw")
				if l.tags != nil { // choose a tag, or chance hardly ever would
					tag := byte(rapid.SampledFrom(l.tags).Draw(t, "tag"))
					if name == "Sockaddr" {
						raw[0] = tag
					} else {
						raw[10] = tag
					}
				}
				a := reflect.New(reflect.TypeOf(l.v).Elem()).Interface().(layout)
				b := reflect.New(reflect.TypeOf(l.v).Elem()).Interface().(layout)
				a.Get(raw)
				buf := bytes.Repeat([]byte{0xaa}, l.size+1)
				a.Put(buf)
				require.EqualValues(t, 0xaa, buf[l.size], "wrote past the end")
				b.Get(buf)
				require.Equal(t, a, b)
				again := make([]byte, l.size)
				b.Put(again)
				require.Equal(t, buf[:l.size], again)
			})
			require.Panics(t, func() { l.v.Put(make([]byte, l.size-1)) })
		})
	}
}

func TestKnownLayouts(t *testing.T) {
	b := make([]byte, cloudabi.SubscriptionSize)
	(&cloudabi.Subscription{Userdata: 1, Type: cloudabi.EventtypeCondvar, Condvar: 2, CondvarLock: 3, CondvarScope: cloudabi.ScopePrivate,
		CondvarLockScope: cloudabi.ScopeShared, ClockTimeout: 9}).Put(b)
	require.Equal(t, append([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 8}, make([]byte, 22)...), b)
	e := make([]byte, cloudabi.EventSize)
	(&cloudabi.Event{Type: cloudabi.EventtypeProcTerminate, ProcTerminateSignal: cloudabi.SIGFPE, ProcTerminateExitcode: 0x102}).Put(e)
	require.Equal(t, append(make([]byte, 10), 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0), e)
}

// The headers compile for both instruction sets, which also checks every size
// and offset in them, and for both the traps assemble.
func TestHeadersCompile(t *testing.T) {
	clang, err := exec.LookPath("clang-14")
	if err != nil {
		if clang, err = exec.LookPath("clang"); err != nil {
			if os.Getenv("NUAGE_CI") != "" {
				t.Fatal("clang is missing")
			}
			t.Skip("needs clang")
		}
	}
	for _, target := range []string{"x86_64-unknown-cloudabi", "aarch64-unknown-cloudabi"} {
		for _, header := range []string{"cloudabi.h", "cloudabi_2015.h"} {
			src := filepath.Join(t.TempDir(), "t.c")
			text := "#include \"" + header + "\"\nvoid _start(const cloudabi_auxv_t *a) { (void)a; for (;;) {} }\n"
			if header == "cloudabi_2015.h" { // have the traps emitted, not only parsed
				for _, call := range cloudabi.Calls {
					text += "void *use_" + call.Name + "(void) { return (void *)cloudabi_2015_" + call.Name + "; }\n"
				}
			}
			require.NoError(t, os.WriteFile(src, []byte(text), 0o600))
			out, err := exec.Command(clang, "--target="+target, "-std=c11", "-ffreestanding", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
				"-fno-sanitize=safe-stack", "-I", filepath.Join("..", "..", "conformance", "include"), "-c", src, "-o", os.DevNull).CombinedOutput()
			require.NoError(t, err, "%s for %s:\n%s", header, target, out)
		}
	}
}
