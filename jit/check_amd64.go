//go:build linux || windows || freebsd || darwin

package jit

import (
	"encoding/binary"
	"fmt"

	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// check is the second opinion of an engine with Options.Verify. The engine's
// lock guards it.
type check struct {
	verifier *verify.Verifier
	linker   *verify.Linker
	stub     error            // why nothing can be run
	refused  map[uint64]error // why the code at a guest address cannot be
}

func newCheck(c rewrite.Convention) *check {
	return &check{verifier: verify.NewFor(c, supported), linker: verify.NewLinker(), refused: make(map[uint64]error)}
}

// reset forgets all code.
func (c *check) reset() {
	c.linker.Reset()
	c.stub = nil
	clear(c.refused)
}

// tamper, if a test sets it, changes a unit between translator and verifier.
var tamper func(*rewrite.Unit)

// unit checks the translation of the code at pc; an indirect one begins with
// what the table of indirect targets leads to.
func (c *check) unit(pc uint64, u *rewrite.Unit, indirect bool) bool {
	if tamper != nil {
		tamper(u)
	}
	if indirect {
		return c.refuse(pc, c.verifier.CheckTarget(u))
	}
	return c.refuse(pc, c.verifier.Check(u))
}

// placed notes where a unit that has passed lies.
func (c *check) placed(pc, host uint64, u *rewrite.Unit, indirect bool) {
	if indirect {
		c.linker.PlaceTarget(host, pc, u)
		return
	}
	c.linker.Place(host, u)
}

func (c *check) returnStub(u *rewrite.Unit) bool {
	c.stub = c.verifier.CheckReturnStub(u)
	return c.stub == nil
}

// link checks that the branch to pc may be filled in.
func (c *check) link(pc, field uint64, displacement uint32) bool {
	return c.refuse(pc, c.linker.Linked(field, binary.LittleEndian.AppendUint32(nil, displacement)))
}

// target checks what is put into the table of indirect targets.
func (c *check) target(pc, host uint64) bool {
	return host == 0 || c.refuse(pc, c.linker.Target(host, pc))
}

// entry checks where a thread is about to enter.
func (c *check) entry(pc, host uint64) bool { return c.refuse(pc, c.linker.Entry(host, pc)) }

func (c *check) refuse(pc uint64, err error) bool {
	if err != nil {
		c.refused[pc] = err
	}
	return err == nil
}

// refusal is why the code at pc must not be run, or nil.
func (c *check) refusal(pc uint64) error {
	err := c.stub
	if err == nil {
		err = c.refused[pc]
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("internal error: the translation of the code at %#x is refused: %w", pc, err)
}
