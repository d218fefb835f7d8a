//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package vfs

import (
	"io/fs"
	"os"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// needTop: names of two directories are given to the topmost os.Root as paths.
// This is safe, since the root does not let out; that a path still leads to the
// directory it stood for is checked before.
const needTop = true

// common returns a root in which both names can be reached, and their paths.
func common(from *hostDir, name string, to *hostDir, newName string) (*os.Root, string, string, error) {
	if from == to {
		return from.root, name, newName, nil
	}
	if from.fs != to.fs {
		return nil, "", "", cloudabi.EXDEV
	}
	for _, d := range []*hostDir{from, to} {
		a, err := d.fs.top.Lstat(d.path)
		if err != nil {
			return nil, "", "", cloudabi.ESTALE
		}
		b, err := d.root.Lstat(".")
		if err != nil {
			return nil, "", "", err
		}
		if !os.SameFile(a, b) {
			return nil, "", "", cloudabi.ESTALE
		}
	}
	return from.fs.top, joinHost(from.path, name), joinHost(to.path, newName), nil
}

func linkAt(from *hostDir, name string, to *hostDir, newName string) error {
	root, a, b, err := common(from, name, to, newName)
	if err != nil {
		return err
	}
	return root.Link(a, b)
}

// renameAt looks at the kinds itself: hosts that are not Unix answer all sorts
// of errors, and os.Root does not replace a directory.
func renameAt(from *hostDir, name string, to *hostDir, newName string) error {
	root, a, b, err := common(from, name, to, newName)
	if err != nil {
		return err
	}
	old, err := root.Lstat(a)
	if err != nil {
		return err
	}
	there, err := root.Lstat(b)
	if err != nil {
		return root.Rename(a, b)
	}
	switch {
	case os.SameFile(old, there):
		if sameName(from, name, to, newName) || !old.IsDir() && sameLinks(old) {
			return nil
		}
		return root.Rename(a, b) // another spelling of the same name
	case old.IsDir() && !there.IsDir():
		return cloudabi.ENOTDIR
	case !old.IsDir() && there.IsDir():
		return cloudabi.EISDIR
	case old.IsDir():
		if len(b) > len(a) && b[:len(a)+1] == a+"/" {
			return cloudabi.EINVAL
		}
		if err := root.Remove(b); err != nil {
			return err
		}
	}
	return root.Rename(a, b)
}

func sameName(from *hostDir, name string, to *hostDir, newName string) bool {
	return from.path == to.path && name == newName
}

// sameLinks reports whether a file may have several names.
func sameLinks(info fs.FileInfo) bool {
	st := hostStat(info, "", nil)
	return st.Nlink > 1
}

func removeAt(d *hostDir, name string, _ bool) error { return d.root.Remove(name) }

// setTimesAt cannot reach a symbolic link itself: os.Root would follow it.
func setTimesAt(d *hostDir, name string, atim, mtim *uint64) error {
	info, err := d.root.Lstat(name)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return cloudabi.ENOTSUP
	}
	return d.root.Chtimes(name, timeOf(atim), timeOf(mtim))
}

func syncData(f *os.File) error { return f.Sync() }

func reserve(*os.File, int64, int64) error { return cloudabi.ENOTSUP }
