package arm64

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// SymbolLookup names the address addr: the symbol it lies in and the offset in
// that symbol. It may be nil wherever one is asked for.
type SymbolLookup = func(addr uint64) (name string, off uint64, ok bool)

// Disassemble returns the text of the instruction at the start of code, which
// lies at pc, in the syntax of the GNU assembler, and its length. A word that
// is not an instruction of the presented processor gives ".inst".
func Disassemble(code []byte, pc uint64, sym SymbolLookup) (text string, n int) {
	var d Inst
	if err := Decode(&d, code, pc); err == ErrTruncated {
		return "(bad)", len(code)
	} else if err != nil {
		return fmt.Sprintf(".inst 0x%08x", binary.LittleEndian.Uint32(code)), 4
	}
	return d.Text(sym), 4
}

// Text returns the instruction as an assembler has it: by the alias that the
// manual prefers, if there is one.
func (d *Inst) Text(sym SymbolLookup) string {
	if a, ok := d.alias(); ok {
		d = &a
	}
	b := make([]byte, 0, 64)
	b = append(b, d.Name()...)
	sep := "\t"
	if strings.IndexByte(d.Row.Name, '\t') >= 0 {
		sep = ", "
	}
	for i := range d.Args[:d.NArgs] {
		n := len(b)
		b = append(b, sep...)
		m := len(b)
		if b = d.Args[i].Op.kind.text(b, d, &d.Args[i], sym); len(b) == m {
			b = b[:n] // an operand that has its default is not written
			continue
		}
		sep = ", "
	}
	return string(b)
}

// Name is the mnemonic with the condition or the ordering in it.
func (d *Inst) Name() string {
	if d.Row.Name == "b.c" {
		return "b." + condNames[d.Field('c')&15]
	}
	if stem, long := strings.CutSuffix(d.Row.Name, "{2}"); long {
		if d.Field('Q') != 0 {
			return stem + "2"
		}
		return stem
	}
	stem, size, ordered := strings.Cut(d.Row.Name, "%")
	if !ordered {
		return stem
	}
	if d.Field('A') != 0 {
		stem += "a"
	}
	if d.Field('R') != 0 {
		stem += "l"
	}
	return stem + size
}

var condNames = [16]string{"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"}

func appendHex(b []byte, v uint64) []byte {
	return strconv.AppendUint(append(b, "0x"...), v, 16)
}

// appendAddress writes an address, with its symbol if it has one.
func appendAddress(b []byte, addr uint64, sym SymbolLookup) []byte {
	b = appendHex(b, addr)
	if sym == nil {
		return b
	}
	if name, off, ok := sym(addr); ok {
		b = append(b, " <"...)
		b = append(b, name...)
		if off != 0 {
			b = appendHex(append(b, '+'), off)
		}
		b = append(b, '>')
	}
	return b
}
