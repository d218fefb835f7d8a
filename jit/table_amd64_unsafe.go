//go:build amd64 && (linux || windows)

package jit

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/nuage-emu/nuage/jit/rewrite"
)

// table is an engine's table of indirect targets: host addresses, by the low
// 16 bits of the guest's. An entry leads to a stub, which checks that it is the
// one that is meant; entries without one lead out. So entries can be replaced
// while other threads read them.
type table struct {
	memory []byte
	missed uintptr // where they lead out
}

const tableBytes = 1 << 16 * 8

// blanks are what the tables of each convention begin as: every entry leads
// out.
var blanks = [...]func() (tableObject, error){
	rewrite.StateInGS:       blankTable(rewrite.StateInGS),
	rewrite.StateInRegister: blankTable(rewrite.StateInRegister),
}

func blankTable(c rewrite.Convention) func() (tableObject, error) {
	return sync.OnceValues(func() (tableObject, error) {
		entries := make([]uintptr, tableBytes/8)
		for i := range entries {
			entries[i] = gateOf(c).missed
		}
		return newTableObject(unsafe.Slice((*byte)(unsafe.Pointer(&entries[0])), tableBytes))
	})
}

// stayBlank are tables that stay blank.
var stayBlank = [...]func() (*table, error){
	rewrite.StateInGS:       sync.OnceValues(func() (*table, error) { return newTable(rewrite.StateInGS) }),
	rewrite.StateInRegister: sync.OnceValues(func() (*table, error) { return newTable(rewrite.StateInRegister) }),
}

func newTable(c rewrite.Convention) (*table, error) {
	o, err := blanks[c]()
	if err != nil {
		return nil, err
	}
	m, err := o.table()
	if err != nil {
		return nil, err
	}
	return &table{m, gateOf(c).missed}, nil
}

func (t *table) address() uint64 { return uint64(uintptr(unsafe.Pointer(&t.memory[0]))) }

// reset makes all entries lead out. No thread may be in generated code.
func (t *table) reset(c rewrite.Convention) {
	if o, err := blanks[c](); err == nil && o.renew(t.memory) {
		return
	}
	for i := range uint64(tableBytes / 8) {
		if *t.entry(i) != uint64(t.missed) {
			t.set(i, uint64(t.missed))
		}
	}
}

// set puts a stub into the table.
func (t *table) set(pc, host uint64) {
	atomic.StoreUint64(t.entry(pc), host)
}

func (t *table) entry(pc uint64) *uint64 {
	return (*uint64)(unsafe.Pointer(&t.memory[uint64(uint16(pc))*8]))
}

func (t *table) release() { unmapTable(t.memory) }
