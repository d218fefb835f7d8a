package x86

import (
	"strings"
	"sync"
	"sync/atomic"
)

// Spec is one line of the decode table as it is written: all there is to know
// about one encoding of an instruction, the way the entry in Vol. 2 of the
// manual has it.
type Spec struct {
	// Enc is the encoding in the manual's notation, with these elements:
	//   66 F3 F2   first: a mandatory prefix;  NP: none of the three allowed;  NFx: no F2, F3
	//   W0 W1      REX.W must be clear, set ("REX.W" in the manual)
	//   NB         REX.B must be clear
	//   0F B6      opcode bytes; 0F, 0F 38 and 0F 3A select the map
	//   50+r       the low three bits are a register;  D8 C0+i  the same of x87
	//   70+cc      the low four bits are a condition (sixteen rows in one)
	//   /r /0../7  ModRM follows; a digit fixes its reg field
	//   two further bytes after an opcode (0F 01 D0): ModRM fixed
	// A VEX encoding begins with an element of parts between dots:
	//   VEX.128 .256   the vector length, VEX.L; VEX.128/256: two entries of
	//                  the manual in one row
	//   .LZ .LIG       VEX.L must be clear; is ignored
	//   .66 .F3 .F2    VEX.pp
	//   .0F .0F38 .0F3A  the map, VEX.mmmmm
	//   .W0 .W1 .WIG   VEX.W must be clear, set; is ignored; W0/W1: it is the
	//                  operand size
	// VEX.vvvv must be 1111 unless an operand is in it.
	// Immediates follow from the operands.
	Enc string
	// Name is the mnemonic; a trailing "cc" is replaced by the condition, and
	// of names with slashes the one of the operand size is taken
	// ("cbw/cwde/cdqe" for 16, 32, 64 bits).
	Name string
	// Ops lists the operands: see operand.go for the notation. After a bar
	// come the registers and the memory used implicitly.
	Ops string
	// Flags says what happens to the flags: groups of a verb, a colon and the
	// letters o s z a p c d. r: read, w: written, u: left undefined by the
	// manual, m: written or kept depending on an operand.
	Flags string
	// Attr holds what the other columns cannot say.
	Attr Attr
	// Do is what the interpreter does: see bind.go for the kinds of value.
	Do any
}

// Row is a line of the table together with what follows from its text.
type Row struct {
	*Spec

	sec    *Section
	index  int
	ops    []operand
	hidden []operand

	read, written, undefined, maybe uint32

	pattern
	vvvv   bool  // an operand is in VEX.vvvv
	vsib   uint8 // bits of the indices of a VSIB operand: 0, 32 or 64
	forms  uint8 // bit 0: register form allowed, bit 1: memory form
	anyMod bool  // ModRM.mod is ignored: a register in any case
	rank   int   // how specific the match is
}

// pattern is what Spec.Enc says.
type pattern struct {
	prefix   uint8 // mandatory prefix or VEX.pp: 0 any, else pfxNone, 0x66, 0xF3, 0xF2
	wbit     uint8 // 0 any, 1 W0, 2 W1
	noB      bool
	vex      bool
	lbit     uint8 // VEX.L: 0 either, 1 clear, 2 set, 3 ignored
	mapIndex uint8
	opcode   uint8 // first (or only) opcode byte
	count    uint8 // how many opcodes the row claims: 1, 8 or 16
	modrm    bool
	digit    int8 // /digit or -1
	fixed    int  // fixed ModRM byte or -1; with fixedN = 8, the low bits vary
	fixedN   int
}

// Attr are properties of a row.
type Attr uint16

// The attributes.
const (
	// Lockable: LOCK is allowed when the destination is memory.
	Lockable Attr = 1 << iota
	// D64: the operand size is 64 bits by default, and 32 cannot be had.
	D64
	// F64: the operand size is 64 bits whatever the prefixes say.
	F64
	// Ends: control may go elsewhere than to the next instruction, so the
	// instruction ends a block.
	Ends
	// RepZ: REPE and REPNE are meant, and compare; Rep: REP is.
	RepZ
	Rep
	// ByteSize: the operation is on bytes though no operand says so.
	ByteSize
	// W64: 64 bits if REX.W, else 32: a 66 prefix does not change the size.
	W64
	// Slow: an interpreter should leave the block behind it, since it changes
	// what the block was decoded under.
	Slow
)

