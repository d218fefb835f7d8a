package gen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Eras of the ABI as the data files name them.
const (
	eraAll  = "all"
	era2015 = "2015"
)

func validEra(s string) bool { return s == eraAll || s == era2015 }

var (
	kinds  = []string{"enum", "flags", "number"}
	widths = []string{"uint8", "uint16", "uint32", "uint64", "int64"}
)

// scalar is one scalar type.
type scalar struct {
	Kind   string // enum, flags, number
	Name   string
	Width  string // uint8 … uint64, int64
	Prefix string // follows CLOUDABI_ in constants
	Era    string
	Doc    string
	Values []scalarValue
}

type scalarValue struct {
	Name  string
	Value uint64
	Era   string
	Doc   string
}

// bytes is the size of the type.
func (s *scalar) bytes() int { return widthBytes(s.Width) }

func widthBytes(width string) int {
	switch strings.TrimPrefix(width, "u") {
	case "int8":
		return 1
	case "int16":
		return 2
	case "int32":
		return 4
	}
	return 8
}

// cConst is the constant's name in C without CLOUDABI_.
func (s *scalar) cConst(v scalarValue) string { return s.Prefix + strings.ToUpper(v.Name) }

// goConst is the constant's name in Go: camel case of the C name, except
// for error numbers and signals, which keep the name everybody knows.
func (s *scalar) goConst(v scalarValue) string {
	c := s.cConst(v)
	if s.Name == "errno" || s.Name == "signal" {
		return c
	}
	if c == "FILESTAT_SIZE" { // FilestatSize is the size of the structure
		return "FilestatSizeFlag"
	}
	return camel(c)
}

// display is the text String prints for the value.
func (s *scalar) display(v scalarValue) string {
	if s.Name == "errno" || s.Name == "signal" {
		return s.cConst(v)
	}
	return v.Name
}

// camel turns FD_READ or fd_read into FdRead.
func camel(s string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(s, "_") {
		if part == "" {
			continue
		}
		b.WriteString(strings.ToUpper(part[:1]))
		b.WriteString(strings.ToLower(part[1:]))
	}
	return b.String()
}

// line is one meaningful line of a data file.
type line struct {
	file   string
	no     int
	indent bool
	words  []string
	text   string // trimmed
}

func (l line) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", l.file, l.no, fmt.Sprintf(format, args...))
}

// rest is the text behind the first n words.
func (l line) rest(n int) string {
	s := l.text
	for range n {
		s = strings.TrimLeft(s, " \t")
		i := strings.IndexAny(s, " \t")
		if i < 0 {
			return ""
		}
		s = s[i:]
	}
	return strings.TrimSpace(s)
}

func readLines(file, data string) []line {
	var out []line
	for i, s := range strings.Split(data, "\n") {
		t := strings.TrimSpace(s)
		if t == "" || strings.HasPrefix(t, "#") {
			continue
		}
		out = append(out, line{file: file, no: i + 1, indent: s[0] == '\t', words: strings.Fields(t), text: t})
	}
	return out
}

func parseScalars(data string) ([]*scalar, error) {
	var out []*scalar
	for _, l := range readLines("scalars.txt", data) {
		if l.indent {
			if len(out) == 0 || len(l.words) < 3 {
				return nil, l.errorf("value without a type, or with too few columns")
			}
			n, err := strconv.ParseUint(l.words[1], 0, 64)
			if err != nil {
				return nil, l.errorf("%v", err)
			}
			if !validEra(l.words[2]) {
				return nil, l.errorf("era %q, want all or 2015", l.words[2])
			}
			s := out[len(out)-1]
			s.Values = append(s.Values, scalarValue{Name: l.words[0], Value: n, Era: l.words[2], Doc: l.rest(3)})
			continue
		}
		if len(l.words) < 5 || !slices.Contains(kinds, l.words[0]) || !slices.Contains(widths, l.words[2]) || !validEra(l.words[4]) {
			return nil, l.errorf("want: kind name width prefix era description")
		}
		s := &scalar{Kind: l.words[0], Name: l.words[1], Width: l.words[2], Prefix: l.words[3], Era: l.words[4], Doc: l.rest(5)}
		if s.Prefix == "-" {
			s.Prefix = ""
		}
		out = append(out, s)
	}
	return out, nil
}
