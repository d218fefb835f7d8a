package arm64

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/arch/arm64/arm64asm"
)

// sweep returns words of every row, and some at random.
func sweep(each, random int) []uint32 {
	rnd := rand.New(rand.NewPCG(1, 2))
	var words []uint32
	for _, r := range Rows() {
		for range each {
			var d Inst
			w := rnd.Uint32()&^r.mask | r.value
			for _, f := range r.fields { // no field of 5 bits is 31 often enough
				if f.width == 5 && rnd.IntN(6) == 0 {
					w |= 31 << f.lo
				}
			}
			if DecodeWord(&d, w, 0) == nil {
				words = append(words, w)
			}
		}
	}
	for range random {
		words = append(words, rnd.Uint32())
	}
	return words
}

// gnuTexts runs GNU objdump over the words and returns its texts.
func gnuTexts(t *testing.T, words []uint32) []string {
	const tool = "aarch64-linux-gnu-objdump"
	if _, err := exec.LookPath(tool); err != nil {
		if os.Getenv("NUAGE_CI") != "" {
			t.Fatal(err)
		}
		t.Skip(tool + " is not installed")
	}
	code := make([]byte, 4*len(words))
	for i, w := range words {
		binary.LittleEndian.PutUint32(code[4*i:], w)
	}
	file := filepath.Join(t.TempDir(), "code")
	require.NoError(t, os.WriteFile(file, code, 0o600))
	out, err := exec.Command(tool, "-D", "-b", "binary", "-m", "aarch64", "-z", file).Output()
	require.NoError(t, err)
	texts := make([]string, len(words))
	for line := range strings.Lines(string(out)) {
		cols := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(cols) < 3 {
			continue
		}
		var off int
		if _, err := fmt.Sscanf(strings.TrimSpace(cols[0]), "%x:", &off); err == nil && off/4 < len(texts) {
			text, _, _ := strings.Cut(cols[2], "//")
			texts[off/4] = strings.TrimSpace(text)
		}
	}
	return texts
}

func TestAgainstObjdump(t *testing.T) { compareTexts(t, sweep(60, 3000)) }

// compareTexts holds the words against objdump.
func compareTexts(t *testing.T, words []uint32) {
	bad := map[string]int{}
	for i, gnu := range gnuTexts(t, words) {
		var d Inst
		text := "undefined"
		if DecodeWord(&d, words[i], uint64(4*i)) == nil {
			text = d.Text(nil)
		}
		if sameText(text, gnu) || excused(&d, gnu) {
			continue
		}
		name, _, _ := strings.Cut(gnu, "\t")
		if bad[name]++; bad[name] <= 3 {
			t.Errorf("%08x: %q, objdump %q", words[i], text, gnu)
		}
	}
}

func sameText(text, gnu string) bool {
	if strings.HasPrefix(gnu, ".inst") {
		return text == "undefined"
	}
	return text == gnu
}

// excused says which differences are meant.
func excused(d *Inst, gnu string) bool {
	name, _, _ := strings.Cut(gnu, "\t")
	if d.Row == nil {
		// Of an extension that is not presented: under a name of its own, or
		// with registers of its own.
		return !tableNames()[name] || laterText.MatchString(gnu)
	}
	if d.Row.Name == "orr" && name == "mov" && d.Field('d') == 31 {
		// C6.2, MOV (bitmask immediate): only if a wide move could not do.
		// Objdump makes an exception for the stack pointer, which it could not
		// move to.
		return true
	}
	// Objdump does not write what is constrained unpredictable, or where a bit
	// that should be one is not.
	return name == ".inst" && (!predictable(d) || strings.Contains(d.Row.Bits, "x"))
}

// laterText matches what objdump calls by names of the table, but is not
// presented: the registers of SVE and SME, FEAT_CSSC, FEAT_XS, and the system
// registers and cache operations of other Exception levels and extensions.
var laterText = regexp.MustCompile(`[\t ,{\[](z|p|pn|za|zt)[0-9]+\b|\bza\b` +
	`|^([su](max|min)|abs|cnt|ctz)\t[wx]|^dsb\t.*nxs$|^(dc|ic|mrs|msr)\t`)

// tableNames are the mnemonics of the table and its aliases.
var tableNames = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, r := range append(Rows(), aliasIndex().rows...) {
		for _, order := range []string{"", "a", "l", "al"} {
			name, _, _ := strings.Cut(strings.ReplaceAll(r.Name, "%", order), "\t")
			m[name] = true
		}
	}
	return m
})

// newerNames are the mnemonics that x/arch does not know: it writes the
// instruction that they are an alias of (HINT, DSB).
var newerNames = func() map[string]bool {
	m := map[string]bool{}
	for _, r := range aliasRows.Rows {
		if strings.HasPrefix(r.Bits, "1101010100000011001") {
			name, _, _ := strings.Cut(r.Name, "\t")
			m[name] = true
		}
	}
	return m
}()

// TestAgainstGo compares with golang.org/x/arch where it knows the
// instruction.
func TestAgainstGo(t *testing.T) { compareWithGo(t, sweep(60, 0)) }

func compareWithGo(t *testing.T, words []uint32) (known int) {
	bad := map[string]int{}
	for _, w := range words {
		var code [4]byte
		binary.LittleEndian.PutUint32(code[:], w)
		inst, err := arm64asm.Decode(code[:])
		if err != nil {
			continue
		}
		known++
		theirs := arm64asm.GNUSyntax(inst)
		name, _, _ := strings.Cut(theirs, " ")
		var d Inst
		if DecodeWord(&d, w, 0) != nil {
			if slices.ContainsFunc(goAccepts, func(e encodings) bool { return w&e.mask == e.value }) {
				continue
			}
			if bad[name]++; bad[name] <= 2 {
				t.Errorf("%08x: undefined, x/arch %q", w, theirs)
			}
			continue
		}
		ours, _, _ := strings.Cut(d.Text(nil), "\t")
		if ours == name || newerNames[ours] || ours == "b.nv" || ours == "bfc" || ours == "orr" && name == "mov" {
			// The last: x/arch writes MOV (bitmask immediate) even where a wide
			// move could do, which C6.2 excludes.
			continue
		}
		if bad[ours]++; bad[ours] <= 2 {
			t.Errorf("%08x: %q, x/arch %q", w, d.Text(nil), theirs)
		}
	}
	return known
}

// goAccepts are encodings that x/arch takes for instructions and the manual
// does not, or which are none of EL0.
var goAccepts = []encodings{
	{0x1fe01800, 0x0b201800, "ADD, SUB (extended register) with a shift of 6 or 7: C6.2, if shift > 4 then UNDEFINED"},
	{0x1fe01c00, 0x0b201400, "the same with a shift of 5"},
	{0x1f800000, 0x12000000, "AND, ORR, EOR, ANDS (immediate) of all ones: C6.2 and DecodeBitMasks, imms is not all ones in any element"},
	{0xffe0001f, 0xd4400000, "HLT: debug state, of which EL0 has nothing"},
	{0xffe0001c, 0xd4a00000, "DCPS: the same"},
	{0xffd00000, 0xd5100000, "MRS, MSR of registers that EL0 does not have"},
	{0xffdfffff, 0xd69f03e0, "ERET and DRPS: C6.2, if PSTATE.EL == EL0 then UNDEFINED"},
	{0xffd80000, 0xd5080000, "SYS, SYSL of operations that EL0 does not have"},
}
