package memory

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The model: a few pages in the middle of the window, every page on its own,
// with contents, protection and origin.
const (
	modelBase  = 0x40000000
	modelPages = 24
)

type modelPage struct {
	mapped  bool
	prot    Prot
	max     Prot
	shared  bool
	object  *modelObject
	number  int   // page of object
	private *data // contents of a private page once written
}

type data [PageSize]byte

type modelObject struct {
	o     *Object
	bytes []byte // whole pages
	size  int
}

type model struct {
	s       *Space
	pages   [modelPages]modelPage
	objects []*modelObject
}

// contents returns what a page shows, or nil if it is behind its object's end.
func (p *modelPage) contents() []byte {
	switch {
	case p.object == nil && p.private == nil:
		return make([]byte, PageSize)
	case p.object != nil && p.number*PageSize >= p.object.size:
		return nil
	case p.private != nil:
		return p.private[:]
	}
	return p.object.bytes[p.number*PageSize:][:PageSize]
}

// writable returns where a write to the page goes.
func (p *modelPage) writable() []byte {
	if p.shared || p.private != nil {
		return p.contents()
	}
	p.private = (*data)(slices.Clone(p.contents()))
	return p.private[:]
}

// fault returns what an access to n bytes at addr meets.
func (m *model) fault(addr uint64, n int, need Prot) *Fault {
	for end := addr + uint64(n); addr < end; addr = addr&^pageMask + PageSize {
		if addr < modelBase || addr >= modelBase+modelPages*PageSize {
			return &Fault{Addr: addr, Access: need}
		}
		p := &m.pages[(addr-modelBase)/PageSize]
		if !p.mapped || p.prot == 0 || need == Write && p.prot&Write == 0 || need == Exec && p.prot&Exec == 0 {
			return &Fault{Addr: addr, Access: need}
		}
		if p.contents() == nil {
			return &Fault{Addr: addr, Access: need, Bus: true}
		}
	}
	return nil
}

func (m *model) write(addr uint64, b []byte) {
	for _, c := range b {
		p := &m.pages[(addr-modelBase)/PageSize]
		p.writable()[addr%PageSize] = c
		addr++
	}
}

func (m *model) read(addr uint64, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		p := &m.pages[(addr-modelBase)/PageSize]
		b[i] = p.contents()[addr%PageSize]
		addr++
	}
	return b
}

var protections = rapid.SampledFrom([]Prot{0, Read, Write, rw, rw, rw, Exec, Read | Exec})

// pageRange draws a range of pages in the model.
func pageRange(t *rapid.T) (first, n int) {
	first = rapid.IntRange(0, modelPages-1).Draw(t, "first")
	return first, rapid.IntRange(1, min(modelPages-first, 8)).Draw(t, "n")
}

func pageAddr(i int) uint64 { return modelBase + uint64(i)*PageSize }

func (m *model) doMap(t *rapid.T) {
	first, n := pageRange(t)
	prot := protections.Draw(t, "prot")
	mp := Mapping{Addr: pageAddr(first), Len: uint64(n)*PageSize - uint64(rapid.IntRange(0, 4095).Draw(t, "less")),
		Prot: prot, Fixed: true, Shared: rapid.Bool().Draw(t, "shared")}
	if rapid.Bool().Draw(t, "limited") {
		mp.MaxProt = prot | rapid.SampledFrom([]Prot{Read, rw}).Draw(t, "max")
	}
	var o *modelObject
	number := 0
	if k := rapid.IntRange(-2, len(m.objects)-1).Draw(t, "object"); k >= 0 {
		o = m.objects[k]
		number = rapid.IntRange(0, 6).Draw(t, "number")
		mp.Object, mp.Offset = o.o, uint64(number)*PageSize
	}
	addr, err := m.s.Map(mp)
	require.NoError(t, err)
	require.Equal(t, mp.Addr, addr)
	if o == nil && mp.Shared {
		o = &modelObject{bytes: make([]byte, n*PageSize), size: n * PageSize}
	}
	maxProt := mp.MaxProt
	if maxProt == 0 {
		maxProt = allProt
	}
	for i := range n {
		m.pages[first+i] = modelPage{mapped: true, prot: prot, max: maxProt, shared: mp.Shared, object: o, number: number + i}
	}
}

func (m *model) doUnmap(t *rapid.T) {
	first, n := pageRange(t)
	require.NoError(t, m.s.Unmap(pageAddr(first), uint64(n)*PageSize))
	for i := range n {
		m.pages[first+i] = modelPage{}
	}
}

