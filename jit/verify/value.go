package verify

import "math"

// kind is what sort of value a register holds.
type kind uint8

const (
	// data is a number that the guest may know, within [lo, hi] as a signed
	// one; all other kinds are not to become known to it.
	data kind = iota
	// host is anything, a host address for instance.
	host
	// window is the window's address plus a number within [lo, hi], and
	// minusWindow a number within [lo, hi] minus the window's address.
	window
	minusWindow
)

// value is what is known of a register's 64 bits.
type value struct {
	kind   kind
	lo, hi int64
	// upper has a bit for each register that is below 4 GiB if this is zero.
	upper uint16
}

const max32 = 1<<32 - 1

var (
	anything = value{kind: host}
	unknown  = value{kind: data, lo: math.MinInt64, hi: math.MaxInt64}
	word     = value{kind: data, lo: 0, hi: max32}
)

func constant(v int64) value { return value{kind: data, lo: v, hi: v} }

func within(lo, hi int64) value { return value{kind: data, lo: lo, hi: hi} }

// wide is the largest number that a bound is kept for.
const wide = 1 << 40

func (v value) bounded() bool { return v.lo >= -wide && v.hi <= wide }

// is32 reports whether v is certainly below 4 GiB.
func (v value) is32() bool { return v.kind == data && v.lo >= 0 && v.hi <= max32 }

func (v value) constant() bool { return v.kind == data && v.lo == v.hi }

// truncate is the value of the low half of v, zero-extended.
func (v value) truncate() value {
	switch {
	case v.is32():
		return v
	case v.constant():
		return constant(int64(uint32(v.lo)))
	case v.kind == data:
		return word
	}
	return anything
}

// add is v + w.
func (v value) add(w value) value {
	if v.kind != data && w.kind == data {
		v, w = w, v
	}
	sum := value{kind: w.kind, lo: v.lo + w.lo, hi: v.hi + w.hi}
	limited := v.bounded() && w.bounded()
	switch {
	case v.kind == data && w.kind == data && v.constant() && w.constant():
		return constant(v.lo + w.lo) // modulo 2^64
	case v.kind == data && w.kind == data && !limited:
		return unknown
	case v.kind == data && w.kind == data:
		if v.lo >= 0 && w.lo >= 0 {
			// The sum of two that are not negative is zero if both are.
			sum.upper = v.upper | w.upper
		}
		return sum
	case v.kind == data && (w.kind == window || w.kind == minusWindow) && limited:
		return sum
	case v.kind == window && w.kind == minusWindow && limited, v.kind == minusWindow && w.kind == window && limited:
		sum.kind = data
		return sum
	}
	return anything
}

// shift is v << n.
func (v value) shift(n uint8) value {
	switch {
	case n == 0:
		return v
	case v.is32():
		return value{kind: data, lo: v.lo << n, hi: v.hi << n, upper: v.upper}
	case v.kind == data:
		return unknown
	}
	return anything
}

// not is ^v, which is -v - 1.
func (v value) not() value {
	switch v.kind {
	case data:
		return value{kind: data, lo: ^v.hi, hi: ^v.lo}
	case window:
		return value{kind: minusWindow, lo: ^v.hi, hi: ^v.lo}
	case minusWindow:
		return value{kind: window, lo: ^v.hi, hi: ^v.lo}
	}
	return anything
}

// ladder are the intervals to which those that grow are widened, so that they
// grow only a few times.
var ladder = [...][2]int64{{0, 0xFFFF}, {0, max32}, {-Reach, max32 + Reach}, {-wide, wide}}

// join is what is known of a value that is v or w.
func (v value) join(w value) value {
	if v == w {
		return v
	}
	if v.kind != w.kind || v.kind != data && v.kind != window {
		return anything
	}
	j := value{kind: v.kind, lo: min(v.lo, w.lo), hi: max(v.hi, w.hi), upper: v.upper & w.upper}
	for _, l := range ladder {
		if j.lo >= l[0] && j.hi <= l[1] {
			j.lo, j.hi = l[0], l[1]
			return j
		}
	}
	if j.kind != data {
		return anything
	}
	j.lo, j.hi = unknown.lo, unknown.hi
	return j
}
