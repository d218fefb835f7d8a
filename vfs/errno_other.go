//go:build !unix && !js && !wasip1 && !windows

package vfs

import "github.com/nuage-emu/nuage/abi/cloudabi"

// systemErrno knows nothing where errors are texts, as on Plan 9: what package
// io/fs can tell has to do.
func systemErrno(error) (cloudabi.Errno, bool) { return 0, false }
