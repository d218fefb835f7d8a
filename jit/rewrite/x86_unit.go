package rewrite

import (
	"sort"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// Which instructions a unit has, and where it may be entered.

// MaxUnit is the most instructions of a unit.
const MaxUnit = 128

// decode reads the unit's instructions: up to one behind which control does
// not go on, unless a branch before leads behind it, or one that the interpreter
// must run if it is the first.
func (t *Translator) decode(pc uint64, fetch func(pc uint64) []byte) {
	t.insts = t.insts[:0]
	t.end = pc
	var code []byte
	for len(t.insts) < MaxUnit && t.end < 1<<32 {
		if len(code) < 15 {
			if code = fetch(t.end); len(code) == 0 {
				return
			}
		}
		t.insts = t.insts[:len(t.insts)+1]
		in := &t.insts[len(t.insts)-1]
		if x86.Decode(&in.Inst, code, t.end) != nil {
			t.insts = t.insts[:len(t.insts)-1]
			return
		}
		in.code, in.leader, in.loops, in.looks, in.run = code[:in.Len], len(t.insts) == 1, false, len(t.insts) == 1, 0
		in.row, in.rcx = rowTraits[in.Row.Index()], 0
		in.kind = t.kindOf(in)
		t.end = in.Next()
		code = code[in.Len:]
		switch {
		case in.kind == kindInterpret && len(t.insts) == 1:
			return
		case in.kind == kindJmp || in.kind == kindRet || in.kind == kindInterpret && in.Row.Attr&x86.Ends != 0:
			if !t.wanted(t.end) {
				return
			}
		}
	}
}

// find returns the index of the unit's instruction at a guest address.
func (t *Translator) find(pc uint64) (k int, ok bool) {
	if len(t.insts) == 0 || pc < t.insts[0].PC || pc >= t.end {
		return 0, false
	}
	k = sort.Search(len(t.insts), func(k int) bool { return t.insts[k].PC >= pc })
	return k, k < len(t.insts) && t.insts[k].PC == pc
}

// wanted reports whether a branch of the unit leads to pc, which is behind it.
func (t *Translator) wanted(pc uint64) bool {
	for i := range t.insts {
		if in := &t.insts[i]; (in.kind == kindJcc || in.kind == kindJmp) && in.Args[0].Kind == x86.ArgRel && in.Args[0].Value == pc {
			return true
		}
	}
	return false
}

// Distance returns how many instructions lead from pc to the first for which known
// reports true, or over the first branch, or to where it cannot tell.
func (t *Translator) Distance(pc uint64, fetch func(pc uint64) []byte, known func(pc uint64) bool) int {
	t.decode(pc, fetch)
	for i := range t.insts {
		in := &t.insts[i]
		switch {
		case i > 0 && known(in.PC):
			return i
		case in.kind == kindJcc || in.kind == kindCall:
			return i + 1
		}
	}
	return len(t.insts)
}

// loopAlign is what addresses of places are a multiple of that backward branches
// lead to. Units are, too (package jit).
const loopAlign = 16

// findLeaders marks the instructions that may be entered, and in metered code
// counts the instructions of each run.
func (t *Translator) findLeaders() {
	for i := range t.insts {
		in := &t.insts[i]
		switch in.kind {
		case kindJcc, kindJmp:
			if in.Args[0].Kind != x86.ArgRel {
				break
			}
			if k, ok := t.find(in.Args[0].Value); ok {
				t.insts[k].leader = true
				t.insts[k].loops = t.insts[k].loops || k <= i
			}
		case kindCall, kindSyscall, kindInterpret:
			if i+1 < len(t.insts) {
				t.insts[i+1].leader, t.insts[i+1].looks = true, true
			}
		}
	}
	start := 0
	for i := range t.insts {
		in := &t.insts[i]
		if i-start >= maxRun && t.o.Convention.Counts() {
			in.leader = true
		}
		if in.leader {
			in.label = t.asm.NewLabel()
			start = i
		}
		if in.kind == kindInterpret {
			start = i + 1
			continue
		}
		in.looks = in.looks || in.loops
		if start < len(t.insts) {
			t.insts[start].run++
			t.insts[start].looks = t.insts[start].looks || t.o.EveryRun
		}
		if in.kind == kindJcc {
			start = i + 1
		}
	}
	if t.o.Convention.Counts() {
		t.findCosts()
	}
}
