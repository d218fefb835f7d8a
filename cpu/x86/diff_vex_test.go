package x86

import (
	"fmt"
	"testing"

	"github.com/nuage-emu/nuage/cpu/x86/native"
	"github.com/nuage-emu/nuage/memory"
	"github.com/stretchr/testify/require"
)

// notOfModelVEX are opcodes of the table that a host may also execute with
// VEX.L set, where the model has VEX.128 only, and the feature that makes it.
var notOfModelVEX = map[string]string{
	"vaesenc": "VAES", "vaesenclast": "VAES", "vaesdec": "VAES", "vaesdeclast": "VAES", "vpclmulqdq": "VPCLMULQDQ",
}

// TestVEXConstraints: for every opcode of the VEX encodings, the host and the
// decoder agree on which of VEX.L, VEX.W, VEX.vvvv, ModRM.reg and which form
// there is: the one raises #UD where the other has nothing.
func TestVEXConstraints(t *testing.T) {
	p := newPair(t, memory.Paged)
	if !p.hasAVX {
		t.Skip("the host has no AVX")
	}
	allowed := map[string]bool{}
	for _, r := range Rows() {
		if r.vex && notOfModelVEX[r.Name] != "" {
			allowed[fmt.Sprint(r.mapIndex, r.opcode, r.prefix)] = true
		}
	}
	seen := map[string]bool{}
	for _, r := range Rows() {
		id := fmt.Sprint(r.mapIndex, r.opcode, r.prefix)
		if !r.vex || seen[id] {
			continue
		}
		seen[id] = true
		pp := map[uint8]byte{pfxNone: 0, 0x66: 1, 0xF3: 2, 0xF2: 3}[r.prefix]
		for bits := range 256 {
			wl := byte(bits&1<<7 | bits&2<<1)
			if bits&2 != 0 && allowed[id] {
				continue
			}
			vvvv := byte(15)
			if bits&4 != 0 {
				vvvv = 10
			}
			reg := byte(bits >> 3 & 7 << 3)
			for _, modrm := range [][]byte{{0xC0 | 3}, {0x06}, {0x04, 0x26}, {0x45, 0x10}} { // rm 3; [rsi]; [rsi], index 4; [rbp+16]
				if bits&0xC0 != 0 && modrm[0]&0xC0 == 0 {
					continue
				}
				code := []byte{0xC4, 0xE0 | r.mapIndex, wl | vvvv<<3 | pp, r.opcode}
				if r.modrm {
					code = append(append(code, modrm[0]|reg), modrm[1:]...)
				}
				p.sameLegality(t, append(code, 0x40, 0, 0, 0)[:len(code)+immediateOf(r)])
			}
		}
	}
}

// immediateOf is the number of immediate bytes behind the opcode.
func immediateOf(r *Row) int {
	for _, o := range r.Operands() {
		if o.Method == 'I' || o.Method == 'L' {
			return 1
		}
	}
	return 0
}

// TestVEXPrefixes: which prefixes may stand before VEX.
func TestVEXPrefixes(t *testing.T) {
	p := newPair(t, memory.Paged)
	if !p.hasAVX {
		t.Skip("the host has no AVX")
	}
	for _, prefixes := range [][]byte{
		{}, {0x66}, {0xF2}, {0xF3}, {0xF0}, {0x40}, {0x48}, {0x2E}, {0x65}, {0x67}, {0x67, 0x3E}, {0x40, 0x2E}, {0x48, 0x67}, {0x2E, 0x40}, {0x66, 0x40},
		{0xF2, 0x2E}, {0x40, 0x66}, {0x40, 0x40}, {0x67, 0x66},
	} {
		for _, vex := range [][]byte{
			{0xC5, 0xF1, 0xFE, 0xC2}, {0xC4, 0xE1, 0x71, 0xFE, 0xC2}, // vpaddd xmm0, xmm1, xmm2
			{0xC4, 0xE0, 0x71, 0xFE, 0xC2}, {0xC4, 0xE4, 0x71, 0xFE, 0xC2}, {0xC4, 0xFF, 0x71, 0xFE, 0xC2}, // maps that do not exist
			{0xC4, 0x01, 0x31, 0xFE, 0xC2}, {0xC5, 0x31, 0xFE, 0x06},
		} {
			p.sameLegality(t, append(append([]byte(nil), prefixes...), vex...))
		}
	}
}

// sameLegality runs code on the host, with all registers pointing to memory.
func (p *pair) sameLegality(t *testing.T, code []byte) {
	s := p.host.State()
	for i := range s.R {
		s.R[i] = p.base + native.OpenOffset + native.PageSize
	}
	clear(s.YMMHigh[:])
	s.FX = native.FXImage{FCW: 0x37F, MXCSR: 0x1F80}
	p.host.SetCode(512, code)
	o := p.host.Run()
	var d Inst
	err := Decode(&d, code, 0)
	require.NotErrorIs(t, err, ErrTruncated, "% x", code)
	if host := o.Kind != native.IllegalInstruction; host != (err == nil) {
		text, _ := Disassemble(code, 0, nil)
		t.Errorf("% x: %s here, host %v", code, text, o)
	}
}
