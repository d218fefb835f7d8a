package vfs

import "golang.org/x/sys/unix"

// identifyLink looks at a symbolic link without reading it. Not ok: it is none,
// or the file system does not say when it was made.
func (d *hostDir) identifyLink(name string) (id linkID, ok bool) {
	const need = unix.STATX_TYPE | unix.STATX_INO | unix.STATX_SIZE | unix.STATX_BTIME
	err := d.withFd(func(fd int) error {
		var st unix.Statx_t
		if err := unix.Statx(fd, name, unix.AT_SYMLINK_NOFOLLOW, need, &st); err != nil {
			return err
		}
		ok = st.Mask&need == need && st.Mode&unix.S_IFMT == unix.S_IFLNK
		id = linkID{
			dev: unix.Mkdev(st.Dev_major, st.Dev_minor), ino: st.Ino, size: st.Size,
			birth: st.Btime.Sec*1e9 + int64(st.Btime.Nsec),
		}
		return nil
	})
	return id, ok && err == nil
}
