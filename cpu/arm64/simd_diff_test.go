package arm64

import (
	"github.com/nuage-emu/nuage/cpu/arm64/native"
)

// corrected makes of what the oracle says what the manual says, where qemu 7.2
// is known to be wrong.
func corrected(d *Inst, st *native.State) {
	if d.Row.Name == "fcvtzs" && d.Row.Ops == "=Id.h In.h #rshift" {
		// FCVTZS (vector, fixed-point), C7.2: the pseudocode ends with
		// V[d, 128] = Elem[result, e, esize] for the one element of a scalar,
		// hence zeros from bit 16 on; qemu leaves the sign up to bit 31.
		st.V[d.Field('d')][0] &= 0xffff
	}
}
