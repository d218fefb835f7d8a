package softfloat

// Relation is how two numbers compare.
type Relation uint8

// The relations.
const (
	Less Relation = iota
	Equal
	Greater
	Unordered
)

// Compare compares a with b. A signalling NaN, or with quiet false any NaN,
// raises Invalid.
func (e *Env) Compare(a, b Num, quiet bool) Relation {
	if a.IsNaN() || b.IsNaN() {
		if !quiet || a.Class >= SignallingNaN || b.Class >= SignallingNaN {
			e.raise(Invalid)
		}
		return Unordered
	}
	e.operands(a, b)
	if a.Class == Zero && b.Class == Zero {
		return Equal
	}
	less, equal := false, false
	switch {
	case a.Class == Zero:
		less = !b.Neg
	case b.Class == Zero:
		less = a.Neg
	case a.Neg != b.Neg:
		less = a.Neg
	default:
		less, equal = magnitude(a, b)
		less = !equal && less != a.Neg
	}
	switch {
	case equal:
		return Equal
	case less:
		return Less
	}
	return Greater
}

// magnitude compares the magnitudes of two operands that are not zero.
func magnitude(a, b Num) (less, equal bool) {
	if a.Class == Infinity || b.Class == Infinity {
		return a.Class != Infinity, a.Class == b.Class
	}
	if a.Exp != b.Exp {
		return a.Exp < b.Exp, false
	}
	return a.Sig < b.Sig, a.Sig == b.Sig
}
