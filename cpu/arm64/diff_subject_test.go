package arm64

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64/native"
	"github.com/nuage-emu/nuage/memory"
)

// subject is the interpreter's side of the differential suite: a space that
// looks like the server's.
type subject struct {
	t      testing.TB
	space  *memory.Space
	in     *Interpreter
	thread cpu.Thread
	state  State
}

func newSubject(t testing.TB) *subject {
	space, err := memory.New(memory.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { space.Close() })
	s := &subject{t: t, space: space, in: NewInterpreter(space, Options{})}
	for _, m := range []struct {
		addr, n uint64
		prot    memory.Prot
	}{
		{native.CodeBase, native.CodeSize, memory.Read | memory.Exec},
		{native.RecordBase, native.MaxRecords * native.RecordSize, memory.Read | memory.Write},
		{native.Edge - 4096, 4096, memory.Read | memory.Write},
		{native.Guard - 4096, 4096, memory.Read | memory.Write},
	} {
		_, err = space.Map(memory.Mapping{Addr: m.addr, Len: m.n, Prot: m.prot, MaxProt: 7, Fixed: true})
		require.NoError(t, err)
	}
	s.fill(native.Guard)
	require.NoError(t, space.Protect(native.Guard-4096, 4096, memory.Read))
	s.thread.State, s.thread.Env = &s.state, clock{}
	return s
}

// fill gives the page before end the contents of [native.EdgeByte].
func (s *subject) fill(end uint64) {
	page := make([]byte, 4096)
	for i := range page {
		page[i] = native.EdgeByte(end - 4096 + uint64(i))
	}
	require.NoError(s.t, s.space.WriteAt(page, end-4096))
}

// setCode puts code in front of the slot and into it.
func (s *subject) setCode(before []uint32, w uint32) {
	var code []byte
	for _, w := range before {
		code = binary.LittleEndian.AppendUint32(code, w)
	}
	code = binary.LittleEndian.AppendUint32(code, w)
	require.NoError(s.t, s.space.Protect(native.CodeBase, native.CodeSize, memory.Read|memory.Write))
	require.NoError(s.t, s.space.WriteAt(code, native.Slot-uint64(4*len(before))))
	require.NoError(s.t, s.space.Protect(native.CodeBase, native.CodeSize, memory.Read|memory.Exec))
}

func (s *subject) must(err error) {
	if err != nil {
		s.t.Fatal(err)
	}
}

// execute executes the batch, in place.
func (s *subject) execute(b *native.Batch) {
	s.setCode(b.Before, b.Word)
	if b.Edges {
		s.fill(native.Edge)
	}
	g := &s.state
	g.Reset(cpu.Start{})
	common := *b.Common
	copy(g.R[:31], common.X[:])
	g.V = common.V
	if b.Memory {
		for i := range b.Records {
			s.must(s.space.WriteAt(b.Records[i].Mem[:], native.MemAt(i)))
		}
	}
	for i := range b.Records {
		r := &b.Records[i]
		s.one(b, r)
		// What no record names must be as it was.
		for k, x := range b.X {
			r.X[k], g.R[x] = g.R[x], common.X[x]
		}
		for k, v := range b.V {
			r.V[k], g.V[v] = g.V[v], common.V[v]
		}
		if [31]uint64(g.R[:31]) != common.X || g.V != common.V {
			r.Path = clobbered
			copy(g.R[:31], common.X[:])
			g.V = common.V
		}
	}
	if b.Memory {
		for i := range b.Records {
			s.must(s.space.ReadAt(b.Records[i].Mem[:], native.MemAt(i)))
		}
	}
	copy(b.Common.X[:], g.R[:31])
	b.Common.V = g.V
}

// What Record.Path says besides: a register that was not named was changed, or
// the interpreter stopped for another reason.
const (
	clobbered = 0xc10b
	astray    = 0xa574
)

// one executes the instruction from one record, and leaves in it everything
// but the registers that it names.
func (s *subject) one(b *native.Batch, r *native.Record) {
	g := &s.state
	g.pc = native.Slot - uint64(4*len(b.Before))
	g.mon.size = 0
	g.R[SP] = r.SP
	g.SetFlags(uint32(r.NZCV))
	g.FPCR, g.FPSR = uint32(r.FPCR), uint32(r.FPSR)
	for k, x := range b.X {
		g.R[x] = r.X[k]
	}
	for k, v := range b.V {
		g.V[v] = r.V[k]
	}
	stop := s.in.Run(&s.thread, uint64(len(b.Before))+1)
	r.NZCV, r.SP, r.FPCR, r.FPSR = uint64(g.Flags()), g.R[SP], uint64(g.FPCR), uint64(g.FPSR)
	r.Path, r.Fault = pathOf(stop, g.pc), stop.Fault.Addr
}

// pathOf is Record.Path for a stop.
func pathOf(stop cpu.Stop, pc uint64) uint64 {
	const sigILL, sigTRAP, sigBUS, sigSEGV = 4, 5, 7, 11
	switch stop.Kind {
	case cpu.StopFault:
		if stop.Fault.Bus {
			return native.Signal + sigBUS
		}
		return native.Signal + sigSEGV
	case cpu.StopIllegal:
		return native.Signal + sigILL
	case cpu.StopBreakpoint:
		return native.Signal + sigTRAP
	case cpu.StopBudget:
		if pc == native.Slot+4 {
			return 0
		}
		for i, pad := range native.Pads {
			if pc == pad {
				return uint64(i) + 1
			}
		}
		return native.Signal + sigSEGV // nothing else can be executed
	}
	return astray
}
