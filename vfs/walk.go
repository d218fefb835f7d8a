package vfs

import (
	"strings"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Limits of paths (abi/semantics.md section 5.1).
const (
	// PathMax is one more than the longest path, in bytes. It also bounds a
	// symbolic link's text together with what of the path is still ahead.
	PathMax = 1024
	// NameMax is the longest component, in bytes.
	NameMax = 255
	// maxLinks is how many symbolic links one walk may follow.
	maxLinks = 32
	// maxDepth is how many directories below its start a walk may be. Each is
	// held open, because ".." leads back to it and not to wherever a concurrent
	// rename has put its parent; so the limit is on host descriptors.
	maxDepth = 128
)

// OpenOptions say what [Open] is to do with the last component.
type OpenOptions struct {
	Follow    bool // follow a symbolic link in the last component
	Directory bool // ENOTDIR unless it is a directory
	Flags     OpenFlags
}

// Opened is what [Open] has opened: exactly one of Dir and File is set. The
// caller closes it.
type Opened struct {
	Dir      Dir
	File     File
	Filetype cloudabi.Filetype
}

// CheckPath reports what is wrong with a path or a symbolic link's text before
// any directory is looked at: ENAMETOOLONG, or EINVAL for a NUL. The kernel asks
// this before it looks at the descriptor (abi/semantics.md section 1); the
// functions of this file ask it again.
func CheckPath(path string) error {
	if len(path) >= PathMax {
		return cloudabi.ENAMETOOLONG
	}
	if strings.IndexByte(path, 0) >= 0 {
		return cloudabi.EINVAL
	}
	return nil
}

// checkPaths is CheckPath for two paths: neither is walked if one is wrong.
func checkPaths(path1, path2 string) error {
	if err := CheckPath(path1); err != nil {
		return err
	}
	return CheckPath(path2)
}

// Open opens, and if asked makes, what path names. A directory can only be
// opened for reading (EISDIR otherwise). With neither Read nor Write the object
// is opened for reading. Creating follows a final symbolic link under Follow,
// even a dangling one, and so makes the file that the link names.
func Open(dir Dir, path string, opt OpenOptions) (Opened, error) {
	w, err := newWalker(dir, path)
	if err != nil {
		return Opened{}, err
	}
	defer w.close()
	flags := &opt.Flags
	flags.Read = flags.Read || !flags.Write
	flags.Truncate = flags.Truncate && flags.Write
	flags.Exclusive = flags.Exclusive && flags.Create
	for {
		l, err := w.last()
		if err != nil {
			return Opened{}, err
		}
		if l.name == "" {
			return w.openCurrent(opt)
		}
		o, err := openLast(w.dir(), l, opt)
		if err != cloudabi.ELOOP || !(opt.Follow || l.slash) {
			return o, err
		}
		if err := w.follow(l.name, l.slash); err != nil {
			return Opened{}, err
		}
	}
}

// openCurrent opens the directory that the walk stands in.
func (w *walker) openCurrent(opt OpenOptions) (Opened, error) {
	switch {
	case opt.Flags.Exclusive:
		return Opened{}, cloudabi.EEXIST
	case opt.Flags.Create, opt.Flags.Write:
		return Opened{}, cloudabi.EISDIR
	}
	var d Dir
	if n := len(w.entered); n > 0 {
		d, w.entered = w.entered[n-1], w.entered[:n-1]
	} else {
		var err error
		if d, err = w.start.Reopen(); err != nil {
			return Opened{}, err
		}
	}
	return Opened{Dir: d, Filetype: cloudabi.FiletypeDirectory}, nil
}

// openLast opens a named last component: ELOOP if it is a symbolic link.
func openLast(dir Dir, l last, opt OpenOptions) (Opened, error) {
	flags := opt.Flags
	if l.slash || opt.Directory {
		if flags.Create {
			return Opened{}, refuseCreateDir(dir, l, flags)
		}
		return openLastDir(dir, l.name, flags)
	}
	// What the name is may change between the two attempts, but not for ever:
	// nobody can make that happen who has not got the directory.
	for range 8 {
		f, err := dir.OpenFile(l.name, flags)
		if err == nil {
			return Opened{File: f, Filetype: f.Filetype()}, nil
		}
		if err != cloudabi.EISDIR || flags.Write || flags.Create {
			return Opened{}, err
		}
		o, err := openLastDir(dir, l.name, flags)
		if err != cloudabi.ENOTDIR {
			return o, err
		}
	}
	return Opened{}, cloudabi.EAGAIN
}

func openLastDir(dir Dir, name string, flags OpenFlags) (Opened, error) {
	d, err := dir.OpenDir(name)
	if err != nil {
		return Opened{}, err
	}
	if flags.Write {
		d.Close()
		return Opened{}, cloudabi.EISDIR
	}
	return Opened{Dir: d, Filetype: cloudabi.FiletypeDirectory}, nil
}

// refuseCreateDir says why a file cannot be made where a directory is demanded.
func refuseCreateDir(dir Dir, l last, flags OpenFlags) error {
	st, err := dir.Lookup(l.name)
	switch {
	case err == cloudabi.ENOENT && !l.slash:
		return cloudabi.EINVAL // POSIX leaves it open; making a file is the one wrong thing
	case err != nil:
		return err
	case st.Filetype == cloudabi.FiletypeSymbolicLink && !(flags.Exclusive && !l.slash):
		return cloudabi.ELOOP
	case flags.Exclusive && !l.slash:
		return cloudabi.EEXIST
	case st.Filetype != cloudabi.FiletypeDirectory:
		return cloudabi.ENOTDIR
	case flags.Exclusive:
		return cloudabi.EEXIST
	}
	return cloudabi.EISDIR
}

// Stat returns the attributes of what path names.
func Stat(dir Dir, path string, follow bool) (cloudabi.Filestat, error) {
	w, err := newWalker(dir, path)
	if err != nil {
		return cloudabi.Filestat{}, err
	}
	defer w.close()
	_, st, err := w.object(follow)
	return st, err
}

// SetTimes sets times of what path names.
func SetTimes(dir Dir, path string, follow bool, t Times) error {
	w, err := newWalker(dir, path)
	if err != nil {
		return err
	}
	defer w.close()
	l, _, err := w.object(follow)
	if err != nil {
		return err
	}
	if l.name == "" {
		return w.dir().SetTimes(t)
	}
	return w.dir().SetTimesOf(l.name, t)
}

// Mkdir makes a directory.
func Mkdir(dir Dir, path string) error {
	w, err := newWalker(dir, path)
	if err != nil {
		return err
	}
	defer w.close()
	for {
		l, err := w.last()
		if err != nil {
			return err
		}
		if l.name == "" {
			return cloudabi.EEXIST
		}
		if err = w.dir().Mkdir(l.name); err != cloudabi.EEXIST || !l.slash {
			return err
		}
		st, err := w.dir().Lookup(l.name)
		switch {
		case err != nil || st.Filetype == cloudabi.FiletypeDirectory:
			return cloudabi.EEXIST
		case st.Filetype != cloudabi.FiletypeSymbolicLink:
			return cloudabi.ENOTDIR
		}
		if err := w.follow(l.name, true); err != nil {
			return err
		}
	}
}

// MakeSpecial makes a fifo or a socket and opens it.
func MakeSpecial(dir Dir, path string, kind cloudabi.Filetype) (Special, error) {
	w, err := newWalker(dir, path)
	if err != nil {
		return nil, err
	}
	defer w.close()
	name, err := w.newName()
	if err != nil {
		return nil, err
	}
	return w.dir().MakeSpecial(name, kind)
}

// Symlink makes a symbolic link with the text target, which is stored as it is:
// it is judged each time the link is followed. An empty text is ENOENT.
func Symlink(target string, dir Dir, path string) error {
	if err := CheckPath(target); err != nil {
		return err
	}
	if target == "" {
		return cloudabi.ENOENT
	}
	w, err := newWalker(dir, path)
	if err != nil {
		return err
	}
	defer w.close()
	name, err := w.newName()
	if err != nil {
		return err
	}
	return w.dir().Symlink(target, name)
}

// Link makes path2 below dir2 another name of what path1 below dir1 names. A
// symbolic link is linked itself unless follow is set.
func Link(dir1 Dir, path1 string, follow bool, dir2 Dir, path2 string) error {
	if err := checkPaths(path1, path2); err != nil {
		return err
	}
	from, err := newWalker(dir1, path1)
	if err != nil {
		return err
	}
	defer from.close()
	l, st, err := from.object(follow)
	if err != nil {
		return err
	}
	if st.Filetype == cloudabi.FiletypeDirectory {
		return cloudabi.EPERM
	}
	to, err := newWalker(dir2, path2)
	if err != nil {
		return err
	}
	defer to.close()
	name, err := to.newName()
	if err != nil {
		return err
	}
	return from.dir().Link(l.name, to.dir(), name)
}

// Rename moves what path1 below dir1 names to path2 below dir2, atomically,
// replacing an object of fitting kind.
func Rename(dir1 Dir, path1 string, dir2 Dir, path2 string) error {
	if err := checkPaths(path1, path2); err != nil {
		return err
	}
	from, err := newWalker(dir1, path1)
	if err != nil {
		return err
	}
	defer from.close()
	l1, err := from.entry()
	if err != nil {
		return err
	}
	if l1.name == "" {
		return cloudabi.EINVAL
	}
	to, err := newWalker(dir2, path2)
	if err != nil {
		return err
	}
	defer to.close()
	l2, err := to.entry()
	if err == cloudabi.ENOENT && l2.name != "" {
		// With a trailing slash only a directory can go to a new name.
		var st cloudabi.Filestat
		if st, err = from.dir().Lookup(l1.name); err == nil && st.Filetype != cloudabi.FiletypeDirectory {
			err = cloudabi.ENOTDIR
		}
	}
	if err != nil {
		return err
	}
	if l2.name == "" {
		return cloudabi.EINVAL
	}
	return from.dir().Rename(l1.name, to.dir(), l2.name)
}

// Unlink removes a name: a directory's with removedir, any other without.
func Unlink(dir Dir, path string, removedir bool) error {
	w, err := newWalker(dir, path)
	if err != nil {
		return err
	}
	defer w.close()
	l, err := w.entry()
	switch {
	case err != nil:
		return err
	case l.name == "" && !removedir:
		return cloudabi.EPERM
	case l.name == "" && l.parent:
		return cloudabi.ENOTEMPTY // it holds at least the directory left by ".."
	case l.name == "":
		return cloudabi.EINVAL
	case removedir:
		return w.dir().Rmdir(l.name)
	}
	return w.dir().Unlink(l.name)
}

// Readlink returns a symbolic link's text.
func Readlink(dir Dir, path string) (string, error) {
	w, err := newWalker(dir, path)
	if err != nil {
		return "", err
	}
	defer w.close()
	l, err := w.entry()
	if err != nil {
		return "", err
	}
	if l.name == "" {
		return "", cloudabi.EINVAL
	}
	return w.dir().Readlink(l.name)
}

// walker is the state of one walk. The directory it stands in is the last of
// those entered, or the start; the start is the walk's root, which ".." cannot
// leave. rest is what of the path is still ahead: it is never empty before last
// has returned, and never begins with a slash.
type walker struct {
	start   Dir
	entered []Dir
	rest    string
	links   int
}

// last is the end of a path: a name in the directory that the walk stands in,
// or, with an empty name, that directory itself.
type last struct {
	name   string
	slash  bool // a slash follows: only a directory will do
	parent bool // without name: the path ended in ".."
}

func newWalker(dir Dir, path string) (*walker, error) {
	if err := CheckPath(path); err != nil {
		return nil, err
	}
	if err := checkStart(path); err != nil {
		return nil, err
	}
	return &walker{start: dir, rest: path}, nil
}

// checkStart judges what a path or a followed symbolic link's text begins with.
func checkStart(path string) error {
	switch {
	case path == "":
		return cloudabi.ENOENT
	case path[0] == '/':
		return cloudabi.ENOTCAPABLE
	}
	return nil
}

func (w *walker) close() {
	for _, d := range w.entered {
		d.Close()
	}
	w.entered = nil
}

func (w *walker) dir() Dir {
	if n := len(w.entered); n > 0 {
		return w.entered[n-1]
	}
	return w.start
}

// last walks up to the last component of rest. After follow it can be called
// again.
func (w *walker) last() (last, error) {
	for {
		name, rest, slash := strings.Cut(w.rest, "/")
		w.rest = strings.TrimLeft(rest, "/")
		if len(name) > NameMax {
			return last{}, cloudabi.ENAMETOOLONG
		}
		var err error
		switch {
		case name == "..":
			err = w.leave()
		case name == ".":
		case w.rest == "":
			return last{name: name, slash: slash}, nil
		default:
			err = w.enter(name)
		}
		if err != nil {
			return last{}, err
		}
		if w.rest == "" {
			return last{parent: name == ".."}, nil
		}
	}
}

func (w *walker) enter(name string) error {
	if len(w.entered) >= maxDepth {
		return cloudabi.ENAMETOOLONG
	}
	d, err := w.dir().OpenDir(name)
	if err == cloudabi.ELOOP {
		return w.follow(name, false)
	}
	if err != nil {
		return err
	}
	w.entered = append(w.entered, d)
	return nil
}

func (w *walker) leave() error {
	n := len(w.entered)
	if n == 0 {
		return cloudabi.ENOTCAPABLE
	}
	w.entered[n-1].Close()
	w.entered = w.entered[:n-1]
	return nil
}

// follow puts the text of a symbolic link in front of the rest of the path.
func (w *walker) follow(name string, slash bool) error {
	if w.links++; w.links > maxLinks {
		return cloudabi.ELOOP
	}
	text, err := w.dir().Readlink(name)
	if err == cloudabi.EINVAL {
		// It was a symbolic link a moment ago. Look again; that this counts as
		// a link bounds the race.
		text, err = name, nil
	}
	if err != nil {
		return err
	}
	if err := checkStart(text); err != nil {
		return err
	}
	if slash || w.rest != "" {
		text += "/" + w.rest
	}
	if err := CheckPath(text); err != nil {
		return err
	}
	w.rest = text
	return nil
}

// object finds the object that the path names and its attributes, following a
// final symbolic link under follow or if a slash follows. If only the last
// component is missing the error is ENOENT and its name is returned all the
// same.
func (w *walker) object(follow bool) (last, cloudabi.Filestat, error) {
	for {
		l, err := w.last()
		if err != nil {
			return last{}, cloudabi.Filestat{}, err
		}
		if l.name == "" {
			st, err := w.dir().Stat()
			return l, st, err
		}
		st, err := w.dir().Lookup(l.name)
		switch {
		case err != nil:
			return l, cloudabi.Filestat{}, err
		case st.Filetype == cloudabi.FiletypeSymbolicLink && (follow || l.slash):
			if err := w.follow(l.name, l.slash); err != nil {
				return last{}, cloudabi.Filestat{}, err
			}
			continue
		case l.slash && st.Filetype != cloudabi.FiletypeDirectory:
			return last{}, cloudabi.Filestat{}, cloudabi.ENOTDIR
		}
		return l, st, nil
	}
}

// entry finds the name that the path ends in. Only if a slash follows need there
// be anything: a directory, or a symbolic link to one, which is followed.
// Missing, it is ENOENT with the name, as with object.
func (w *walker) entry() (last, error) {
	l, err := w.last()
	if err != nil || l.name == "" || !l.slash {
		return l, err
	}
	w.rest = l.name + "/"
	l, _, err = w.object(true)
	return l, err
}

// newName finds a name that something other than a directory is to be made
// under. It leaves it to the backend to refuse an existing one, unless a slash
// follows.
func (w *walker) newName() (string, error) {
	l, err := w.entry()
	switch {
	case err != nil:
		return "", err
	case l.name == "", l.slash:
		return "", cloudabi.EEXIST
	}
	return l.name, nil
}
