package main

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// table is rows of text, the first column to the left, the others to the
// right, in the form that Markdown understands too.
type table struct{ rows [][]string }

func newTable(title string, columns ...string) *table {
	return &table{[][]string{append([]string{title}, columns...)}}
}

// add adds a row; missing cells are empty.
func (t *table) add(title string, cells ...string) {
	row := make([]string, len(t.rows[0]))
	copy(row, append([]string{title}, cells...))
	t.rows = append(t.rows, row)
}

// String is the table with a line below the head.
func (t *table) String() string {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 2)
		}
	}
	var b strings.Builder
	for n, row := range t.rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				cell += pad
			} else {
				cell = pad + cell
			}
			fmt.Fprintf(&b, "| %s ", cell)
		}
		b.WriteString("|\n")
		if n > 0 {
			continue
		}
		for i, width := range widths {
			dashes := strings.Repeat("-", width+1)
			if i == 0 {
				b.WriteString("|" + dashes + "-")
			} else {
				b.WriteString("|" + dashes + ":")
			}
		}
		b.WriteString("|\n")
	}
	return b.String()
}

// ratio prints a ratio with as many digits as mean something.
func ratio(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func percent(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf("%.0f%%", 100*v)
}
