package x86

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// legacySweep covers the space of encodings without VEX: every map and opcode,
// with each mandatory prefix, REX.W and every reg field, register and memory
// forms. Memory operands have rax to rbx as base and a displacement of up to a
// byte.
func legacySweep(yield func(code []byte)) {
	rnd := rand.New(rand.NewPCG(21, 22))
	maps := [][]byte{nil, {0x0F}, {0x0F, 0x38}, {0x0F, 0x3A}}
	prefixes := [][]byte{nil, {0x66}, {0xF2}, {0xF3}, {0x48}, {0x66, 0x48}, {0xF2, 0x48}, {0xF3, 0x48}, {0x66, 0xF2}, {0x66, 0xF3, 0x4D}}
	for _, m := range maps {
		for op := range 256 {
			one := m == nil && (isPrefix(byte(op)) || op == 0x0F || op == 0x62 || op == 0xC4 || op == 0xC5 || op == 0xD5)
			if one || len(m) == 1 && (op == 0x38 || op == 0x3A) {
				continue // a prefix, another map, or not legacy
			}
			for _, p := range prefixes {
				for reg := range byte(8) {
					for _, mod := range []byte{0x00, 0x40, 0xC0} {
						code := append(append(append([]byte(nil), p...), m...), byte(op))
						modrm := mod | reg<<3 | byte(rnd.IntN(8))
						if mod != 0xC0 {
							modrm &^= 4
						}
						code = append(code, modrm)
						for len(code) < maxLen {
							code = append(code, byte(rnd.Uint32()))
						}
						yield(code)
					}
				}
			}
		}
	}
}

// TestLegacyAgainstObjdump: what is decoded, its length and its text.
func TestLegacyAgainstObjdump(t *testing.T) {
	var codes [][]byte
	k := 0
	legacySweep(func(code []byte) {
		if k++; k%31 == 0 { // coprime to the lengths of the inner loops
			codes = append(codes, code)
		}
	})
	compareLegacy(t, codes)
}

// TestLegacyRowsAgainstObjdump: random instances of every row.
func TestLegacyRowsAgainstObjdump(t *testing.T) {
	rnd := rand.New(rand.NewPCG(23, 24))
	var codes [][]byte
	for _, r := range Rows() {
		for range 12 {
			if !r.vex {
				codes = append(codes, r.Instance(rnd))
			}
		}
	}
	compareLegacy(t, codes)
}

var (
	gnuPrefixes = regexp.MustCompile(`^((rex(\.[wrxb]+)?|repz|repne|data16|rep|addr32|[c-gs]s) )+`)
	gnuStack    = regexp.MustCompile(`\bst\(([0-7])\)`)
	gnuTop      = regexp.MustCompile(`\bst\b`)
	gnuMMX      = regexp.MustCompile(`\bmmx?([0-7])\b`)
)

// legacyNormal is gnuNormal for encodings without VEX, whose prefixes objdump
// shows where they have no effect.
func legacyNormal(text string) string {
	text = gnuPrefixes.ReplaceAllString(gnuNormal(text), "")
	text = gnuStack.ReplaceAllString(text, "st$1")
	text = gnuTop.ReplaceAllString(text, "st0")
	return gnuMMX.ReplaceAllString(text, "mm$1")
}

func compareLegacy(t *testing.T, codes [][]byte) {
	lines := gnu(t, codes, 32)
	shown := map[string]int{}
	for i, code := range codes {
		var d Inst
		err := Decode(&d, code, 0)
		theirs, mine := legacyNormal(lines[i].text), "(bad)"
		if err == nil {
			mine = legacyNormal(d.Text(nil))
		}
		same := mine == theirs
		if err == nil && d.Row.sec.Feature == "" && !strings.Contains(theirs, "(bad)") {
			same = true // the texts of these are compared with x/arch's
		}
		if err != nil && strings.Contains(theirs, "(bad)") || same && d.Len == lines[i].n || legacyExcused(mine, theirs) {
			continue
		}
		name := strings.Fields(theirs + " ")[0] + strings.Fields(mine)[0]
		if shown[name]++; shown[name] <= 2 {
			t.Errorf("% x: %q (%d) here, %q (%d) in objdump: %s", code, mine, d.Len, theirs, lines[i].n, lines[i].text)
		}
	}
}

