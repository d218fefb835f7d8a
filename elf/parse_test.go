package elf

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

func parse(b []byte) (*Image, error) { return Parse(bytes.NewReader(b), int64(len(b))) }

// TestParseExec: what a program starts may bear the mark of FreeBSD, as long as
// that is all that says so.
func TestParseExec(t *testing.T) {
	good := goodExec(cpu.X86_64)
	parseExec := func(file []byte) error {
		_, err := ParseExec(bytes.NewReader(file), int64(len(file)))
		return err
	}
	require.NoError(t, parseExec(good.bytes()))
	require.NoError(t, parseExec(patch(good.bytes(), 7, 9)))
	require.ErrorContains(t, parseExec(patch(good.bytes(), 7, 3)), "Linux")
	noted := goodPIE(cpu.X86_64)
	noted.heads[0].typ = ptNote
	require.NoError(t, parseExec(noted.bytes()))
	require.ErrorContains(t, parseExec(patch(noted.bytes(), 7, 9)), "PT_NOTE")
}

func TestParseGoodImages(t *testing.T) {
	for _, arch := range []cpu.Arch{cpu.X86_64, cpu.AArch64} {
		img, err := parse(goodExec(arch).bytes())
		require.NoError(t, err)
		require.Equal(t, arch, img.Arch)
		require.Equal(t, Exec, img.Type)
		require.Equal(t, []Segment{{Addr: 0x400000, FileSize: 0x1800, MemSize: 0x1800, Align: pageSize, Prot: memory.Read | memory.Exec}}, img.Segments)
		require.EqualValues(t, 0x400000, img.Low)
		require.EqualValues(t, 0x402000, img.High)
		require.EqualValues(t, 0x400040, img.PhdrAddr, "no PT_PHDR: the segment that holds the headers tells")
		require.Nil(t, img.TLS)

		img, err = parse(goodPIE(arch).bytes())
		require.NoError(t, err)
		require.Equal(t, Dyn, img.Type)
		require.EqualValues(t, 0, img.Low)
		require.EqualValues(t, 0x6000, img.High)
		require.EqualValues(t, headerSize, img.PhdrAddr)
		require.Equal(t, &Segment{Offset: 0x1410, FileSize: 0x20, Addr: 0x2410, MemSize: 0x40, Align: 16, Prot: memory.Read}, img.TLS)
		require.Equal(t, []pageRun{{0, 0x2000, memory.Read | memory.Exec}, {0x2000, 0x6000, memory.Read | memory.Write}}, img.runs)
	}
}

// Segments that share pages of memory: the page gets the access of both.
func TestParseSharedPages(t *testing.T) {
	f := testFile{typ: Dyn, entry: 0x10, size: 0x3000, heads: []testHead{
		{typ: ptLoad, flags: rx, off: 0, addr: 0, filesz: 0x100},
		{typ: ptLoad, flags: pfRead, off: 0x100, addr: 0x100, filesz: 0x1000},
		{typ: ptLoad, flags: rw, off: 0x1100, addr: 0x1100, filesz: 0x100, memsz: 0x2000},
	}}
	img, err := parse(f.bytes())
	require.NoError(t, err)
	r, w, x := memory.Read, memory.Write, memory.Exec
	require.Equal(t, []pageRun{{0, 0x1000, r | x}, {0x1000, 0x2000, r | w}, {0x2000, 0x4000, r | w}}, img.runs)

	f.heads[1].flags = rw
	_, err = parse(f.bytes())
	require.ErrorContains(t, err, "writable and executable")
}

