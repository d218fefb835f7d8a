//go:build !unix && !windows

package vfs

import (
	"os"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

const (
	openNonblock = 0
	canStream    = false
)

func appendTo(f *os.File, p []byte) (int, int64, error) { return appendAtEnd(f, p) }

// duplicate opens the file again by the name it was opened under. These hosts
// have no other way; the caller compares nothing, since they have no processes
// that could change names behind the emulator's back and a sandbox besides.
func duplicate(f *os.File) (*os.File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	g, err := os.OpenFile(f.Name(), os.O_RDWR, 0)
	if err != nil {
		if g, err = os.Open(f.Name()); err != nil {
			return nil, err
		}
	}
	again, err := g.Stat()
	if err != nil || !os.SameFile(info, again) {
		g.Close()
		return nil, cloudabi.ESTALE
	}
	return g, nil
}

func readNow(*os.File, []byte) (int, error)  { return 0, cloudabi.ENOTSUP }
func writeNow(*os.File, []byte) (int, error) { return 0, cloudabi.ENOTSUP }
