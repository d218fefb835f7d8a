package vfs

import (
	"errors"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// charge takes n bytes from a quota: ENOSPC if they are not there. To the guest
// a file system in memory is a small disk.
func charge(q *memory.Quota, n uint64) error {
	if q.Charge(n) != nil {
		return cloudabi.ENOSPC
	}
	return nil
}

func discharge(q *memory.Quota, n uint64) { q.Release(n) }

// memoryErrno turns an error of package memory into an error number.
func memoryErrno(err error) error {
	var errno cloudabi.Errno
	switch {
	case err == nil:
		return nil
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, memory.ErrNoMemory):
		return cloudabi.ENOMEM
	case errors.Is(err, memory.ErrInvalid):
		return cloudabi.EINVAL
	}
	return hostErrno(err)
}
