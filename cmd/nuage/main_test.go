package main

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cmd/internal/launcher"
	"github.com/nuage-emu/nuage/elf"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]size{"1": 1, "4096": 4096, "2K": 2048, "512m": 512 << 20, "1GiB": 1 << 30, "3tb": 3 << 40, "16777215T": 16777215 << 40} {
		var s size
		require.NoError(t, s.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, s, text)
	}
	for _, text := range []string{"", "0", "K", "-1", "1.5G", "16777216T", "18446744073709551616", "1KK"} {
		require.Error(t, new(size).UnmarshalText([]byte(text)), text)
	}
}

func TestGeneration(t *testing.T) {
	for _, c := range []struct {
		name, start string
		generation  abi.Generation
		form        elf.Generation
	}{
		{"auto", "", abi.Auto, elf.Final},
		{"auto", "2015-argv", abi.Auto, elf.Argv2015},
		{"G0", "", abi.G0, elf.Argv2015},
		{"G2", "", abi.G2, elf.StartupData2015},
		{"G2", "final", abi.G2, elf.Final},
		{"G3", "", abi.G3, elf.Final},
		{"final", "", abi.Final, elf.Final},
		{"2015-03", "", abi.G0, elf.Argv2015},
		{"2015-04", "", abi.April2015, elf.StartupData2015},
		{"2015-06", "", abi.G2, elf.StartupData2015},
		{"2015-08", "", abi.G3, elf.Final},
	} {
		g, form, err := generation(c.name, c.start)
		require.NoError(t, err)
		require.Equal(t, c.generation, g, c.name)
		require.Equal(t, c.form, form, c.name)
	}
	_, _, err := generation("2015", "")
	require.ErrorContains(t, err, "no generation")
	_, _, err = generation("auto", "1970")
	require.Error(t, err)
}

func TestEverySignalHasAStatus(t *testing.T) {
	seen := map[int]cloudabi.Signal{}
	for sig := cloudabi.SIGABRT; sig <= cloudabi.SIGXFSZ; sig++ {
		status := launcher.SignalStatus(sig)
		require.Greater(t, status, 128, sig)
		require.Less(t, status, 160, sig)
		require.Zero(t, seen[status], "%v and %v", sig, seen[status])
		seen[status] = sig
	}
	require.Equal(t, 139, launcher.SignalStatus(cloudabi.SIGSEGV))
	require.Equal(t, 137, launcher.SignalStatus(cloudabi.SIGKILL))
}

func TestTrackTraps(t *testing.T) {
	track := func(f func(instruction, int) (bool, int), code ...[]byte) (numbers []int) {
		n := -1
		for _, b := range code {
			var trap bool
			if trap, n = f(instruction{bytes: b}, n); trap {
				numbers = append(numbers, n)
				n = -1
			}
		}
		return numbers
	}
	syscall := []byte{0x0f, 0x05}
	require.Equal(t, []int{16, -1, 0, 41}, track(trackX86,
		[]byte{0xb8, 16, 0, 0, 0}, []byte{0x48, 0x89, 0xd7}, syscall,
		syscall,
		[]byte{0x31, 0xc0}, syscall,
		[]byte{0x48, 0xc7, 0xc0, 41, 0, 0, 0}, syscall))
	svc := []byte{1, 0, 0, 0xd4}
	require.Equal(t, []int{41, -1, 0}, track(trackArm,
		[]byte{0x28, 0x05, 0x80, 0xd2}, svc, // mov x8, #41
		svc,
		[]byte{0xe8, 0x03, 0x1f, 0xaa}, svc)) // mov x8, xzr
}

func TestPrintable(t *testing.T) {
	require.Equal(t, "a?b?é", printable("a\x1bb\x9bé"))
}

// TestUsualRun: what the quick reading of nuage run's arguments accepts means the
// same to kong, and it leaves to kong what it does not know.
func TestUsualRun(t *testing.T) {
	parse := func(args []string) (*runCmd, error) {
		var all runGrammar
		parser, err := kong.New(&all)
		if err == nil {
			_, err = parser.Parse(append([]string{"run"}, args...))
		}
		return &all.Run, err
	}
	for _, args := range [][]string{
		{"prog"}, {"prog", "config"}, {"prog", "-"}, {"--engine=jit", "prog"}, {"prog", "--engine", "interp"}, {"a=b", "c=d"},
		{"--set", "a=1,2", "--set=b=", "--fd=out=stdout", "prog", "--file", "x=y:rw", "--dir=d=/tmp", "config"},
	} {
		usual, ok := usualRun(args)
		require.True(t, ok, args)
		all, err := parse(args)
		require.NoError(t, err, args)
		require.Equal(t, all, usual, args)
	}
	for _, args := range [][]string{
		{}, {""}, {"prog", ""}, {"prog", "config", "more"}, {"--help"}, {"-h"}, {"prog", "--help"}, {"--stats", "prog"}, {"prog", "--trace=x"},
		{"--deterministic", "prog"}, {"--memory=paged", "prog"}, {"prog", "--set"}, {"--set", "--trace", "prog"}, {"--sets=x=1", "prog"},
		{"--", "--prog", "-"}, {"-set=a=1", "prog"}, {"--set=", "prog"}, {"--set", "", "prog"}, {"--set=-1", "prog"},
		{"--engine=jit", "--engine=interp", "prog"}, {"prog", "--engine"},
	} {
		_, ok := usualRun(args)
		require.False(t, ok, args)
	}
	words := []string{
		"prog", "config", "-", "--", "", "=", "a=1", "-x", "--x", "--x=y", "--set", "--set=a=1", "--set=", "--fd", "--fd=out=stdout", "--file",
		"--file=a=b", "--dir", "--dir=a=b", "--engine", "--engine=jit", "jit", "--stats", "--trace", "-set", "--set=-",
	}
	rapid.Check(t, func(t *rapid.T) {
		args := rapid.SliceOfN(rapid.SampledFrom(words), 0, 6).Draw(t, "args")
		if usual, ok := usualRun(args); ok {
			all, err := parse(args)
			require.NoError(t, err)
			require.Equal(t, all, usual)
		}
	})
}
