// Package launch turns the YAML that a user writes into what a program is
// started with: argument data, and the list of capabilities named in it. It is
// what the classic cloudabi-run did, and what cmd/nuage builds on.
//
// Start reading at [Parse]. Parsing looks at the text alone and never at the
// host: a [Config] holds descriptions of capabilities as plain data, and
// whoever starts the program opens them afterwards. [Config.Set] and its
// sisters add entries in the short form of a command line.
//
// # The language
//
// One YAML document (abi/argdata.md sections 6.3 and 6.4). The two generations
// of the classic launcher differ; here the later one decides what an untagged
// value means, and whatever either of them could say with a tag works:
//
//	untagged, core schema of YAML 1.2   null, bool, int, float, str, seq, map
//	!!null !!bool !!int !!float !!str   the same by name; !!bool knows yes/no,
//	                                    on/off, y/n too
//	!!binary !!timestamp !!seq !!map
//	!fd 3, !fd stdin, stdout, stderr    a descriptor of the launcher
//	!executable                         the program file
//	!file {path: P, mode: M}            a file or directory of the host; M is
//	                                    read (default), write or create
//	!overlay {path: P}                  a host directory; changes stay in memory
//	!memory {}                          an empty directory in memory
//	!socket {type: T, bind: A}          a socket that listens on A, or with
//	                                    connect: A one that is connected to it
//
// The tags are in the name space "tag:nuxi.nl,2015:cloudabi/". The directive
// that says so, "%TAG ! tag:nuxi.nl,2015:cloudabi/" with "---" after it, may
// be left out.
//
// The text may use anchors and aliases; an alias of a capability is the same
// descriptor again. Everything doubtful is refused with its place: unknown
// tags and keys, keys given twice, more than one document, numbers out of
// range, merge keys. The size of the text, the nesting and what aliases blow
// up are bounded.
package launch

import (
	"fmt"

	"github.com/nuage-emu/nuage/argdata"
)

// Error is what is wrong with a configuration, and where.
type Error struct {
	Pos
	What string // and what to do about it
	Err  error  // the cause, if there is one; its text is part of What
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Error implements error in the form file:line:column: what.
func (e *Error) Error() string {
	if where := e.Pos.String(); where != "" {
		return where + ": " + e.What
	}
	return e.What
}

// Pos is a place in a configuration. Lines and columns count from 1, columns
// in characters; 0 is unknown.
type Pos struct {
	File         string
	Line, Column int
}

// String returns file:line:column, or as much of it as is known.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

func (p Pos) errorf(format string, args ...any) *Error {
	return &Error{Pos: p, What: fmt.Sprintf(format, args...)}
}

// Config is what a program is started with.
type Config struct {
	// Data is the argument data. A descriptor in it, argdata.FD(i), stands for
	// Capabilities[i].
	Data argdata.Value
	// Capabilities may hold some that Data no longer names; those are not to
	// be opened. [Config.Encode] picks out the others.
	Capabilities []Capability
}

// Encode returns the argument data in the form in which a program is given it,
// and the capabilities to open: the i-th becomes descriptor i. One that is
// named twice is opened once.
func (c *Config) Encode() (data []byte, open []Capability, err error) {
	data, order, err := argdata.Encode(c.Data, func(i uint32) bool { return uint64(i) < uint64(len(c.Capabilities)) })
	if err != nil {
		return nil, nil, err
	}
	for _, i := range order {
		open = append(open, c.Capabilities[i])
	}
	return data, open, nil
}

// Kind is what sort of capability is described.
type Kind uint8

// The kinds of capabilities, and the fields of [Capability] that go with them.
const (
	HostFD     Kind = iota + 1 // Number
	Executable                 // the file of the program itself
	File                       // Path, Mode: a file or a directory
	Directory                  // Path, Mode: must be a directory
	Overlay                    // Path: a directory whose changes stay in memory
	Memory                     // an empty directory in memory
	Socket                     // Type, Bind, Address
)

// Mode says what may be done with a file or directory of the host.
type Mode uint8

// The modes.
const (
	// Default is a mode that was not given. A file is opened read-only; a
	// directory gives all rights, as it always has: reading only was a matter
	// of opening, and what lies below a directory is opened through its rights.
	Default Mode = iota
	// Read gives the rights that change nothing, for directories too.
	Read
	// Write opens an existing file for reading and writing, and leaves its
	// contents as they are. A directory gives all rights.
	Write
	// Create makes a regular file, or empties the one that is there, and opens
	// it for reading and writing.
	Create
)

var modeNames = map[string]Mode{"read": Read, "write": Write, "create": Create}

// String returns the mode as YAML has it.
func (m Mode) String() string {
	for name, mode := range modeNames {
		if mode == m {
			return name
		}
	}
	return "default"
}

// SocketType is the kind of a socket.
type SocketType uint8

// The types of sockets.
const (
	Stream SocketType = iota + 1
	Datagram
	SequencedPacket
)

var socketTypes = map[string]SocketType{"stream": Stream, "dgram": Datagram, "seqpacket": SequencedPacket}

// String returns the type as YAML has it.
func (t SocketType) String() string {
	for name, st := range socketTypes {
		if st == t {
			return name
		}
	}
	return "unknown"
}

// Capability describes something to be opened for a program.
type Capability struct {
	Kind    Kind
	Number  uint32     // HostFD: the launcher's own descriptor
	Path    string     // File, Directory, Overlay: never empty
	Mode    Mode       // File, Directory
	Type    SocketType // Socket
	Bind    bool       // Socket: listen on Address; otherwise connect to it
	Address string     // Socket: a Unix path if it begins with "/", else host:port
	Pos     Pos        // where it was asked for
}

// String says what the capability is, for messages about opening it.
func (c Capability) String() string {
	switch c.Kind {
	case HostFD:
		switch c.Number {
		case 0:
			return "standard input"
		case 1:
			return "standard output"
		case 2:
			return "standard error"
		}
		return fmt.Sprintf("descriptor %d", c.Number)
	case Executable:
		return "the program file"
	case File:
		return fmt.Sprintf("file %q", c.Path)
	case Directory:
		return fmt.Sprintf("directory %q", c.Path)
	case Overlay:
		return fmt.Sprintf("overlay over directory %q", c.Path)
	case Memory:
		return "directory in memory"
	case Socket:
		if c.Bind {
			return fmt.Sprintf("%v socket listening on %q", c.Type, c.Address)
		}
		return fmt.Sprintf("%v socket connected to %q", c.Type, c.Address)
	}
	return "unknown capability"
}

// Fail makes an error about opening the capability, with its place.
func (c Capability) Fail(err error) error {
	return &Error{Pos: c.Pos, What: fmt.Sprintf("%v: %v", c, err), Err: err}
}
