package x86

import (
	"bytes"
	"flag"
	"strings"
	"testing"

	"github.com/nuage-emu/nuage/cpu/x86/native"
)

// The sweep over the encoding space: every opcode of every map with every
// ModRM byte behind every prefix that matters, illegal encodings included. The
// host processor is asked whether an encoding is an instruction. (For lengths
// and texts there are golang.org/x/arch, in decode_test.go, and objdump, in
// decode_legacy_test.go and decode_vex_test.go; for VEX encodings,
// diff_vex_test.go.)
//
// A short run takes a part of the ModRM bytes and prefixes; this takes all:
//
//	go test ./cpu/x86 -run TestSweepAgainstHost -sweep.full
//
// What the host executes and we do not is in a table, with the text objdump has
// for it; what we execute and the host does not fails the test.
var sweepFull = flag.Bool("sweep.full", false, "sweep test: every ModRM byte behind every prefix")

var sweepPrefixes = [][]byte{
	nil, {0x66}, {0xF3}, {0xF2}, {0x48}, {0x66, 0x48}, {0xF3, 0x48}, {0xF2, 0x48}, {0xF0}, {0x67}, {0x66, 0xF3}, {0xF2, 0xF0, 0x41}, {0x4F},
}

var sweepMaps = [][]byte{nil, {0x0F}, {0x0F, 0x38}, {0x0F, 0x3A}}

// sweepModRM are the ModRM bytes of a short run: every reg field with a
// register and with memory; other bytes now and then.
func sweepModRM(opcode int) (list []byte) {
	if *sweepFull {
		for m := range 256 {
			list = append(list, byte(m))
		}
		return list
	}
	for reg := range 8 {
		list = append(list, 0xC0|byte(reg)<<3|byte(opcode*5+reg)&7, byte(reg)<<3|byte(opcode)&1)
	}
	return list
}

// sweep calls f for encodings of 15 bytes, which begin with an opcode behind
// prefixes; pad is what stands behind the ModRM byte.
func sweep(pad byte, f func(code []byte)) {
	var code [maxLen]byte
	for _, m := range sweepMaps {
		for i, p := range sweepPrefixes {
			if !*sweepFull && i > 4 {
				break
			}
			for opcode := range 256 {
				if len(m) == 0 && (isPrefix(byte(opcode)) || opcode == 0x0F || opcode&^1 == 0xC4 || opcode == 0x62) {
					continue // prefixes, maps, VEX and EVEX
				}
				if len(m) == 1 && (opcode == 0x38 || opcode == 0x3A) {
					continue
				}
				for _, modrm := range sweepModRM(opcode) {
					n := copy(code[:], p)
					n += copy(code[n:], m)
					code[n], code[n+1] = byte(opcode), modrm
					n += 2
					for ; n < maxLen; n++ {
						code[n] = pad
					}
					f(code[:])
				}
			}
		}
	}
}

// notAsked tells of encodings that the host must not be given: system calls,
// what changes FS, which is Go's, what leaves the mode or the code pages for
// good, and what leads to a hypervisor.
func notAsked(code []byte) bool {
	i := 0
	f3 := false
	for isPrefix(code[i]) {
		f3 = f3 || code[i] == 0xF3
		i++
	}
	op, modrm := code[i], code[i+1]
	reg, mem := modrm>>3&7, modrm < 0xC0
	if op != 0x0F {
		if op&0xF0 == 0x70 || op&^3 == 0xE0 || op == 0xEB { // could jump to itself
			return true
		}
		switch op {
		case 0xCC, 0xCD, 0xCF, 0xF1, 0xCA, 0xCB, 0x9D:
			return true
		case 0x8E:
			return mem
		case 0xFF:
			return mem && (reg == 3 || reg == 5)
		}
		return false
	}
	op, modrm = code[i+1], code[i+2]
	reg, mem = modrm>>3&7, modrm < 0xC0
	switch op {
	case 0x05, 0x34, 0xA1, 0xA9, 0xB2, 0xB4, 0xB5, 0x37:
		return true
	case 0x01:
		return modrm == 0xC1 || modrm == 0xD9 || modrm == 0xD4
	case 0xAE:
		return f3 && !mem && reg == 2
	}
	return false
}

// hostEye asks the host whether code is an instruction.
type hostEye struct{ m *native.Machine }

func newHostEye(t *testing.T) *hostEye {
	m, err := native.New()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(m.Close)
	if m.UseAVX() != nil || !isIntel() {
		t.Skip("needs an Intel processor with AVX: makes differ")
	}
	m.LoadGS = m.HasGS()
	return &hostEye{m}
}

// legal runs code with every register pointing into memory, so that what is an
// instruction completes or is refused its memory, and what is not is illegal.
func (h *hostEye) legal(code []byte) bool {
	const middle = native.OpenOffset + native.PageSize
	s := h.m.State()
	*s = native.State{}
	for i := range s.R {
		s.R[i] = h.m.Base() + middle
	}
	s.GSBase = 0
	s.FX.FCW, s.FX.MXCSR = 0x37F, 0x1F80
	around := h.m.Bytes(middle-256, 512)
	for i := range around {
		around[i] = 0xFF
	}
	h.m.SetCode(512, code)
	o := h.m.Run()
	return o.Kind != native.IllegalInstruction || o.PC != h.m.Base()+native.CodeOffset+512 // what stands behind it may be anything
}

// illegalRow reports whether a row is for an encoding that is documented to be
// no instruction.
func (r *Row) illegalRow() bool { return strings.HasPrefix(r.Name, "ud") }

// divergence is where another's idea of an encoding differs from ours for
// good. The texts are those of an example: "(bad)" is no instruction.
type divergence struct {
	ours, theirs string
	why          string
}

