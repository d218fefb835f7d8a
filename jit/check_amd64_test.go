//go:build linux || windows || freebsd || darwin

package jit

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// counting is: mov ecx, 1000; again: add rax, rcx; call f; dec ecx; jnz again;
// syscall; f: ret
var counting = []byte{
	0xB9, 0xE8, 0x03, 0x00, 0x00, 0x48, 0x01, 0xC8, 0xE8, 0x06, 0x00, 0x00, 0x00,
	0xFF, 0xC9, 0x75, 0xF4, 0x0F, 0x05, 0xC3,
}

// TestRefused: a translation that does not pass is not run. The thread stops
// with the reason; its host lives, and other code runs on.
func TestRefused(t *testing.T) {
	s := newSide(t, counting, &Options{Verify: true})
	defer s.close(t)
	bad := []byte{0x88, 0x08, 0x90} // mov [rax], cl: nowhere near the window
	tamper = func(u *rewrite.Unit) {
		if len(u.Entries) > 0 && u.Entries[0].PC == codeAt {
			u.Code = append(append([]byte{}, bad...), u.Code...)
		}
	}
	defer func() { tamper = nil }()
	stop := s.engine.Run(s.thread, cpu.Unlimited)
	require.Equal(t, cpu.StopIllegal, stop.Kind)
	require.Equal(t, uint64(codeAt), stop.PC)
	require.Contains(t, stop.Text, "internal error: the translation of the code at 0x400000 is refused")

	s.thread.State.(*x86.State).SetPC(codeAt + 17) // the system call
	stop = s.engine.Run(s.thread, cpu.Unlimited)
	require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 17}, stop)
}

// TestVerifiedRuns: what passes runs, and its branches are filled in.
func TestVerifiedRuns(t *testing.T) {
	s := newSide(t, counting, &Options{Verify: true})
	defer s.close(t)
	stop := s.engine.Run(s.thread, cpu.Unlimited)
	require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 17}, stop)
	require.Equal(t, uint64(1000*1001/2), s.thread.State.(*x86.State).R[x86.RAX])
}

// TestLinker: a branch is filled in only where one leads out of a unit, and
// only with an entry for where it goes.
func TestLinker(t *testing.T) {
	tr := rewrite.NewTranslator(rewrite.Options{Supported: supported})
	u, ok := tr.Translate(codeAt, func(uint64) []byte { return []byte{0xE9, 0xFB, 0x0F, 0x00, 0x00} }) // jmp codeAt + 0x1000
	require.True(t, ok)
	require.Len(t, u.Exits, 1)
	field := uint64(0x10000) + uint64(u.Exits[0].Field)
	l := verify.NewLinker()
	l.Place(0x10000, u)
	u, ok = tr.Translate(codeAt+0x1000, func(pc uint64) []byte { return counting[pc-codeAt-0x1000:] })
	require.True(t, ok)
	l.Place(0x20000, u)
	to := func(host uint64) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(host-field-4)) }

	require.NoError(t, l.Linked(field, to(0x20000)))
	require.ErrorContains(t, l.Linked(field, to(0x20001)), "not an entry")
	require.ErrorContains(t, l.Linked(field, to(0x10000)), "not an entry of verified code for 0x401000")
	require.ErrorContains(t, l.Linked(field+4, to(0x20000)), "not the displacement")
	require.NoError(t, l.Entry(0x20000, codeAt+0x1000))
	require.Error(t, l.Entry(0x20000, codeAt))
	require.ErrorContains(t, l.Target(0x20000, codeAt+0x1000), "is not verified code for the indirect target")
	// A hint has no code, so two guest addresses are entered at the same place.
	hint := []byte{0x90, 0x75, 0xFE, 0xC3} // nop; jne itself; ret
	u, ok = tr.Translate(codeAt, func(pc uint64) []byte { return hint[pc-codeAt:] })
	require.True(t, ok)
	l.Place(0x40000, u)
	require.NoError(t, l.Entry(0x40000, codeAt))
	require.NoError(t, l.Entry(0x40000, codeAt+1))

	u = tr.EntryStub(codeAt + 0x1000)
	l.PlaceTarget(0x30000, codeAt+0x1000, u)
	require.NoError(t, l.Target(0x30000, codeAt+0x1000))
	require.Error(t, l.Target(0x30000, codeAt))
	field = 0x30000 + uint64(u.Exits[0].Field)
	require.NoError(t, l.Linked(field, to(0x20000)))
	l.Reset()
	require.Error(t, l.Linked(field, to(0x20000)))
}
