//go:build amd64 && (linux || windows || freebsd || darwin)

package jit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/nuage-emu/nuage/jit/rewrite"
)

// table is an engine's table of indirect targets: host addresses, by the low
// 16 bits of the guest's. An entry leads to a stub, which checks that it is the
// one that is meant; entries without one lead out. So entries can be replaced
// while other threads read them. It lies in the guard below the window
// (rewrite.TableBelow), and goes when that does.
type table struct {
	memory []byte
	missed uintptr // where they lead out
	used   bool    // not blank; guarded by engine.mu
}

const tableBytes = 1 << 16 * 8

// blankBytes is the size of what a blank table repeats. It is filled in every
// start of the command.
const blankBytes = 4 << 10

// blanks are what the tables of each convention begin as: every entry leads
// out.
var blanks = [...]func() (tableObject, error){
	rewrite.StateInGS:       blankTable(rewrite.StateInGS),
	rewrite.StateInRegister: blankTable(rewrite.StateInRegister),
}

func blankTable(c rewrite.Convention) func() (tableObject, error) {
	return sync.OnceValues(func() (tableObject, error) {
		entries := make([]uintptr, blankBytes/8)
		missed := gateOf(c).out[rewrite.ExitIndirect]
		for i := range entries {
			entries[i] = missed
		}
		return newTableObject(unsafe.Slice((*byte)(unsafe.Pointer(&entries[0])), blankBytes))
	})
}

// newTable makes the table of the window at base.
func newTable(c rewrite.Convention, base unsafe.Pointer) (*table, error) {
	o, err := blanks[c]()
	if err != nil {
		return nil, err
	}
	m := unsafe.Slice((*byte)(unsafe.Add(base, -rewrite.TableBelow)), tableBytes)
	if err := o.place(m); err != nil {
		return nil, fmt.Errorf("mapping a table: %w", err)
	}
	return &table{memory: m, missed: gateOf(c).out[rewrite.ExitIndirect]}, nil
}

// reset makes all entries lead out. No thread may be in generated code.
func (t *table) reset(c rewrite.Convention) {
	if !t.used {
		return
	}
	t.used = false
	if o, err := blanks[c](); err == nil && o.place(t.memory) == nil {
		return
	}
	for i := range uint64(tableBytes / 8) {
		if *t.entry(i) != uint64(t.missed) {
			atomic.StoreUint64(t.entry(i), uint64(t.missed))
		}
	}
}

// set puts a stub into the table.
func (t *table) set(pc, host uint64) {
	t.used = true
	atomic.StoreUint64(t.entry(pc), host)
}

func (t *table) entry(pc uint64) *uint64 {
	return (*uint64)(unsafe.Pointer(&t.memory[uint64(uint16(pc))*8]))
}
