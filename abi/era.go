package abi

import (
	"bytes"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/elf"
)

// Kinds and rights that the final ABI does not have are shown only to programs
// of an earlier one: a final program that looks at a rights word, or makes a
// descriptor of a kind that is gone, finds what its own specification says.
// Objects know the larger sets of 2015 (abi/rights.md section 3); what a process
// sees of them is decided here.

// early reports whether a call is to be answered as before the final ABI.
func (t *Thread) early() bool { return t.args.direct || t.proc.program.early }

// shownKind is what a program is told of the kind of a file: the final ABI has
// no fifos, and calls them streams.
func (t *Thread) shownKind(kind cloudabi.Filetype) cloudabi.Filetype {
	if kind == cloudabi.FiletypeFifo && !t.early() {
		return cloudabi.FiletypeSocketStream
	}
	return kind
}

// visible is what a program may see of the largest rights of an object.
func visible(o Object, early bool) cloudabi.RightsPair {
	most := o.rights()
	if early || !hasFinalRights(o) {
		return most
	}
	return cloudabi.RightsPair{
		Base:       most.Base & cloudabi.RightsAll,
		Inheriting: most.Inheriting & cloudabi.RightsAll,
	}
}

// hasFinalRights leaves out what only an early program can make, and sockets
// that take connections: without the right to do so they would be of no use.
func hasFinalRights(o Object) bool {
	switch o := o.(type) {
	case *listener, *pipeEnd, *eventQueue:
		return false
	case *socket:
		return o.paired
	}
	return true
}

// earlyNames are calls of which a program of the final ABI knows nothing. One
// that finds its calls in the vDSO has their names in it, with or without the
// prefix of the symbols.
var earlyNames = [][]byte{[]byte("poll_fd\x00"), []byte("sock_stat_get\x00")}

// show cuts down what a process is given to what its first program may see.
func (ft *fdTable) show(early bool) {
	ft.mu.Lock()
	defer ft.mu.Unlock()
	for i := range ft.slots {
		d := &ft.slots[i]
		if d.file != nil {
			most := visible(d.file.object, early)
			d.base &= most.Base
			d.inheriting &= most.Inheriting
		}
	}
	ft.void()
}

// isEarly reports whether a program is from before the final ABI: it says so, or
// it is not position independent. Of any other program ok is false: it is if it
// knows calls that are gone.
func isEarly(img *elf.Image, g Generation) (early, ok bool) {
	if g != Auto {
		return g != Final, true
	}
	exec := img.Type == elf.Exec
	return exec, exec
}

// hasEarlyName reports whether a part of a program has one of the names, as a
// string of its own or behind an underscore.
func hasEarlyName(part []byte) bool {
	for _, name := range earlyNames {
		for p := part; ; {
			i := bytes.Index(p, name)
			if i < 0 {
				break
			}
			if i > 0 && (p[i-1] == 0 || p[i-1] == '_') {
				return true
			}
			p = p[i+1:]
		}
	}
	return false
}
