package vfs

import (
	"strings"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// The overlay is a tree whose directories may have a directory below, of the
// lower tree. A name that is neither in the upper directory nor hidden is looked
// for there. What is found gets an inode, which is thrown away after the
// operation unless it is open or changed ("kept"); inode numbers are those of
// the lower tree, so throwing away does not show. An inode moves with its place
// in the lower tree, so renaming a directory costs nothing, whatever is in it.
//
// File contents are taken up by the chunk: what was not written is still read
// from the lower file. The lower tree must not change while it is used; a change
// of names or kinds is answered with ESTALE where it is noticed.

// NewOverlay returns a directory that shows what lower shows and keeps all
// changes in memory, charged to quota, which may be nil. lower is closed with
// the overlay's root.
func NewOverlay(lower Dir, clock Clock, quota *memory.Quota) (Dir, error) {
	return NewOverlayOptions(lower, Options{Clock: clock, Quota: quota})
}

// NewOverlayOptions is [NewOverlay] with more to choose. Without a Device,
// objects made in the overlay get one that the lower tree is unlikely to have.
func NewOverlayOptions(lower Dir, o Options) (Dir, error) {
	st, err := lower.Stat()
	if err != nil {
		return nil, err
	}
	if o.Device == 0 {
		o.Device = uint64(st.Dev) + 1<<32
		if d, ok := lower.(*treeDir); ok {
			o.Device = uint64(d.inode.tree.dev) + 1<<32
		}
	}
	t := newTree(o)
	t.lower = &lowerTree{root: lower, known: map[lowerID]*inode{}}
	t.root = t.fromLower(nil, "", st)
	t.root.dir.parent = t.root
	t.root.lower.dir = lower
	t.root.lower.kept = true
	t.root.opens = 1
	t.lower.known[t.root.lower.id] = t.root
	t.lower.handles = 1
	return &treeDir{inode: t.root}, nil
}

// lowerTree is guarded by tree.mu.
type lowerTree struct {
	root Dir
	// known has the inodes that must not be made a second time: open or kept
	// ones, and directories that known ones lie in.
	known   map[lowerID]*inode
	handles int // open handles of all inodes; the root is closed with the last
}

type lowerID struct {
	dev cloudabi.Device
	ino cloudabi.Inode
}

// lowerObject is an inode's place in the lower tree.
type lowerObject struct {
	id     lowerID
	path   string // from the lower root, "" for the root itself
	dir    Dir    // of a directory: open below while it is open above
	hidden map[string]struct{}
	kept   bool // changed: lives as long as the overlay, or its last name
	below  int  // known directories that lie in it
}

// fromLower makes the inode of a lower object found in d.
func (t *tree) fromLower(d *inode, path string, st cloudabi.Filestat) *inode {
	i := &inode{
		tree: t, kind: st.Filetype, dev: st.Dev, ino: uint64(st.Ino), nlink: uint32(st.Nlink),
		lower: &lowerObject{id: lowerID{st.Dev, st.Ino}, path: path},
	}
	if i.nlink == 0 {
		i.nlink = 1 // of a file system that does not count
	}
	i.atim.Store(uint64(st.Atim))
	i.mtim.Store(uint64(st.Mtim))
	i.ctim.Store(uint64(st.Ctim))
	switch st.Filetype {
	case cloudabi.FiletypeDirectory:
		i.dir = newDirectory()
		i.dir.parent = d
	case cloudabi.FiletypeRegularFile:
		i.data = &content{quota: t.quota, size: int64(st.Size), underSize: int64(st.Size)}
	}
	return i
}

// findLower is find for a name that is not in the upper directory.
func (t *tree) findLower(d *inode, name string) (*inode, error) {
	if _, hidden := d.lower.hidden[name]; hidden || d.dir.removed {
		return nil, cloudabi.ENOENT
	}
	var i *inode
	err := t.lower.with(d, func(dir Dir) error {
		st, err := dir.Lookup(name)
		if err != nil {
			return err
		}
		if i = t.lower.known[lowerID{st.Dev, st.Ino}]; i != nil {
			if i.kind != st.Filetype {
				return cloudabi.ESTALE
			}
			return nil
		}
		i = t.fromLower(d, joinLower(d.lower.path, name), st)
		if st.Filetype == cloudabi.FiletypeSymbolicLink {
			i.target, err = dir.Readlink(name)
		}
		return err
	})
	return i, err
}

func joinLower(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// with runs f on the lower directory of d.
func (l *lowerTree) with(d *inode, f func(Dir) error) error {
	if d.lower.dir != nil {
		return f(d.lower.dir)
	}
	dir, err := l.openDir(d.lower.path, d.lower.id)
	if err != nil {
		return err
	}
	if dir != l.root {
		defer dir.Close()
	}
	return f(dir)
}

// openDir opens a lower directory by its path. It returns the root itself for
// the empty path.
func (l *lowerTree) openDir(path string, id lowerID) (Dir, error) {
	dir := l.root
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, "/")
		next, err := dir.OpenDir(name)
		if dir != l.root {
			dir.Close()
		}
		if err != nil {
			return nil, stale(err)
		}
		dir = next
	}
	if err := l.check(dir, id); err != nil {
		if dir != l.root {
			dir.Close()
		}
		return nil, err
	}
	return dir, nil
}

