package vfs

import (
	"io"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

const (
	chunkSize = 64 << 10
	// chunkCost is charged for a chunk besides its bytes.
	chunkCost = 64
	// maxFileSize is where writing is EFBIG. Files are sparse, so it limits
	// numbers and not memory.
	maxFileSize = 1 << 40
)

// content is the bytes of a regular file in memory. It is sparse: only chunks
// that were written exist. With the first mapping the bytes move into a
// memory.Object, which is then both what is mapped and what is read and written.
type content struct {
	quota *memory.Quota

	mu     sync.RWMutex
	size   int64
	chunks map[int64]*chunk
	object *memory.Object

	// In an overlay: where a chunk that does not exist is read from, up to
	// underSize; beyond it is zeros. under is only there while the file is open.
	under     File
	underSize int64
}

// chunk holds the bytes of a file from a multiple of chunkSize on. data may be
// shorter than a chunk: the rest is zeros.
type chunk struct {
	data     []byte
	reserved bool // charged in full
}

func (k *chunk) cost() uint64 {
	if k.reserved {
		return chunkCost + chunkSize
	}
	return chunkCost + uint64(len(k.data))
}

func (c *content) length() int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.size
}

func (c *content) readAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, cloudabi.EINVAL
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if off >= c.size {
		return 0, nil
	}
	p = p[:min(int64(len(p)), c.size-off)]
	if c.object != nil {
		return readObject(c.object, p, off)
	}
	done := 0
	for done < len(p) {
		n, err := c.readChunk(p[done:], off+int64(done))
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// readChunk reads within one chunk.
func (c *content) readChunk(p []byte, off int64) (int, error) {
	number, from := off/chunkSize, int(off%chunkSize)
	p = p[:min(len(p), chunkSize-from)]
	k := c.chunks[number]
	if k == nil {
		return len(p), c.readUnder(p, off)
	}
	n := 0
	if from < len(k.data) {
		n = copy(p, k.data[from:])
	}
	clear(p[n:])
	return len(p), nil
}

// readUnder fills p from the lower file.
func (c *content) readUnder(p []byte, off int64) error {
	n := max(0, min(int64(len(p)), c.underSize-off))
	clear(p[n:])
	return readFull(c.under, p[:n], off)
}

// readFull fills p from a file, with zeros where it has become shorter.
func readFull(f File, p []byte, off int64) error {
	for len(p) > 0 {
		if f == nil {
			return cloudabi.EIO
		}
		n, err := f.ReadAt(p, off)
		if err != nil {
			return err
		}
		if n == 0 {
			clear(p)
			return nil
		}
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// writeAt writes at off, or, if that is negative, at the end; end is the
// position behind what was written.
func (c *content) writeAt(p []byte, off int64) (n int, end int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if off < 0 {
		off = c.size
	}
	if len(p) == 0 {
		return 0, off, nil
	}
	if off >= maxFileSize {
		return 0, off, cloudabi.EFBIG
	}
	p = p[:min(int64(len(p)), maxFileSize-off)]
	if c.object != nil {
		n, err = c.writeObject(p, off)
		return n, off + int64(n), err
	}
	for n < len(p) {
		m, err := c.writeChunk(p[n:], off+int64(n))
		if m > 0 {
			n += m
			c.size = max(c.size, off+int64(n))
		}
		if err != nil && n == 0 {
			return 0, off, err
		}
		if err != nil {
			break // what was written counts; the next write will see the error
		}
	}
	return n, off + int64(n), nil
}

func (c *content) writeChunk(p []byte, off int64) (int, error) {
	number, from := off/chunkSize, int(off%chunkSize)
	p = p[:min(len(p), chunkSize-from)]
	k, err := c.chunkFor(number, from, from+len(p))
	if err != nil {
		return 0, err
	}
	return copy(k.data[from:], p), nil
}

// chunkFor returns a chunk whose data has at least end bytes. Unless [from, end)
// is all of it, a new one gets what is below.
func (c *content) chunkFor(number int64, from, end int) (*chunk, error) {
	k := c.chunks[number]
	if k == nil {
		k = &chunk{}
		if under := int(max(0, min(c.underSize-number*chunkSize, chunkSize))); under > 0 && !(from == 0 && end >= under) {
			data := make([]byte, under)
			if err := readFull(c.under, data, number*chunkSize); err != nil {
				return nil, err
			}
			k.data = data
		}
		if err := charge(c.quota, k.cost()); err != nil {
			return nil, err
		}
		if c.chunks == nil {
			c.chunks = map[int64]*chunk{}
		}
		c.chunks[number] = k
	}
	if end <= len(k.data) {
		return k, nil
	}
	size := 512
	for size < end {
		size *= 2
	}
	if !k.reserved {
		if err := charge(c.quota, uint64(size-len(k.data))); err != nil {
			return nil, err
		}
	}
	k.data = append(make([]byte, 0, size), k.data...)[:size]
	return k, nil
}

func (c *content) truncate(size int64) error {
	if size < 0 {
		return cloudabi.EINVAL
	}
	if size > maxFileSize {
		return cloudabi.EFBIG
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.object != nil {
		if err := truncateObject(c.object, size); err != nil {
			return err
		}
		c.size = size
		return nil
	}
	c.size = size
	c.underSize = min(c.underSize, size)
	for number, k := range c.chunks {
		start := number * chunkSize
		switch {
		case start >= size:
			discharge(c.quota, k.cost())
			delete(c.chunks, number)
		case size-start < int64(len(k.data)):
			clear(k.data[size-start:])
		}
	}
	return nil
}

// allocate makes the file at least off+n long. Under a quota it takes the room
// out of it now, so that later writes do not fail.
func (c *content) allocate(off, n int64) error {
	if off < 0 || n <= 0 {
		return cloudabi.EINVAL
	}
	if off > maxFileSize || n > maxFileSize-off {
		return cloudabi.EFBIG
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.object != nil {
		if off+n > c.size {
			if err := truncateObject(c.object, off+n); err != nil {
				return err
			}
			c.size = off + n
		}
		return nil
	}
	if c.quota != nil {
		for number := off / chunkSize; number <= (off+n-1)/chunkSize; number++ {
			if err := c.reserve(number); err != nil {
				return err
			}
		}
	}
	c.size = max(c.size, off+n)
	return nil
}

func (c *content) reserve(number int64) error {
	k := c.chunks[number]
	if k == nil {
		var err error
		if k, err = c.chunkFor(number, 0, 0); err != nil {
			return err
		}
	}
	if k.reserved {
		return nil
	}
	if err := charge(c.quota, uint64(chunkSize-len(k.data))); err != nil {
		return err
	}
	k.reserved = true
	return nil
}

// mapped returns the content as an object.
func (c *content) mapped() (*memory.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.object != nil {
		return c.object, nil
	}
	o, err := memory.NewObject(c.quota)
	if err != nil {
		return nil, memoryErrno(err)
	}
	if err := c.moveTo(o); err != nil {
		o.Close()
		return nil, err
	}
	for _, k := range c.chunks {
		discharge(c.quota, k.cost())
	}
	c.chunks, c.underSize = nil, 0
	c.object = o
	return o, nil
}

// moveTo copies the bytes to an object. Holes stay holes.
func (c *content) moveTo(o *memory.Object) error {
	if err := truncateObject(o, c.size); err != nil {
		return err
	}
	for number, k := range c.chunks {
		start := number * chunkSize
		n := max(0, min(int64(len(k.data)), c.size-start))
		if err := writeObject(o, k.data[:n], start); err != nil {
			return err
		}
	}
	if c.underSize == 0 {
		return nil
	}
	buf := make([]byte, chunkSize)
	for start := int64(0); start < c.underSize; start += chunkSize {
		if c.chunks[start/chunkSize] != nil {
			continue
		}
		p := buf[:min(chunkSize, c.underSize-start)]
		if err := readFull(c.under, p, start); err != nil {
			return err
		}
		if err := writeObject(o, p, start); err != nil {
			return err
		}
	}
	return nil
}

func (c *content) writeObject(p []byte, off int64) (int, error) {
	if end := off + int64(len(p)); end > c.size {
		if err := truncateObject(c.object, end); err != nil {
			return 0, err
		}
		c.size = end
	}
	if err := writeObject(c.object, p, off); err != nil {
		return 0, err
	}
	return len(p), nil
}

// free drops the bytes; mappings keep the object.
func (c *content) free() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.chunks {
		discharge(c.quota, k.cost())
	}
	c.chunks, c.size, c.underSize = nil, 0, 0
	if c.object != nil {
		c.object.Close()
		c.object = nil
	}
}

func readObject(o *memory.Object, p []byte, off int64) (int, error) {
	n, err := o.ReadAt(p, off)
	if err == io.EOF {
		err = nil
	}
	return n, memoryErrno(err)
}

func writeObject(o *memory.Object, p []byte, off int64) error {
	_, err := o.WriteAt(p, off)
	return memoryErrno(err)
}

func truncateObject(o *memory.Object, size int64) error {
	return memoryErrno(o.Truncate(size))
}
