package elf

import (
	"bytes"
	stdelf "debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/arch/arm64/arm64asm"
	"golang.org/x/arch/x86/x86asm"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf/internal/vdso"
)

var bothArchs = []cpu.Arch{cpu.X86_64, cpu.AArch64}

// resolve finds the functions the way a program does (abi/startup.md section
// 6): program headers, PT_DYNAMIC, DT_HASH's count, symbols.
func resolve(t *testing.T, b []byte) map[string]uint64 {
	le := binary.LittleEndian
	phoff, phnum := le.Uint64(b[32:]), int(le.Uint16(b[56:]))
	var dyn uint64
	for i := range phnum {
		if p := b[phoff+uint64(i)*phdrSize:]; le.Uint32(p) == 2 { // PT_DYNAMIC
			dyn = le.Uint64(p[16:])
			break
		}
	}
	require.NotZero(t, dyn)
	var hash, strtab, symtab uint64
	for ; le.Uint64(b[dyn:]) != 0; dyn += 16 {
		switch v := le.Uint64(b[dyn+8:]); le.Uint64(b[dyn:]) {
		case 4:
			hash = v
		case 5:
			strtab = v
		case 6:
			symtab = v
		}
	}
	out := map[string]uint64{}
	for i := range le.Uint32(b[hash+4:]) {
		s := b[symtab+uint64(i)*symSize:]
		name := le.Uint32(s)
		if s[4] != 1<<4|2 || s[5]&3 != 0 || name == 0 {
			continue
		}
		text, _, _ := bytes.Cut(b[strtab+uint64(name):], []byte{0})
		out[string(text)] = le.Uint64(s[8:])
	}
	return out
}

func TestVDSOResolves(t *testing.T) {
	for _, arch := range bothArchs {
		v := VDSO(arch)
		require.Same(t, v, VDSO(arch), "built once")
		found := resolve(t, v.Data)
		require.Len(t, found, len(cloudabi.Calls))
		for id, c := range cloudabi.Calls {
			off, ok := found[c.Symbol]
			require.True(t, ok, c.Symbol)
			require.Equal(t, v.Stub(cloudabi.CallID(id)), off)
			for _, at := range []uint64{off, off + stubSize - 1} {
				got, ok := v.StubAt(at)
				require.True(t, ok)
				require.Equal(t, cloudabi.CallID(id), got)
			}
		}
		_, ok := v.StubAt(v.Stub(0) - 1)
		require.False(t, ok)
		_, ok = v.StubAt(v.Stub(cloudabi.CallID(len(cloudabi.Calls))))
		require.False(t, ok)
	}
}

// What is embedded is what the table of calls gives.
func TestVDSOIsCurrent(t *testing.T) {
	for _, arch := range bothArchs {
		require.True(t, bytes.Equal(vdso.Build(arch, TrapBase), VDSO(arch).Data), "run go generate ./elf")
	}
}

// The standard library's reader and its hash lookups agree.
func TestVDSOWithDebugELF(t *testing.T) {
	for _, arch := range bothArchs {
		f, err := stdelf.NewFile(bytes.NewReader(VDSO(arch).Data))
		require.NoError(t, err)
		require.Equal(t, stdelf.ET_DYN, f.Type)
		require.Equal(t, stdelf.OSABI(osABICloudABI), f.OSABI)
		syms, err := f.DynamicSymbols()
		require.NoError(t, err)
		require.Len(t, syms, len(cloudabi.Calls))
		for i, s := range syms {
			require.Equal(t, cloudabi.Calls[i].Symbol, s.Name)
			require.Equal(t, stdelf.STT_FUNC, stdelf.ST_TYPE(s.Info))
			require.Equal(t, stdelf.STB_GLOBAL, stdelf.ST_BIND(s.Info))
			require.Equal(t, stdelf.STV_DEFAULT, stdelf.ST_VISIBILITY(s.Other))
			require.Equal(t, ".text", f.Sections[s.Section].Name)
		}
		soname, err := f.DynString(stdelf.DT_SONAME)
		require.NoError(t, err)
		require.Equal(t, []string{"nuage-vdso.so"}, soname)
	}
}

func TestVDSOStubs(t *testing.T) {
	for id := range cloudabi.Calls {
		n := TrapBase + id
		b := VDSO(cpu.X86_64).Data[VDSO(cpu.X86_64).Stub(cloudabi.CallID(id)):]
		var text []string
		for len(text) < 4 {
			in, err := x86asm.Decode(b, 64)
			require.NoError(t, err)
			text = append(text, x86asm.GNUSyntax(in, 0, nil))
			b = b[in.Len:]
		}
		require.Equal(t, []string{"mov %rcx,%r10", "mov $0x" + hex(n) + ",%eax", "syscall", "retq"}, text)

		b = VDSO(cpu.AArch64).Data[VDSO(cpu.AArch64).Stub(cloudabi.CallID(id)):]
		var ops []string
		for i := range 4 {
			in, err := arm64asm.Decode(b[4*i:])
			require.NoError(t, err)
			ops = append(ops, in.String())
		}
		require.Equal(t, []string{"MOV X8, #0x" + hex(id), "MOVK X8, #0x1, LSL #16", "SVC #0x0", "RET X30"}, ops)
	}
}

func hex(n int) string {
	const digits = "0123456789abcdef"
	s := ""
	for {
		s = string(digits[n%16]) + s
		if n /= 16; n == 0 {
			return s
		}
	}
}

func TestVDSOWithReadelf(t *testing.T) {
	readelf := tool(t, "readelf", "llvm-readelf-14")
	for _, arch := range bothArchs {
		file := filepath.Join(t.TempDir(), "vdso.so")
		require.NoError(t, os.WriteFile(file, VDSO(arch).Data, 0o600))
		out, err := exec.Command(readelf, "-W", "-a", file).CombinedOutput()
		require.NoError(t, err, "%s", out)
		text := strings.ToLower(string(out))
		require.NotContains(t, text, "warning")
		require.NotContains(t, text, "error")
		require.Contains(t, text, "cloudabi_sys_thread_yield")
		require.Contains(t, text, "nuage-vdso.so")
	}
}

// tool finds the first of several programs, or skips the test.
func tool(t *testing.T, names ...string) string {
	for _, n := range names {
		if path, err := exec.LookPath(n); err == nil {
			return path
		}
	}
	if os.Getenv("NUAGE_CI") != "" {
		t.Fatalf("needs %s", names[0])
	}
	t.Skipf("needs %s", names[0])
	return ""
}
