//go:build unix || wasip1

package vfs

import "syscall"

const textBusy = syscall.ETXTBSY
