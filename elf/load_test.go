package elf

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

func newSpace(t testing.TB, quota uint64) *memory.Space {
	s, err := memory.New(memory.Options{Quota: memory.NewQuota(quota)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func mustLoad(t testing.TB, f testFile, opts LoadOptions) (*memory.Space, Loaded) {
	img, err := parse(f.bytes())
	require.NoError(t, err)
	s := newSpace(t, 1<<30)
	l, err := Load(img, s, opts)
	require.NoError(t, err)
	return s, l
}

func readMem(t testing.TB, s *memory.Space, addr, n uint64) []byte {
	b := make([]byte, n)
	require.NoError(t, s.ReadAt(b, addr), "reading %#x", addr)
	return b
}

func word(t testing.TB, s *memory.Space, addr uint64) uint64 {
	return binary.LittleEndian.Uint64(readMem(t, s, addr, 8))
}

// protections lists what is mapped in a range, page by page, as
// address → protection.
func protections(s *memory.Space, lo, hi uint64) map[uint64]memory.Prot {
	out := map[uint64]memory.Prot{}
	for _, r := range s.Regions() {
		for p := r.Addr; p < r.Addr+r.Len; p += pageSize {
			if p >= lo && p < hi {
				out[p] = r.Prot
			}
		}
	}
	return out
}

// auxv reads the auxiliary vector.
func auxv(t testing.TB, s *memory.Space, addr uint64) map[cloudabi.Auxtype]uint64 {
	out := map[cloudabi.Auxtype]uint64{}
	for n := 0; ; n++ {
		require.Less(t, n, 20, "no end of the vector")
		var e cloudabi.Auxv
		e.Get(readMem(t, s, addr, cloudabi.AuxvSize))
		_, twice := out[e.Type]
		require.False(t, twice)
		out[e.Type] = e.Val
		if e.Type == cloudabi.AtNull {
			return out
		}
		addr += cloudabi.AuxvSize
	}
}

func testOptions() LoadOptions {
	o := LoadOptions{ArgData: []byte("\x06argument"), TID: 0x1234, NCPUs: 3}
	for i := range o.Canary {
		o.Canary[i] = byte(i + 1)
	}
	for i := range o.PID {
		o.PID[i] = 0xff
	}
	return o
}

func TestLoadExec(t *testing.T) {
	const r, w, x = memory.Read, memory.Write, memory.Exec
	code := bytes.Repeat([]byte{0x90}, 0x400)
	// As 2015 linkers did it: data at 0x602410, sharing a page of the file
	// with the text, and a bss that ends in a page of its own.
	s, l := mustLoad(t, testFile{entry: 0x402000, heads: []testHead{
		{typ: ptLoad, flags: rw, off: 0x2410, addr: 0x602410, memsz: 0x2000, algn: 0x200000, data: []byte("data of the program")},
		{typ: ptLoad, flags: rx, off: 0x2000, addr: 0x402000, algn: 0x200000, data: code},
	}}, testOptions())
	require.Zero(t, l.Bias)
	require.EqualValues(t, 0x402000, l.Start.PC)
	require.Equal(t, Range{0x402000, 0x203000}, l.Code)
	require.Equal(t, map[uint64]memory.Prot{0x402000: r | x, 0x602000: r | w, 0x603000: r | w, 0x604000: r | w}, protections(s, 0x10000, 0x1000000))
	require.Equal(t, append(bytes.Clone(code), 0), readMem(t, s, 0x402000, 0x401))
	want := append(make([]byte, 0x410), "data of the program"...)
	require.Equal(t, append(want, make([]byte, 0x3000-len(want))...), readMem(t, s, 0x602000, 0x3000), "nothing but the segment's bytes")

	// No segment holds the program headers: the program gets a copy.
	v := auxv(t, s, l.Start.Args[0])
	require.True(t, l.Stack.Contains(v[cloudabi.AtPhdr]))
	require.EqualValues(t, 2, v[cloudabi.AtPhnum])
	require.Equal(t, l.Image.phdrs, readMem(t, s, v[cloudabi.AtPhdr], 2*phdrSize))
}

func TestLoadPIE(t *testing.T) {
	for _, c := range []struct {
		base, align, want uint64
	}{
		{0, pageSize, DefaultBase},
		{0, 0x10000, DefaultBase},
		{0x40000000, 0x10000, 0x40000000},
		{0x40001000, 0x10000, 0x40010000},
		{0x40001001, pageSize, 0x40002000},
		{1, 0x200000, 0x200000},
		{1, pageSize, 0x10000},
	} {
		f := goodPIE(cpu.AArch64)
		f.heads[1].algn = c.align
		o := testOptions()
		o.Base = c.base
		s, l := mustLoad(t, f, o)
		require.Equal(t, c.want, l.Bias)
		require.Equal(t, c.want+0x1000, l.Start.PC)
		require.Equal(t, Range{c.want, 0x6000}, l.Code)
		v := auxv(t, s, l.Start.Args[0])
		require.Equal(t, c.want, v[cloudabi.AtBase])
		require.Equal(t, c.want+headerSize, v[cloudabi.AtPhdr])
		require.Equal(t, l.Image.phdrs, readMem(t, s, v[cloudabi.AtPhdr], 4*phdrSize))
		require.Equal(t, bytes.Repeat([]byte{0xd7}, 0x600), readMem(t, s, c.want+0x2410, 0x600))
		require.Equal(t, make([]byte, 0x3000-0x10), readMem(t, s, c.want+0x2a10, 0x3000-0x10))
	}
}

// The addresses of an image need not begin at zero.
func TestLoadPIEWithOffset(t *testing.T) {
	f := testFile{typ: Dyn, entry: 0x20010, heads: []testHead{{typ: ptLoad, flags: rx, off: 0x1000, addr: 0x20000, data: make([]byte, 0x20)}}}
	_, l := mustLoad(t, f, LoadOptions{})
	require.EqualValues(t, DefaultBase-0x20000, l.Bias)
	require.EqualValues(t, DefaultBase+0x10, l.Start.PC)
	_, l = mustLoad(t, f, LoadOptions{Base: 0x10000})
	require.Zero(t, l.Bias)
}

func TestLoadFinalStart(t *testing.T) {
	for _, arch := range bothArchs {
		o := testOptions()
		s, l := mustLoad(t, goodPIE(arch), o)
		v := auxv(t, s, l.Start.Args[0])
		require.Len(t, v, 13)
		require.EqualValues(t, len(o.ArgData), v[cloudabi.AtArgdatalen])
		require.Equal(t, append(bytes.Clone(o.ArgData), 0), readMem(t, s, v[cloudabi.AtArgdata], uint64(len(o.ArgData))+1))
		require.Zero(t, v[cloudabi.AtArgdata]%8)
		require.EqualValues(t, 64, v[cloudabi.AtCanarylen])
		require.Equal(t, o.Canary[:], readMem(t, s, v[cloudabi.AtCanary], 64))
		require.EqualValues(t, 3, v[cloudabi.AtNcpus])
		require.EqualValues(t, 4096, v[cloudabi.AtPagesz])
		require.EqualValues(t, 0x1234, v[cloudabi.AtTid])
		require.EqualValues(t, 4, v[cloudabi.AtPhnum])
		pid := bytes.Repeat([]byte{0xff}, 16)
		pid[6], pid[8] = 0x4f, 0xbf
		require.Equal(t, pid, readMem(t, s, v[cloudabi.AtPid], 16))
		require.Equal(t, l.VDSO.Addr, v[cloudabi.AtSysinfoEhdr])

		vdso := VDSO(arch)
		require.Equal(t, vdso.Data, readMem(t, s, l.VDSO.Addr, uint64(len(vdso.Data))))
		for _, p := range protections(s, l.VDSO.Addr, l.VDSO.Addr+l.VDSO.Len) {
			require.Equal(t, memory.Read|memory.Exec, p)
		}
		require.Len(t, protections(s, l.VDSO.Addr, l.VDSO.Addr+l.VDSO.Len), int(l.VDSO.Len/pageSize))
		require.Equal(t, s.Size()-0x10000, l.VDSO.Addr+l.VDSO.Len)

		require.Zero(t, l.Start.Args[1])
		tp := l.Start.ThreadPointer
		if arch == cpu.X86_64 {
			require.EqualValues(t, 8, l.Start.SP%16)
			tp = word(t, s, tp) // FS base designates a word that holds the address
		} else {
			require.Zero(t, l.Start.SP%16)
		}
		require.Zero(t, word(t, s, tp))
		require.Less(t, l.Start.SP, tp)
		require.NoError(t, s.WriteAt(make([]byte, 8), l.Start.ThreadPointer), "the program replaces it")
	}
}

func TestLoadStack(t *testing.T) {
	for _, c := range []struct{ ask, args, least uint64 }{{0, 0, DefaultStackSize}, {1, 0, minStackSize}, {1 << 20, 5 << 20, 1 << 20}, {12345678, 17, 12345678}} {
		s, l := mustLoad(t, goodExec(cpu.X86_64), LoadOptions{StackSize: c.ask, ArgData: bytes.Repeat([]byte{7}, int(c.args))})
		low := l.Stack.Addr
		require.GreaterOrEqual(t, l.Start.SP-low, c.least, "usable stack")
		require.Equal(t, memory.Read|memory.Write, protections(s, low, low+pageSize)[low])
		guard := protections(s, low-StackGuard, low)
		require.Len(t, guard, StackGuard/pageSize)
		for _, p := range guard {
			require.Zero(t, p)
		}
		v := auxv(t, s, l.Start.Args[0])
		require.Equal(t, c.args, v[cloudabi.AtArgdatalen])
		require.NotZero(t, v[cloudabi.AtArgdata])
		require.EqualValues(t, 1, v[cloudabi.AtNcpus])
	}
}

func TestLoadAuxv2015(t *testing.T) {
	for _, arch := range bothArchs {
		o := testOptions()
		o.Generation = Auxv2015
		s, l := mustLoad(t, goodExec(arch), o)
		v := auxv(t, s, l.Start.Args[0])
		require.Len(t, v, 10)
		for _, absent := range []cloudabi.Auxtype{cloudabi.AtBase, cloudabi.AtSysinfoEhdr, cloudabi.AtPid} {
			require.NotContains(t, v, absent)
		}
		require.Equal(t, o.ArgData, readMem(t, s, v[cloudabi.AtArgdata], v[cloudabi.AtArgdatalen]))
		require.EqualValues(t, 0x400040, v[cloudabi.AtPhdr])
		require.Zero(t, l.Start.ThreadPointer)
		require.Zero(t, l.VDSO)
		require.False(t, l.VDSO.Contains(0))
		checkAlignment(t, arch, l.Start)
	}
}

func checkAlignment(t *testing.T, arch cpu.Arch, s cpu.Start) {
	if arch == cpu.X86_64 {
		require.EqualValues(t, 8, s.SP%16)
	} else {
		require.Zero(t, s.SP%16)
	}
}

func TestLoadStartupData2015(t *testing.T) {
	for _, arch := range bothArchs {
		o := testOptions()
		o.Generation = StartupData2015
		s, l := mustLoad(t, goodExec(arch), o)
		require.EqualValues(t, cloudabi.StartupDataSize, l.Start.Args[1])
		var d cloudabi.StartupData
		d.Get(readMem(t, s, l.Start.Args[0], cloudabi.StartupDataSize))
		require.Equal(t, o.ArgData, readMem(t, s, d.Arg, d.Arglen))
		d.Arg = 0
		require.Equal(t, cloudabi.StartupData{Arglen: 9, ElfPhdr: 0x400040, ElfPhdrlen: 1, ThreadId: 0x1234, RandomSeed: 0x0807060504030201, Ncpus: 3, Pagesize: 4096}, d)
		require.Zero(t, l.Start.ThreadPointer)
		checkAlignment(t, arch, l.Start)
	}
}

func TestLoadArgv2015(t *testing.T) {
	for _, arch := range bothArchs {
		for _, c := range []struct {
			data string
			argv []string
		}{{"", nil}, {"a", []string{"a"}}, {"a\x00", []string{"a"}}, {"prog\x00-x\x00\x00last", []string{"prog", "-x", "", "last"}}, {"one\x00two", []string{"one", "two"}}} {
			s, l := mustLoad(t, goodExec(arch), LoadOptions{Generation: Argv2015, ArgData: []byte(c.data)})
			at := l.Start.SP
			require.Equal(t, at, l.Start.Args[0])
			checkAlignment(t, arch, l.Start)
			next := func() uint64 { at += 8; return word(t, s, at-8) }
			require.EqualValues(t, len(c.argv), next())
			for _, want := range c.argv {
				got := readMem(t, s, next(), uint64(len(want))+1)
				require.Equal(t, want+"\x00", string(got))
			}
			require.Zero(t, next(), "end of the arguments")
			require.Zero(t, next(), "end of the environment")
			require.Equal(t, []uint64{3, 0x400040, 4, 56, 5, 1, 0, 0}, []uint64{next(), next(), next(), next(), next(), next(), next(), next()})
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	exec := goodExec(cpu.X86_64)
	move := func(addr, memsz uint64) testFile {
		f := exec
		f.heads = []testHead{exec.heads[0]}
		f.heads[0].addr, f.heads[0].memsz, f.entry = addr, memsz, addr
		return f
	}
	pie := goodPIE(cpu.X86_64)
	pie.heads = append([]testHead{}, pie.heads...)
	pie.heads[2].memsz = 0xff000000
	for _, c := range []struct {
		name string
		file testFile
		opts LoadOptions
		code cloudabi.Errno
		want string
	}{
		{"above the space", move(1<<32, 0), LoadOptions{}, cloudabi.ENOEXEC, "room below"},
		{"into the last 64 KiB", move(0xffff0000, 0x10000), LoadOptions{}, cloudabi.ENOEXEC, "room below"},
		{"into the stack", move(0xff900000, 0), LoadOptions{}, cloudabi.ENOEXEC, "smaller stack"},
		{"far above", move(1<<60, 0), LoadOptions{}, cloudabi.ENOEXEC, "room below"},
		{"PIE too large", pie, LoadOptions{}, cloudabi.ENOMEM, "the program needs"},
		{"base too high", goodPIE(cpu.X86_64), LoadOptions{Base: 1 << 32}, cloudabi.ENOMEM, "the program needs"},
		{"base wraps", goodPIE(cpu.X86_64), LoadOptions{Base: ^uint64(0)}, cloudabi.ENOMEM, "the program needs"},
		{"stack too large", exec, LoadOptions{StackSize: 1 << 32}, cloudabi.ENOMEM, "stack"},
		{"stack absurd", exec, LoadOptions{StackSize: ^uint64(0)}, cloudabi.ENOMEM, "stack"},
		{"over the quota", move(0x400000, 2<<30), LoadOptions{}, cloudabi.ENOMEM, "mapping"},
		{"stack over the quota", exec, LoadOptions{StackSize: 2 << 30}, cloudabi.ENOMEM, "stack"},
	} {
		t.Run(c.name, func(t *testing.T) {
			img, err := parse(c.file.bytes())
			require.NoError(t, err)
			_, err = Load(img, newSpace(t, 1<<30), c.opts)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, c.code)
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("space in use", func(t *testing.T) {
		img, err := parse(exec.bytes())
		require.NoError(t, err)
		s := newSpace(t, 1<<30)
		_, err = Load(img, s, LoadOptions{})
		require.NoError(t, err)
		_, err = Load(img, s, LoadOptions{})
		require.ErrorContains(t, err, "in use")
	})
	t.Run("file shrinks", func(t *testing.T) {
		b := exec.bytes()
		img, err := Parse(bytes.NewReader(b[:0x900]), int64(len(b)))
		require.NoError(t, err)
		_, err = Load(img, newSpace(t, 1<<30), LoadOptions{})
		require.ErrorIs(t, err, cloudabi.ENOEXEC)
		require.ErrorContains(t, err, "the file ends here")
	})
}

// The same image and options give the same memory.
func TestLoadIsDeterministic(t *testing.T) {
	s1, l1 := mustLoad(t, goodPIE(cpu.X86_64), testOptions())
	s2, l2 := mustLoad(t, goodPIE(cpu.X86_64), testOptions())
	l1.Image, l2.Image = nil, nil
	require.Equal(t, l1, l2)
	for _, r := range s1.Regions() {
		if r.Prot&memory.Read != 0 && r.Addr+r.Len > l1.Stack.Addr+l1.Stack.Len-pageSize {
			require.Equal(t, readMem(t, s1, r.Addr, r.Len), readMem(t, s2, r.Addr, r.Len))
		}
	}
}

func TestLoadedSymbols(t *testing.T) {
	_, l := mustLoad(t, goodPIE(cpu.X86_64), LoadOptions{})
	stub := l.VDSO.Addr + VDSO(cpu.X86_64).Stub(cloudabi.CallPoll)
	name, off, ok := l.Symbol(stub + 8)
	require.True(t, ok)
	require.Equal(t, "cloudabi_sys_poll", name)
	require.EqualValues(t, 8, off)
	_, _, ok = l.Symbol(l.VDSO.Addr)
	require.False(t, ok)
	_, _, ok = l.Symbol(l.Start.PC)
	require.False(t, ok)
	_, _, ok = l.Symbol(5)
	require.False(t, ok)
	_, ok = l.Address("main")
	require.False(t, ok)
}

func TestGenerationNames(t *testing.T) {
	for g := Final; g <= Argv2015; g++ {
		got, err := ParseGeneration(g.String())
		require.NoError(t, err)
		require.Equal(t, g, got)
	}
	_, err := ParseGeneration("1999")
	require.ErrorContains(t, err, "2015-auxv")
}

func TestPlaceThread(t *testing.T) {
	s := newSpace(t, 1<<30)
	stack, err := s.Map(memory.Mapping{Len: 0x4000, Prot: memory.Read | memory.Write})
	require.NoError(t, err)
	dirty := bytes.Repeat([]byte{0xee}, 0x4000)
	top := stack + 0x4000
	for _, c := range []struct {
		arch             cpu.Arch
		gen              Generation
		cut              uint64 // from the stack's upper end
		sp, tp, tcb, end uint64 // distances from top
	}{
		{cpu.X86_64, Final, 0, 24, 16, 8, 0},
		{cpu.X86_64, Final, 3, 40, 24, 16, 0},
		{cpu.X86_64, Final, 8, 40, 24, 16, 0},
		{cpu.AArch64, Final, 0, 16, 8, 8, 0},
		{cpu.AArch64, Final, 5, 16, 16, 16, 0},
		{cpu.X86_64, Auxv2015, 0, 8, 0, 0, 0},
		{cpu.X86_64, Argv2015, 3, 24, 0, 0, 0},
		{cpu.AArch64, StartupData2015, 0, 0, 0, 0, 0},
		{cpu.AArch64, StartupData2015, 1, 16, 0, 0, 0},
	} {
		require.NoError(t, s.WriteAt(dirty, stack))
		attr := cloudabi.Threadattr{EntryPoint: 0xabc, Stack: stack, StackLen: 0x4000 - c.cut, Argument: 0xdef}
		got, err := PlaceThread(s, c.arch, c.gen, attr, 77)
		require.NoError(t, err)
		want := cpu.Start{PC: 0xabc, SP: top - c.sp, Args: [2]uint64{77, 0xdef}}
		if c.gen == Final {
			want.ThreadPointer = top - c.tp
			tcb := top - c.tcb
			require.Zero(t, word(t, s, tcb))
			if c.arch == cpu.X86_64 {
				require.Equal(t, tcb, word(t, s, want.ThreadPointer))
			}
			require.Equal(t, dirty[:0x4000-c.sp], readMem(t, s, stack, 0x4000-c.sp), "nothing below the stack pointer changes")
		} else {
			require.Equal(t, dirty, readMem(t, s, stack, 0x4000))
		}
		require.Equal(t, want, got, "%v %v cut %d", c.arch, c.gen, c.cut)
	}
	for _, gen := range []Generation{Final, Auxv2015} {
		for _, bad := range []cloudabi.Threadattr{
			{Stack: stack, StackLen: 63}, {Stack: stack, StackLen: 0}, {Stack: ^uint64(0) - 100, StackLen: 200}, {Stack: stack, StackLen: 0x4000 + 0x1000},
			{Stack: 0, StackLen: 0x1000}, {Stack: 1 << 32, StackLen: 0x1000}, {Stack: 0, StackLen: 1 << 33},
		} {
			_, err := PlaceThread(s, cpu.X86_64, gen, bad, 1)
			require.ErrorIs(t, err, cloudabi.EFAULT, "%+v", bad)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, arch := range bothArchs {
		f.Add(goodPIE(arch).bytes(), []byte("args\x00"), uint8(Final), uint64(0))
		f.Add(goodExec(arch).bytes(), []byte{}, uint8(Argv2015), uint64(0x12345678))
	}
	f.Fuzz(func(t *testing.T, b, args []byte, gen uint8, base uint64) {
		img, err := parse(b)
		if err != nil {
			return
		}
		q := memory.NewQuota(64 << 20)
		s, err := memory.New(memory.Options{Quota: q})
		require.NoError(t, err)
		defer s.Close()
		l, err := Load(img, s, LoadOptions{Generation: Generation(gen % 4), ArgData: args, Base: base, StackSize: 1 << 20})
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			return
		}
		require.LessOrEqual(t, q.Used(), q.Limit())
		require.True(t, l.Stack.Contains(l.Start.SP))
		require.True(t, l.Code.Contains(l.Start.PC))
		code := make([]byte, 1)
		n, _, err := s.Fetch(code, l.Start.PC)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		for _, r := range s.Regions() {
			require.GreaterOrEqual(t, r.Addr, uint64(forbidden))
			require.LessOrEqual(t, r.Addr+r.Len, s.Size()-forbidden)
			require.NotEqual(t, memory.Write|memory.Exec, r.Prot&(memory.Write|memory.Exec))
		}
	})
}

// TestScan: what cannot be written is shown, in pieces with a lap; what can be is
// not.
func TestScan(t *testing.T) {
	data := make([]byte, 2*chunkSize+123)
	for i := range data {
		data[i] = byte(i ^ i>>8 ^ i>>16)
	}
	f := testFile{arch: cpu.X86_64, typ: Dyn, entry: 0x1000, heads: []testHead{
		{typ: ptLoad, flags: rx, off: 0x1000, addr: 0x1000, algn: pageSize, data: data},
		{typ: ptLoad, flags: rw, off: 0x100000, addr: 0x100000, algn: pageSize, data: bytes.Repeat([]byte{0xd7}, 0x600)},
		{typ: ptLoad, flags: pfRead, off: 0x200000, addr: 0x200000, algn: pageSize, data: []byte("constants")},
	}}
	var parts [][]byte
	s, l := mustLoad(t, f, LoadOptions{Scan: func(p []byte) { parts = append(parts, bytes.Clone(p)) }})
	require.Len(t, parts, 4)
	require.Equal(t, "constants", string(parts[3]))
	got := parts[0]
	for _, p := range parts[1:3] {
		require.True(t, bytes.HasSuffix(got, p[:ScanLap]))
		got = append(got, p[ScanLap:]...)
	}
	require.True(t, bytes.Equal(data, got))
	require.True(t, bytes.Equal(data, readMem(t, s, l.Bias+0x1000, uint64(len(data)))))
}
