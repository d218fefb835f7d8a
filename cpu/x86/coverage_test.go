package x86

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// coverageList is the list of all rows and how each is tested.
func coverageList(rec runRecord) string {
	var list strings.Builder
	native, rows, random, edges, differ := 0, 0, 0, 0, 0
	fewest := 0
	for _, r := range Rows() {
		rows++
		n := rec.tally(r)
		oracle, remark := "host", r.apart()
		if why := r.whyNotNative(); why != "" {
			oracle, remark = "none", why
			if why == ownTest {
				oracle = "host"
			}
		} else {
			native++
			if fewest == 0 || n.random < fewest {
				fewest = n.random
			}
		}
		random, edges, differ = random+n.random, edges+n.edges, differ+n.differ
		feature := r.sec.Feature
		if feature == "" {
			feature = "-"
		}
		line := fmt.Sprintf("%-34s %-20s %-28s %-10s %-4s %7d %5d %8d  %s", r.Enc, r.Name, r.Ops, feature, oracle, n.random, n.encodings, n.edges, remark)
		fmt.Fprintln(&list, strings.TrimRight(line, " "))
	}
	return fmt.Sprintf(`The rows of the x86-64 decode table: encoding, mnemonic, operands, CPUID
feature, oracle, random instances, encodings among these (a seed each), instances
with edge operands, remark. Sections of the manual stand in the table.

Oracle "host": a processor executes the instance too, and registers, flags,
memory, faults and the exceptions of both floating-point units agree with the
interpreter's (TestDifferential; what may differ, and why, is in
diff_excuse_test.go). Decoding is held against golang.org/x/arch
(TestRowsAgainstForeignDecoder), objdump (TestLegacyAgainstObjdump,
TestVEXAgainstObjdump), and the processor's idea of what is an instruction
(TestSweepAgainstHost, TestVEXConstraints).

%d rows, of which %d are executed by the host. Recorded, on an Intel Xeon of the
Sapphire Rapids kind, by

    go test ./cpu/x86 -run Differential -timeout 0 -diff.count 10000 -diff.seed S -diff.record testdata/instances.txt
    go test ./cpu/x86 -run Differential/window -timeout 0 -diff.edges -diff.record testdata/instances.txt

with S = %s

are %d random instances (at least %d a row) and %d instances with edge
operands; encodings of which an instance differed: %d.

Written by: NUAGE_UPDATE=1 go test -run TestCoverageList ./cpu/x86

%s`, rows, native, strings.Join(rec.seeds(), ", "), random, fewest, edges, differ, list.String())
}

// TestCoverageList keeps the list in the repository that of the table.
func TestCoverageList(t *testing.T) {
	const file = "testdata/coverage.txt"
	rec, err := readRecord(recordFile)
	require.NoError(t, err)
	want := coverageList(rec)
	if os.Getenv("NUAGE_UPDATE") != "" {
		require.NoError(t, rec.write(recordFile))
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
	}
	old, err := os.ReadFile(file)
	require.NoError(t, err)
	if string(old) == want {
		return
	}
	for _, r := range Rows() {
		if !strings.Contains(string(old), r.Enc+" ") {
			t.Errorf("%v is not in %s", r, file)
		}
	}
	t.Fatalf("%s is out of date: NUAGE_UPDATE=1 go test -run TestCoverageList ./cpu/x86 writes it", file)
}