// Each line is a file with one thing wrong, and what the message must say.
func TestParseRefuses(t *testing.T) {
	good := goodExec(cpu.X86_64).bytes()
	pie := goodPIE(cpu.X86_64)
	const ph = headerSize // first program header
	with := func(f testFile, change func(*testFile)) []byte {
		f.heads = append([]testHead{}, f.heads...)
		change(&f)
		return f.bytes()
	}
	for _, c := range []struct {
		name string
		file []byte
		want []string
	}{
		{"empty", nil, []string{"0 bytes"}},
		{"short", good[:63], []string{"63 bytes"}},
		{"script", []byte("#!/bin/sh\n"), []string{"script"}},
		{"magic", patch(good, 0, 'M', 'Z'), []string{"not ELF", "4d 5a"}},
		{"class", patch(good, 4, 1), []string{"EI_CLASS", "offset 0x4", "64-bit"}},
		{"data", patch(good, 5, 2), []string{"EI_DATA", "little-endian"}},
		{"ident version", patch(good, 6, 0), []string{"EI_VERSION"}},
		{"Linux program", patch(good, 7, 0), []string{"EI_OSABI", "Linux", "x86_64-unknown-cloudabi"}},
		{"FreeBSD program", patch(good, 7, 9), []string{"FreeBSD"}},
		{"odd system", patch(good, 7, 200), []string{"value 200 (unknown)"}},
		{"object file", patch16(good, 16, 1), []string{"e_type", "object file"}},
		{"core file", patch16(good, 16, 4), []string{"e_type", "value 4"}},
		{"i686", patch16(good, 18, machine386), []string{"e_machine", "i686"}},
		{"odd machine", patch16(good, 18, 999), []string{"e_machine", "unknown processor"}},
		{"version", patch(good, 20, 2), []string{"e_version"}},
		{"phentsize", patch16(good, 54, 32), []string{"e_phentsize", "want 56"}},
		{"no headers", patch16(good, 56, 0), []string{"e_phnum", "value 0"}},
		{"too many headers", patch16(good, 56, 0xffff), []string{"e_phnum", "65535"}},
		{"headers outside", patch64(good, 32, 0x17ff), []string{"e_phoff", "not inside"}},
		{"headers far outside", patch64(good, 32, ^uint64(0)-10), []string{"e_phoff"}},
		{"headers over the header", patch64(good, 32, 8), []string{"e_phoff"}},
		{"nothing to load", patch(good, ph, 4), []string{"PT_LOAD"}},
		{"empty segment only", patch64(patch64(good, ph+32, 0), ph+40, 0), []string{"PT_LOAD"}},
		{"TLS only", patch(good, ph, ptTLS), []string{"PT_LOAD"}},
		{"interpreter", with(pie, func(f *testFile) { f.heads[0].typ = ptInterp }), []string{"program header 0", "offset 0x40", "dynamic linker", "statically"}},
		{"file larger than memory", patch64(good, ph+40, 0x17ff), []string{"p_filesz", "offset 0x60"}},
		{"cut short", good[:0x1000], []string{"p_offset", "not inside the file"}},
		{"offset wraps", patch64(patch64(good, ph+8, ^uint64(0xfff)), ph+16, 0x400000), []string{"p_offset"}},
		{"not congruent", patch64(good, ph+16, 0x400010), []string{"p_vaddr", "differ within the page"}},
		{"alignment no power", patch64(good, ph+48, 0x3000), []string{"p_align", "0x3000"}},
		{"alignment absurd", patch64(good, ph+48, 1<<40), []string{"p_align"}},
		{"memory wraps", patch64(good, ph+40, ^uint64(0)), []string{"p_memsz", "exceed"}},
		{"memory to the last page", patch64(good, ph+40, ^uint64(0x4000ff)&^0xfff), []string{"p_memsz"}},
		{"first 64 KiB", patch64(patch64(good, ph+16, 0xf000), 24, 0xf000), []string{"p_vaddr", "64 KiB"}},
		{"writable code", patch(good, ph+4, 7), []string{"p_flags", "writable and executable"}},
		{"entry outside", patch64(good, 24, 0x401800), []string{"e_entry", "0x401800"}},
		{"entry below", patch64(good, 24, 0x3fffff), []string{"e_entry"}},
		{"entry in data", with(pie, func(f *testFile) { f.entry = 0x2410 }), []string{"e_entry"}},
		{"overlap", with(pie, func(f *testFile) { f.heads[2].addr = 0x1400; f.heads[2].off = 0x1400 }), []string{"overlap", "0x1400"}},
		{"overlap through bss", with(pie, func(f *testFile) { f.heads[1].memsz = 0x2411 }), []string{"overlap"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(c.file)
			require.Error(t, err)
			for _, w := range c.want {
				require.ErrorContains(t, err, w)
			}
			require.NotContains(t, err.Error(), "\n")
			require.ErrorIs(t, err, cloudabi.ENOEXEC)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, cloudabi.ENOEXEC, e.Errno())
		})
	}
}