// otherLegacy are the instructions without VEX encodings that the model has not.
var otherLegacy = regexp.MustCompile(`^(x(abort|begin)\w*|xend|xtest|xs(us|res)ldtrk|pconfig|wbnoinvd|clac|stac|encl[suv]|` + // TSX, SGX, SMAP
	`vm(run|mcall|load|save|launch|resume|xoff|xon|func|call|read|write|ptrld|ptrst|clear|gexit)|inv(ept|vpid|pcid|lpga|lpgb)|stgi|clgi|skinit|tlbsync|psmash|pvalidate|rmp\w+|` + // virtualisation
	`(rd|wr)pkru|monitorx?|mwaitx?|mcommit|clzero|rdpru|serialize|seam\w+|tdcall|uiret|testui|clui|stui|senduipi|rdpid|` +
	`(save|set|rstor|clrss|inc)ss\w*|setssbsy|rstorssp|clrssbsy|wru?ss[dq]|` + // shadow stacks
	`femms|pf\w+|pi2f[dw]|pf2i[dw]|pswapd|pavgusb|pmulhrw|movnts[sd]|extrq|insertq|` + // AMD
	`montmul|xsha\w+|xcrypt-\w+|xstore-rng|` + // VIA
	`sysenter|sysexit[dq]?|getsec|rsm|clwb|clflushopt|(rd|wr)[fg]sbase|ptwrite|tpause|umwait|umonitor|xrstors(64)?|xsaves(64)?|` +
	`gf2p8\w+|aes(enc|dec)(wide)?(128|256)kl|loadiwkey|encodekey\w+|movdir\w+|enqcmds?|aadd|aand|aor|axor|hreset|mov cs|mov .*\?.*)(,? .*)?$`)