func (m *model) doProtect(t *rapid.T) {
	first, n := pageRange(t)
	prot := protections.Draw(t, "prot")
	var want error
	for _, p := range m.pages[first : first+n] {
		if !p.mapped {
			want = ErrNotMapped
			break
		}
		if !p.max.allows(prot) {
			want = ErrAccess
		}
	}
	require.ErrorIs(t, m.s.Protect(pageAddr(first), uint64(n)*PageSize, prot), want)
	for i := range n {
		if want == nil {
			m.pages[first+i].prot = prot
		}
	}
}

func (m *model) doDiscard(t *rapid.T) {
	first, n := pageRange(t)
	var want error
	for _, p := range m.pages[first : first+n] {
		if !p.mapped {
			want = ErrNotMapped
		}
	}
	require.ErrorIs(t, m.s.Advise(pageAddr(first), uint64(n)*PageSize, true), want)
	require.ErrorIs(t, m.s.Sync(pageAddr(first), uint64(n)*PageSize, true), want)
	for i := range n {
		if want == nil {
			m.pages[first+i].private = nil
		}
	}
}

func (m *model) someAddr(t *rapid.T) uint64 {
	page := rapid.IntRange(0, modelPages-1).Draw(t, "page")
	in := rapid.SampledFrom([]int{0, 1, 5, 8, 2048, 4080, 4081, 4088, 4089, 4092, 4093, 4094, 4095}).Draw(t, "in")
	return pageAddr(page) + uint64(in)
}

func (m *model) doViewWrite(t *rapid.T) {
	addr := m.someAddr(t)
	b := rapid.SliceOfN(rapid.Byte(), 1, 16).Draw(t, "bytes")
	b = append(b, make([]byte, rapid.IntRange(0, 9000).Draw(t, "more"))...)
	want := m.fault(addr, len(b), Write)
	sameFault(t, want, m.s.WriteAt(b, addr))
	if want == nil {
		m.write(addr, b)
	}
}

func (m *model) doViewRead(t *rapid.T) {
	addr := m.someAddr(t)
	b := make([]byte, rapid.IntRange(1, 9000).Draw(t, "n"))
	want := m.fault(addr, len(b), Read)
	sameFault(t, want, m.s.ReadAt(b, addr))
	var seen []byte
	sameFault(t, want, m.s.Access(addr, uint64(len(b)), Read, func(chunks [][]byte) error {
		seen = slices.Concat(chunks...)
		return nil
	}))
	if want == nil {
		require.Equal(t, m.read(addr, len(b)), b)
		require.Equal(t, b, seen)
	}
}

func sameFault(t require.TestingT, want *Fault, err error) {
	if want == nil {
		require.NoError(t, err)
		return
	}
	var f *Fault
	require.True(t, errors.As(err, &f), "want %v, got %v", want, err)
	require.Equal(t, want, f)
}

// sameEngineFault leaves room for what the host cannot tell.
func sameEngineFault(t require.TestingT, s *Space, want, f *Fault) {
	if want == nil || f == nil {
		require.Equal(t, want, f)
		return
	}
	if want.Access != Write { // a write to a read-only page behind the end cannot be told from a read
		require.Equal(t, want.Bus, f.Bus)
	}
	require.Equal(t, want.Addr&^pageMask, f.Addr&^pageMask)
	if s.Form() == Paged {
		require.Equal(t, want, f)
	}
}

func (m *model) doEngine(t *rapid.T) {
	addr := m.someAddr(t)
	v := rapid.Uint64().Draw(t, "v")
	size := rapid.SampledFrom([]int{1, 2, 4, 8, 16}).Draw(t, "size")
	a := uint32(addr)
	var got, hi uint64
	want := m.fault(addr, size, Read)
	f := faultOf(m.s, func() {
		switch size {
		case 1:
			got = uint64(m.s.Load8(a))
		case 2:
			got = uint64(m.s.Load16(a))
		case 4:
			got = uint64(m.s.Load32(a))
		case 8:
			got = m.s.Load64(a)
		case 16:
			got, hi = m.s.Load128(a)
		}
	})
	sameEngineFault(t, m.s, want, f)
	if want == nil {
		require.Equal(t, number(m.read(addr, min(size, 8))), got)
		if size == 16 {
			require.Equal(t, number(m.read(addr+8, 8)), hi)
		}
	}
	want = m.fault(addr, size, Write)
	f = faultOf(m.s, func() {
		switch size {
		case 1:
			m.s.Store8(a, uint8(v))
		case 2:
			m.s.Store16(a, uint16(v))
		case 4:
			m.s.Store32(a, uint32(v))
		case 8:
			m.s.Store64(a, v)
		case 16:
			m.s.Store128(a, v, ^v)
		}
	})
	sameEngineFault(t, m.s, want, f)
	if want == nil {
		b := append(number8(v), number8(^v)...)
		m.write(addr, b[:size])
	}
}

