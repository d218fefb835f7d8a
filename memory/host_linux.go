//go:build amd64 || arm64

package memory

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

const mapNoReserve = unix.MAP_NORESERVE

// hostAnonymousFile returns a file that lives in memory and has no name.
func hostAnonymousFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("nuage", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "memfd:nuage"), nil
}

// hostMaxPieces returns how many mappings all windows together may have: three
// quarters of what the process may, for Go needs some too.
var hostMaxPieces = sync.OnceValue(func() int64 {
	const usual = 65530
	limit := int64(usual)
	if text, err := os.ReadFile("/proc/sys/vm/max_map_count"); err == nil {
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && n > 0 {
			limit = n
		}
	}
	return limit / 4 * 3
})

// hostCountPieces counts the process's mappings in [lo, hi).
func hostCountPieces(lo, hi uintptr) (n int, ok bool) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	for lines.Scan() {
		from, rest, _ := bytes.Cut(lines.Bytes(), []byte("-"))
		to, _, _ := bytes.Cut(rest, []byte(" "))
		start, err1 := strconv.ParseUint(string(from), 16, 64)
		end, err2 := strconv.ParseUint(string(to), 16, 64)
		if err1 == nil && err2 == nil && end > uint64(lo) && start < uint64(hi) {
			n++
		}
	}
	return n, lines.Err() == nil
}

// hostDiscard makes private anonymous memory zero again.
func hostDiscard(m []byte) bool { return unix.Madvise(m, unix.MADV_DONTNEED) == nil }

// Bits of an entry of /proc/self/pagemap.
const (
	pagePresent  = 1 << 63
	pageSwapped  = 1 << 62
	pageFromFile = 1 << 61
)

// pageMap is the file that tells of this process's pages, or -1. It stays open:
// opening it takes longer than reading what is asked for.
var pageMap = sync.OnceValue(func() int {
	fd, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
})

// pageMapParts are what parts of the file are read into.
var pageMapParts = sync.Pool{New: func() any { return new([16 << 10]byte) }}

// hostOwnPages calls f for the ranges of m (offsets) that may contain private
// pages which were written; anonymous says that m has no file behind it.
func hostOwnPages(m []byte, anonymous bool, f func(lo, hi int) error) error {
	buf := pageMapParts.Get().(*[16 << 10]byte)
	defer pageMapParts.Put(buf)
	first, total := int64(addressOf(m))/PageSize, len(m)/PageSize
	run := -1 // first page of the current run
	for at := 0; at < total; {
		part := buf[:8*min(total-at, len(buf)/8)]
		if n, err := unix.Pread(pageMap(), part, (first+int64(at))*8); err != nil || n != len(part) {
			if run < 0 {
				run = at
			}
			return f(run*PageSize, len(m))
		}
		for ; len(part) > 0; part, at = part[8:], at+1 {
			e := binary.NativeEndian.Uint64(part)
			own := e&pageSwapped != 0 || e&pagePresent != 0 && (anonymous || e&pageFromFile == 0)
			if own && run < 0 {
				run = at
			}
			if !own && run >= 0 {
				if err := f(run*PageSize, at*PageSize); err != nil {
					return err
				}
				run = -1
			}
		}
	}
	if run >= 0 {
		return f(run*PageSize, len(m))
	}
	return nil
}

// hostHeapFile returns a file in memory as large as the window. A limit on the
// size of files would kill the process, so it is respected beforehand.
func hostHeapFile() (*os.File, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil || limit.Cur < spaceSize {
		return nil, ErrNoMemory
	}
	f, err := hostAnonymousFile()
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(spaceSize); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// hostPunch makes a range of a file zero and gives its memory back.
func hostPunch(f *os.File, lo, hi uint64) bool {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, int64(lo), int64(hi-lo)) == nil
}

// hostResident returns the bytes of memory that a file takes.
func hostResident(f *os.File) int64 {
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil {
		return 0
	}
	return st.Blocks * 512
}

// hostDataRanges calls f for the parts of [lo, hi) that a file has memory for.
func hostDataRanges(file *os.File, lo, hi uint64, f func(lo, hi uint64) error) error {
	fd := int(file.Fd())
	for lo < hi {
		data, err := unix.Seek(fd, int64(lo), unix.SEEK_DATA)
		if err == unix.ENXIO || err == nil && uint64(data) >= hi {
			return nil
		}
		hole := int64(hi)
		if err == nil {
			hole, err = unix.Seek(fd, data, unix.SEEK_HOLE)
		}
		if err != nil {
			return ErrNoMemory
		}
		if err := f(uint64(data), min(hi, uint64(hole))); err != nil {
			return err
		}
		lo = uint64(hole)
	}
	return nil
}
