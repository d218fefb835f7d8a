package verify

import (
	"unsafe"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// use is what generated code may do with a field of the State.
type use uint8

const (
	load    use = 1 << iota // any part of it
	store                   // any part of it
	leave                   // jump through it, or call
	scratch                 // load and store; what is in it is tracked
	lookup                  // load a byte, whose place may be computed
)

// field is a part of the State.
type field struct {
	name   string
	offset int64
	width  int64
	use    use
	cell   int8   // its number if it is tracked
	reason uint32 // why code leaves through it
}

const (
	offR       = int64(unsafe.Offsetof(x86.State{}.R))
	offContext = int64(unsafe.Offsetof(x86.State{}.Context))
)

// fieldsOf are the parts of the State that generated code may touch, which is
// all that operands in the State may reach. The Zero register, the addresses of
// the host (stacks, Base, Out, Target) and what the signal handler and
// the engine keep there (Running, Kick, Trap...) are never written.
func fieldsOf(r *roles) []field {
	context := func(name string, off uintptr, width int64, u use) field {
		return field{name: "Context." + name, offset: offContext + int64(off), width: width, use: u}
	}
	register := func(r int, u use) field {
		return field{name: "R[" + x86.RegName(uint8(r), 8) + "]", offset: offR + 8*int64(r), width: 8, use: u}
	}
	f := []field{
		lookupField: context("Align", unsafe.Offsetof(x86.Context{}.Align), int64(len(x86.Context{}.Align)), lookup),
		context("Scratch", unsafe.Offsetof(x86.Context{}.Scratch), 8, scratch),
		context("Scratch2", unsafe.Offsetof(x86.Context{}.Scratch2), 8, scratch),
		// While code runs, rsp is in its host register and its place is free.
		register(x86.RSP, scratch),
		register(x86.FSBase, load),
		register(x86.GSBase, load),
	}
	for _, reason := range []uint32{rewrite.ExitDirect, rewrite.ExitIndirect, rewrite.ExitSyscall, rewrite.ExitInterpret} {
		out := context("Out", unsafe.Offsetof(x86.Context{}.Out)+8*uintptr(reason), 8, leave)
		out.reason = reason
		f = append(f, out)
	}
	for _, r := range r.spilled {
		f = append(f, register(r, load|store))
	}
	if r.counts {
		f = append(f, context("Displaced", unsafe.Offsetof(x86.Context{}.Displaced), 8, load|store))
	}
	n := int8(0)
	for i := range f {
		if f[i].use == scratch {
			f[i].cell = n
			n++
		}
	}
	return f
}

// lookupField is the number of the field to look bytes up in.
const lookupField = 0

// cells is how many fields are tracked.
const cells = 3

// fieldAt returns the field that width bytes at an offset of the State lie in.
func (r *roles) fieldAt(offset, width int64) *field {
	for i := range r.fields {
		f := &r.fields[i]
		if offset >= f.offset && offset+width <= f.offset+f.width {
			return f
		}
	}
	return nil
}
