package vfs

import (
	"sort"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// treeDir is a handle of a tree's directory.
type treeDir struct {
	inode  *inode
	closed atomic.Bool
	list   listing // overlay only
}

// locked begins an operation: the caller unlocks the tree.
func (d *treeDir) locked() (*tree, *inode) {
	t := d.inode.tree
	t.mu.Lock()
	return t, d.inode
}

func (d *treeDir) Stat() (cloudabi.Filestat, error) {
	t, i := d.locked()
	defer t.mu.Unlock()
	return i.stat(), nil
}

func (d *treeDir) SetTimes(times Times) error {
	t, i := d.locked()
	defer t.mu.Unlock()
	if err := t.keep(i); err != nil {
		return err
	}
	return i.apply(times)
}

func (d *treeDir) Sync(bool) error { return nil }

func (d *treeDir) Close() error {
	if d.closed.Swap(true) {
		return cloudabi.EBADF
	}
	t, i := d.locked()
	defer t.mu.Unlock()
	t.release(i)
	return nil
}

func (d *treeDir) Reopen() (Dir, error) {
	t, i := d.locked()
	defer t.mu.Unlock()
	if err := t.open(i); err != nil {
		return nil, err
	}
	return &treeDir{inode: i}, nil
}

// release drops a handle.
func (t *tree) release(i *inode) {
	i.opens--
	t.drop(i)
	if t.lower == nil {
		return
	}
	if i.opens == 0 && i.lower != nil {
		t.lower.closed(i)
	}
	if t.lower.handles--; t.lower.handles == 0 {
		t.lower.root.Close()
	}
}

func (d *treeDir) Lookup(name string) (cloudabi.Filestat, error) {
	t, i := d.locked()
	defer t.mu.Unlock()
	o, err := t.find(i, name)
	if err != nil {
		return cloudabi.Filestat{}, err
	}
	return o.stat(), nil
}

func (d *treeDir) OpenDir(name string) (Dir, error) {
	t, i := d.locked()
	defer t.mu.Unlock()
	o, err := t.find(i, name)
	switch {
	case err != nil:
		return nil, err
	case o.kind == cloudabi.FiletypeSymbolicLink:
		return nil, cloudabi.ELOOP
	case o.kind != cloudabi.FiletypeDirectory:
		return nil, cloudabi.ENOTDIR
	}
	if err := t.open(o); err != nil {
		return nil, err
	}
	return &treeDir{inode: o}, nil
}

// open counts a handle.
func (t *tree) open(o *inode) error {
	if o.lower != nil {
		if err := t.openLower(o); err != nil {
			return err
		}
	}
	o.opens++
	if t.lower != nil {
		t.lower.handles++
	}
	return nil
}

func (d *treeDir) OpenFile(name string, flags OpenFlags) (File, error) {
	t, i := d.locked()
	defer t.mu.Unlock()
	o, err := t.find(i, name)
	switch {
	case err == cloudabi.ENOENT && flags.Create:
		if o, err = t.create(i, name, cloudabi.FiletypeRegularFile, ""); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case flags.Exclusive:
		return nil, cloudabi.EEXIST
	case o.kind == cloudabi.FiletypeSymbolicLink:
		return nil, cloudabi.ELOOP
	case o.kind == cloudabi.FiletypeDirectory:
		return nil, cloudabi.EISDIR
	case flags.Special && isSpecial(o.kind):
		return t.openSpecial(o)
	case o.kind != cloudabi.FiletypeRegularFile:
		return nil, cloudabi.ENOTSUP
	}
	if err := t.open(o); err != nil {
		return nil, err
	}
	f := &treeFile{inode: o, read: flags.Read, write: flags.Write}
	if flags.Truncate {
		if err := f.truncate(0); err != nil {
			t.release(o)
			return nil, err
		}
	}
	return f, nil
}

// create makes an object under a name that find has not found.
func (t *tree) create(d *inode, name string, kind cloudabi.Filetype, target string) (*inode, error) {
	if err := t.prepare(d); err != nil {
		return nil, err
	}
	if err := charge(t.quota, uint64(len(target))); err != nil {
		discharge(t.quota, nameCost)
		return nil, err
	}
	o, err := t.newInode(kind)
	if err != nil {
		discharge(t.quota, nameCost+uint64(len(target)))
		return nil, err
	}
	o.target = target
	t.enter(d, name, o)
	return o, nil
}

// makeNew is create for a name that must not exist.
func (d *treeDir) makeNew(name string, kind cloudabi.Filetype, target string) error {
	t, i := d.locked()
	defer t.mu.Unlock()
	switch _, err := t.find(i, name); err {
	case nil:
		return cloudabi.EEXIST
	case cloudabi.ENOENT:
		_, err = t.create(i, name, kind, target)
		return err
	default:
		return err
	}
}

func (d *treeDir) Mkdir(name string) error {
	return d.makeNew(name, cloudabi.FiletypeDirectory, "")
}

func (d *treeDir) Symlink(target, name string) error {
	return d.makeNew(name, cloudabi.FiletypeSymbolicLink, target)
}

func (d *treeDir) Readlink(name string) (string, error) {
	t, i := d.locked()
	defer t.mu.Unlock()
	o, err := t.find(i, name)
	if err != nil {
		return "", err
	}
	if o.kind != cloudabi.FiletypeSymbolicLink {
		return "", cloudabi.EINVAL
	}
	return o.target, nil
}

// sameTree returns the directory behind newDir if it is of this tree.
func (d *treeDir) sameTree(newDir Dir) (*inode, error) {
	n, ok := newDir.(*treeDir)
	if !ok || n.inode.tree != d.inode.tree {
		return nil, cloudabi.EXDEV
	}
	return n.inode, nil
}

func (d *treeDir) Link(name string, newDir Dir, newName string) error {
	to, err := d.sameTree(newDir)
	if err != nil {
		return err
	}
	t, i := d.locked()
	defer t.mu.Unlock()
	o, err := t.find(i, name)
	if err != nil {
		return err
	}
	if o.dir != nil {
		return cloudabi.EPERM
	}
	if o.nlink >= maxLinkCount {
		return cloudabi.EMLINK
	}
	switch _, err := t.find(to, newName); err {
	case nil:
		return cloudabi.EEXIST
	case cloudabi.ENOENT:
	default:
		return err
	}
	if err := t.keep(o); err != nil {
		return err
	}
	if err := t.prepare(to); err != nil {
		return err
	}
	o.nlink++
	o.ctim.Store(t.now())
	t.enter(to, newName, o)
	return nil
}

func (d *treeDir) Rename(name string, newDir Dir, newName string) error {
	to, err := d.sameTree(newDir)
	if err != nil {
		return err
	}
	t, from := d.locked()
	defer t.mu.Unlock()
	o, err := t.find(from, name)
	if err != nil {
		return err
	}
	old, err := t.find(to, newName)
	if err == cloudabi.ENOENT {
		old = nil
	} else if err != nil {
		return err
	}
	if old != nil && old.same(o) {
		return nil
	}
	if err := t.mayReplace(o, old, to); err != nil {
		return err
	}
	if err := t.keep(o); err != nil {
		return err
	}
	if old != nil {
		if err := t.keep(old); err != nil {
			return err
		}
	}
	if err := t.prepare(to); err != nil {
		return err
	}
	if err := t.hide(from, name); err != nil {
		discharge(t.quota, nameCost)
		return err
	}
	if old != nil && old.dir != nil {
		to.nlink-- // enter counts the new one
	}
	t.remove(from, name, o)
	t.enter(to, newName, o)
	o.ctim.Store(t.now())
	if old != nil {
		t.gone(old)
	}
	return nil
}

// same reports whether two finds have found one object. What find makes of an
// object below that is not known is not the same inode each time.
func (i *inode) same(o *inode) bool {
	return i == o || i.lower != nil && o.lower != nil && i.lower.id == o.lower.id
}

// mayReplace reports why o cannot take the place of old, which may be nil, in to.
func (t *tree) mayReplace(o, old, to *inode) error {
	if o.dir == nil {
		if old != nil && old.dir != nil {
			return cloudabi.EISDIR
		}
		return nil
	}
	if within(to, o) {
		return cloudabi.EINVAL
	}
	if old == nil {
		return nil
	}
	if old.dir == nil {
		return cloudabi.ENOTDIR
	}
	return t.mustBeEmpty(old)
}

func (t *tree) mustBeEmpty(i *inode) error {
	empty, err := t.empty(i)
	if err == nil && !empty {
		err = cloudabi.ENOTEMPTY
	}
	return err
}

// gone is called for an object that has lost a name; a directory had only one.
func (t *tree) gone(i *inode) {
	if i.dir == nil {
		t.unlinked(i)
		return
	}
	i.dir.removed = true
	i.nlink = 0
	i.ctim.Store(t.now())
	t.drop(i)
}

func (d *treeDir) Unlink(name string) error {
	t, i := d.locked()
	defer t.mu.Unlock()
	o, err := t.find(i, name)
	if err != nil {
		return err
	}
	if o.dir != nil {
		return cloudabi.EPERM
	}
	return t.unname(i, name, o)
}

func (d *treeDir) Rmdir(name string) error {
	t, i := d.locked()
	defer t.mu.Unlock()
	o, err := t.find(i, name)
	if err != nil {
		return err
	}
	if o.dir == nil {
		return cloudabi.ENOTDIR
	}
	if err := t.mustBeEmpty(o); err != nil {
		return err
	}
	return t.unname(i, name, o)
}

// unname removes the name of o.
func (t *tree) unname(d *inode, name string, o *inode) error {
	if err := t.keep(o); err != nil {
		return err
	}
	if err := t.hide(d, name); err != nil {
		return err
	}
	t.remove(d, name, o)
	t.gone(o)
	return nil
}

func (d *treeDir) SetTimesOf(name string, times Times) error {
	t, i := d.locked()
	defer t.mu.Unlock()
	o, err := t.find(i, name)
	if err != nil {
		return err
	}
	if err := t.keep(o); err != nil {
		return err
	}
	return o.apply(times)
}

// ReadDir takes the entries out of the tree in batches, so that no lock is held
// while emit stores them in the guest.
func (d *treeDir) ReadDir(cookie uint64, emit func(Entry) bool) error {
	if d.inode.lower != nil {
		return d.readMerged(cookie, emit)
	}
	for {
		batch, err := d.batch(cookie)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, e := range batch {
			if !emit(e) {
				return nil
			}
			cookie = e.Next
		}
	}
}

func (d *treeDir) batch(cookie uint64) ([]Entry, error) {
	const most = 128
	t, i := d.locked()
	defer t.mu.Unlock()
	dir := i.dir
	if cookie >= dir.next {
		return nil, cloudabi.EINVAL
	}
	var out []Entry
	if cookie < cookieDot {
		out = append(out, Entry{cookieDot, i.ino, cloudabi.FiletypeDirectory, "."})
	}
	if cookie < cookieDotDot {
		out = append(out, Entry{cookieDotDot, dir.parent.ino, cloudabi.FiletypeDirectory, ".."})
	}
	at := sort.Search(len(dir.order), func(k int) bool { return dir.order[k].pos > cookie })
	for _, e := range dir.order[at:] {
		if len(out) >= most {
			break
		}
		if e.inode != nil {
			out = append(out, Entry{e.pos, e.inode.ino, e.inode.kind, e.name})
		}
	}
	return out, nil
}