// Section is a part of the table: the instructions of one chapter.
type Section struct {
	Ref     string // where in the manual ("Vol. 1, 5.1.2 ..."); entries in Vol. 2 are by mnemonic
	Feature string // the CPUID feature, "" for the baseline integer set
	Rows    []Spec
}

const (
	pfxNone  = 1 // "NP"
	pfxNoRep = 2 // "NFx"
)

// lengthIgnored, in lbit: the vector length is 16 bytes whatever VEX.L says.
const lengthIgnored = 3

// tables lists the sections; an entry a file.
var tables = []*Section{
	&moveRows, &arithRows, &logicRows, &shiftRows, &bitRows, &controlRows,
	&stringRows, &flagRows, &miscRows, &systemRows,
	&x87Rows, &x87AliasRows, &fxsaveRows, &xsaveRows, &xsaveoptRows, &xsavecRows, &sseFloatRows, &sse2FloatRows, &mmxRows, &sseRows, &sse2Rows, &sse2IntRows, &sseMoveRows,
	&sse3Rows, &ssse3Rows, &sse41Rows, &sse42Rows, &popcntRows, &lzcntRows, &tzcntRows, &movbeRows, &adxRows, &rdrandRows, &rdseedRows,
	&aesRows, &pclmulRows, &shaRows,
}

// vexTables lists the sections of VEX encodings.
var vexTables = []*Section{
	&bmi1Rows, &bmi2Rows,
	&avxMoveRows, &avxNewRows, &gatherRows, &avxIntRows, &avxFloatRows, &fmaRows, &f16cRows,
}

// lookup is the decoder's index: for each opcode of each map the candidate
// rows. They are made when an opcode is met for the first time: there are many
// and a program uses few of them, and this is part of every process's start.
type lookup struct {
	sections []*Section
	firsts   []int  // the index in rows of the first row of each section
	base     int    // the index in Rows of the first row
	rows     []*Row // nil: not made yet
	maps     [4][256]slot
	lines    []line

	mu     sync.Mutex // guards what follows, and the rows that are in no ready slot
	unused []Row
	arena  []operand
}

// slot is the rows of one opcode.
type slot struct {
	ready    atomic.Pointer[[]*Row] // most specific first
	from, to uint16                 // in lines
}

// line is a place in the table.
type line struct{ section, row uint16 }

// The VEX encodings have an index of their own: most programs use none.
var (
	index    = sync.OnceValue(func() *lookup { return buildIndex(tables, 0) })
	vexIndex = sync.OnceValue(func() *lookup { return buildIndex(vexTables, len(index().rows)) })
	allRows  = sync.OnceValue(func() []*Row { return append(index().all(), vexIndex().all()...) })
)

// Rows returns every row of the table in a fixed order.
func Rows() []*Row { return allRows() }

// buildIndex sorts the rows of the tables by opcode. The first one is number
// base of all.
func buildIndex(tables []*Section, base int) *lookup {
	ix := &lookup{sections: tables, firsts: make([]int, len(tables)), base: base}
	n := 0
	for k, sec := range tables {
		ix.firsts[k] = n
		n += len(sec.Rows)
	}
	ix.rows = make([]*Row, n)
	type claim struct {
		line
		mapIndex, opcode, count uint8
	}
	claims := make([]claim, 0, n)
	total := 0
	for k, sec := range tables {
		for i := range sec.Rows {
			e := parseEncoding(sec.Rows[i].Enc)
			claims = append(claims, claim{line{uint16(k), uint16(i)}, e.mapIndex, e.opcode, e.count})
			for c := range int(e.count) {
				ix.maps[e.mapIndex][int(e.opcode)+c].to++
			}
			total += int(e.count)
		}
	}
	ix.lines = make([]line, total)
	at := uint16(0)
	for m := range ix.maps {
		for op := range ix.maps[m] {
			s := &ix.maps[m][op]
			s.from, at = at, at+s.to
			s.to = s.from
		}
	}
	for _, c := range claims {
		for k := range int(c.count) {
			s := &ix.maps[c.mapIndex][int(c.opcode)+k]
			ix.lines[s.to] = c.line
			s.to++
		}
	}
	return ix
}

