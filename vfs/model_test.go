package vfs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// The model is a tree of maps, and path rules written a second time, in the
// plainest way: one recursive function over a list of components.

type mnode struct {
	kind   cloudabi.Filetype
	names  map[string]*mnode
	text   string
	data   string
	parent *mnode
}

type model struct{ root *mnode }

func newModel() *model {
	return &model{&mnode{kind: dirType, names: map[string]*mnode{}}}
}

// spot is where a path ends.
type spot struct {
	dir   *mnode // that the last name is in
	name  string // "." or ".." if the path ends so
	node  *mnode // nil if missing
	slash bool
}

func (m *model) resolve(path string, follow bool) (spot, error) {
	links := 0
	var walk func(stack []*mnode, path string) (spot, error)
	walk = func(stack []*mnode, path string) (spot, error) {
		if path == "" {
			return spot{}, cloudabi.ENOENT
		}
		if path[0] == '/' {
			return spot{}, cloudabi.ENOTCAPABLE
		}
		slash := strings.HasSuffix(path, "/")
		parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
		for i, name := range parts {
			here := stack[len(stack)-1]
			lastOne := i == len(parts)-1
			switch name {
			case ".":
				if lastOne {
					return spot{here, ".", here, slash}, nil
				}
				continue
			case "..":
				if len(stack) == 1 {
					return spot{}, cloudabi.ENOTCAPABLE
				}
				stack = stack[:len(stack)-1]
				if lastOne {
					up := stack[len(stack)-1]
					return spot{up, "..", up, slash}, nil
				}
				continue
			}
			n := here.names[name]
			if n != nil && n.kind == linkType && (!lastOne || follow || slash) {
				if links++; links > 32 {
					return spot{}, cloudabi.ELOOP
				}
				rest := strings.Join(parts[i+1:], "/")
				text := n.text
				if rest != "" || slash {
					text += "/" + rest
				}
				if rest != "" && slash {
					text += "/"
				}
				return walk(stack, text)
			}
			if lastOne {
				if n != nil && slash && n.kind != dirType {
					return spot{}, cloudabi.ENOTDIR
				}
				return spot{here, name, n, slash}, nil
			}
			if n == nil {
				return spot{}, cloudabi.ENOENT
			}
			if n.kind != dirType {
				return spot{}, cloudabi.ENOTDIR
			}
			stack = append(slices.Clone(stack), n)
		}
		panic("unreachable")
	}
	return walk([]*mnode{m.root}, path)
}

func (s spot) special() bool { return s.name == "." || s.name == ".." }

func (m *model) stat(path string, follow bool) (*mnode, error) {
	s, err := m.resolve(path, follow)
	if err == nil && s.node == nil {
		err = cloudabi.ENOENT
	}
	return s.node, err
}

func (s spot) put(n *mnode) error {
	s.dir.names[s.name] = n
	n.parent = s.dir
	return nil
}

func (m *model) mkdir(path string) error {
	s, err := m.resolve(path, false)
	if err != nil {
		return err
	}
	if s.node != nil {
		return cloudabi.EEXIST
	}
	return s.put(&mnode{kind: dirType, names: map[string]*mnode{}})
}

func (m *model) fresh(path string) (spot, error) {
	s, err := m.resolve(path, false)
	switch {
	case err != nil:
	case s.node != nil:
		err = cloudabi.EEXIST
	case s.slash:
		err = cloudabi.ENOENT
	}
	return s, err
}

func (m *model) symlink(text, path string) error {
	s, err := m.fresh(path)
	if err != nil {
		return err
	}
	return s.put(&mnode{kind: linkType, text: text})
}

func (m *model) link(from, to string, follow bool) error {
	n, err := m.stat(from, follow)
	if err != nil {
		return err
	}
	if n.kind == dirType {
		return cloudabi.EPERM
	}
	s, err := m.fresh(to)
	if err != nil {
		return err
	}
	s.dir.names[s.name] = n
	return nil
}

