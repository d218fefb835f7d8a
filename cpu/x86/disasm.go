package x86

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nuage-emu/nuage/cpu"
)

// SymbolLookup names the address addr: the symbol it lies in and the offset in
// that symbol. It may be nil wherever one is asked for.
type SymbolLookup = func(addr uint64) (name string, off uint64, ok bool)

// Disassemble returns the text of the instruction at the start of code, which
// lies at pc, in Intel syntax, and its length. Bytes that are not an
// instruction of the presented processor give "(bad)" and a length of 1.
func Disassemble(code []byte, pc uint64, sym SymbolLookup) (text string, n int) {
	var d Inst
	if len(code) == 0 {
		return "(bad)", 0
	}
	if err := Decode(&d, code, pc); err != nil {
		return "(bad)", 1
	}
	return d.Text(sym), d.Len
}

// Text returns the instruction in Intel syntax.
func (d *Inst) Text(sym SymbolLookup) string {
	b := make([]byte, 0, 64)
	b = append(b, d.prefixText()...)
	b = append(b, d.Name()...)
	sep := " "
	for i := range d.Args[:d.NArgs] {
		b = append(b, sep...)
		b = d.argText(b, &d.Args[i], sym)
		sep = ", "
	}
	if d.HasMem && d.Mem.RIP {
		addr := d.Next() + uint64(d.Mem.Disp)
		b = append(b, "  # "...)
		b = appendAddress(b, addr, sym)
	}
	return string(b)
}

// Name is the mnemonic: the row's, with condition and operand size resolved.
func (d *Inst) Name() string {
	name := d.Row.Name
	if stem, ok := strings.CutSuffix(name, "cc"); ok && d.Row.count == 16 {
		return stem + condNames[d.CC()]
	}
	if strings.IndexByte(name, '/') < 0 {
		if name == "jrcxz" && d.Has(PrefixAddr32) {
			return "jecxz"
		}
		return name
	}
	// The forms stand in the order of the sizes 16, 32, 64.
	i := sizeIndex(d.Size) - 1
	for ; i > 0; i-- {
		_, rest, ok := strings.Cut(name, "/")
		if !ok {
			break
		}
		name = rest
	}
	name, _, _ = strings.Cut(name, "/")
	return name
}

func (d *Inst) prefixText() string {
	text := ""
	if d.Lock() {
		text = "lock "
	}
	switch {
	case d.Row.Attr&Rep != 0 && d.Prefix&(PrefixRep|PrefixRepne) != 0:
		text += "rep "
	case d.Row.Attr&RepZ != 0 && d.Has(PrefixRep):
		text += "repe "
	case d.Row.Attr&RepZ != 0 && d.Has(PrefixRepne):
		text += "repne "
	}
	return text
}

var (
	regNames64 = [16]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}
	regNames32 = [16]string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"}
	regNames16 = [16]string{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"}
	regNames8  = [16]string{"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"}
	regNamesH  = [4]string{"ah", "ch", "dh", "bh"}
	segNames   = [8]string{"es", "cs", "ss", "ds", "fs", "gs", "seg6", "seg7"}
)

// RegName is the name of general register r (with the bit of AH to BH, if it
// is one) at a width of width bytes.
func RegName(r uint8, width int) string {
	switch {
	case r >= high:
		return regNamesH[r&3]
	case r >= 16:
		return [4]string{"zero", "fs_base", "gs_base", "temp"}[r&3]
	}
	switch width {
	case 1:
		return regNames8[r]
	case 2:
		return regNames16[r]
	case 4:
		return regNames32[r]
	}
	return regNames64[r]
}

func (d *Inst) argText(b []byte, a *Arg, sym SymbolLookup) []byte {
	switch a.Kind {
	case ArgReg:
		return append(b, RegName(a.Reg, int(a.Width))...)
	case ArgVec:
		return appendVec(b, a.Reg, a.Width)
	case ArgMMX:
		return strconv.AppendUint(append(b, "mmx"...), uint64(a.Reg), 10)
	case ArgST:
		return strconv.AppendUint(append(b, "st"...), uint64(a.Reg), 10)
	case ArgSeg:
		return append(b, segNames[a.Reg&7]...)
	case ArgControl:
		return strconv.AppendUint(append(b, "cr"...), uint64(a.Reg), 10)
	case ArgDebug:
		return strconv.AppendUint(append(b, "dr"...), uint64(a.Reg), 10)
	case ArgMem:
		return d.memText(b, a)
	case ArgImm:
		return appendHex(b, int64(a.Value))
	case ArgOne:
		return append(b, '1')
	case ArgRel:
		return appendAddress(b, a.Value, sym)
	case ArgStrSrc, ArgStrDst:
		return d.stringText(b, a)
	}
	return b
}