// candidates returns the rows of an opcode, most specific first.
func (ix *lookup) candidates(m int, opcode uint8) []*Row {
	s := &ix.maps[m][opcode]
	if list := s.ready.Load(); list != nil {
		return *list
	}
	return ix.prepare(s)
}

func (ix *lookup) prepare(s *slot) []*Row {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	lines := ix.lines[s.from:s.to]
	list := make([]*Row, 0, len(lines))
	for _, at := range lines {
		list = insertByRank(list, ix.row(at))
	}
	s.ready.Store(&list)
	return list
}

// row returns a row, making it if need be. The caller holds ix.mu.
func (ix *lookup) row(at line) *Row {
	i := ix.firsts[at.section] + int(at.row)
	if r := ix.rows[i]; r != nil {
		return r
	}
	if len(ix.unused) == 0 {
		ix.unused = make([]Row, 32)
	}
	r := &ix.unused[0]
	ix.rows[i], ix.unused = r, ix.unused[1:]
	if cap(ix.arena)-len(ix.arena) < 16 {
		ix.arena = make([]operand, 0, 256)
	}
	r.sec, r.index = ix.sections[at.section], ix.base+i
	r.Spec = &r.sec.Rows[at.row]
	ix.arena = r.parse(ix.arena)
	return r
}

// all returns all rows.
func (ix *lookup) all() []*Row {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	list := make([]*Row, 0, len(ix.rows))
	for k, sec := range ix.sections {
		for i := range sec.Rows {
			list = append(list, ix.row(line{uint16(k), uint16(i)}))
		}
	}
	return list
}

func insertByRank(l []*Row, r *Row) []*Row {
	i := len(l)
	for i > 0 && l[i-1].rank < r.rank {
		i--
	}
	l = append(l, nil)
	copy(l[i+1:], l[i:])
	l[i] = r
	return l
}

// Section returns the section the row stands in.
func (r *Row) Section() *Section { return r.sec }

// Index is the row's place in [Rows].
func (r *Row) Index() int { return r.index }

// FlagsRead returns the RFLAGS bits the instruction reads (for a conditional
// instruction, those of all conditions).
func (r *Row) FlagsRead() uint32 { return r.read }

// FlagsWritten returns the RFLAGS bits the instruction always writes.
func (r *Row) FlagsWritten() uint32 { return r.written }

// FlagsUndefined returns the RFLAGS bits the manual leaves undefined. We give
// them the value that Intel processors give; see the functions.
func (r *Row) FlagsUndefined() uint32 { return r.undefined }

// FlagsMaybe returns the RFLAGS bits that are written or kept depending on an
// operand (a shift count of zero, an unsuccessful comparison).
func (r *Row) FlagsMaybe() uint32 { return r.maybe }

// Operands returns the explicit operands.
func (r *Row) Operands() []Operand { return publicOperands(r.ops) }

// Implicit returns the operands that the assembler's text does not show.
func (r *Row) Implicit() []Operand { return publicOperands(r.hidden) }

// String is the row's identity: encoding, mnemonic and operands.
func (r *Row) String() string { return r.Enc + " " + r.Name + " " + r.Ops }

// parseEncoding reads Spec.Enc. A malformed row is a programming error and
// panics; the table's test visits all rows.
func parseEncoding(text string) (e pattern) {
	e.digit, e.fixed, e.fixedN, e.count = -1, -1, 1, 1
	opcodes := 0
	for rest := text; rest != ""; {
		t := rest
		if i := strings.IndexByte(rest, ' '); i >= 0 { // strings.Cut takes twice as long, for a thousand rows
			t, rest = rest[:i], rest[i+1:]
		} else {
			rest = ""
		}
		switch t[0] {
		case 'V':
			e.parseVEX(t)
		case 'N':
			switch t {
			case "NP":
				e.prefix = pfxNone
			case "NFx":
				e.prefix = pfxNoRep
			case "NB":
				e.noB = true
			default:
				panic("x86: row " + text)
			}
		case 'W':
			e.wbit = t[1] - '0' + 1
		case '/':
			e.modrm = true
			if t[1] != 'r' {
				e.digit = int8(t[1] - '0')
			}
		default:
			if e.parseByte(t, rest, opcodes) {
				opcodes++
			}
		}
	}
	if opcodes == 0 {
		panic("x86: row without an opcode: " + text)
	}
	return e
}

