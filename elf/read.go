package elf

// ReadAt reads from the file the image was parsed from: it implements
// io.ReaderAt.
func (img *Image) ReadAt(p []byte, off int64) (int, error) { return img.r.ReadAt(p, off) }
