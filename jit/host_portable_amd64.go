//go:build amd64 && (windows || freebsd || darwin)

package jit

import (
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// What the hosts have in common that run the portable code only: Windows,
// FreeBSD and macOS. GS is the system's on Windows and macOS, and on FreeBSD it
// cannot be relied on that programs may set it; so the State is in a register
// (rewrite.StateInRegister).

// best is the convention whose code is fastest here.
func best() rewrite.Convention { return rewrite.StateInRegister }

func gateOf(rewrite.Convention) gate { return portableGate() }

// enter is never called: there is no code with the State in GS.
func enter(*x86.State) {}

// forget has nothing to do: a system need not take the memory of a chunk back,
// which is used again.
func (c *codeMemory) forget(int) {}

// tableObject is what all tables begin as, again and again.
type tableObject struct{ blank []byte }

func newTableObject(blank []byte) (tableObject, error) { return tableObject{blank}, nil }

// fill makes a table blank.
func (o tableObject) fill(m []byte) {
	for at := 0; at < len(m); at += len(o.blank) {
		copy(m[at:], o.blank)
	}
}
