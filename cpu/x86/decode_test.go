package x86

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/arch/x86/x86asm"
)

// foreign decodes with golang.org/x/arch; ok is false if it does not know the
// instruction, which it also shows by returning lone prefixes.
func foreign(code []byte) (text string, n int, ok bool) {
	x, err := x86asm.Decode(code, 64)
	if err != nil || x.Op == 0 {
		return "", 0, false
	}
	return x86asm.IntelSyntax(x, 0, nil), x.Len, true
}

var (
	comment     = regexp.MustCompile(`\s*#.*`)
	prefixWords = regexp.MustCompile(`\b(addr16|addr32|data16|data32|repe|repne|rep|xacquire|xrelease|bnd|hint-taken|hint-not-taken|notrack)\s+`)
	offset      = regexp.MustCompile(`([+-])0x([0-9a-f]+)\]`)
	spaces      = regexp.MustCompile(`\s+`)
)

var synonyms = strings.NewReplacer(
	"nbe", "a", "nle", "g", "nb", "ae", "nl", "ge", "nz", "ne", "setz", "sete", "jz", "je", "cmovz", "cmove",
	"callf", "call far", "jmpf", "jmp far", "retf", "ret far", "eip", "rip",
	"ptr ", "", "[1*", "[", "[0xffffffff", "[0x", "zmmword ", "", "xmmword ", "", "ymmword ", "", "tbyte ", "", "fword ", "",
)

// normal brings both disassemblers' texts to one form: prefixes without effect,
// condition synonyms, displacements as signed numbers.
func normal(text string) string {
	text = comment.ReplaceAllString(text, "")
	text = prefixWords.ReplaceAllString(text, "")
	text = synonyms.Replace(text)
	text = offset.ReplaceAllStringFunc(text, func(m string) string {
		g := offset.FindStringSubmatch(m)
		v, _ := strconv.ParseUint(g[2], 16, 64)
		if g[1] == "-" {
			v = -v
		}
		return "+" + strconv.FormatInt(int64(int32(v)), 16) + "]"
	})
	text = strings.TrimSpace(text)
	if stem, ok := strings.CutSuffix(text, ", 0x1"); ok {
		text = stem + ", 1"
	}
	return strings.TrimSpace(spaces.ReplaceAllString(text, " "))
}

// Rows that x/arch does not know, in whole or in part, and why we have them.
var unknownToForeign = map[string]string{
	"F6 /1": "alias of /0, undocumented, executed by every processor", "F7 /1": "as F6 /1",
	"C0 /6": "alias of SHL, undocumented", "C1 /6": "as C0 /6", "D0 /6": "as C0 /6", "D1 /6": "as C0 /6", "D2 /6": "as C0 /6", "D3 /6": "as C0 /6",
	"0F 0D /r": "x/arch knows /1 only; the others are hints as well",
	"0F 18 /r": "reserved NOP", "0F 19 /r": "reserved NOP", "0F 1A /r": "reserved NOP (MPX)", "0F 1B /r": "reserved NOP (MPX)",
	"0F 1C /r": "reserved NOP", "0F 1D /r": "reserved NOP", "0F 1E /r": "reserved NOP", "0F 1F /r": "x/arch knows /0 only",
	"F3 0F 1E FA": "x/arch lacks CET", "F3 0F 1E FB": "x/arch lacks CET",
	"NP 0F AE E8+i": "x/arch knows rm = 0 only; processors ignore it", "NP 0F AE F0+i": "as LFENCE", "NP 0F AE F8+i": "as LFENCE",
	"0F 20 /r": "ModRM.mod is ignored (Vol. 2B), x/arch goes on to a memory operand", "0F 21 /r": "as 0F 20", "0F 22 /r": "as 0F 20", "0F 23 /r": "as 0F 20",
	"0F B9 /r": "with 67 x/arch gives up", "0F FF /r": "x/arch has UD0 without ModRM, as older processors",
}

// Rows whose text differs for good, and why.
var textDiffers = map[string]string{
	"0F 18 /r": "reserved NOP", "0F 1F /r": "x/arch appends an operand to NOP", "0F 0D /r": "x/arch: the cache line's width",
	"63 /r": "with 66, r16 and r/m16 (Vol. 2B, MOVSXD); x/arch has r/m32",
	"68":    "x/arch cuts the immediate to 32 bits", "6A": "as 68",
	"E3": "x/arch tells JECXZ otherwise", "6C": "x/arch omits operands", "6D": "x/arch omits operands", "6E": "x/arch omits operands", "6F": "x/arch omits operands",
	"D7": "x/arch omits operands", "0F 03 /r": "the source is a selector, 16 bits", "0F 02 /r": "as LSL",
	"0F B2 /r": "x/arch: no width for 10-byte pointers", "0F B4 /r": "as LSS", "0F B5 /r": "as LSS", "FF /3": "x/arch: no width", "FF /5": "x/arch: no width",
	"0F 01 /0": "x/arch writes ptr", "0F 01 /1": "x/arch writes ptr", "0F 01 /2": "x/arch writes ptr", "0F 01 /3": "x/arch writes ptr",
	"F1": "int1 is ICEBP there",
}