// tallyOf counts divergences and checks that each is in a table, by key.
type tallyOf struct {
	t     *testing.T
	table map[string]divergence
	used  map[string]int
	total int
}

func newTally(t *testing.T, table map[string]divergence) *tallyOf {
	return &tallyOf{t: t, table: table, used: map[string]int{}}
}

// differ notes a divergence.
func (d *tallyOf) differ(key string, code []byte, ours, theirs string) {
	d.used[key]++
	if _, ok := d.table[key]; ok {
		return
	}
	if d.used[key] == 1 {
		d.t.Errorf("%q: {%q, %q, \"\"}, // % x", key, ours, theirs, code)
	}
}

func (d *tallyOf) done() {
	for key := range d.table {
		if d.used[key] == 0 && *sweepFull {
			d.t.Errorf("%s does not diverge", key)
		}
	}
	n := 0
	for _, k := range d.used {
		n += k
	}
	d.t.Logf("%d encodings, %d of them diverge in %d listed ways", d.total, n, len(d.used))
}

// TestSweepAgainstHost: the host and the decoder agree on what is an
// instruction.
func TestSweepAgainstHost(t *testing.T) {
	h := newHostEye(t)
	d := newTally(t, hostDiverges)
	var unknown [][]byte
	one := func(code []byte) {
		if notAsked(code) {
			return
		}
		d.total++
		var inst Inst
		err := Decode(&inst, code, 0)
		ours := err == nil && !inst.Row.illegalRow()
		if h.legal(code) == ours {
			return
		}
		if ours {
			d.differ("ours: "+inst.Row.String(), code, inst.Text(nil), "(bad)")
			return
		}
		unknown = append(unknown, bytes.Clone(code))
	}
	sweep(0x90, one)
	for i, line := range gnu(t, unknown, 32) { // who says what the host has that the model has not
		d.differ("host: "+mnemonic(line.text), unknown[i], "(bad)", line.text)
	}
	d.done()
}

const notPresentedWhy = "the host's feature, which the model does not present"

// hostDiverges is what the host executes and the model does not.
var hostDiverges = map[string]divergence{
	"host: sysexitd":         {"(bad)", "sysexitd", "the model has no SEP"},
	"host: sysexitq":         {"(bad)", "sysexitq", "the model has no SEP"},
	"host: xrstors":          {"(bad)", "xrstors [rcx]", "for systems"},
	"host: xsaves":           {"(bad)", "xsaves [rcx]", "for systems"},
	"host: xrstors64":        {"(bad)", "xrstors64 [rcx]", "for systems"},
	"host: xsaves64":         {"(bad)", "xsaves64 [rcx]", "for systems"},
	"host: invpcid":          {"(bad)", "invpcid rax,[rax]", "for systems"},
	"host: enqcmds":          {"(bad)", "enqcmds rax,[rax]", "for systems"},
	"host: clwb":             {"(bad)", "clwb   BYTE PTR [rax]", notPresentedWhy},
	"host: clflushopt":       {"(bad)", "clflushopt BYTE PTR [rax]", notPresentedWhy},
	"host: rdfsbase":         {"(bad)", "rdfsbase esi", notPresentedWhy},
	"host: rdgsbase":         {"(bad)", "rdgsbase edi", notPresentedWhy},
	"host: wrgsbase":         {"(bad)", "wrgsbase ecx", notPresentedWhy},
	"host: ptwrite":          {"(bad)", "ptwrite edx", notPresentedWhy},
	"host: rdpid":            {"(bad)", "rdpid  rdx", notPresentedWhy},
	"host: movdiri":          {"(bad)", "movdiri DWORD PTR [rcx],eax", notPresentedWhy},
	"host: movdir64b":        {"(bad)", "movdir64b rax,[rax]", notPresentedWhy},
	"host: enqcmd":           {"(bad)", "enqcmd rax,[rax]", notPresentedWhy},
	"host: xabort":           {"(bad)", "xabort 0x90", notPresentedWhy},
	"host: xbegin":           {"(bad)", "xbegin 0xffffffff909090b6", notPresentedWhy},
	"host: xbeginw":          {"(bad)", "xbeginw 0x90f5", notPresentedWhy},
	"host: xend":             {"(bad)", "xend", notPresentedWhy},
	"host: xtest":            {"(bad)", "xtest", notPresentedWhy},
	"host: serialize":        {"(bad)", "serialize", notPresentedWhy},
	"host: rdpkru":           {"(bad)", "rdpkru", notPresentedWhy},
	"host: wrpkru":           {"(bad)", "wrpkru", notPresentedWhy},
	"host: xsusldtrk":        {"(bad)", "xsusldtrk", notPresentedWhy},
	"host: xresldtrk":        {"(bad)", "xresldtrk", notPresentedWhy},
	"host: gf2p8mulb":        {"(bad)", "gf2p8mulb xmm0,xmm3", notPresentedWhy},
	"host: gf2p8affineqb":    {"(bad)", "gf2p8affineqb xmm0,xmm6,0x90", notPresentedWhy},
	"host: gf2p8affineinvqb": {"(bad)", "gf2p8affineinvqb xmm0,xmm3,0x90", notPresentedWhy},
}

// mnemonic is the first word of objdump's text behind prefixes.
func mnemonic(text string) string {
	for _, w := range strings.Fields(text) {
		switch w {
		case "lock", "rep", "repz", "repnz", "data16", "addr32", "bnd", "cs", "ds", "es", "ss", "fs", "gs":
			continue
		}
		if !strings.HasPrefix(w, "rex") {
			return w
		}
	}
	return text
}
