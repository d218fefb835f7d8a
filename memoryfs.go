package nuage

import (
	"errors"
	"io/fs"
	"path"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/abi/host"
	"github.com/nuage-emu/nuage/memory"
	"github.com/nuage-emu/nuage/vfs"
)

// MemoryFS is a file system in memory that outlives the processes it is given
// to: a program's input can be put there before it runs, and its results read
// afterwards. It is safe for concurrent use.
type MemoryFS struct{ root vfs.Dir }

// NewMemoryFS makes an empty file system of at most limit bytes; 0 is no limit.
func NewMemoryFS(limit uint64) *MemoryFS {
	var quota *memory.Quota
	if limit != 0 {
		quota = memory.NewQuota(limit)
	}
	return &MemoryFS{vfs.NewMemory(host.New().Realtime, quota)}
}

// Dir is the capability for the whole file system.
func (f *MemoryFS) Dir() *Capability {
	return &Capability{name: "directory in memory", make: func(m *Machine, _ *Image) (abi.Object, error) {
		d, err := f.open(m)
		if err != nil {
			return nil, err
		}
		return abi.NewDirectory(m.stable(d)), nil
	}, apart: func() (*twin, error) { return twinOverlay(f.open) }}
}

func (f *MemoryFS) open(*Machine) (vfs.Dir, error) {
	o, err := vfs.Open(f.root, ".", vfs.OpenOptions{Directory: true})
	return o.Dir, err
}

// ReadFile returns the contents of a file. Errors are *fs.PathError with a
// cloudabi.Errno inside; errors.Is knows fs.ErrNotExist.
func (f *MemoryFS) ReadFile(name string) ([]byte, error) {
	o, err := vfs.Open(f.root, name, vfs.OpenOptions{Follow: true, Flags: vfs.OpenFlags{Read: true}})
	if err == nil && o.File == nil {
		_ = o.Dir.Close()
		err = cloudabi.EISDIR
	}
	if err != nil {
		return nil, pathError("read", name, err)
	}
	defer o.File.Close()
	size, err := o.File.Size()
	if err != nil {
		return nil, pathError("read", name, err)
	}
	data := make([]byte, size)
	n, err := o.File.ReadAt(data, 0)
	if err != nil {
		return nil, pathError("read", name, err)
	}
	return data[:n], nil
}

// WriteFile makes a file with the given contents, or replaces what is in it,
// together with the directories it is in.
func (f *MemoryFS) WriteFile(name string, data []byte) error {
	if err := f.mkdirAll(path.Dir(name)); err != nil {
		return pathError("write", name, err)
	}
	o, err := vfs.Open(f.root, name, vfs.OpenOptions{Follow: true, Flags: vfs.OpenFlags{Read: true, Write: true, Create: true, Truncate: true}})
	if err != nil {
		return pathError("write", name, err)
	}
	defer o.File.Close()
	if _, err := o.File.WriteAt(data, 0); err != nil {
		return pathError("write", name, err)
	}
	return nil
}

func (f *MemoryFS) mkdirAll(dir string) error {
	if dir == "." {
		return nil
	}
	if st, err := vfs.Stat(f.root, dir, true); err == nil {
		if st.Filetype != cloudabi.FiletypeDirectory {
			return cloudabi.ENOTDIR
		}
		return nil
	}
	if err := f.mkdirAll(path.Dir(dir)); err != nil {
		return err
	}
	if err := vfs.Mkdir(f.root, dir); err != nil && !errors.Is(err, cloudabi.EEXIST) {
		return err
	}
	return nil
}

// pathError makes errors.Is(err, fs.ErrNotExist) and the like work.
func pathError(op, name string, err error) error {
	for errno, known := range map[cloudabi.Errno]error{
		cloudabi.ENOENT: fs.ErrNotExist, cloudabi.EEXIST: fs.ErrExist, cloudabi.ENOTCAPABLE: fs.ErrPermission,
	} {
		if errors.Is(err, errno) {
			err = errors.Join(err, known)
		}
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}
