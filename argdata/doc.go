// Package argdata holds the argument data of CloudABI: the self-describing
// binary value that a program is given at its start, that proc_exec passes on,
// and that programs send each other as messages (abi/argdata.md).
//
// Start reading at [Value], a value of Go: made with [Map], [Seq], [Str] and
// the other constructors, written with [Encode], read with [Decode], printed
// with [Dump] (YAML) and [Value.String] (one short line). [Node] is the other
// view: encoded bytes that are read in place, with exactly the checks of each
// getter of the C library; Decode is built on it. [ReadMessage] and
// [WriteMessage] frame values on a stream.
//
// Everything decoded here is taken to be hostile: a malformed input gives an
// [*Error] that carries the byte offset and the error number of the ABI, the
// nesting is bounded by [MaxDepth], and memory stays proportional to the
// length of the input. What a descriptor number means is not known here: the
// caller translates between numbers and whatever it holds.
package argdata

import (
	"fmt"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// MaxDepth is how deeply sequences and maps may be nested. The format knows
// no such limit; this one is far above what programs use, and keeps a hostile
// input from exhausting the stack of whoever walks the value.
const MaxDepth = 10000

// InvalidFD stands for "no descriptor" in a descriptor node.
const InvalidFD = 0xffffffff

// maxFD is the largest descriptor number (abi/argdata.md section 4).
const maxFD = 1<<31 - 1

// Error says what is wrong with argument data, and where.
type Error struct {
	Offset int            // of the offending byte, from the start of the data
	Errno  cloudabi.Errno // what the C library's getter answers
	What   string         // in words
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("argument data, byte %d: %s (%v)", e.Offset, e.What, e.Errno)
}

// Unwrap gives the error number, for errors.Is.
func (e *Error) Unwrap() error { return e.Errno }

func failure(offset int, errno cloudabi.Errno, format string, args ...any) *Error {
	return &Error{Offset: offset, Errno: errno, What: fmt.Sprintf(format, args...)}
}

// Kind is the type of a value: the tag byte of its encoding, and 0 for null,
// which has no tag.
type Kind uint8

// The kinds of values.
const (
	KindNull Kind = iota
	KindBinary
	KindBool
	KindFD
	KindFloat
	KindInt
	KindMap
	KindSeq
	KindStr
	KindTimestamp
	numKinds
)

var kindNames = [numKinds]string{
	"null", "binary", "bool", "fd", "float", "int", "map", "seq", "str", "timestamp",
}

// String returns the name of the kind as the YAML tags have it.
func (k Kind) String() string {
	if k < numKinds {
		return kindNames[k]
	}
	return fmt.Sprintf("unknown type %#02x", uint8(k))
}