func number(b []byte) (v uint64) {
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	return v
}

func number8(v uint64) []byte {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	return b
}

func (m *model) doAtomic(t *rapid.T) {
	addr := m.someAddr(t)
	size := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "size")
	op := operation(rapid.IntRange(0, int(opXor)).Draw(t, "op"))
	old, v := rapid.Uint64Range(0, 2).Draw(t, "old"), rapid.Uint64().Draw(t, "v")
	mask := ^uint64(0) >> (64 - 8*size)
	old, v = old&mask, v&mask
	want := m.fault(addr, size, Write)
	var got uint64
	f := faultOf(m.s, func() { got = atomicByName(m.s, op, size, uint32(addr), old, v) })
	if want == nil {
		require.Nil(t, f)
		prev := number(m.read(addr, size))
		require.Equal(t, prev, got)
		m.write(addr, number8(op.result(prev, old, v))[:size])
		var acquired uint64
		require.Nil(t, faultOf(m.s, func() {
			switch size {
			case 1:
				acquired = uint64(m.s.LoadAcquire8(uint32(addr)))
			case 2:
				acquired = uint64(m.s.LoadAcquire16(uint32(addr)))
			case 4:
				acquired = uint64(m.s.LoadAcquire32(uint32(addr)))
			case 8:
				acquired = m.s.LoadAcquire64(uint32(addr))
			}
		}))
		require.Equal(t, op.result(prev, old, v)&mask, acquired)
		return
	}
	sameEngineFault(t, m.s, want, &Fault{Addr: max(f.Addr, addr), Access: f.Access, Bus: f.Bus})
}

func atomicByName(s *Space, op operation, size int, a uint32, old, v uint64) uint64 {
	switch size {
	case 1:
		x, y := uint8(old), uint8(v)
		return uint64([]func() uint8{func() uint8 { return s.Cas8(a, x, y) }, func() uint8 { return s.Xchg8(a, y) }, func() uint8 { return s.Add8(a, y) },
			func() uint8 { return s.And8(a, y) }, func() uint8 { return s.Or8(a, y) }, func() uint8 { return s.Xor8(a, y) }}[op]())
	case 2:
		x, y := uint16(old), uint16(v)
		return uint64([]func() uint16{func() uint16 { return s.Cas16(a, x, y) }, func() uint16 { return s.Xchg16(a, y) }, func() uint16 { return s.Add16(a, y) },
			func() uint16 { return s.And16(a, y) }, func() uint16 { return s.Or16(a, y) }, func() uint16 { return s.Xor16(a, y) }}[op]())
	case 4:
		x, y := uint32(old), uint32(v)
		return uint64([]func() uint32{func() uint32 { return s.Cas32(a, x, y) }, func() uint32 { return s.Xchg32(a, y) }, func() uint32 { return s.Add32(a, y) },
			func() uint32 { return s.And32(a, y) }, func() uint32 { return s.Or32(a, y) }, func() uint32 { return s.Xor32(a, y) }}[op]())
	}
	return []func() uint64{func() uint64 { return s.Cas64(a, old, v) }, func() uint64 { return s.Xchg64(a, v) }, func() uint64 { return s.Add64(a, v) },
		func() uint64 { return s.And64(a, v) }, func() uint64 { return s.Or64(a, v) }, func() uint64 { return s.Xor64(a, v) }}[op]()
}

func (m *model) doFetch(t *rapid.T) {
	addr := m.someAddr(t)
	b := make([]byte, 15)
	n, _, err := m.s.Fetch(b, addr)
	if f := m.fault(addr, 1, Exec); f != nil {
		sameFault(t, f, err)
		return
	}
	require.NoError(t, err)
	want := len(b)
	for want > 0 && m.fault(addr, want, Exec) != nil {
		want--
	}
	require.Equal(t, want, n)
	require.Equal(t, m.read(addr, n), b[:n])
}

