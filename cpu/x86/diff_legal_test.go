package x86

import (
	"strings"
	"testing"

	"github.com/nuage-emu/nuage/cpu/x86/native"
)

// mayNotRun says which encodings the sweep of legality keeps from the host, by
// the bytes behind the prefixes: those that leave the program, and those of
// features that the host may have and the model does not.
func mayNotRun(code []byte) bool {
	rep, opsize := byte(0), false
	for isPrefix(code[0]) {
		switch code[0] {
		case 0xF2, 0xF3:
			rep = code[0]
		case 0x66:
			opsize = true
		}
		code = code[1:]
	}
	reg, mem := code[min(len(code)-1, 1)]>>3&7, code[min(len(code)-1, 1)] < 0xC0
	switch op := code[0]; {
	case op == 0xCC, op == 0xCD, op == 0xF1, op == 0x8E: // interrupts, loads of segment registers
		return true
	case op&0xF0 == 0x70, op == 0xE8, op == 0xE9, op == 0xEB, op&0xFC == 0xE0: // branches
		return true
	case op == 0xC6 || op == 0xC7: // XABORT, XBEGIN
		return reg == 7
	case op != 0x0F:
		return false
	}
	rest := code[2:]
	reg, mem = rest[0]>>3&7, rest[0] < 0xC0
	switch op := code[1]; op {
	case 0x05, 0x34, 0x35: // SYSCALL, SYSENTER, SYSEXIT
		return true
	case 0x01:
		return !mem || rep != 0 // XSETBV, WRPKRU, ENCLU, the user interrupts, shadow stacks ...
	case 0x1E:
		return rep == 0xF3 // shadow stacks
	case 0xAE:
		// FSGSBASE, PTWRITE, shadow stacks, WAITPKG, CLWB, CLFLUSHOPT
		return rep != 0 || opsize && reg >= 6
	case 0xC7:
		return rep == 0xF3 || reg == 3 || reg == 5 // SENDUIPI, RDPID, XSAVES
	case 0x38:
		switch op := rest[0]; {
		case op == 0x82, op == 0xCF, op >= 0xD8 && op <= 0xDF && rep != 0, op >= 0xF5: // INVPCID, GFNI, key locker, CET, MOVDIRI, ENQCMD ...
			return op != 0xF6 || rep == 0 && !opsize
		}
	case 0x3A:
		return rest[0] == 0xCE || rest[0] == 0xCF || rest[0] == 0xF0
	}
	return code[1]&0xF0 == 0x80 // branches
}

// TestLegalityAgainstHost: what the host refuses as undefined is refused here,
// and nothing else, over the space of encodings without VEX. All registers are
// zero, so that every access to memory is refused.
func TestLegalityAgainstHost(t *testing.T) {
	host, err := native.New()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(host.Close)
	if !isIntel() {
		t.Skip("the model follows Intel's processors where makes differ")
	}
	shown := map[string]int{}
	legacySweep(func(code []byte, n int) {
		if mayNotRun(code) {
			return
		}
		var d Inst
		err := Decode(&d, code, 0)
		if err == nil {
			n = d.Len
			if strings.HasPrefix(d.Row.Name, "ud") {
				return // known, and undefined
			}
		}
		*host.State() = native.State{FX: native.FXImage{FCW: fcwInit, MXCSR: mxcsrInit}}
		host.SetCode(0, code[:n])
		o := host.Run()
		if undefined := o.Kind == native.IllegalInstruction; undefined == (err != nil) {
			return
		}
		name, text := "", "nothing"
		if err == nil {
			name, text = d.Row.Name, d.Text(nil)
		} else {
			name = string(code[:min(n-1, 4)])
		}
		if shown[name]++; shown[name] <= 2 {
			t.Errorf("% x: %s here, %v on the host", code[:n], text, o.Kind)
		}
	})
}