// failing is a file whose storage fails.
type failing struct{ io.ReaderAt }

var errStorage = errors.New("storage is gone")

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errStorage }

func TestParseReportsReadErrors(t *testing.T) {
	_, err := Parse(failing{}, 1000)
	require.ErrorIs(t, err, errStorage)
	require.ErrorIs(t, err, cloudabi.EIO)
	// A file that became shorter meanwhile is a bad image.
	_, err = Parse(bytes.NewReader(goodExec(cpu.X86_64).bytes()[:70]), 0x1800)
	require.ErrorIs(t, err, cloudabi.ENOEXEC)
	require.ErrorContains(t, err, "the file ends here")
}

// counting measures what is read of a file.
type counting struct {
	io.ReaderAt
	n int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.n += len(p)
	return c.ReaderAt.ReadAt(p, off)
}

// A file may claim what it likes: parsing and symbols read a bounded part.
func TestParseReadsLittle(t *testing.T) {
	f := goodExec(cpu.X86_64)
	for len(f.heads) < maxPhdrs {
		f.heads = append(f.heads, testHead{typ: 4})
	}
	f.size = 1 << 20
	b := f.bytes()
	c := &counting{ReaderAt: bytes.NewReader(b)}
	img, err := Parse(c, int64(len(b)))
	require.NoError(t, err)
	require.LessOrEqual(t, c.n, 64<<10+headerSize)
	require.Empty(t, img.Symbols().All())
}

func TestSymbols(t *testing.T) {
	v := VDSO(cpu.X86_64) // a file with a symbol table; the loader would refuse its entry point
	img := &Image{r: bytes.NewReader(v.Data), size: int64(len(v.Data))}
	syms := img.Symbols()
	require.Len(t, syms.All(), len(cloudabi.Calls))
	s, ok := syms.Named("cloudabi_sys_fd_write")
	require.True(t, ok)
	require.Equal(t, Symbol{Name: "cloudabi_sys_fd_write", Addr: v.Stub(cloudabi.CallFdWrite), Size: stubSize, Func: true}, s)
	name, off, ok := syms.At(s.Addr + 3)
	require.True(t, ok)
	require.Equal(t, "cloudabi_sys_fd_write", name)
	require.EqualValues(t, 3, off)
	_, _, ok = syms.At(v.Stub(0) - 1)
	require.False(t, ok)
	_, _, ok = syms.At(1 << 40)
	require.False(t, ok)
	_, ok = syms.Named("main")
	require.False(t, ok)

	// Damaged tables give fewer symbols, never trouble.
	for off := 40; off < headerSize; off++ {
		img := &Image{r: bytes.NewReader(patch(v.Data, off, 0xff)), size: int64(len(v.Data))}
		img.Symbols()
	}
	var none *Symbols
	require.Empty(t, none.All())
	_, ok = none.Named("x")
	require.False(t, ok)
	_, _, ok = none.At(1)
	require.False(t, ok)
}

func FuzzParse(f *testing.F) {
	for _, arch := range []cpu.Arch{cpu.X86_64, cpu.AArch64} {
		f.Add(goodExec(arch).bytes()[:0x200])
		f.Add(goodPIE(arch).bytes())
		f.Add(VDSO(arch).Data)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		img, err := parse(b)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			require.NotEmpty(t, e.Problem)
			(&Image{r: bytes.NewReader(b), size: int64(len(b))}).Symbols()
			return
		}
		require.NotEmpty(t, img.Segments)
		for i, r := range img.runs {
			require.Less(t, r.start, r.end)
			require.Zero(t, r.start&pageMask|r.end&pageMask)
			require.NotEqual(t, memory.Write|memory.Exec, r.prot&(memory.Write|memory.Exec))
			require.False(t, i > 0 && img.runs[i-1].end > r.start)
		}
		for _, s := range img.Symbols().All() {
			require.NotEmpty(t, s.Name)
		}
	})
}