// appendVec names vector register r where width bytes of it are meant.
func appendVec(b []byte, r, width uint8) []byte {
	name := "xmm"
	if width == 32 {
		name = "ymm"
	}
	return strconv.AppendUint(append(b, name...), uint64(r), 10)
}

func appendHex(b []byte, v int64) []byte {
	if v < 0 && v >= -1<<31 {
		b = append(b, '-')
		v = -v
	}
	b = append(b, "0x"...)
	return strconv.AppendUint(b, uint64(v), 16)
}

func appendAddress(b []byte, addr uint64, sym SymbolLookup) []byte {
	b = strconv.AppendUint(append(b, "0x"...), addr, 16)
	if sym != nil {
		if name, off, ok := sym(addr); ok {
			b = append(append(b, " <"...), name...)
			if off != 0 {
				b = strconv.AppendUint(append(b, "+0x"...), off, 16)
			}
			b = append(b, '>')
		}
	}
	return b
}

var ptrNames = [...]string{1: "byte ptr ", 2: "word ptr ", 4: "dword ptr ", 6: "fword ptr ", 8: "qword ptr ", 10: "tbyte ptr ", 16: "xmmword ptr ", 32: "ymmword ptr "}

func appendPtr(b []byte, width uint8) []byte {
	if int(width) < len(ptrNames) {
		b = append(b, ptrNames[width]...)
	}
	return b
}

func (d *Inst) addressWidth() int {
	if d.Has(PrefixAddr32) {
		return 4
	}
	return 8
}

func (d *Inst) segmentText(b []byte) []byte {
	switch d.segment() {
	case FSBase:
		return append(b, "fs:"...)
	case GSBase:
		return append(b, "gs:"...)
	}
	return b
}

func (d *Inst) memText(b []byte, a *Arg) []byte {
	m := &d.Mem
	b = appendPtr(b, a.Width)
	if d.Row.Name != "lea" {
		b = d.segmentText(b)
	}
	b = append(b, '[')
	start := len(b)
	w := d.addressWidth()
	switch {
	case m.RIP && w == 4:
		b = append(b, "eip"...)
	case m.RIP:
		b = append(b, "rip"...)
	case m.Base != Zero:
		b = append(b, RegName(m.Base, w)...)
	}
	if m.Index != Zero {
		if len(b) > start {
			b = append(b, '+')
		}
		if m.Scale != 0 || len(b) == start {
			b = append(b, "1248"[m.Scale], '*')
		}
		if m.VSIB != 0 {
			b = appendVec(b, m.Index, m.VSIB)
		} else {
			b = append(b, RegName(m.Index, w)...)
		}
	}
	switch {
	case len(b) == start:
		b = append(b, "0x"...)
		v := uint64(m.Disp)
		if w == 4 {
			v = uint64(uint32(v))
		}
		b = strconv.AppendUint(b, v, 16)
	case m.Disp != 0:
		if m.Disp > 0 {
			b = append(b, '+')
		}
		b = appendHex(b, m.Disp)
	}
	return append(b, ']')
}

func (d *Inst) stringText(b []byte, a *Arg) []byte {
	b = appendPtr(b, a.Width)
	r := uint8(RDI)
	if a.Kind == ArgStrSrc {
		r = RSI
		b = d.segmentText(b)
	}
	b = append(b, '[')
	b = append(b, RegName(r, d.addressWidth())...)
	return append(b, ']')
}

// describe adds the text to a stop that needs one: the bytes of the
// instruction and its disassembly.
func (in *Interpreter) describe(s cpu.Stop) cpu.Stop {
	if s.Kind != cpu.StopIllegal && s.Kind != cpu.StopArithmetic {
		return s
	}
	var buf [maxLen]byte
	n, _, err := in.space.Fetch(buf[:], s.PC)
	if err != nil {
		return s
	}
	text, used := Disassemble(buf[:n], s.PC, nil)
	if text == "(bad)" {
		used = min(n, 8)
	}
	if s.Text != "" {
		text += ": " + s.Text
	}
	s.Text = fmt.Sprintf("% x  %s", buf[:used], text)
	return s
}
