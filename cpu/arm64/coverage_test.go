package arm64

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu/arm64/native"
)

// longRuns are runs of the differential suite that found nothing.
var longRuns = []struct {
	count           int
	commit, command string
}{
	{104_352_000, "47b04fd", "NUAGE_DIFF=120,20262 go test -v -run TestDifferential -timeout 0 ./cpu/arm64"},
	{104_352_000, "fc890bf", "NUAGE_DIFF=120,20263 go test -v -run 'TestDifferential$' -timeout 0 ./cpu/arm64"},
}

// edgeRun is a run of TestEdges over all of them, with nothing found.
const (
	edgeCount  = 246_256_451
	edgeCommit = "47b04fd"
)

// coverageList is the list of all rows and how each is tested.
func coverageList() string {
	var b strings.Builder
	executed, rows := 0, 0
	var list strings.Builder
	for _, r := range Rows() {
		oracle := "qemu-aarch64"
		if why := excluded(r); why != "" {
			oracle = "engine_test.go (" + why + ")"
		} else {
			executed++
		}
		rows++
		feature := r.sec.Feature
		if feature == "" {
			feature = "v8.0"
		}
		name := strings.ReplaceAll(r.Name, "\t", " ")
		fmt.Fprintf(&list, "%-10s %s  %-34s %-14s %-12s %s\n", name, r.Bits, r.Ops, feature, strings.Fields(r.sec.Ref)[0], oracle)
	}
	fmt.Fprintf(&b, "The rows of the aarch64 decode table: mnemonic, encoding, operands, feature,\n"+
		"section of the manual (DDI 0487), oracle. Every row is also held against the\n"+
		"texts of objdump and golang.org/x/arch, and stepped against run (FuzzRun).\n"+
		"%d rows, of which %d are executed by qemu-aarch64 too (TestDifferential).\n"+
		"Written by: NUAGE_UPDATE=1 go test -run TestCoverageList ./cpu/arm64\n", rows, executed)
	if len(longRuns) > 0 {
		total := 0
		for _, r := range longRuns {
			total += r.count
		}
		fmt.Fprintf(&b, "\n%d random instructions have been executed by both without a difference, in\n", total)
		for _, r := range longRuns {
			fmt.Fprintf(&b, "%12d  commit %s: %s\n", r.count, r.commit, r.command)
		}
	}
	fmt.Fprintf(&b, "All combinations of edge operands (diff_edges_test.go) have been executed by both as well:\n"+
		"%12d  commit %s: NUAGE_EDGES=1 go test -v -run TestEdges -timeout 0 ./cpu/arm64\n", edgeCount, edgeCommit)
	b.WriteString("\nWhere qemu 7.2 does not do what the manual says, or the manual leaves it open:\n")
	for _, d := range divergences {
		fmt.Fprintf(&b, "- %s\n", strings.ReplaceAll(d, "\n", "\n  "))
	}
	fmt.Fprintf(&b, "\nThe encoding space is swept (decode_sweep_test.go): near each row, over all values of bits 31 to 21 and\n"+
		"15 to 10, and at random: 3364404 words against the texts (NUAGE_SWEEP=12), 778780 executed (NUAGE_SWEEP=3), by\n"+
		"NUAGE_SWEEP=n go test -v -run TestSweep -timeout 0 ./cpu/arm64. What is no instruction here is none for objdump, x/arch and qemu's %s either, but for\n", native.Plain)
	for _, l := range []struct {
		who  string
		list []encodings
	}{{"qemu has besides", later}, {"qemu is wrong", accepted}, {"x/arch is wrong", goAccepts}} {
		for _, e := range l.list {
			fmt.Fprintf(&b, "- %s (%08x under %08x): %s\n", l.who, e.value, e.mask, e.why)
		}
	}
	b.WriteString("- objdump: instructions and registers of extensions that are not presented\n\n" + list.String())
	return b.String()
}

// TestCoverageList keeps the list in the repository that of the table.
func TestCoverageList(t *testing.T) {
	const file = "testdata/coverage.txt"
	if os.Getenv("NUAGE_UPDATE") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(coverageList()), 0o644))
	}
	old, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(old), coverageList(), "NUAGE_UPDATE=1 go test -run TestCoverageList writes it")
}
