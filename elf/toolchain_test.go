package elf

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

const toolchainSource = `
#include "cloudabi.h"
_Thread_local int tls = 7;
int zeros[5000];
int data[5000] = {1, 2, 3};
const char *const pointer = "needs a relocation in a PIE";
int function(int x) { return x + data[x] + zeros[x] + tls + *pointer; }
void _start(const cloudabi_auxv_t *auxv) {
  (void)auxv;
  for (;;) function(1);
}
`

// What the real tools produce loads: static PIE and fixed addresses, small and
// large maximum page size, with the layouts of either taste.
func TestLoadWithRealToolchain(t *testing.T) {
	clang, lld := tool(t, "clang-14", "clang"), tool(t, "ld.lld-14", "ld.lld", "/usr/lib/llvm-14/bin/ld.lld")
	include, err := filepath.Abs(filepath.Join("..", "conformance", "include"))
	require.NoError(t, err)
	dir := t.TempDir()
	src := filepath.Join(dir, "t.c")
	require.NoError(t, os.WriteFile(src, []byte(toolchainSource), 0o600))
	for _, arch := range bothArchs {
		target := map[cpu.Arch]string{cpu.X86_64: "x86_64-unknown-cloudabi", cpu.AArch64: "aarch64-unknown-cloudabi"}[arch]
		obj := filepath.Join(dir, target+".o")
		out, err := exec.Command(clang, "--target="+target, "-ffreestanding", "-fno-sanitize=safe-stack", "-fPIE", "-O1", "-I", include, "-c", src, "-o", obj).CombinedOutput()
		require.NoError(t, err, "%s", out)
		for _, flags := range [][]string{
			{"-pie", "--no-dynamic-linker", "-z", "relro"},
			{"-pie", "--no-dynamic-linker", "-z", "max-page-size=65536"},
			{"-pie", "--no-dynamic-linker", "-z", "noseparate-code", "-z", "max-page-size=4096"},
			{"-no-pie", "--image-base=0x10000"},
			{"-no-pie", "-z", "separate-code", "-z", "max-page-size=0x200000"},
		} {
			prog := filepath.Join(dir, "prog")
			out, err := exec.Command(lld, append(flags, "-static", "-o", prog, obj)...).CombinedOutput()
			require.NoError(t, err, "%v: %s", flags, out)
			f, err := os.Open(prog)
			require.NoError(t, err)
			defer f.Close()
			info, err := f.Stat()
			require.NoError(t, err)
			img, err := Parse(f, info.Size())
			require.NoError(t, err, "%v %v", arch, flags)
			require.Equal(t, arch, img.Arch)
			require.NotNil(t, img.TLS)
			s := newSpace(t, 1<<30)
			l, err := Load(img, s, LoadOptions{})
			require.NoError(t, err, "%v %v", arch, flags)

			start, ok := l.Address("_start")
			require.True(t, ok)
			require.Equal(t, l.Start.PC, start)
			name, _, ok := l.Symbol(l.Start.PC + 1)
			require.True(t, ok)
			require.Equal(t, "_start", name)
			data, ok := l.Address("data")
			require.True(t, ok)
			require.Equal(t, uint64(2<<32|1), word(t, s, data))
			zeros, ok := l.Address("zeros")
			require.True(t, ok)
			require.Equal(t, make([]byte, 20000), readMem(t, s, zeros, 20000))
			require.NoError(t, s.WriteAt([]byte{1}, zeros+19999))
			require.Error(t, s.WriteAt([]byte{1}, l.Start.PC), "code is not writable")
			require.Equal(t, memory.Read|memory.Exec, protections(s, start&^pageMask, start+1)[start&^pageMask])

			v := auxv(t, s, l.Start.Args[0])
			require.True(t, l.Code.Contains(v[cloudabi.AtPhdr]), "the headers are in a segment")
			require.Equal(t, img.phdrs, readMem(t, s, v[cloudabi.AtPhdr], uint64(len(img.phdrs))))
		}
	}
}