// legacyDiffers pins where objdump and we differ for good, as gnuDiffers does.
var legacyDiffers = []struct {
	why          string
	code         []byte
	mine, theirs string
	like         *regexp.Regexp // mine, a bar, theirs
}{
	{"FWAIT is an instruction of its own", []byte{0x9B, 0xDA, 0x01}, "fwait", "fiadd DWORD PTR [rcx]", regexp.MustCompile(`^fwait\|`)},
	{"the operand ST(0) is not shown there", []byte{0xD8, 0xD2}, "fcom st0, st2", "fcom st(2)", regexp.MustCompile(`^(fu?comp?) st0, (st.)\|fu?comp? st.$`)},
	{"executed by processors, not in the manual", []byte{0xDC, 0xD4}, "fcom2 st0, st4", "(bad)", regexp.MustCompile(`^(fstpnce|fcom2|fcomp3|fcomp5|fxch4|fxch7|fstp8|fstp9) .*\|\(bad\)`)},
	{"of the 8087 and 80287", []byte{0xDB, 0xE0}, "fneni", "fneni(8087 only)", regexp.MustCompile(`^(fneni|fndisi|fnsetpm)\|(fneni|fndisi|fnsetpm)\(`)},
	{"the operand size does not show in the name", []byte{0x66, 0xD9, 0x21}, "fldenv [rcx]", "fldenvw [rcx]", regexp.MustCompile(`^(fldenv|fnstenv|frstor|fnsave) (.*)\|(fldenv|fnstenv|frstor|fnsave)w`)},
	{"66 does not shorten a branch on Intel's processors", []byte{0x66, 0xE9, 0, 1, 0, 0}, "jmp 0x106", "jmpw 0x1a4", regexp.MustCompile(`^(j\w+|call) 0x.*\|(j\w+|call)w? 0x`)},
	{"UD on Intel's processors: NP in the manual", []byte{0x66, 0x0F, 0xAE, 0x11}, "(bad)", "data16 ldmxcsr DWORD PTR [rcx]",
		regexp.MustCompile(`^\(bad\)\|(fxsave|fxrstor|xsave|xrstor|xsavec|ldmxcsr|stmxcsr|xgetbv|xsetbv|[lms]fence|pmovmskb)`)},
	{"processors ignore ModRM.rm", []byte{0x0F, 0xAE, 0xF4}, "mfence", "(bad)", regexp.MustCompile(`^[lms]fence\|`)},
	{"F2 has no effect", []byte{0xF2, 0x0F, 0xBC, 0x02}, "bsf eax, dword ptr [rdx]", "(bad)", regexp.MustCompile(`^bs[fr] .*\|\(bad\)`)},
	{"66 has no effect", []byte{0x66, 0x0F, 0x09}, "wbinvd", "(bad)", regexp.MustCompile(`^wbinvd\|\(bad\)`)},
	{"a reserved NOP", []byte{0x0F, 0x0D, 0xE7}, "nop edi", "prefetch (bad)", regexp.MustCompile(`^nop .*\|prefetch\w* \(bad\)`)},
	{"no MPX: a NOP", []byte{0x0F, 0x1A, 0x22}, "nop dword ptr [rdx]", "bndldx (bad),[rdx]", regexp.MustCompile(`^nop .*\|bnd`)},
	{"the predicate is an operand", []byte{0x0F, 0xC2, 0x3B, 1}, "cmpps xmm7, xmmword ptr [rbx], 0x1", "cmpltps xmm7,XMMWORD PTR [rbx]",
		regexp.MustCompile(`^cmp([ps][sd]) .*, (1|0x[0-7])\|cmp\w+[ps][sd] `)},
	{"the selection is an operand", []byte{0x66, 0x0F, 0x3A, 0x44, 0xD1, 0}, "pclmulqdq xmm2, xmm1, 0x0", "pclmullqlqdq xmm2,xmm1", regexp.MustCompile(`^pclmulqdq .*\|pclmul[lh]q[lh]qdq`)},
	{"REX.W selects the size of the lengths, which no operand shows", []byte{0x66, 0x48, 0x0F, 0x3A, 0x61, 0xC8, 1}, "pcmpestri xmm1, xmm0, 0x1", "pcmpestriq xmm1,xmm0,0x1",
		regexp.MustCompile(`^pcmpestr[im] .*\|pcmpestr[im]q `)},
	{"REX.W is ignored: both write the whole register", []byte{0x48, 0x0F, 0x50, 0xC1}, "movmskps eax, xmm1", "movmskps rax,xmm1", regexp.MustCompile(`^(movmskp[sd]|pmovmskb) .*\|(movmskp[sd]|pmovmskb) r`)},
	{"66 does not make an MMX register an XMM register; nor has it REX.B", []byte{0x66, 0xF3, 0x0F, 0xD6, 0xC4}, "movq2dq xmm0, mmx4", "movq2dq xmm0,xmm4",
		regexp.MustCompile(`^(movq2dq|movdq2q) .*\|(movq2dq|movdq2q) `)},
	{"ModRM.mod is ignored", []byte{0x0F, 0x20, 0x03}, "mov rbx, cr0", "mov rbx,cr0", regexp.MustCompile(`(^|\|)mov .*\b[cd]r[0-9]`)},
}

func legacyExcused(mine, theirs string) bool {
	if mine == "(bad)" && otherLegacy.MatchString(theirs) {
		return true
	}
	for _, g := range legacyDiffers {
		if g.like.MatchString(mine + "|" + theirs) {
			return true
		}
	}
	return false
}

// TestLegacyDivergences: the examples are as they are told.
func TestLegacyDivergences(t *testing.T) {
	var codes [][]byte
	for _, g := range legacyDiffers {
		codes = append(codes, g.code)
	}
	lines := gnu(t, codes, 32)
	for i, g := range legacyDiffers {
		text, _ := Disassemble(g.code, 0, nil)
		require.Equal(t, g.mine, text)
		require.Equal(t, g.theirs, spaces.ReplaceAllString(strings.TrimSpace(lines[i].text), " "), g.why)
	}
}
