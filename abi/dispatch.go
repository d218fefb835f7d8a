package abi

import (
	"encoding/binary"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/elf"
)

var le = binary.LittleEndian

// vdsoBase is added to the index into [cloudabi.Calls] to make the number a stub
// of the vDSO traps with. A trap from elsewhere never means one of these.
const vdsoBase = elf.TrapBase

// args is a system call under way: what came in, and what goes out if the
// handler returns ESUCCESS.
type args struct {
	row     *row
	v       [8]uint64 // inputs, truncated to their declared widths
	out     [2]uint64
	direct  bool       // trapped from the program's own code, not the vDSO
	gen     Generation // whose numbering the trap used; Final through the vDSO
	fiveArg bool       // poll in the form with a descriptor, before 2015-08-04
	results int        // how many of the outputs there are
	store   []uint64   // through the vDSO: where the outputs go
}

// begin forgets the call before; what it passed stays in v.
func (a *args) begin(r *row, gen Generation, direct bool) {
	a.row, a.gen, a.direct = r, gen, direct
	a.out[0], a.out[1] = 0, 0
	a.fiveArg, a.results, a.store = false, 0, nil
}

// fd is the descriptor in argument i, also where that is a lookup, which has
// its flags in the upper half.
func (a *args) fd(i int) cloudabi.Fd { return cloudabi.Fd(a.v[i]) }

// follow reports whether the lookup in argument i follows a symbolic link in
// the last component.
func (a *args) follow(i int) bool {
	return cloudabi.Lookupflags(a.v[i]>>32)&cloudabi.LookupSymlinkFollow != 0
}

// syscall answers the system call instruction at pc: it finds the row, fetches
// the arguments, runs the handler, and writes the results.
func (t *Thread) syscall(pc uint64) {
	t.replaced = false
	if t.proc.program.vdso.contains(pc) {
		t.syscallVDSO()
		return
	}
	t.syscallDirect()
}

// syscallVDSO serves a stub of the vDSO: a C function with one pointer for each
// output behind the inputs, returning an error number.
func (t *Thread) syscallVDSO() {
	a, trap := &t.args, &t.trap
	t.cpu.State.Trap(trap)
	n := trap.Number - vdsoBase
	if n >= uint64(len(cloudabi.Calls)) {
		t.cpu.State.SetResult(0, uint64(cloudabi.ENOSYS))
		return
	}
	a.begin(rowOf(cloudabi.CallID(n)), Final, false)
	a.results = len(a.row.call.Outputs)
	inputs, outputs := len(a.row.inputs), a.results
	p := &t.pointers // inputs and output pointers: poll_fd has seven
	for i := range trap.Regs {
		p[i] = trap.Args[i]
	}
	errno := cloudabi.ESUCCESS
	for i := trap.Regs; i < inputs+outputs && errno == 0; i++ {
		p[i], errno = t.load64(t.cpu.State.SP() + 8 + 8*uint64(i-trap.Regs))
	}
	a.store = p[inputs : inputs+outputs]
	if errno == 0 {
		errno = t.invoke(a, p[:inputs])
	}
	if t.gone() {
		return
	}
	if errno == 0 {
		errno = t.storeOutputs(a, a.store[:a.results])
	}
	t.cpu.State.SetResult(0, uint64(errno))
}

// storeOutputs writes the results where the C function's last arguments point.
func (t *Thread) storeOutputs(a *args, pointers []uint64) cloudabi.Errno {
	for i, p := range pointers {
		var b [8]byte
		le.PutUint64(b[:], a.out[i])
		if errno := t.store(b[:a.row.call.Outputs[i].Width], p); errno != 0 {
			return errno
		}
	}
	return cloudabi.ESUCCESS
}

// syscallDirect serves a trap from the program's own code: numbers of a
// generation, results in registers, errors with the carry set
// (abi/startup.md section 7).
func (t *Thread) syscallDirect() {
	a, trap := &t.args, &t.trap
	s := t.cpu.State
	s.Trap(trap)
	gen := t.proc.generation()
	table := cloudabi.Generations[tableOf(gen)].Table
	errno := cloudabi.ENOSYS
	if trap.Number < uint64(len(table)) {
		a.begin(rowOf(table[trap.Number]), gen, true)
		a.results = len(a.row.call.Outputs)
		a.v = trap.Args
		if a.row.call.Name == "poll" {
			t.choosePoll(a)
		}
		errno = t.invoke(a, trap.Args[:])
	}
	if t.gone() {
		return
	}
	if errno != 0 {
		s.SetResult(0, uint64(errno))
		s.SetCarry(true)
		return
	}
	s.SetCarry(false)
	s.SetResult(0, a.out[0])
	if a.results > 1 {
		s.SetResult(1, a.out[1])
	}
}

// invoke truncates the arguments and runs the handler.
func (t *Thread) invoke(a *args, inputs []uint64) cloudabi.Errno {
	r := a.row
	t.made[r.id%maxCalls]++
	for i, mask := range r.inputs {
		a.v[i] = inputs[i] & mask
	}
	if t.proc.trace != nil {
		return t.traced(a)
	}
	if r.handler == nil {
		return cloudabi.ENOSYS
	}
	return r.handler(t, a)
}
