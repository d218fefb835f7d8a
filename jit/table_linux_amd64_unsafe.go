//go:build linux && amd64

package jit

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// table is an engine's table of indirect targets: host addresses, by the low
// 16 bits of the guest's. An entry leads to a stub, which checks that it is the
// one that is meant; entries without one lead out. So entries can be replaced
// while other threads read them. What has not been written costs no memory: it
// is mapped from a file that all engines share.
type table struct{ memory []byte }

const tableBytes = 1 << 16 * 8

// blankTable is the file: every entry leads out.
var blankTable = sync.OnceValues(func() (*os.File, error) {
	fd, err := unix.MemfdCreate("nuage-table", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("no memory file for tables: %w", err)
	}
	f := os.NewFile(uintptr(fd), "memfd:nuage-table")
	_, _, missed := addresses()
	entries := make([]uintptr, tableBytes/8)
	for i := range entries {
		entries[i] = missed
	}
	if _, err := f.Write(unsafe.Slice((*byte)(unsafe.Pointer(&entries[0])), tableBytes)); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("writing a table: %w", err)
	}
	return f, nil
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
	p, err := mapTable(nil, 0)
	if err != nil {
		return nil, err
	}
	return &table{unsafe.Slice((*byte)(p), tableBytes)}, nil
}

func mapTable(at unsafe.Pointer, flags int) (unsafe.Pointer, error) {
	f, err := blankTable()
	if err != nil {
		return nil, err
	}
	p, err := unix.MmapPtr(int(f.Fd()), 0, at, tableBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_NORESERVE|flags)
	if err != nil {
		return nil, fmt.Errorf("mapping a table: %w", err)
	}
	return p, nil
}

func (t *table) address() uint64 { return uint64(uintptr(unsafe.Pointer(&t.memory[0]))) }

// reset makes all entries lead out. No thread may be in generated code.
func (t *table) reset() {
	if _, err := mapTable(unsafe.Pointer(&t.memory[0]), unix.MAP_FIXED); err != nil {
		_, _, missed := addresses()
		for i := range tableBytes / 8 {
			t.set(uint64(i), uint64(missed))
		}
	}
}

// set puts a stub into the table.
func (t *table) set(pc, host uint64) {
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&t.memory[uint64(uint16(pc))*8])), host)
}

func (t *table) release() {
	_ = unix.MunmapPtr(unsafe.Pointer(&t.memory[0]), tableBytes) // nothing to do about it
}
