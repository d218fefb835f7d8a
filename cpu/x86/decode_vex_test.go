package x86

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVEXFields: where the fields of an instruction lie.
func TestVEXFields(t *testing.T) {
	for _, c := range []struct {
		code []byte
		text string
		want Inst
	}{
		{[]byte{0xC5, 0x71, 0xFE, 0xC2}, "vpaddd xmm8, xmm1, xmm2",
			Inst{Prefix: PrefixVEX, REX: rexR, VVVV: 1, VecLen: 16, VEXN: 2, OpcodeAt: 2, ModRMAt: 3}},
		{[]byte{0x67, 0xC4, 0x43, 0x35, 0x4C, 0x54, 0x91, 0x10, 0xA0}, "vpblendvb ymm10, ymm9, ymmword ptr [r9d+4*edx+0x10], ymm10",
			Inst{Prefix: PrefixVEX | PrefixAddr32, REX: rexR | rexB, VVVV: 9, VecLen: 32, VEXAt: 1, VEXN: 3, OpcodeAt: 4, ModRMAt: 5, DispAt: 7, DispN: 1, ImmAt: 8, ImmN: 1}},
		{[]byte{0x64, 0xC4, 0xE2, 0xF5, 0x91, 0x04, 0xE5, 0, 1, 0, 0}, "vpgatherqq ymm0, qword ptr fs:[8*ymm4+0x100], ymm1",
			Inst{Prefix: PrefixVEX | PrefixFS, REX: rexW, VVVV: 1, VecLen: 32, VEXAt: 1, VEXN: 3, OpcodeAt: 4, ModRMAt: 5, DispAt: 7, DispN: 4}},
		{[]byte{0xC4, 0xE1, 0xFE, 0x2A, 0xC8}, "vcvtsi2ss xmm1, xmm0, rax", // VEX.L is ignored
			Inst{Prefix: PrefixVEX, REX: rexW, VVVV: 0, VecLen: 16, VEXN: 3, OpcodeAt: 3, ModRMAt: 4}},
	} {
		var d Inst
		require.NoError(t, Decode(&d, c.code, 0))
		require.Equal(t, len(c.code), d.Len)
		require.Equal(t, c.text, d.Text(nil))
		got := Inst{Prefix: d.Prefix, REX: d.REX, VVVV: d.VVVV, VecLen: d.VecLen, VEXAt: d.VEXAt, VEXN: d.VEXN,
			OpcodeAt: d.OpcodeAt, ModRMAt: d.ModRMAt, DispAt: d.DispAt, DispN: d.DispN, ImmAt: d.ImmAt, ImmN: d.ImmN}
		require.Equal(t, c.want, got, c.text)
	}
}

// gnuLine is an instruction in the output of objdump.
type gnuLine struct {
	text string
	n    int
}

// gnu runs objdump over pieces of code, each behind the other at a distance of
// slot bytes, the rest of which are NOPs.
func gnu(t *testing.T, codes [][]byte, slot int) []gnuLine {
	const tool = "objdump"
	if _, err := exec.LookPath(tool); err != nil {
		if os.Getenv("NUAGE_CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	image := bytes.Repeat([]byte{0x90}, slot*len(codes))
	for i, c := range codes {
		copy(image[i*slot:], c)
	}
	file := filepath.Join(t.TempDir(), "code")
	require.NoError(t, os.WriteFile(file, image, 0o600))
	out, err := exec.Command(tool, "-D", "-z", "-w", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--insn-width=16", file).Output()
	if err != nil {
		t.Skipf("objdump without x86-64: %v", err)
	}
	lines := make([]gnuLine, len(codes))
	for line := range strings.Lines(string(out)) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), "\t", 3)
		at, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(f[0]), ":"), 16, 64)
		if len(f) < 3 || err != nil || at%uint64(slot) != 0 {
			continue
		}
		lines[at/uint64(slot)] = gnuLine{f[2], len(strings.Fields(f[1]))}
	}
	return lines
}

