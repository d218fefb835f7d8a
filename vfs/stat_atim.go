//go:build unix && !(darwin || freebsd || netbsd)

package vfs

import (
	"syscall"
	"time"
)

func otherTimes(st *syscall.Stat_t) (atim, ctim time.Time) {
	return time.Unix(int64(st.Atim.Sec), int64(st.Atim.Nsec)), time.Unix(int64(st.Ctim.Sec), int64(st.Ctim.Nsec))
}
