//go:build darwin || freebsd || netbsd

package vfs

import (
	"syscall"
	"time"
)

func otherTimes(st *syscall.Stat_t) (atim, ctim time.Time) {
	return time.Unix(st.Atimespec.Unix()), time.Unix(st.Ctimespec.Unix())
}