// ownSections are the ones this file answers for; the others' tests do theirs.
func integerRow(r *Row) bool {
	return r.sec.Feature == ""
}

// TestRowsAgainstForeignDecoder: for random instances of each row, length and
// text agree with an independent disassembler, or the difference is listed.
func TestRowsAgainstForeignDecoder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, r := range Rows() {
		if !integerRow(r) {
			continue
		}
		for range 100 {
			code := r.Instance(rnd)
			var d Inst
			require.NoError(t, Decode(&d, code, 0))
			require.Equal(t, len(code), d.Len)
			text, n, ok := foreign(code)
			if !ok {
				require.Contains(t, unknownToForeign, r.Enc, "% x is %s here, nothing in x/arch", code, d.Text(nil))
				continue
			}
			if _, listed := unknownToForeign[r.Enc]; !listed {
				require.Equal(t, n, d.Len, "% x is %s here, %s in x/arch", code, d.Text(nil), text)
			}
			if _, listed := textDiffers[r.Enc]; listed {
				continue
			}
			mine, theirs := normal(d.Text(nil)), normal(text)
			if d.NArgs == 1 && d.Args[0].Kind == ArgRel {
				mine, theirs = strings.Fields(mine)[0], strings.Fields(theirs)[0] // targets are written differently
			}
			require.Equal(t, theirs, mine, "% x of row %v", code, r)
		}
	}
}

// notPresented are the instructions that x/arch knows and the model does not
// have, by the start of their mnemonics.
var notPresented = regexp.MustCompile(`^(mov cs,|mov .*\b[cdt]r\d|v|k|p|f|[a-z0-9]+(ps|pd|ss|sd|dq|q)\b|adc?x|adox|bl|bextr|bz|andn|mulx|rorx|sarx|shlx|shrx|crc32|movbe|popcnt|lzcnt|tzcnt|rd(fs|gs|rand|seed|pid|pkru|sspq|sspd)|wr(fs|gs|pkru|ss|uss)|x|sha|aes|inv(ept|vpid|pcid)|encl|encls|mon|mwait|umon|umwait|tpause|cl(ac|wb|dem|flushopt|rssbsy|zero|ui)|st(ac|gi|ui)|sys(enter|exit)|senduipi|testui|uiret|cldemote|movdir|enq|serial|getsec|hreset|inc?ssp|rstor|save|setssbsy|skinit|t(dp|ile)|ldtilecfg|sttilecfg|rsm|clflush|stmxcsr|ldmxcsr|[lms]fence|mov(a|u|d|q|h|l|nt|s[hl]|m)|wait|emms|maskmov|lddqu|insertq|extr|insert|round|dp|mpsadbw|cmp|cvt|ptwrite|llwpcb|slwpcb|lwp|rmp|psmash|vm|clgi|pconfig|cmpbexadd|cmp\w+xadd|a(add|and|or|xor)|ld|jmpabs|gf2)`)

// TestSweepAgainstForeignDecoder: random bytes behind random opcodes decode to
// the same length on both sides, or to nothing on ours if the instruction is
// not of the model.
func TestSweepAgainstForeignDecoder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	prefixes := [][]byte{nil, {0x66}, {0xF2}, {0xF3}, {0x48}, {0x41}, {0x67}, {0x64}, {0x66, 0x48}, {0xF3, 0x48}, {0xF2, 0x45}}
	maps := [][]byte{nil, {0x0F}, {0x0F, 0x38}, {0x0F, 0x3A}}
	for _, m := range maps {
		for _, p := range prefixes {
			for opcode := range 256 {
				if len(m) == 0 && isPrefix(byte(opcode)) {
					continue // LOCK we refuse where it has no meaning; a REX before a prefix x/arch refuses
				}
				for range 24 {
					code := append(append(append([]byte(nil), p...), m...), byte(opcode))
					for len(code) < maxLen {
						code = append(code, byte(rnd.Uint32()))
					}
					sweepOne(t, code)
				}
			}
		}
	}
}

func sweepOne(t *testing.T, code []byte) {
	var d Inst
	err := Decode(&d, code, 0)
	text, n, ok := foreign(code)
	switch {
	case err == nil && ok:
		if d.Len == n {
			return
		}
		if _, listed := unknownToForeign[d.Row.Enc]; !listed && integerRow(d.Row) {
			t.Errorf("% x: %s (%d) here, %s (%d) in x/arch", code, d.Text(nil), d.Len, text, n)
		}
	case err == nil:
		if _, listed := unknownToForeign[d.Row.Enc]; !listed && integerRow(d.Row) {
			t.Errorf("% x: %s here, nothing in x/arch", code, d.Text(nil))
		}
	case ok:
		bare := prefixWords.ReplaceAllString(text, "")
		if !notPresented.MatchString(bare) {
			t.Errorf("% x: nothing here, %s in x/arch", code, text)
		}
	}
}