var (
	gnuSegment   = regexp.MustCompile(`^(addr32 )?((cs|ds|es|ss|fs|gs) )+`)
	gnuScaled    = regexp.MustCompile(`\b([a-z]+[0-9]*[a-z]?)\*([1248])`)
	gnuNoIndex   = regexp.MustCompile(`\+?[1248]\*[er]iz`)
	gnuPseudo    = regexp.MustCompile(`^(vcmp)(\w{2,8}?)([ps][sd]) (.*)$`)
	gnuCarryless = regexp.MustCompile(`^vpclmul([hl])q([hl])qdq (.*)$`)
	gnuDisp      = regexp.MustCompile(`[+-]0x0\]`)
	gnuNegative  = regexp.MustCompile(`\[-0x[0-9a-f]+\]`)
	gnuAbsolute  = regexp.MustCompile(`\b[cdes]s:0x([0-9a-f]+)`)
)

// cmpNames are the predicates that objdump makes part of VCMPcc's mnemonic.
var cmpNames = strings.Fields("eq lt le unord neq nlt nle ord eq_uq nge ngt false neq_oq ge gt true " +
	"eq_os lt_oq le_oq unord_s neq_us nlt_uq nle_uq ord_s eq_us nge_uq ngt_uq false_os neq_os ge_oq gt_oq true_us")

// gnuNormal brings objdump's text to the form of ours: the spelling of
// addresses, predicates as immediates, no segments without effect.
func gnuNormal(text string) string {
	text = strings.ToLower(comment.ReplaceAllString(text, ""))
	text = gnuSegment.ReplaceAllString(text, "")
	text = gnuScaled.ReplaceAllString(text, "$2*$1")
	text = gnuNoIndex.ReplaceAllString(text, "")
	text = strings.NewReplacer(",", ", ", " ptr ", " ", "[+", "[", "1*", "").Replace(text)
	text = gnuDisp.ReplaceAllString(text, "]")
	text = gnuAbsolute.ReplaceAllString(text, "[0x$1]")
	text = gnuNegative.ReplaceAllStringFunc(text, func(m string) string {
		v, _ := strconv.ParseUint(m[4:len(m)-1], 16, 64)
		return fmt.Sprintf("[0x%x]", -v)
	})
	if m := gnuPseudo.FindStringSubmatch(text); m != nil {
		for i, name := range cmpNames {
			if name == m[2] {
				text = fmt.Sprintf("%s%s %s, 0x%x", m[1], m[3], m[4], i)
			}
		}
	}
	if m := gnuCarryless.FindStringSubmatch(text); m != nil {
		bit := map[string]int{"l": 0, "h": 1}
		text = fmt.Sprintf("vpclmulqdq %s, 0x%x", m[3], bit[m[1]]|bit[m[2]]<<4)
	}
	return normal(spaces.ReplaceAllString(text, " "))
}

// TestVEXAgainstObjdump sweeps the space of VEX encodings: every map, opcode,
// VEX.pp, L and W, vvvv used and not, register and memory forms.
func TestVEXAgainstObjdump(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	var codes [][]byte
	for m := range byte(3) {
		for op := range 256 {
			for bits := range 32 {
				wlpp := byte(bits&1<<7 | bits&2<<1 | bits>>2&3)
				vvvv := byte(15)
				if bits&16 != 0 {
					vvvv = byte(rnd.IntN(15))
				}
				for _, modrm := range []byte{0xC0, 0x04, 0x45} {
					if modrm != 0xC0 {
						modrm &^= byte(rnd.IntN(2))
					}
					code := []byte{0xC4, byte(rnd.IntN(8))<<5 | m + 1, wlpp | vvvv<<3, byte(op), modrm | byte(rnd.IntN(8))<<3}
					for len(code) < 12 {
						code = append(code, byte(rnd.Uint32()))
					}
					codes = append(codes, code)
				}
			}
		}
	}
	compareWithGNU(t, codes)
}

// TestVEXRowsAgainstObjdump: random instances of every row.
func TestVEXRowsAgainstObjdump(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	var codes [][]byte
	for _, r := range Rows() {
		for range 24 {
			if r.vex {
				codes = append(codes, r.Instance(rnd))
			}
		}
	}
	compareWithGNU(t, codes)
}

func compareWithGNU(t *testing.T, codes [][]byte) {
	lines := gnu(t, codes, 32)
	shown := map[string]int{}
	for i, code := range codes {
		var d Inst
		err := Decode(&d, code, 0)
		theirs := gnuNormal(lines[i].text)
		mine := "(bad)"
		if err == nil {
			mine = gnuNormal(d.Text(nil))
		}
		bad := strings.Contains(theirs, "(bad)")
		if err != nil && bad || mine == theirs && d.Len == lines[i].n {
			continue
		}
		if excused(mine, theirs) {
			continue
		}
		name := strings.Fields(theirs)[0]
		if shown[name]++; shown[name] <= 2 {
			t.Errorf("% x: %q (%d) here, %q (%d) in objdump: %s", code, mine, d.Len, theirs, lines[i].n, lines[i].text)
		}
	}
}

