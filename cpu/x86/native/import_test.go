package native

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The oracle runs whatever it is given: nothing but tests may import it.
func TestImportedByTestsOnly(t *testing.T) {
	const self = "github.com/nuage-emu/nuage/cpu/x86/native"
	root := os.DirFS("../../..")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
		if err != nil {
			return nil // not this test's business
		}
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err == nil && name == self {
				t.Errorf("%s imports the native oracle", path)
			}
		}
		return nil
	})
	require.NoError(t, err)
}
