//go:build linux && amd64

package jit

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// table is an engine's table of indirect targets: host addresses, by the low
// 16 bits of the guest's. An entry leads to a stub, which checks that it is the
// one that is meant; entries without one lead out. So entries can be replaced
// while other threads read them.
type table struct{ memory []byte }

const tableBytes = 1 << 16 * 8

// blankTable is what tables begin as: every entry leads out.
var blankTable = sync.OnceValues(func() (tableObject, error) {
	_, _, missed := addresses()
	entries := make([]uintptr, tableBytes/8)
	for i := range entries {
		entries[i] = missed
	}
	return newTableObject(unsafe.Slice((*byte)(unsafe.Pointer(&entries[0])), tableBytes))
})

// blank is a table that stays blank.
var blank = sync.OnceValues(newTable)

// blankAddress is its address. There is an engine, so there are tables.
func blankAddress() uint64 {
	t, err := blank()
	if err != nil {
		panic(err)
	}
	return t.address()
}

func newTable() (*table, error) {
	o, err := blankTable()
	if err != nil {
		return nil, err
	}
	m, err := o.table()
	if err != nil {
		return nil, err
	}
	return &table{m}, nil
}

func (t *table) address() uint64 { return uint64(uintptr(unsafe.Pointer(&t.memory[0]))) }

// reset makes all entries lead out. No thread may be in generated code.
func (t *table) reset() {
	if o, err := blankTable(); err == nil && o.renew(t.memory) {
		return
	}
	_, _, missed := addresses()
	for i := range tableBytes / 8 {
		t.set(uint64(i), uint64(missed))
	}
}

// set puts a stub into the table.
func (t *table) set(pc, host uint64) {
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&t.memory[uint64(uint16(pc))*8])), host)
}

func (t *table) release() { unmapTable(t.memory) }
