package gen_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi/internal/gen"
)

// A slip in a data file is reported with its place, not generated.
func TestGenerateRefusesBadData(t *testing.T) {
	for _, c := range []struct{ file, old, new, want string }{
		{"scalars.txt", "enum advice uint8 ADVICE_ all", "enum advice uint8", "scalars.txt:"},
		{"scalars.txt", "\tdontneed    1 ", "\tdontneed    one ", "scalars.txt:"},
		{"structs.txt", "struct auxv 16 8", "struct auxv big 8", "structs.txt:"},
		{"structs.txt", "d_ino     inode", "d_ino     inodes", "unknown type inodes"},
		{"structs.txt", "when type clock", "if type clock", "structs.txt:"},
		{"calls.txt", "in iovs const_iovec*", "in iovs const_iovecs*", "unknown type iovecs"},
		{"calls.txt", "need fd base fd_datasync", "need fd base fd_datasink", "no right \"fd_datasink\""},
		{"calls.txt", "need fd base fd_datasync", "need fdx base fd_datasync", "no argument"},
		{"calls.txt", "\tdrop poll_once", "\tdrop poll_twice", "poll_twice is not in the table"},
		{"calls.txt", "exitcode\n\tnoreturn", "exitcode\n\tnever", "calls.txt:"},
		{"rights.txt", "kind all directory", "sort all directory", "rights.txt:"},
	} {
		fs := fstest.MapFS{}
		for _, name := range []string{"scalars.txt", "structs.txt", "calls.txt", "rights.txt"} {
			data, err := os.ReadFile("../../spec/" + name)
			require.NoError(t, err)
			if name == c.file {
				require.Contains(t, string(data), c.old)
				data = []byte(strings.Replace(string(data), c.old, c.new, 1))
			}
			fs[name] = &fstest.MapFile{Data: data}
		}
		_, err := gen.Generate(fs)
		require.ErrorContains(t, err, c.want, "%s → %s", c.old, c.new)
	}
	_, err := gen.Generate(fstest.MapFS{})
	require.Error(t, err)
}