func (m *model) doObject(t *rapid.T) {
	o := rapid.SampledFrom(m.objects).Draw(t, "object")
	off := rapid.IntRange(0, 6*PageSize).Draw(t, "off")
	switch rapid.IntRange(0, 3).Draw(t, "what") {
	case 0: // whole pages only: the tail behind the end is the host's affair
		size := off / PageSize * PageSize
		require.NoError(t, o.o.Truncate(int64(size)))
		if size < o.size {
			clear(o.bytes[size:])
			m.dropBehind(o, size)
		}
		o.size = size
	case 1:
		b := rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "bytes")
		if end := off + len(b); end > o.size {
			return // growth is whole pages only
		}
		n, err := o.o.WriteAt(b, int64(off))
		require.NoError(t, err)
		require.Equal(t, len(b), n)
		copy(o.bytes[off:], b)
	default:
		b := make([]byte, rapid.IntRange(1, 9000).Draw(t, "n"))
		n, _ := o.o.ReadAt(b, int64(off))
		require.Equal(t, max(0, min(len(b), o.size-off)), n)
		require.Equal(t, o.bytes[off:off+n], b[:n])
	}
}

// dropBehind forgets the private copies of pages that an object lost.
func (m *model) dropBehind(o *modelObject, size int) {
	for i := range m.pages {
		if p := &m.pages[i]; p.object == o && p.number*PageSize >= size {
			p.private = nil
		}
	}
}

func (m *model) doFork(t *rapid.T) {
	child, err := m.s.Fork()
	require.NoError(t, err)
	defer func() { require.NoError(t, child.Close()) }()
	require.True(t, slices.Equal(m.s.Regions(), child.Regions()))
	copied := *m
	copied.s = child
	copied.compare(t)
	// Writes to one are not seen by the other, but through shared mappings.
	for i := range m.pages {
		if p := &m.pages[i]; !p.shared && m.fault(pageAddr(i), 1, Write) == nil {
			require.NoError(t, child.WriteAt([]byte("child"), pageAddr(i)))
		}
	}
	m.compare(t)
}

// compare looks at every page.
func (m *model) compare(t require.TestingT) {
	b := make([]byte, PageSize)
	for i := range m.pages {
		want := m.fault(pageAddr(i), PageSize, Read)
		sameFault(t, want, m.s.ReadAt(b, pageAddr(i)))
		if want == nil {
			require.Equal(t, m.pages[i].contents(), b, "page %d", i)
		}
	}
}

// checkTable checks what must be true of the region table.
func (m *model) checkTable(t require.TestingT) {
	regions := m.s.Regions()
	for i := range regions {
		r := &regions[i]
		require.NotZero(t, r.Len)
		if i > 0 {
			require.LessOrEqual(t, regions[i-1].End(), r.Addr)
			require.False(t, regions[i-1].continues(r), "%v and %v are not merged", regions[i-1], r)
		}
	}
	for i := range m.pages {
		r := regionTable(regions).at(pageAddr(i))
		require.Equal(t, m.pages[i].mapped, r != nil)
		if r != nil {
			require.Equal(t, m.pages[i].prot, r.Prot)
		}
	}
}

func testModel(t *rapid.T, form Form, tracked bool) {
	q := NewQuota(1 << 30)
	s, err := New(Options{Form: form, Quota: q})
	require.NoError(t, err)
	m := &model{s: s}
	for i := range 2 {
		o, err := NewObject(q)
		require.NoError(t, err)
		mo := &modelObject{o: o, bytes: make([]byte, 32*PageSize)}
		if i == 0 {
			require.NoError(t, o.Truncate(5*PageSize))
			mo.size = 5 * PageSize
		}
		m.objects = append(m.objects, mo)
	}
	if tracked {
		s.TrackDirty(true)
	}
	m.doMap(t)
	t.Repeat(map[string]func(*rapid.T){
		"map": m.doMap, "map2": m.doMap, "unmap": m.doUnmap, "protect": m.doProtect, "discard": m.doDiscard,
		"write": m.doViewWrite, "read": m.doViewRead, "engine": m.doEngine, "engine2": m.doEngine,
		"atomic": m.doAtomic, "fetch": m.doFetch, "object": m.doObject, "fork": m.doFork,
		"dirty": func(t *rapid.T) { m.s.DirtyPages(rapid.Bool().Draw(t, "clear")) },
		"":      func(t *rapid.T) { m.checkTable(t) },
	})
	m.compare(t)
	require.NoError(t, s.Close())
	for _, o := range m.objects {
		require.NoError(t, o.o.Close())
	}
	require.Zero(t, q.Used(), "the quota is not given back")
}

func TestModel(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		for _, tracked := range []bool{false, true} {
			t.Run(fmt.Sprintf("tracked=%v", tracked), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) { testModel(t, form, tracked) })
			})
		}
	})
}
