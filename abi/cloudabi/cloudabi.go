// Package cloudabi is the ABI as data: constants, structure layouts, largest
// sets of rights and the table of system calls, for the final ABI and for the
// generations of 2015. It holds no behaviour; the kernel is package abi.
//
// Everything in zz_*.go is generated from the text tables in spec/, which are
// the place to start reading and the only place to change anything. Names
// follow the ABI's C names: CLOUDABI_RIGHT_FD_READ is [RightFdRead]; error
// numbers and signals keep theirs ([EBADF], [SIGSEGV]). One name gives way:
// CLOUDABI_FILESTAT_SIZE is [FilestatSizeFlag], for [FilestatSize] is the size
// of the structure.
//
// Layouts are those of 64-bit machines. All values are little-endian.
package cloudabi

import (
	"fmt"
	"strings"
)

//go:generate go run ./internal/gen/cmd

// named is one row of a table of names.
type named struct {
	value uint64
	name  string
}

func enumString(v uint64, typ string, names []named) string {
	for _, n := range names {
		if n.value == v {
			return n.name
		}
	}
	return fmt.Sprintf("%s(%d)", typ, v)
}

func flagString(v uint64, names []named) string {
	if v == 0 {
		return "0"
	}
	var parts []string
	for _, n := range names {
		if v&n.value == n.value {
			parts = append(parts, n.name)
			v &^= n.value
		}
	}
	if v != 0 {
		parts = append(parts, fmt.Sprintf("%#x", v))
	}
	return strings.Join(parts, "|")
}

// Error returns the error number's name and what it means. ESUCCESS is not an
// error; do not return it as one.
func (v Errno) Error() string {
	if int(v) < len(errnoTexts) {
		return v.String() + ": " + errnoTexts[v]
	}
	return v.String()
}