// check reports whether a lower object is still the one that it was.
func (l *lowerTree) check(n Node, id lowerID) error {
	st, err := n.Stat()
	if err == nil && (lowerID{st.Dev, st.Ino}) != id {
		err = cloudabi.ESTALE
	}
	return err
}

// stale is for a name below that has become something else.
func stale(err error) error {
	switch err {
	case cloudabi.ENOENT, cloudabi.ENOTDIR, cloudabi.ELOOP, cloudabi.EISDIR:
		return cloudabi.ESTALE
	}
	return err
}

// openLower opens what an inode needs of the lower tree while it is open. The
// handle is counted by the caller.
func (t *tree) openLower(i *inode) error {
	o := i.lower
	switch {
	case i.dir != nil && o.dir == nil:
		dir, err := t.openLowerDir(i)
		if err != nil {
			return err
		}
		o.dir = dir
	case i.data != nil:
		if err := t.openLowerFile(i); err != nil {
			return err
		}
	}
	t.lower.register(i)
	return nil
}

func (t *tree) openLowerDir(i *inode) (Dir, error) {
	if i == t.root {
		return t.lower.root, nil
	}
	// The short way: the directory it was found in is open.
	parent, name := i.dir.parent, i.lower.path[strings.LastIndexByte(i.lower.path, '/')+1:]
	if p := parent.lower; p != nil && p.dir != nil && joinLower(p.path, name) == i.lower.path {
		dir, err := p.dir.OpenDir(name)
		if err != nil {
			return nil, stale(err)
		}
		if err := t.lower.check(dir, i.lower.id); err != nil {
			dir.Close()
			return nil, err
		}
		return dir, nil
	}
	return t.lower.openDir(i.lower.path, i.lower.id)
}

// openLowerFile opens the file that unchanged chunks are read from.
func (t *tree) openLowerFile(i *inode) error {
	c := i.data
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.under != nil || c.underSize == 0 {
		return nil
	}
	f, err := t.lower.openFile(i.lower.path, i.lower.id)
	if err != nil {
		return err
	}
	c.under = f
	return nil
}