// otherVEX are the instructions with VEX encodings that the model has not.
var otherVEX = regexp.MustCompile(`^(k(andn?|not|x?n?or|add|unpck|mov|ortest|test|shift[lr])[a-z]*|` + // AVX-512 masks
	`ldtilecfg|sttilecfg|tile\w+|tdp\w+|` + // AMX
	`({vex} )?vpdp\w+|({vex} )?vpmadd52\w+|({vex} )?vcvtne\w+|vbcstne\w+|vgf2p8\w+|` + // later AVX
	`cmp\w+xadd|vpermil2p[sd]|vfn?m(add|sub|addsub|subadd)[sp][sd]|` + // CMPccXADD, XOP, FMA4
	`(vaes(enc|dec)(last)?|vpclmulqdq) ymm.*)( .*)?$`) // VAES and VPCLMULQDQ

// gnuDiffers pins where objdump and we differ for good: the texts of an example
// and which others are like it.
var gnuDiffers = []struct {
	why          string
	code         []byte
	mine, theirs string
	like         *regexp.Regexp // mine, a bar, theirs
}{
	{"VEX.W is ignored: both write the whole register", []byte{0xC4, 0xE1, 0xF8, 0x50, 0xF0}, "vmovmskps esi, xmm0", "vmovmskps rsi,xmm0",
		regexp.MustCompile(`^(vmovmskp[sd]|vpmovmskb) (\w+), .*\|(vmovmskp[sd]|vpmovmskb) r`)},
	{"VEX.L is ignored: a scalar", []byte{0xC5, 0xFE, 0x11, 0xE8}, "vmovss xmm0, xmm0, xmm5", "vmovss ymm0,xmm0,xmm5",
		regexp.MustCompile(`^(vmovs[sd]) xmm.*\|vmovs[sd] ymm`)},
	{"VEX.W selects the size of the lengths, which no operand shows", []byte{0xC4, 0xE3, 0xF9, 0x61, 0xC8, 1}, "vpcmpestri xmm1, xmm0, 0x1", "vpcmpestriq xmm1,xmm0,0x1",
		regexp.MustCompile(`^vpcmpestr[im] (.*)\|vpcmpestr[im]q `)},
	{"only bits 0 and 4 select; objdump names immediates 2 and 3 wrong", []byte{0xC4, 0xE3, 0x79, 0x44, 0xC1, 2}, "vpclmulqdq xmm0, xmm0, xmm1, 0x2", "vpclmullqhqdq xmm0,xmm0,xmm1",
		regexp.MustCompile(`^vpclmulqdq (.*), 0x[23]\|vpclmulqdq (.*), 0x1[01]$`)},
	{"with VEX.pp #UD, as on the host", []byte{0xC5, 0xF9, 0x77}, "(bad)", "vzeroupper", regexp.MustCompile(`^\(bad\)\|vzero(upper|all)$`)},
	{"with VEX.pp #UD, as on the host", []byte{0xC5, 0xFA, 0xAE, 0x10}, "(bad)", "vldmxcsr DWORD PTR [rax]", regexp.MustCompile(`^\(bad\)\|v(ld|st)mxcsr `)},
}

func excused(mine, theirs string) bool {
	if mine == "(bad)" && otherVEX.MatchString(theirs) {
		return true
	}
	for _, g := range gnuDiffers {
		if g.like.MatchString(mine + "|" + theirs) {
			return true
		}
	}
	return false
}

// TestVEXDivergences: the examples are as they are told.
func TestVEXDivergences(t *testing.T) {
	var codes [][]byte
	for _, g := range gnuDiffers {
		codes = append(codes, g.code)
	}
	lines := gnu(t, codes, 32)
	for i, g := range gnuDiffers {
		text, _ := Disassemble(g.code, 0, nil)
		require.Equal(t, g.mine, text)
		require.Equal(t, g.theirs, spaces.ReplaceAllString(strings.TrimSpace(lines[i].text), " "), g.why)
	}
}
