package nuage

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rules of the house that a machine can check; CONTRIBUTING.md has them in
// words. Each test looks at the whole tree.

// source is a Go file of the repository.
type source struct {
	path string // with slashes, relative to the root
	file *ast.File
	set  *token.FileSet
}

func (s source) dir() string { return filepath.ToSlash(filepath.Dir(s.path)) }
func (s source) test() bool  { return strings.HasSuffix(s.path, "_test.go") }

func (s source) imports() []string {
	var list []string
	for _, i := range s.file.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		list = append(list, path)
	}
	return list
}

func sources(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

// parsed is all files. Parsing them takes a second, and several with the race
// detector.
var parsed = sync.OnceValues(func() (all []source, err error) {
	set := token.NewFileSet()
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err == nil {
			all = append(all, source{filepath.ToSlash(path), f, set})
		}
		return err
	})
	return all, err
})

// TestUnsafeIsNamed: package unsafe, and linkname, only in *_unsafe.go.
func TestUnsafeIsNamed(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains(s.imports(), "unsafe") && !strings.Contains(filepath.Base(s.path), "_unsafe") {
			t.Errorf("%s imports unsafe; move that part to a file named *_unsafe.go", s.path)
		}
	}
}

// below are the packages under the Host seam: nothing in them may learn of the
// world outside in any other way.
var below = []string{"abi", "abi/cloudabi", "argdata", "cpu", "cpu/internal/blocks", "cpu/x86", "cpu/arm64", "cpu/softfloat", "elf", "jit/rewrite", "jit/verify", "jit/asm/amd64"}

// worldly are the packages through which one learns of the world.
var worldly = []string{"crypto/rand", "math/rand", "math/rand/v2", "net", "net/http", "os", "os/exec", "os/signal", "os/user",
	"runtime", "runtime/metrics", "runtime/pprof", "syscall", "time", "golang.org/x/sys/unix", "golang.org/x/sys/windows"}

// unworldly are the exceptions, each with its reason.
var unworldly = map[string]string{
	"abi/sched_runtime.go:runtime":     "gives up the processor for thread_yield; learns nothing",
	"argdata/value.go:time":            "converts time.Time, which a caller has made",
	"argdata/timestamp.go:time":        "converts time.Time, which a caller has made",
	"argdata/text.go:time":             "formats a given time",
	"cpu/x86/encode.go:math/rand/v2":   "draws instances for tests from a source that the caller has made",
	"cpu/arm64/encode.go:math/rand/v2": "the same",
}

// TestSeam: no source of time, randomness or host identity below the seam.
func TestSeam(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || !slices.Contains(below, s.dir()) {
			continue
		}
		for _, path := range s.imports() {
			if slices.Contains(worldly, path) && unworldly[s.path+":"+path] == "" {
				t.Errorf("%s imports %s: what is not determined by the guest comes through abi.Host", s.path, path)
			}
		}
	}
}

// TestGuestSideKnowsNoHost: no build tags and no GOOS or GOARCH below the seam.
func TestGuestSideKnowsNoHost(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || !slices.Contains(below, s.dir()) {
			continue
		}
		for _, group := range s.file.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//go:build") {
					t.Errorf("%s has a build tag", s.path)
				}
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && (sel.Sel.Name == "GOOS" || sel.Sel.Name == "GOARCH") {
				t.Errorf("%s: asks what the host is", s.set.Position(sel.Pos()))
			}
			return true
		})
	}
}

// floors are the packages from the top of the house down: none imports one
// that stands further up (CONTRIBUTING.md has the drawing).
var floors = []string{"cmd", "bench", "conformance", "launch", "", "jit", "abi/host", "abi", "vfs", "argdata", "elf", "cpu/x86", "cpu/arm64", "cpu/softfloat", "cpu", "memory", "abi/cloudabi"}

func floor(dir string) int {
	best, length := -1, -1
	for i, f := range floors {
		if (dir == f || f != "" && strings.HasPrefix(dir, f+"/")) && len(f) > length {
			best, length = i, len(f)
		}
	}
	return best
}

// TestImportsPointDown checks the house's arrows.
func TestImportsPointDown(t *testing.T) {
	const module = "github.com/nuage-emu/nuage"
	for _, s := range sources(t) {
		dir := s.dir()
		if dir == "." {
			dir = ""
		}
		if s.test() {
			continue
		}
		from := floor(dir)
		if from < 0 {
			t.Errorf("%s: the folder %s has no floor in the house", s.path, dir)
			continue
		}
		for _, path := range s.imports() {
			rest, ours := strings.CutPrefix(path, module)
			if !ours {
				continue
			}
			if to := floor(strings.TrimPrefix(rest, "/")); to < from {
				t.Errorf("%s imports %s, which stands above it", s.path, path)
			}
		}
	}
}

// TestPackagesAreDocumented: every package says what it is for.
func TestPackagesAreDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		documented[s.dir()] = documented[s.dir()] || s.file.Doc != nil && len(s.file.Doc.Text()) > 80
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment to speak of", dir)
		}
	}
}
