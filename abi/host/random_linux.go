package host

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// random fills p with random bytes. It is getrandom(2), in the vDSO where there is
// one, and not crypto/rand, which brings a timer and half of Go's cryptography
// along, all of which would be part of every start of the command.
func random(p []byte) {
	for len(p) > 0 {
		n, err := unix.Getrandom(p, 0)
		switch err {
		case nil:
			p = p[n:]
		case unix.EINTR:
		default:
			randomDevice(p)
			return
		}
	}
}

// randomDevice is for kernels before 3.17, and where the call is forbidden. A
// program without random bytes is not to be had.
func randomDevice(p []byte) {
	f, err := os.Open("/dev/urandom")
	if err == nil {
		defer f.Close()
		_, err = io.ReadFull(f, p)
	}
	if err != nil {
		panic("no random bytes: " + err.Error())
	}
}