func (m *model) unlink(path string, removedir bool) error {
	s, err := m.resolve(path, false)
	switch {
	case err != nil:
		return err
	case s.node == nil:
		return cloudabi.ENOENT
	case !removedir && s.node.kind == dirType:
		return cloudabi.EPERM
	case removedir && s.node.kind != dirType:
		return cloudabi.ENOTDIR
	case removedir && s.name == ".":
		return cloudabi.EINVAL
	case removedir && (s.name == ".." || len(s.node.names) > 0):
		return cloudabi.ENOTEMPTY
	}
	delete(s.dir.names, s.name)
	return nil
}

func (m *model) rename(from, to string) error {
	a, err := m.resolve(from, false)
	switch {
	case err != nil:
		return err
	case a.special():
		return cloudabi.EINVAL
	case a.node == nil && a.slash:
		return cloudabi.ENOENT
	}
	b, err := m.resolve(to, false)
	if err != nil {
		return err
	}
	if b.node == nil && b.slash {
		if a.node == nil {
			return cloudabi.ENOENT
		}
		if a.node.kind != dirType {
			return cloudabi.ENOTDIR
		}
	}
	switch {
	case b.special():
		return cloudabi.EINVAL
	case a.node == nil:
		return cloudabi.ENOENT
	case a.node == b.node:
		return nil
	}
	if a.node.kind == dirType {
		for d := b.dir; d != nil; d = d.parent {
			if d == a.node {
				return cloudabi.EINVAL
			}
		}
		if b.node != nil && b.node.kind != dirType {
			return cloudabi.ENOTDIR
		}
		if b.node != nil && len(b.node.names) > 0 {
			return cloudabi.ENOTEMPTY
		}
	} else if b.node != nil && b.node.kind == dirType {
		return cloudabi.EISDIR
	}
	delete(a.dir.names, a.name)
	return b.put(a.node)
}

func (m *model) write(path, data string, follow, excl bool) error {
	s, err := m.resolve(path, follow && !excl)
	if err != nil {
		return err
	}
	switch {
	case s.node != nil && excl:
		return cloudabi.EEXIST
	case s.node == nil && s.slash:
		return cloudabi.ENOENT
	case s.node == nil:
		return s.put(&mnode{kind: fileType, data: data})
	case s.node.kind == dirType:
		return cloudabi.EISDIR
	case s.node.kind == linkType:
		return cloudabi.ELOOP
	}
	s.node.data = data
	return nil
}

// same compares a directory with the model's, wholly.
func same(t require.TestingT, dir Dir, n *mnode, where string) {
	var got []string
	require.NoError(t, dir.ReadDir(0, func(e Entry) bool {
		if e.Name != "." && e.Name != ".." {
			got = append(got, e.Name)
			require.Equal(t, n.names[e.Name].kind, e.Filetype)
		}
		return true
	}))
	require.ElementsMatch(t, slices.Collect(maps.Keys(n.names)), got, where)
	for _, name := range got {
		child := n.names[name]
		switch child.kind {
		case dirType:
			d, err := dir.OpenDir(name)
			require.NoError(t, err)
			same(t, d, child, where+"/"+name)
			require.NoError(t, d.Close())
		case linkType:
			text, err := dir.Readlink(name)
			require.NoError(t, err)
			require.Equal(t, child.text, text)
		default:
			f, err := dir.OpenFile(name, OpenFlags{Read: true})
			require.NoError(t, err)
			p := make([]byte, 100)
			k, err := f.ReadAt(p, 0)
			require.NoError(t, err)
			require.Equal(t, child.data, string(p[:k]), where+"/"+name)
			require.NoError(t, f.Close())
		}
	}
}

