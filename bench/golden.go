package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// goldenText has the checksums of native runs, a line each: program, n,
// checksum. go run ./bench --golden prints it.
//
//go:embed testdata/golden.txt
var goldenText string

const goldenHead = `# Checksums of native runs: program, n, checksum. Made by
#   go run ./bench --golden >bench/testdata/golden.txt
`

// golden prints the table anew.
func (s *session) golden(ctx context.Context, w io.Writer) error {
	var b strings.Builder
	b.WriteString(goldenHead)
	for _, p := range s.programs {
		r, err := s.run(ctx, &native, p.name, p.test)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %d %s\n", p.name, p.test, r.Checksum)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// goldenRow is one line of the table.
type goldenRow struct {
	program  string
	n        uint64
	checksum string
}

// readGolden reads the table.
func readGolden(text string) ([]goldenRow, error) {
	var rows []goldenRow
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("%q is not: program, n, checksum", line)
		}
		n, err := strconv.ParseUint(fields[1], 10, 64)
		if err != nil {
			return nil, err
		}
		rows = append(rows, goldenRow{fields[0], n, fields[2]})
	}
	return rows, nil
}