func (l *lowerTree) openFile(path string, id lowerID) (File, error) {
	dir := l.root
	defer func() {
		if dir != l.root {
			dir.Close()
		}
	}()
	for {
		name, rest, more := strings.Cut(path, "/")
		if !more {
			break
		}
		next, err := dir.OpenDir(name)
		if err != nil {
			return nil, stale(err)
		}
		if dir != l.root {
			dir.Close()
		}
		dir, path = next, rest
	}
	f, err := dir.OpenFile(path, OpenFlags{Read: true})
	if err != nil {
		return nil, stale(err)
	}
	if err := l.check(f, id); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// register makes an inode known, and so those of the directories it lies in.
func (l *lowerTree) register(i *inode) {
	if l.known[i.lower.id] == i {
		return
	}
	l.known[i.lower.id] = i
	if i.dir != nil && i.dir.parent != i {
		l.lieIn(i.dir.parent)
	}
}

// lieIn counts a known directory in d.
func (l *lowerTree) lieIn(d *inode) {
	if d.lower != nil {
		d.lower.below++
		l.register(d)
	}
}

// left undoes lieIn.
func (l *lowerTree) left(d *inode) {
	if d.lower != nil {
		d.lower.below--
		l.unregister(d)
	}
}

// unregister forgets an inode that nothing needs any more.
func (l *lowerTree) unregister(i *inode) {
	o := i.lower
	if i.opens > 0 || o.kept || o.below > 0 || l.known[o.id] != i {
		return
	}
	delete(l.known, o.id)
	if i.dir != nil && i.dir.parent != i {
		l.left(i.dir.parent)
	}
}

// closed is called when an inode's last handle is closed.
func (l *lowerTree) closed(i *inode) {
	if o := i.lower; o.dir != nil {
		if o.dir != l.root {
			o.dir.Close()
		}
		o.dir = nil
	}
	if c := i.data; c != nil {
		c.mu.Lock()
		if c.under != nil {
			c.under.Close()
			c.under = nil
		}
		c.mu.Unlock()
	}
	l.unregister(i)
}

// keep is called before a change of an object: an inode from below must not be
// thrown away any more.
func (t *tree) keep(i *inode) error {
	if i.lower == nil || i.lower.kept {
		return nil
	}
	if err := t.admit(i); err != nil {
		return err
	}
	i.lower.kept = true
	t.lower.register(i)
	return nil
}

// hide makes a name of d one that is not looked for below. It is called when
// the name goes.
func (t *tree) hide(d *inode, name string) error {
	if d.lower == nil {
		return nil
	}
	if _, hidden := d.lower.hidden[name]; hidden {
		return nil
	}
	err := t.lower.with(d, func(dir Dir) error {
		_, err := dir.Lookup(name)
		return err
	})
	if err == cloudabi.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	if err := t.keep(d); err != nil {
		return err
	}
	if err := charge(t.quota, nameCost); err != nil {
		return err
	}
	if d.lower.hidden == nil {
		d.lower.hidden = map[string]struct{}{}
	}
	d.lower.hidden[name] = struct{}{}
	return nil
}

// emptyLower reports whether nothing of a lower directory shows.
func (t *tree) emptyLower(i *inode) (bool, error) {
	empty := true
	err := t.lower.with(i, func(dir Dir) error {
		return dir.ReadDir(0, func(e Entry) bool {
			_, hidden := i.lower.hidden[e.Name]
			empty = hidden || e.Name == "." || e.Name == ".."
			return empty
		})
	})
	return empty, err
}

// merged is a directory of an overlay as a listing sees it.
type merged struct {
	inode *inode
	lower Dir
}

func (d *treeDir) readMerged(cookie uint64, emit func(Entry) bool) error {
	t, i := d.locked()
	lower := i.lower.dir
	t.mu.Unlock()
	return d.list.read(merged{i, lower}, cookie, emit)
}

func (m merged) scan(yield func(string) bool) error {
	t := m.inode.tree
	t.mu.Lock()
	names := make([]string, 0, len(m.inode.dir.entries))
	for _, e := range m.inode.dir.order {
		if e.inode != nil {
			names = append(names, e.name)
		}
	}
	removed := m.inode.dir.removed
	t.mu.Unlock()
	for _, n := range names {
		if !yield(n) {
			return nil
		}
	}
	if removed {
		return nil
	}
	return m.lower.ReadDir(0, func(e Entry) bool {
		if e.Name == "." || e.Name == ".." || !m.shows(e.Name) {
			return true
		}
		return yield(e.Name)
	})
}

// shows reports whether a name of the lower directory is seen.
func (m merged) shows(name string) bool {
	m.inode.tree.mu.Lock()
	defer m.inode.tree.mu.Unlock()
	_, hidden := m.inode.lower.hidden[name]
	return !hidden && m.inode.dir.entries[name] == nil
}

func (m merged) entry(name string) (uint64, cloudabi.Filetype, error) {
	t := m.inode.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	i := m.inode
	switch name {
	case ".":
	case "..":
		i = i.dir.parent
	default:
		var err error
		if i, err = t.find(i, name); err != nil {
			return 0, 0, err
		}
	}
	return i.ino, i.kind, nil
}
