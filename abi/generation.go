package abi

import (
	"fmt"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Generation says which table of numbers, and which early forms of calls, a
// program that traps directly was built for. Programs that use the vDSO do not
// depend on it.
type Generation uint8

// The generations. Auto is the numbering of every direct trap since April
// 2015, with the forms of calls told apart by what is passed; it is right for
// all programs but those of G0 and G1, whose numbers are different, and the
// few built around the changes of scope arguments in July 2015 that name a
// generation. G0 and G1 also say that the program numbers rights as until
// 2015-04-14; April2015 is G2 with the rights of the weeks from then until
// 2015-05-08.
const (
	Auto Generation = iota
	G0
	G1
	G2
	G3
	G4
	G5
	G6
	G7
	G8
	Final
	April2015
)

// String returns auto, G0 and so on, final, or 2015-04.
func (g Generation) String() string {
	switch {
	case g == Auto:
		return "auto"
	case g == Final:
		return "final"
	case g == April2015:
		return "2015-04"
	case g < Final:
		return fmt.Sprintf("G%d", g-G0)
	}
	return fmt.Sprintf("Generation(%d)", uint8(g))
}

// tableOf is the index into [cloudabi.Generations] of the numbers g uses.
func tableOf(g Generation) int {
	if g == Auto {
		return cloudabi.G3
	}
	return int(g - G0)
}

// generation is that of the program's direct traps, as far as known.
func (p *Process) generation() Generation {
	switch g := p.program.generation; g {
	case Auto:
	case April2015:
		return G2
	default:
		return g
	}
	return Generation(p.shownGeneration.Load())
}

// choosePoll tells the forms of poll apart. Up to August 2015 the first of five
// arguments is a descriptor, 0xffffffff for one-shot; since then the first of
// three is a pointer. Nothing below 64 KiB and nothing in the last 64 KiB of
// the window is ever mapped, so the first argument decides.
func (t *Thread) choosePoll(a *args) {
	switch first := a.v[0]; {
	case a.gen == Auto:
		if first>>16 != 0 && first>>16 != 0xffff && first>>16 != 0xffffffffffff {
			return
		}
		t.proc.shownGeneration.Store(int32(G2))
		a.gen = G2
	case a.gen > G2:
		return
	}
	a.fiveArg = true
}

// A program from before 2015-07-21 passes no scope, and for four days after
// that 1 meant global and 2 local. The shared rule is right for all of them: a
// word in memory that is not shared has the same key in both scopes.

// scope checks the scope in argument i. ok is false if there is none.
func (t *Thread) scope(a *args, i int) (s cloudabi.Scope, ok bool, errno cloudabi.Errno) {
	s = cloudabi.Scope(a.v[i])
	valid := s == cloudabi.ScopePrivate || s == cloudabi.ScopeShared
	switch {
	case a.direct && (a.gen == G0 || a.gen == G1 || a.gen == G2), a.direct && a.gen == Auto && !valid:
		return cloudabi.ScopeShared, false, cloudabi.ESUCCESS
	case valid:
		return s, true, cloudabi.ESUCCESS
	}
	return 0, false, cloudabi.EINVAL
}
