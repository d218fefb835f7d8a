package vfs

import "syscall"

// textBusy has no number here; 0 is no error.
const textBusy syscall.Errno = 0