// parseByte reads an element that is a byte, of which there has been so many
// that are opcodes, and reports whether it is one.
func (e *pattern) parseByte(t, rest string, opcodes int) bool {
	b := hexByte(t)
	if opcodes == 1 {
		e.modrm, e.fixed = true, int(b)
		if strings.HasSuffix(t, "+i") {
			e.fixedN = 8
		}
		return true
	}
	last := rest == "" || rest[0] == '/' || rest[0] == 'W'
	switch {
	case opcodes > 1:
		panic("x86: too many bytes before " + t + " " + rest)
	case e.vex:
	case e.prefix == 0 && !last && (b == 0x66 || b == 0xF2 || b == 0xF3):
		e.prefix = b
		return false
	case e.mapIndex == 0 && b == 0x0F:
		e.mapIndex = 1
		return false
	case e.mapIndex == 1 && (b == 0x38 || b == 0x3A) && !last:
		e.mapIndex = 2 + (b>>1)&1
		return false
	case strings.HasSuffix(t, "+r"):
		e.count = 8
	case strings.HasSuffix(t, "+cc"):
		e.count = 16
	}
	e.opcode = b
	return true
}

// parse derives everything from the text. The operands are appended to arena.
func (r *Row) parse(arena []operand) []operand {
	r.pattern = parseEncoding(r.Enc)
	arena = r.parseOps(arena)
	r.parseFlags()
	r.forms = 3
	for _, o := range r.ops {
		r.forms &= o.forms()
		r.anyMod = r.anyMod || o.Method == 'C' || o.Method == 'D'
	}
	if r.fixed >= 0 {
		r.forms = 1
	}
	r.rank = r.specificity()
	return arena
}

// parseVEX parses the element that begins with "VEX.".
func (e *pattern) parseVEX(text string) {
	e.vex, e.prefix = true, pfxNone
	_, rest, _ := strings.Cut(text, ".")
	for rest != "" {
		var t string
		t, rest, _ = strings.Cut(rest, ".")
		switch t {
		case "128", "LZ":
			e.lbit = 1
		case "256":
			e.lbit = 2
		case "LIG":
			e.lbit = lengthIgnored
		case "128/256", "WIG", "W0/W1":
		case "66", "F2", "F3":
			e.prefix = hexByte(t)
		case "0F":
			e.mapIndex = 1
		case "0F38":
			e.mapIndex = 2
		case "0F3A":
			e.mapIndex = 3
		case "W0":
			e.wbit = 1
		case "W1":
			e.wbit = 2
		default:
			panic("x86: row " + text)
		}
	}
}

// specificity orders the candidates for one opcode: a mandatory prefix before
// none, a fixed ModRM byte before a digit before any.
func (r *Row) specificity() int {
	n := 0
	switch r.prefix {
	case 0xF2, 0xF3:
		n += 300
	case 0x66:
		n += 200
	case pfxNone, pfxNoRep:
		n += 100
	}
	if r.fixed >= 0 {
		n += 40
	}
	if r.digit >= 0 {
		n += 20
	}
	if r.forms != 3 {
		n += 10
	}
	if r.wbit != 0 || r.noB || r.lbit != 0 {
		n += 5
	}
	return n
}

func hexByte(t string) uint8 {
	d := func(c byte) uint8 {
		switch {
		case c >= '0' && c <= '9':
			return c - '0'
		case c >= 'A' && c <= 'F':
			return c - 'A' + 10
		}
		panic("x86: bad encoding element " + t)
	}
	return d(t[0])<<4 | d(t[1])
}

func (r *Row) parseFlags() {
	var dst *uint32
	f := r.Flags
	for i := 0; i < len(f); i++ {
		if i+1 < len(f) && f[i+1] == ':' {
			switch f[i] {
			case 'r':
				dst = &r.read
			case 'w':
				dst = &r.written
			case 'u':
				dst = &r.undefined
			case 'm':
				dst = &r.maybe
			default:
				panic("x86: flags of " + r.String())
			}
			i++
			continue
		}
		switch f[i] {
		case 'o':
			*dst |= FlagO
		case 's':
			*dst |= FlagS
		case 'z':
			*dst |= FlagZ
		case 'a':
			*dst |= FlagA
		case 'p':
			*dst |= FlagP
		case 'c':
			*dst |= FlagC
		case 'd':
			*dst |= FlagD
		case ' ':
		default:
			panic("x86: flags of " + r.String())
		}
	}
}
