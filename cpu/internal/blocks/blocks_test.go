package blocks

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// block is a decoded block of the test: the byte that it was decoded from.
type block struct {
	pc    uint64
	limit int
	first byte
}

const codeAt = 0x100000

// newCache is a cache over a page of code; decoded counts what is decoded.
func newCache(t *testing.T, operations int) (c *Cache[block], space *memory.Space, decoded *int) {
	space, err := memory.New(memory.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { space.Close() })
	_, err = space.Map(memory.Mapping{Addr: codeAt, Len: 4096, Prot: memory.Read | memory.Write, MaxProt: 7, Fixed: true})
	require.NoError(t, err)
	write(t, space, 1)
	c, decoded = new(Cache[block]), new(int)
	var mu sync.Mutex
	c.Init(space, func(pc uint64, limit int) (*block, int, error) {
		mu.Lock()
		defer mu.Unlock()
		*decoded++
		var w Window
		if err := w.Open(space, pc); err != nil {
			return nil, 0, err
		}
		return &block{pc, limit, w.At(pc, 1)[0]}, operations, nil
	})
	return c, space, decoded
}

// write changes the first byte of the code.
func write(t *testing.T, space *memory.Space, v byte) {
	require.NoError(t, space.Protect(codeAt, 4096, memory.Read|memory.Write))
	require.NoError(t, space.WriteAt([]byte{v}, codeAt))
	require.NoError(t, space.Protect(codeAt, 4096, memory.Read|memory.Exec))
}

func TestBlocksAreDecodedOnce(t *testing.T) {
	c, space, decoded := newCache(t, 1)
	g := c.Current()
	first, err := g.Find(codeAt, MaxInstructions)
	require.NoError(t, err)
	require.Equal(t, block{codeAt, MaxInstructions, 1}, *first)
	again, err := c.Current().Find(codeAt, MaxInstructions)
	require.NoError(t, err)
	require.Same(t, first, again)
	step, err := g.Find(codeAt, 1)
	require.NoError(t, err)
	require.Equal(t, 1, step.limit, "steps are blocks of their own")
	require.Equal(t, 2, *decoded)

	write(t, space, 9)
	require.NotSame(t, g, c.Current())
	changed, err := c.Current().Find(codeAt, MaxInstructions)
	require.NoError(t, err)
	require.Equal(t, byte(9), changed.first)

	g = c.Current()
	c.Clear()
	require.NotSame(t, g, c.Current())
	_, err = g.Find(0x50000000, 1)
	require.Error(t, err, "no code there")
}

// TestSizeIsBounded: too many operations start a new generation.
func TestSizeIsBounded(t *testing.T) {
	c, _, _ := newCache(t, maxCached/4)
	g := c.Current()
	for i := range uint64(4) {
		_, err := g.Find(codeAt+i, MaxInstructions)
		require.NoError(t, err)
		require.Same(t, g, c.Current())
	}
	_, err := g.Find(codeAt+4, MaxInstructions)
	require.NoError(t, err)
	require.NotSame(t, g, c.Current())
}

func TestVerify(t *testing.T) {
	c, _, _ := newCache(t, 1)
	g := c.Current()
	b, err := g.Find(codeAt, MaxInstructions)
	require.NoError(t, err)
	same, err := g.Verify(b, codeAt, []byte{1, 0, 0})
	require.NoError(t, err)
	require.Same(t, b, same)
	other, err := g.Verify(b, codeAt, []byte{7})
	require.NoError(t, err)
	require.Equal(t, 1, other.limit)
	for _, limit := range []int{1, MaxInstructions} {
		found, err := g.Find(codeAt, limit)
		require.NoError(t, err)
		require.Same(t, other, found)
	}
	_, err = g.Verify(b, 0x50000000, []byte{7})
	require.Error(t, err)
}

func TestLocal(t *testing.T) {
	c, space, _ := newCache(t, 1)
	var th cpu.Thread
	l := LocalOf[block](&th)
	require.Same(t, l, LocalOf[block](&th))
	l.Use(c.Current())
	l.Recent[Slot(codeAt)] = &block{}
	l.Use(c.Current())
	require.NotNil(t, l.Recent[Slot(codeAt)])
	write(t, space, 2)
	l.Use(c.Current())
	require.Nil(t, l.Recent[Slot(codeAt)])
}

// TestWindow: code is fetched again where the window ends, and not beyond what
// is mapped.
func TestWindow(t *testing.T) {
	_, space, _ := newCache(t, 1)
	var w Window
	require.NoError(t, w.Open(space, codeAt))
	require.False(t, w.Volatile)
	require.Len(t, w.At(codeAt+500, 12), 12)
	require.Len(t, w.At(codeAt+501, 12), 512)
	require.Len(t, w.At(codeAt+4094, 4), 2)
	require.Nil(t, w.At(codeAt+4096, 1))
	require.NoError(t, w.Open(space, codeAt))
	require.Equal(t, []byte{1, 0}, w.First(2))
	require.Error(t, w.Open(space, codeAt+4096))
}

// TestThreadsShareBlocks: threads that look for the same blocks find the same.
func TestThreadsShareBlocks(t *testing.T) {
	c, _, _ := newCache(t, 1)
	found := make([][64]*block, 4)
	var wg sync.WaitGroup
	for i := range found {
		wg.Go(func() {
			for k := range uint64(64) {
				found[i][k], _ = c.Current().Find(codeAt+k, MaxInstructions)
			}
		})
	}
	wg.Wait()
	for i := range found {
		require.True(t, found[0] == found[i], "not the same pointers")
	}
	require.NotNil(t, found[0][63])
}
