//go:build linux && amd64

package jit

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// What the engine needs of a host, on Linux: code memory, tables, actions of
// signals, and a way to take a thread out of generated code. The rest is what
// all systems of its kind have (host_unix_amd64_unsafe.go).

func newCodeMemory() (*codeMemory, error) {
	if c := anonymousCodeMemory(); c != nil {
		return c, nil
	}
	return fileCodeMemory()
}

// anonymousCodeMemory maps shared anonymous memory twice, which mremap(2) does
// when the old size is 0. It is preferred since perf looks for names of code
// (Options.Emitted) in what it takes for anonymous memory only, and files in
// memory are not. It is nil if the host refuses.
func anonymousCodeMemory() *codeMemory {
	write, err := unix.MmapPtr(-1, 0, nil, codeBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil
	}
	exec, err := unix.MremapPtr(write, 0, nil, codeBytes, unix.MREMAP_MAYMOVE)
	if err != nil {
		_ = unix.MunmapPtr(write, codeBytes)
		return nil
	}
	if _, _, e := unix.Syscall(unix.SYS_MPROTECT, uintptr(exec), codeBytes, unix.PROT_READ|unix.PROT_EXEC); e != 0 {
		_ = unix.MunmapPtr(exec, codeBytes)
		_ = unix.MunmapPtr(write, codeBytes)
		return nil
	}
	return &codeMemory{exec: uintptr(exec), write: unsafe.Slice((*byte)(write), codeBytes)}
}

func fileCodeMemory() (*codeMemory, error) {
	fd, err := unix.MemfdCreate("nuage-code", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("no memory file for code: %w", err)
	}
	return mapCode(os.NewFile(uintptr(fd), "memfd:nuage-code"), unix.MAP_NORESERVE)
}

// forget gives the memory of a chunk back to the host.
func (c *codeMemory) forget(at int) {
	// Without it the memory stays in use until the chunk is used again.
	if c.file == nil {
		_ = unix.Madvise(c.write[at:at+chunkBytes], unix.MADV_REMOVE)
		return
	}
	_ = unix.Fallocate(int(c.file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, int64(at), chunkBytes)
}

// kickThread takes a thread out of generated code, if it is there and
// Context.Kick is set. When that has been in vain for long, it makes sure that
// our handler is there, and asks all threads of the process: the number may be
// that of a thread that is gone and whose thread-local storage another one has
// now, by which enter tells them apart.
func kickThread(_ *x86.State, tid uint64, long bool) {
	pid := unix.Getpid()
	err := unix.Tgkill(pid, int(tid), unix.SIGURG)
	if err == nil && !long {
		return
	}
	keepHandler(unix.SIGURG)
	all, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, e := range all {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			_ = unix.Tgkill(pid, id, unix.SIGURG) // gone: so it is out
		}
	}
}

// sigaction is the kernel's struct of rt_sigaction.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// installed are our handlers, restorer is where the kernel has them return to.
var (
	installed [65]sigaction
	restorer  uintptr
)

// redirect makes a, the action of a signal, that of our handler.
func (a *sigaction) redirect(sig unix.Signal) {
	a.handler, _, _, _, _ = addresses()
	installed[sig], restorer = *a, a.restorer
}

// keepHandler puts our handler back if another one is there: signal.Ignore of
// the embedding program does away with it. Go's handler, which ours calls,
// knows what it was told to ignore.
func keepHandler(sig unix.Signal) {
	var a sigaction
	if err := action(sig, nil, &a); err != nil || a.handler == installed[sig].handler {
		return
	}
	_ = action(sig, &installed[sig], nil) // it worked before
}

// action is the system call: it sets the action of a signal, and gets what it
// was; either may be nil.
func action(sig unix.Signal, set, get *sigaction) error {
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get)), 8, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// tableObject is what all tables begin as: what has not been written of one
// costs no memory. It is a piece of one in a file in memory, mapped again and
// again: making it is part of every start of the command.
type tableObject struct{ fd int }

// pieceBytes is the size of the piece. Writing twice as much takes longer than
// mapping twice as often.
const pieceBytes = 64 << 10

func newTableObject(blank []byte) (tableObject, error) {
	fd, err := unix.MemfdCreate("nuage-table", unix.MFD_CLOEXEC)
	if err != nil {
		return tableObject{}, fmt.Errorf("no memory file for tables: %w", err)
	}
	var piece [pieceBytes / blankBytes][]byte
	for i := range piece {
		piece[i] = blank
	}
	n, err := unix.Writev(fd, piece[:])
	if err == nil && n != pieceBytes {
		err = io.ErrShortWrite
	}
	if err != nil {
		_ = unix.Close(fd)
		return tableObject{}, fmt.Errorf("writing a table: %w", err)
	}
	return tableObject{fd}, nil
}

// place puts a blank table at m, whatever is there.
func (o tableObject) place(m []byte) error {
	for at := 0; at < len(m); at += pieceBytes {
		_, err := unix.MmapPtr(o.fd, 0, unsafe.Pointer(&m[at]), pieceBytes,
			unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_NORESERVE|unix.MAP_FIXED)
		if err != nil {
			return err
		}
	}
	return nil
}