func pathGen() *rapid.Generator[string] {
	part := rapid.SampledFrom([]string{"a", "b", "c", "a", "b", "c", "..", "."})
	return rapid.Custom(func(t *rapid.T) string {
		p := strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "parts"), rapid.SampledFrom([]string{"/", "/", "/", "//"}).Draw(t, "sep"))
		switch rapid.IntRange(0, 19).Draw(t, "form") {
		case 0:
			return "/" + p
		case 1, 2:
			return p + "/"
		}
		return p
	})
}

// operation draws one change, makes it in both, and returns both answers.
func operation(t *rapid.T, dir Dir, m *model) (what string, got, want error) {
	path := pathGen()
	p := path.Draw(t, "path")
	follow := rapid.Bool().Draw(t, "follow")
	switch op := rapid.SampledFrom([]string{"mkdir", "mkdir", "write", "write", "excl", "symlink", "link", "rename", "rename", "unlink", "rmdir", "stat", "readlink"}).Draw(t, "op"); op {
	case "mkdir":
		return op + " " + p, Mkdir(dir, p), m.mkdir(p)
	case "write", "excl":
		data := rapid.StringMatching("[a-z]{0,5}").Draw(t, "data")
		excl := op == "excl"
		return fmt.Sprint(op, " ", p, follow), writeAll(dir, p, data, follow, excl), m.write(p, data, follow, excl)
	case "symlink":
		text := path.Draw(t, "text")
		return op + " " + text + " " + p, Symlink(text, dir, p), m.symlink(text, p)
	case "link":
		q := path.Draw(t, "to")
		return fmt.Sprint(op, " ", p, " ", q, follow), Link(dir, p, follow, dir, q), m.link(p, q, follow)
	case "rename":
		q := path.Draw(t, "to")
		return op + " " + p + " " + q, Rename(dir, p, dir, q), m.rename(p, q)
	case "unlink", "rmdir":
		return op + " " + p, Unlink(dir, p, op == "rmdir"), m.unlink(p, op == "rmdir")
	case "readlink":
		_, got = Readlink(dir, p)
		n, want := m.stat(p, false)
		if want == nil && n.kind != linkType {
			want = cloudabi.EINVAL
		}
		return op + " " + p, got, want
	default:
		st, got := Stat(dir, p, follow)
		n, want := m.stat(p, follow)
		if got == nil && want == nil && n.kind != st.Filetype {
			t.Fatalf("stat %s: %v instead of %v", p, st.Filetype, n.kind)
		}
		return fmt.Sprint(op, " ", p, follow), got, want
	}
}

func writeAll(dir Dir, path, data string, follow, excl bool) error {
	o, err := Open(dir, path, OpenOptions{Follow: follow, Flags: OpenFlags{Write: true, Create: true, Exclusive: excl, Truncate: true}})
	if err != nil {
		return err
	}
	defer o.File.Close()
	_, err = o.File.WriteAt([]byte(data), 0)
	return err
}

func TestModel(t *testing.T) {
	for _, b := range writable {
		t.Run(b.name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				m := newModel()
				// What there is below an overlay was made in the lower tree.
				lowerSteps := 0
				dir := b.make(t)
				if strings.HasPrefix(b.name, "overlay") {
					lowerSteps = 15
				}
				if lowerSteps > 0 {
					lower := writable[0].make(t)
					if strings.HasSuffix(b.name, "host") {
						lower = writable[1].make(t)
					}
					require.NoError(rt, dir.Close())
					steps(rt, lower, m, lowerSteps)
					dir = newTestOverlay(t, lower)
				}
				steps(rt, dir, m, 40)
				same(rt, dir, m.root, "")
				require.NoError(rt, dir.Close())
			})
		})
	}
}

func steps(t *rapid.T, dir Dir, m *model, most int) {
	for range rapid.IntRange(1, most).Draw(t, "steps") {
		what, got, want := operation(t, dir, m)
		if want == nil {
			require.NoError(t, got, what)
		} else {
			require.Equal(t, want, got, what)
		}
	}
}
