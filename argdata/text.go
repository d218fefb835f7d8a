package argdata

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of [Value.String]: of the whole, and of one string in it.
const (
	maxLine   = 400
	maxString = 60
)

// String returns the value on one line, for traces and error messages: strings
// quoted, long things cut with "…". It is not meant to be read back.
func (v Value) String() string {
	l := line{}
	l.value(v)
	return l.String()
}

type line struct {
	strings.Builder
}

// full tells whether the line is long enough, and is asked before each item:
// so it bounds the depth of the walk as well.
func (l *line) full() bool { return l.Len() >= maxLine }

func (l *line) value(v Value) {
	switch v.kind {
	case KindNull:
		l.WriteString("null")
	case KindBinary:
		l.binary(v.text)
	case KindBool:
		l.WriteString(strconv.FormatBool(v.num != 0))
	case KindFD:
		if v.num > maxFD {
			l.WriteString("fd none")
		} else {
			fmt.Fprintf(l, "fd %d", v.num)
		}
	case KindFloat:
		l.WriteString(formatFloat(math.Float64frombits(v.num)))
	case KindInt:
		l.WriteString(v.decimal())
	case KindStr:
		l.quoted(v.text)
	case KindTimestamp:
		l.WriteString(formatTimestamp(int64(v.num), v.nsec))
	case KindSeq:
		l.WriteByte('[')
		for i, item := range v.items {
			if i > 0 {
				l.WriteString(", ")
			}
			if l.full() {
				l.WriteString("…")
				break
			}
			l.value(item)
		}
		l.WriteByte(']')
	case KindMap:
		l.WriteByte('{')
		for i := 0; i < len(v.items); i += 2 {
			if i > 0 {
				l.WriteString(", ")
			}
			if l.full() {
				l.WriteString("…")
				break
			}
			l.value(v.items[i])
			l.WriteString(": ")
			l.value(v.items[i+1])
		}
		l.WriteByte('}')
	}
}

func (l *line) binary(b string) {
	if len(b) <= maxString/2 {
		fmt.Fprintf(l, "binary %x", b)
	} else {
		fmt.Fprintf(l, "binary %x… (%d bytes)", b[:maxString/2], len(b))
	}
}

func (l *line) quoted(s string) {
	if len(s) <= maxString {
		l.WriteString(strconv.Quote(s))
		return
	}
	cut := maxString
	for cut > maxString-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	fmt.Fprintf(l, "%s… (%d bytes)", strconv.Quote(s[:cut]), len(s))
}

// decimal returns the digits of an integer.
func (v Value) decimal() string {
	if v.neg {
		return strconv.FormatInt(int64(v.num), 10)
	}
	return strconv.FormatUint(v.num, 10)
}

// formatFloat writes a number as YAML has it: always told from an integer.
func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if strings.ContainsAny(s, ".e") {
		return s
	}
	return s + ".0"
}

// Dump writes the value as a YAML document, every value with its tag, that the
// launcher reads back (abi/argdata.md section 6.5). Two things have no YAML
// form: "no descriptor", written as !fd "none", and the payload of a NaN.
func Dump(w io.Writer, v Value) error {
	b := bufio.NewWriter(w)
	d := dumper{b}
	d.WriteString("%TAG ! tag:nuxi.nl,2015:cloudabi/\n---\n")
	d.value(v, 0)
	d.WriteByte('\n')
	return b.Flush()
}

type dumper struct{ *bufio.Writer }

// scalar writes a tag and a text that is safe between double quotes.
func (d dumper) scalar(tag, text string) { fmt.Fprintf(d, "%s \"%s\"", tag, text) }

func (d dumper) value(v Value, depth int) {
	switch v.kind {
	case KindNull:
		d.scalar("!!null", "null")
	case KindBinary:
		d.scalar("!!binary", base64.StdEncoding.EncodeToString([]byte(v.text)))
	case KindBool:
		d.scalar("!!bool", strconv.FormatBool(v.num != 0))
	case KindFD:
		if v.num > maxFD {
			d.scalar("!fd", "none")
		} else {
			d.scalar("!fd", strconv.FormatUint(v.num, 10))
		}
	case KindFloat:
		d.scalar("!!float", formatFloat(math.Float64frombits(v.num)))
	case KindInt:
		d.scalar("!!int", v.decimal())
	case KindStr:
		d.scalar("!!str", escape(v.text))
	case KindTimestamp:
		d.scalar("!!timestamp", formatTimestamp(int64(v.num), v.nsec))
	case KindSeq:
		if len(v.items) == 0 {
			d.WriteString("!!seq []")
			return
		}
		d.WriteString("!!seq")
		for _, item := range v.items {
			d.line(depth, "- ")
			d.value(item, depth+1)
		}
	case KindMap:
		if len(v.items) == 0 {
			d.WriteString("!!map {}")
			return
		}
		d.WriteString("!!map")
		for i, item := range v.items {
			d.line(depth, [2]string{"? ", ": "}[i%2])
			d.value(item, depth+1)
		}
	}
}

// line starts a line. The indentation grows by one space a level, which is
// what YAML needs at least and keeps the deepest values affordable.
func (d dumper) line(depth int, indicator string) {
	d.WriteByte('\n')
	for range depth {
		d.WriteByte(' ')
	}
	d.WriteString(indicator)
}

// escape prepares a string for YAML's double quotes. Bytes that are not UTF-8
// (Encode would refuse them) come out as U+FFFD.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x7f || strconv.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}
