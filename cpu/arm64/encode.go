package arm64

import "math/rand/v2"

// Instance returns an instruction of the row, everything that the encoding
// leaves open chosen by rnd. Decoding it gives the row again. It is what
// generators of test programs build on.
func (r *Row) Instance(rnd *rand.Rand) uint32 {
	index() // the row must have been parsed
	for {
		w := rnd.Uint32()
		switch rnd.IntN(4) {
		case 0:
			w &= rnd.Uint32()
		case 1:
			w |= rnd.Uint32()
		}
		w = w&^r.mask | r.value
		var d Inst
		if DecodeWord(&d, w, 0) == nil && d.Row == r {
			return w
		}
		// The choice is another row's encoding or not allocated.
	}
}
