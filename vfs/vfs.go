// Package vfs holds the capability file systems a guest can be given: a tree
// in memory, a directory of the host, any io/fs.FS, and an overlay that keeps
// changes to another one in memory.
//
// A capability is an object, never a path. [Dir] is what a backend implements:
// operations on single names of one directory, which neither follow symbolic
// links nor know of "." and "..". Everything that a path can say (several
// components, symbolic links, "..", trailing slashes, limits) is decided once,
// for all backends, by the walker in walk.go: start reading there. The kernel
// calls the functions of that file ([Open], [Stat], [Rename] …).
//
// Every error is a [cloudabi.Errno]; nothing of the host's errors passes.
// Objects are safe for concurrent use. Nothing here reads a clock: the time of
// a change comes from the [Clock] that the file system was made with.
package vfs

import (
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// Clock tells the current realtime in nanoseconds since 1970.
type Clock func() uint64

// Times says which times of an object to set, in the form of the ABI's fsflags
// (atim, atim_now, mtim, mtim_now).
type Times struct {
	Flags      cloudabi.Fsflags
	Atim, Mtim uint64 // nanoseconds since 1970
}

// Node is what directories and files have in common.
type Node interface {
	// Stat returns the attributes; Filetype is always that of the object.
	Stat() (cloudabi.Filestat, error)
	SetTimes(Times) error
	// Sync writes data and attributes to stable storage; dataOnly allows the
	// attributes not needed to find the data to wait.
	Sync(dataOnly bool) error
	// Close drops the caller's hold. The object lives on as long as a name, a
	// mapping or another holder needs it.
	Close() error
}

// OpenFlags are the flags of [Dir.OpenFile]. The walker hands on only sensible
// ones: Read or Write or both, Exclusive only with Create, Truncate only with
// Write.
type OpenFlags struct {
	Read, Write bool
	Create      bool // make a regular file if the name is missing
	Exclusive   bool // with Create: EEXIST if the name exists, whatever it is
	Truncate    bool
	// Special opens fifos and sockets too, as a [Special]: the object by
	// itself, without what travels through it. A kernel that lets its own
	// programs meet there asks for it.
	Special bool
}

// Dir is a directory. Names are single components: never empty, ".", "..",
// longer than 255 bytes, or with a slash or a NUL in them (the walker has seen
// to it). No operation follows a symbolic link in its name.
type Dir interface {
	Node

	// Reopen returns another hold of the same directory, to be closed by
	// itself.
	Reopen() (Dir, error)
	// Lookup returns the attributes of the object of that name.
	Lookup(name string) (cloudabi.Filestat, error)
	// OpenDir opens a subdirectory: ENOTDIR if it is something else (ELOOP if
	// it is a symbolic link).
	OpenDir(name string) (Dir, error)
	// OpenFile opens or makes a regular file (or what else the backend has
	// that can be read and written): EISDIR for a directory, ELOOP for a
	// symbolic link.
	OpenFile(name string, flags OpenFlags) (File, error)
	Readlink(name string) (string, error)
	Mkdir(name string) error
	// MakeSpecial makes a fifo or a socket (FiletypeFifo, FiletypeSocketStream)
	// and opens it: EEXIST if the name exists, ENOTSUP where the backend has no
	// such objects.
	MakeSpecial(name string, kind cloudabi.Filetype) (Special, error)
	Symlink(target, name string) error
	// Link makes newName in newDir another name of the object, which may be a
	// symbolic link but not a directory (EPERM). EXDEV where newDir is of
	// another file system.
	Link(name string, newDir Dir, newName string) error
	// Rename moves the object, replacing one of fitting kind: a directory only
	// an empty directory (ENOTEMPTY, ENOTDIR), anything else only what is not a
	// directory (EISDIR). Two names of one object: nothing happens. EINVAL if a
	// directory would come to lie in itself. EXDEV as above.
	Rename(name string, newDir Dir, newName string) error
	// Unlink removes a name that is not a directory's (EPERM for those).
	Unlink(name string) error
	// Rmdir removes an empty directory (ENOTDIR, ENOTEMPTY).
	Rmdir(name string) error
	SetTimesOf(name string, t Times) error

	// ReadDir calls emit for the entries after the position cookie, in an
	// order that is stable while the directory is open, until emit returns
	// false. Cookie 0 is the start; a cookie stays valid when other entries
	// come and go. "." and ".." are included. emit is called without any lock
	// held and may use the directory.
	ReadDir(cookie uint64, emit func(Entry) bool) error
}

// Entry is a directory entry; Next is the cookie of the position behind it.
type Entry struct {
	Next     uint64
	Inode    uint64
	Filetype cloudabi.Filetype
	Name     string
}

// File is an open regular file, or another object that holds bytes.
//
// ReadAt is EBADF on a file that was not opened for reading, everything that
// changes bytes or length is EBADF on one not opened for writing. Offsets and
// sizes are never negative (EINVAL).
type File interface {
	Node
	// Filetype is the kind of the object; it never changes. A file that is not
	// a regular one may be a [Stream] besides.
	Filetype() cloudabi.Filetype
	// ReadAt and WriteAt follow io.ReaderAt and io.WriterAt, except that
	// reading at or past the end returns 0 and no error.
	ReadAt(p []byte, off int64) (int, error)
	WriteAt(p []byte, off int64) (int, error)
	// Append writes at the end, atomically against other writers, and returns
	// the new end.
	Append(p []byte) (n int, end int64, err error)
	Size() (int64, error)
	Truncate(size int64) error
	// Allocate makes the file at least off+n long without changing its data.
	Allocate(off, n int64) error
	// Object is the file as something that can be mapped. What is written
	// through a shared mapping and through the file is the same bytes. The
	// caller does not close it.
	Object() (*memory.Object, error)
}

// Special is a fifo or a socket as a place where programs meet. As a [File] it
// has attributes and no bytes: what reads or writes is ESPIPE.
type Special interface {
	File
	// Identity is a comparable value that is the same for all handles of one
	// object, whatever name they were opened by, and for no others that are
	// open at the same time.
	Identity() any
}

// Stream is a [File] without positions, such as a named pipe: its ReadAt,
// WriteAt and Append are ESPIPE.
type Stream interface {
	File
	// Read and Write transfer what is possible without waiting; EAGAIN if that
	// is nothing, EPIPE if nobody can read any more. Reading 0 bytes is the end.
	Read(p []byte) (int, error)
	Write(p []byte) (int, error)
}
