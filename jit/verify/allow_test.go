package verify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// TestNames: each listed name is one of the table, once, and has a row that may
// be used.
func TestNames(t *testing.T) {
	usable := make(map[string]bool)
	for i, r := range x86.Rows() {
		usable[r.Name] = usable[r.Name] || rules()[i].class != refused
	}
	seen := make(map[string]bool)
	for _, n := range strings.Fields(computing) {
		require.True(t, usable[n], n)
		require.False(t, seen[n], "%s twice", n)
		require.Equal(t, refused, special()[n], "%s is special", n)
		seen[n] = true
	}
	for n := range special() {
		require.True(t, usable[n], n)
		seen[n] = true
	}
	for _, n := range strings.Fields(clearing + quiet) {
		require.True(t, seen[n], n)
	}
}

// TestRules: no row that may be used has operands that are not understood, and
// none touches a register that is the host's without being asked to.
func TestRules(t *testing.T) {
	for i, r := range x86.Rows() {
		c := rules()[i].class
		if c == refused {
			continue
		}
		f := r.Section().Feature
		require.NotContains(t, []string{"FPU", "MMX", "FXSR", "XSAVE", "XSAVEOPT", "XSAVEC", "RDRAND", "RDSEED"}, f, r)
		require.NotContains(t, r.Section().Ref, "System Instructions", r)
		for _, o := range r.Operands() {
			require.NotContains(t, "SCDPQNFKOT", string(o.Method), r)
			require.False(t, o.Access && strings.IndexByte("EMWU", o.Method) >= 0 && o.Type == 'a', r)
		}
	}
}

// TestRoles: the translator keeps the guest's registers where this package
// takes them to be.
func TestRoles(t *testing.T) {
	for i := range conventions() {
		c, roles := rewrite.Convention(i), &conventions()[i]
		var without []int
		for r := range 16 {
			h, ok := c.HostRegister(r)
			switch {
			case c.Counts() && r == rewrite.Counter:
				require.Equal(t, counter, r)
				require.False(t, ok)
			case !ok:
				without = append(without, r)
			case r == x86.RSP:
				require.Equal(t, amd64.Reg(stackPointer), h)
			default:
				require.NotZero(t, roles.guest>>h&1, "%v, %s", c, name(uint8(h)))
			}
		}
		require.ElementsMatch(t, roles.spilled, without, c)
		n := 0
		for _, f := range roles.fields {
			if f.use == scratch {
				n++
			}
		}
		require.Equal(t, cells, n, c)
	}
	require.Equal(t, rewrite.StackAhead, stackAhead)
	require.Equal(t, rewrite.TableBelow, tableBelow)
}

// TestIndependence: nothing but the description of a unit comes from the
// translator, and nothing from the encoder.
func TestIndependence(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		for _, i := range f.Imports {
			require.NotContains(t, i.Path.Value, "jit/asm", path)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "rewrite" {
					require.Contains(t, []string{
						"Unit", "Convention", "StateInGS", "StateInRegister", "Counting", "MarkState", "Within", "Before", "CopyBefore", "FillBefore", "ProbeBefore", "Arriving",
						"ExitDirect", "ExitIndirect", "ExitSyscall", "ExitInterpret", "ExitBudget",
					}, s.Sel.Name, path)
				}
			}
			return true
		})
	}
}
