package vfs

import (
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// A tree is a file system whose objects live in memory. It is the memory
// backend as it is, and the overlay when it has a lower directory: then a name
// that is not in the tree is looked for below (overlay.go), and what changes is
// taken into the tree.

// Options are what a file system in memory is made with.
type Options struct {
	// Clock gives the times of changes. It is called under the file system's
	// lock, so it must not use the file system. nil: all times are 0.
	Clock Clock
	// Quota is charged for contents, names and objects. nil: no limit.
	Quota *memory.Quota
	// Device is the device number of objects made here. 0: 1.
	Device uint64
	// MaxInodes limits the number of objects. 0: 1,048,576.
	MaxInodes int
}

const defaultMaxInodes = 1 << 20

// What objects and names are charged with: about what they take in a 64-bit
// process, including the maps they are in.
const (
	inodeCost = 320
	nameCost  = 128
)

// maxLinkCount keeps the ABI's 32-bit link count from wrapping.
const maxLinkCount = 1<<31 - 1

// NewMemory returns the empty root directory of a new file system in memory,
// charged to quota, which may be nil. The file system goes when nothing of it is
// open any more.
func NewMemory(clock Clock, quota *memory.Quota) Dir {
	return NewMemoryOptions(Options{Clock: clock, Quota: quota})
}

// NewMemoryOptions is [NewMemory] with more to choose.
func NewMemoryOptions(o Options) Dir {
	t := newTree(o)
	t.root = &inode{tree: t, kind: cloudabi.FiletypeDirectory, dev: t.dev, ino: t.number(), nlink: 2, dir: newDirectory()}
	t.root.dir.parent = t.root
	t.root.setTimes(t.now())
	t.root.opens = 1
	return &treeDir{inode: t.root}
}

func newTree(o Options) *tree {
	t := &tree{clock: o.Clock, quota: o.Quota, dev: cloudabi.Device(o.Device), max: o.MaxInodes}
	if t.dev == 0 {
		t.dev = 1
	}
	if t.max <= 0 {
		t.max = defaultMaxInodes
	}
	return t
}

type tree struct {
	clock Clock
	quota *memory.Quota
	dev   cloudabi.Device
	max   int

	// mu guards all names and link counts of the tree, and in an overlay the
	// lower tree too. It is taken before a content's lock, and never held while
	// the caller's functions run.
	mu      sync.Mutex
	root    *inode
	nextIno uint64
	count   int
	lower   *lowerTree // nil unless an overlay
}

// inode is an object of a tree. What has no comment is guarded by tree.mu.
type inode struct {
	tree *tree
	kind cloudabi.Filetype // constant
	dev  cloudabi.Device   // constant
	ino  uint64            // constant

	nlink   uint32
	opens   int  // handles
	charged bool // counts against the limits

	atim, mtim, ctim atomic.Uint64

	dir    *directory // of a directory
	target string     // of a symbolic link; constant
	data   *content   // of a regular file; constant

	lower *lowerObject // what it was in the lower tree, if it comes from there
}

// directory is what a directory holds. order has the entries by ascending
// position, which is the order of their making; so positions outlive other
// entries. Removed ones stay there without an inode until there are many.
type directory struct {
	parent  *inode
	removed bool
	entries map[string]*dirEntry
	order   []*dirEntry
	dead    int
	next    uint64 // position of the next entry
}

type dirEntry struct {
	name  string
	pos   uint64
	inode *inode
}

// The first positions of a directory are those behind "." and "..".
const (
	cookieDot    = 1
	cookieDotDot = 2
	cookieFirst  = 3
)

func newDirectory() *directory {
	return &directory{entries: map[string]*dirEntry{}, next: cookieFirst}
}

func (t *tree) now() uint64 {
	if t.clock == nil {
		return 0
	}
	return t.clock()
}

func (t *tree) number() uint64 {
	t.nextIno++
	return t.nextIno
}

// newInode makes an object without a name, within the limits.
func (t *tree) newInode(kind cloudabi.Filetype) (*inode, error) {
	i := &inode{tree: t, kind: kind, dev: t.dev}
	if err := t.admit(i); err != nil {
		return nil, err
	}
	i.ino = t.number()
	i.setTimes(t.now())
	switch kind {
	case cloudabi.FiletypeDirectory:
		i.dir = newDirectory()
		i.nlink = 2
	case cloudabi.FiletypeRegularFile:
		i.data = &content{quota: t.quota}
		i.nlink = 1
	default:
		i.nlink = 1
	}
	return i, nil
}

// admit counts an object against the limits.
func (t *tree) admit(i *inode) error {
	if i.charged {
		return nil
	}
	if t.count >= t.max {
		return cloudabi.ENOSPC
	}
	if err := charge(t.quota, inodeCost); err != nil {
		return err
	}
	t.count++
	i.charged = true
	return nil
}

// drop frees an object that has neither name nor handle any more.
func (t *tree) drop(i *inode) {
	if i.opens > 0 || i.nlink > 0 {
		return
	}
	if i.charged {
		i.charged = false
		t.count--
		discharge(t.quota, inodeCost)
	}
	if i.data != nil {
		i.data.free()
	}
	if i.lower != nil {
		i.lower.kept = false
		t.lower.unregister(i)
	}
}

func (i *inode) setTimes(now uint64) {
	i.atim.Store(now)
	i.mtim.Store(now)
	i.ctim.Store(now)
}

// changed marks a change of the object's data now.
func (i *inode) changed() {
	now := i.tree.now()
	i.mtim.Store(now)
	i.ctim.Store(now)
}

// apply sets times as a caller has asked.
func (i *inode) apply(t Times) error {
	atim, mtim, err := t.resolve(i.tree.now)
	if err != nil {
		return err
	}
	if atim != nil {
		i.atim.Store(*atim)
	}
	if mtim != nil {
		i.mtim.Store(*mtim)
	}
	if atim != nil || mtim != nil {
		i.ctim.Store(i.tree.now())
	}
	return nil
}

// resolve returns the times to set, nil where one stays; "now" wins over a given
// time.
func (t Times) resolve(now func() uint64) (atim, mtim *uint64, err error) {
	const all = cloudabi.FilestatAtim | cloudabi.FilestatAtimNow | cloudabi.FilestatMtim | cloudabi.FilestatMtimNow
	if t.Flags&^all != 0 {
		return nil, nil, cloudabi.EINVAL
	}
	var n uint64
	if t.Flags&(cloudabi.FilestatAtimNow|cloudabi.FilestatMtimNow) != 0 {
		n = now()
	}
	switch {
	case t.Flags&cloudabi.FilestatAtimNow != 0:
		atim = &n
	case t.Flags&cloudabi.FilestatAtim != 0:
		atim = &t.Atim
	}
	switch {
	case t.Flags&cloudabi.FilestatMtimNow != 0:
		mtim = &n
	case t.Flags&cloudabi.FilestatMtim != 0:
		mtim = &t.Mtim
	}
	return atim, mtim, nil
}

// stat needs tree.mu.
func (i *inode) stat() cloudabi.Filestat {
	st := cloudabi.Filestat{
		Dev:      i.dev,
		Ino:      cloudabi.Inode(i.ino),
		Filetype: i.kind,
		Nlink:    cloudabi.Linkcount(i.nlink),
		Atim:     cloudabi.Timestamp(i.atim.Load()),
		Mtim:     cloudabi.Timestamp(i.mtim.Load()),
		Ctim:     cloudabi.Timestamp(i.ctim.Load()),
	}
	switch {
	case i.data != nil:
		st.Size = cloudabi.Filesize(i.data.length())
	case i.kind == cloudabi.FiletypeSymbolicLink:
		st.Size = cloudabi.Filesize(len(i.target))
	}
	return st
}

// find returns the object of a name in directory d, or ENOENT.
func (t *tree) find(d *inode, name string) (*inode, error) {
	if e := d.dir.entries[name]; e != nil {
		return e.inode, nil
	}
	if d.lower != nil {
		return t.findLower(d, name)
	}
	return nil, cloudabi.ENOENT
}

// prepare makes sure that a name can be put into d: after it, enter cannot fail.
func (t *tree) prepare(d *inode) error {
	if d.dir.removed {
		return cloudabi.ENOENT
	}
	if err := t.keep(d); err != nil {
		return err
	}
	return charge(t.quota, nameCost)
}

// enter puts a name into d, which prepare has been called for, in the place of
// one that may be there.
func (t *tree) enter(d *inode, name string, i *inode) {
	dir := d.dir
	if e := dir.entries[name]; e != nil {
		e.inode = i
		discharge(t.quota, nameCost)
	} else {
		e := &dirEntry{name: name, pos: dir.next, inode: i}
		dir.next++
		dir.entries[name] = e
		dir.order = append(dir.order, e)
	}
	if i.dir != nil {
		t.setParent(i, d)
		d.nlink++
	}
	d.changed()
}

// setParent records where a directory lies now.
func (t *tree) setParent(i, d *inode) {
	old := i.dir.parent
	i.dir.parent = d
	if i.lower != nil { // known, since it has been kept
		t.lower.lieIn(d)
		t.lower.left(old)
	}
}

// remove takes a name, which hide has been called for, out of d.
func (t *tree) remove(d *inode, name string, i *inode) {
	dir := d.dir
	if e := dir.entries[name]; e != nil {
		delete(dir.entries, name)
		e.inode = nil
		dir.dead++
		discharge(t.quota, nameCost)
		dir.compact()
	}
	if i.dir != nil {
		d.nlink--
	}
	d.changed()
}

// compact forgets removed entries when they are more than the others.
func (dir *directory) compact() {
	if dir.dead < 32 || dir.dead*2 < len(dir.order) {
		return
	}
	live := make([]*dirEntry, 0, len(dir.entries))
	for _, e := range dir.order {
		if e.inode != nil {
			live = append(live, e)
		}
	}
	dir.order, dir.dead = live, 0
}

// within reports whether d is i or lies below it.
func within(d, i *inode) bool {
	for {
		if d == i {
			return true
		}
		if d.dir.parent == d {
			return false
		}
		d = d.dir.parent
	}
}

// empty reports whether a directory holds nothing.
func (t *tree) empty(i *inode) (bool, error) {
	if len(i.dir.entries) > 0 {
		return false, nil
	}
	if i.lower != nil {
		return t.emptyLower(i)
	}
	return true, nil
}

// unlink takes one name from an object that is not a directory.
func (t *tree) unlinked(i *inode) {
	i.nlink--
	i.ctim.Store(t.now())
	t.drop(i)
}
