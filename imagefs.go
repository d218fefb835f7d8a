package nuage

import (
	"io"
	"io/fs"
	"time"
)

// imageName is the one file of an imageFS.
const imageName = "program"

// imageFS is a file system whose only file is the program itself, so that the
// program can be given to itself whatever it was loaded from.
type imageFS struct{ image *Image }

func (f imageFS) Open(name string) (fs.File, error) {
	if name != imageName {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &imageFile{io.NewSectionReader(f.image.read, 0, f.image.size)}, nil
}

type imageFile struct{ *io.SectionReader }

func (f *imageFile) Stat() (fs.FileInfo, error) { return imageInfo{f.Size()}, nil }
func (f *imageFile) Close() error               { return nil }

type imageInfo struct{ size int64 }

func (i imageInfo) Name() string       { return imageName }
func (i imageInfo) Size() int64        { return i.size }
func (i imageInfo) Mode() fs.FileMode  { return 0o555 }
func (i imageInfo) ModTime() time.Time { return time.Time{} }
func (i imageInfo) IsDir() bool        { return false }
func (i imageInfo) Sys() any           { return nil }
