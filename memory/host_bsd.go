//go:build (amd64 || arm64) && (darwin || freebsd || netbsd || openbsd || dragonfly || solaris)

package memory

import (
	"math"
	"os"
)

// unlimitedPieces is hostMaxPieces where the host knows no limit.
const unlimitedPieces = math.MaxInt32

// hostAnonymousFile returns a file without a name in the directory for
// temporary files: the one thing that works on all of these systems.
func hostAnonymousFile() (*os.File, error) {
	f, err := os.CreateTemp("", "nuage-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// hostMaxPieces: these systems bound mappings by memory only.
func hostMaxPieces() int64 { return unlimitedPieces }

func hostCountPieces(lo, hi uintptr) (n int, ok bool) { return 0, false }

// hostDiscard is left to mapping anew: advice promises no zeros here.
func hostDiscard([]byte) bool { return false }

// hostOwnPages cannot tell; the caller compares contents.
func hostOwnPages(m []byte, anonymous bool, f func(lo, hi int) error) error { return f(0, len(m)) }

// hostHeapFile refuses: these systems have no files in memory that all of them
// could be relied on to have, so private memory is the host's.
func hostHeapFile() (*os.File, error) { return nil, ErrInvalid }

// The others are never reached without heap files.
func hostPunch(*os.File, uint64, uint64) bool { return false }

func hostResident(*os.File) int64 { return 0 }

func hostDataRanges(*os.File, uint64, uint64, func(lo, hi uint64) error) error { return nil }
