package vfs

import "golang.org/x/sys/unix"

// linkID is what a link is known by: a number that is used again, when it was
// taken into use (to a few milliseconds on older systems), and the text's length.
type linkID struct {
	dev, ino, size uint64
	birth          int64 // nanoseconds
}

// identifyLink looks at a symbolic link without reading it. size is its text's.
// Not ok: it is none, or the file system does not say when it was made.
func (d *hostDir) identifyLink(name string) (id linkID, size uint64, ok bool) {
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
	return id, id.size, ok && err == nil
}
