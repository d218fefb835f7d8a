package x86

import (
	"testing"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
	"github.com/stretchr/testify/require"
)

const (
	codeAt  = 0x100000
	dataAt  = 0x200000
	stackAt = 0x300000 // end of the stack
)

// machine is a small space with code, data and a stack, and a thread in it.
type machine struct {
	t     testing.TB
	space *memory.Space
	in    *Interpreter
	th    *cpu.Thread
	s     *State
}

func newMachine(t testing.TB, code []byte, opts Options) *machine {
	t.Helper()
	space, err := memory.New(memory.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, space.Close()) })
	m := &machine{t: t, space: space, in: NewInterpreter(space, opts)}
	m.mapAt(codeAt, 0x10000, memory.Read|memory.Write)
	m.mapAt(dataAt, 0x10000, memory.Read|memory.Write)
	m.mapAt(stackAt-0x10000, 0x10000, memory.Read|memory.Write)
	m.code(codeAt, code)
	m.th = m.thread()
	m.s = m.th.State.(*State)
	return m
}

func (m *machine) thread() *cpu.Thread {
	th := &cpu.Thread{State: m.in.NewState()}
	th.State.Reset(cpu.Start{PC: codeAt, SP: stackAt - 0x1000})
	return th
}

func (m *machine) mapAt(addr, n uint64, p memory.Prot) {
	_, err := m.space.Map(memory.Mapping{Addr: addr, Len: n, Prot: p, MaxProt: 7, Fixed: true})
	require.NoError(m.t, err)
}

// code writes machine code and makes its page executable.
func (m *machine) code(addr uint64, code []byte) {
	page := addr &^ 0xffff
	require.NoError(m.t, m.space.Protect(page, 0x10000, memory.Read|memory.Write))
	require.NoError(m.t, m.space.WriteAt(code, addr))
	require.NoError(m.t, m.space.Protect(page, 0x10000, memory.Read|memory.Exec))
}

func TestFirstSteps(t *testing.T) {
	m := newMachine(t, []byte{
		0xb8, 5, 0, 0, 0, // mov eax, 5
		0x48, 0x83, 0xc3, 7, // add rbx, 7
		0x83, 0xc0, 0xff, // add eax, -1
		0x75, 0xf7, // jne to the add
		0x50,       // push rax
		0x0f, 0x0b, // ud2
	}, Options{})
	stop := m.in.Run(m.th, 1000)
	require.Equal(t, cpu.StopIllegal, stop.Kind, "%v", stop)
	require.Equal(t, uint64(codeAt+15), stop.PC)
	require.Equal(t, uint64(35), m.s.R[RBX])
	require.Equal(t, uint64(17), m.th.Retired)
	require.Equal(t, uint64(stackAt-0x1008), m.s.SP())
}
