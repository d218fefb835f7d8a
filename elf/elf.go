// Package elf turns an executable file into a program that is ready to run.
//
// [Parse] checks an image and says in one line what is wrong with a bad one;
// [Load] puts it into an empty address space together with the vDSO, the first
// stack and everything a program finds there when it starts; [PlaceThread]
// does the part of thread_create that concerns the new thread's stack. The
// package makes no system calls of the guest, applies no relocations (programs
// relocate themselves) and knows no dynamic linking (there is none).
//
// Images are hostile. Parsing reads a bounded amount whatever the file says,
// and nothing in a file makes the package panic. The package draws no random
// numbers: whoever loads passes them in.
//
// Start reading with [Image] and [Parse], then load.go and start.go. The rules
// are those of abi/startup.md, sections 1 to 6.
package elf

import (
	"fmt"
	"io"
	"strings"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// Type is the kind of an image.
type Type uint16

// The kinds of images that are programs.
const (
	Exec Type = 2 // at fixed addresses
	Dyn  Type = 3 // position-independent, relocates itself
)

// String returns the name of the type in the ELF specification.
func (t Type) String() string {
	switch t {
	case Exec:
		return "ET_EXEC"
	case Dyn:
		return "ET_DYN"
	}
	return fmt.Sprintf("Type(%d)", uint16(t))
}

// Segment is a part of the file and the memory it goes to.
type Segment struct {
	Offset   uint64 // in the file
	FileSize uint64
	Addr     uint64 // before the load bias
	MemSize  uint64 // at least FileSize; what is beyond it is zero
	Align    uint64
	Prot     memory.Prot
}

func (s Segment) end() uint64 { return s.Addr + s.MemSize }

func (s Segment) contains(addr, n uint64) bool {
	return addr >= s.Addr && n <= s.MemSize && addr-s.Addr <= s.MemSize-n
}

// Image is an executable that passed all checks. It keeps the reader it came
// from, and is safe for concurrent use if the reader is.
type Image struct {
	Arch  cpu.Arch
	Type  Type
	Entry uint64 // before the load bias

	// Segments are those that occupy memory, by ascending address. They do
	// not overlap, and no page is writable and executable.
	Segments []Segment

	// Low and High bound the segments' pages, before the load bias.
	Low, High uint64

	// Align is the alignment of the load bias: the largest any segment asks
	// for, and at least a page.
	Align uint64

	// TLS is the template of thread-local data, nil if there is none.
	TLS *Segment

	// PhdrAddr is where the program headers are in memory before the load
	// bias, 0 if no segment holds them; PhdrCount is their number.
	PhdrAddr  uint64
	PhdrCount int

	marked  bool   // EI_OSABI 9 will do, or did
	phdrs   []byte // as in the file
	runs    []pageRun
	r       io.ReaderAt
	size    int64
	symbols symbolCache
}

// pageRun is a range of pages of one protection.
type pageRun struct {
	start, end uint64
	prot       memory.Prot
}

// Error says what is wrong with an image, where, and what to do about it.
type Error struct {
	Offset  int64  // in the file; -1 if the trouble is not at one place
	Field   string // "e_machine", "program header 3: p_align"; may be empty
	Problem string
	Advice  string // what to do; may be empty
	Code    cloudabi.Errno
	Err     error // what the host or the memory said; may be nil
}

// Error returns all of it in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("elf: ")
	if e.Field != "" {
		b.WriteString(e.Field)
		if e.Offset >= 0 {
			fmt.Fprintf(&b, " (file offset %#x)", e.Offset)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Problem)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Advice != "" {
		b.WriteString("; ")
		b.WriteString(e.Advice)
	}
	return b.String()
}

// Errno is what proc_exec returns to the guest: ENOEXEC for a bad image,
// ENOMEM for one that does not fit, EIO when the file cannot be read.
func (e *Error) Errno() cloudabi.Errno { return e.Code }

// Unwrap returns the error number and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.Err}
}

func noexec(offset int64, field, advice, format string, args ...any) *Error {
	return &Error{Offset: offset, Field: field, Problem: fmt.Sprintf(format, args...), Advice: advice, Code: cloudabi.ENOEXEC}
}
