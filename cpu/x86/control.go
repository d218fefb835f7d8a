package x86

import "github.com/nuage-emu/nuage/cpu"

// Control transfer (Vol. 1, 5.1.7 and 7.3.8).
var controlRows = Section{Ref: "Vol. 1, 5.1.7 Control Transfer Instructions", Rows: []Spec{
	{"70+cc", "jcc", "Jb", "r:oszpc", F64 | Ends, bindJcc},
	{"0F 80+cc", "jcc", "Jz", "r:oszpc", F64 | Ends, bindJcc},
	{"EB", "jmp", "Jb", "", F64 | Ends, bindJmp},
	{"E9", "jmp", "Jz", "", F64 | Ends, bindJmp},
}}

// bindJcc: a conditional branch leaves the block if it is taken; the block
// goes on behind it.
func bindJcc(b *binder) {
	o := b.emit(jcc)
	o.cc = b.d.CC()
	o.aux = b.link(linkDirect, b.d.Args[0].Value)
}

func jcc(s *State, o *op) *op {
	if s.cond(o.cc) {
		return s.leave(o.aux)
	}
	return o.after()
}

func bindJmp(b *binder) {
	o := b.emit(leaveDirect)
	o.aux = b.link(linkDirect, b.d.Args[0].Value)
	b.done = true
}

// illegal ends the block with an instruction that is not one.
func (b *binder) illegal() {
	o := b.emit(raise)
	o.imm = uint64(cpu.StopIllegal)
}

func raise(s *State, o *op) *op { panic(trapIllegal) }
