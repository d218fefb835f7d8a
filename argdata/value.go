package argdata

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Value is one value of argument data. Values are immutable and may be shared
// between goroutines; the zero Value is null.
type Value struct {
	kind  Kind
	neg   bool    // int: num holds the bits of a negative int64
	nsec  uint32  // timestamp: 0 … 999999999
	num   uint64  // bool, fd, float (its bits), int, timestamp (seconds)
	text  string  // binary, str
	items []Value // seq; map: keys and values in turn
}

// Entry is a key with its value.
type Entry struct {
	Key, Value Value
}

// Null returns the null value.
func Null() Value { return Value{} }

// Binary returns a value that holds a copy of b.
func Binary(b []byte) Value { return Value{kind: KindBinary, text: string(b)} }

// Bool returns a truth value.
func Bool(b bool) Value {
	v := Value{kind: KindBool}
	if b {
		v.num = 1
	}
	return v
}

// FD returns a descriptor, of the number that the program building the value
// knows it by; Encode replaces the number by an index into the list of
// descriptors that travels with the bytes. [InvalidFD] is no descriptor.
func FD(n uint32) Value { return Value{kind: KindFD, num: uint64(n)} }

// Float returns a floating point number. A NaN keeps its payload.
func Float(f float64) Value { return Value{kind: KindFloat, num: math.Float64bits(f)} }

// Int returns an integer.
func Int(i int64) Value { return Value{kind: KindInt, num: uint64(i), neg: i < 0} }

// Uint returns an integer, for those above the range of Int.
func Uint(u uint64) Value { return Value{kind: KindInt, num: u} }

// Map returns a map with the entries in the given order. Keys may be of any
// kind; that they differ is intended by the format and checked by nobody.
func Map(entries ...Entry) Value {
	v := Value{kind: KindMap}
	if len(entries) > 0 {
		v.items = make([]Value, 0, 2*len(entries))
	}
	for _, e := range entries {
		v.items = append(v.items, e.Key, e.Value)
	}
	return v
}

// Seq returns a sequence.
func Seq(items ...Value) Value { return Value{kind: KindSeq, items: slices.Clone(items)} }

// Str returns a string. It must be UTF-8, which Encode checks.
func Str(s string) Value { return Value{kind: KindStr, text: s} }

// Timestamp returns a point in time, to the nanosecond.
func Timestamp(t time.Time) Value {
	return Value{kind: KindTimestamp, num: uint64(t.Unix()), nsec: uint32(t.Nanosecond())}
}

// TimestampAt returns the point in time that lies sec seconds and nsec
// nanoseconds after 1970-01-01T00:00:00Z. nsec may be any number: whole
// seconds in it are carried over.
func TimestampAt(sec, nsec int64) Value {
	sec += floorDiv(nsec, 1e9)
	return Value{kind: KindTimestamp, num: uint64(sec), nsec: uint32(floorMod(nsec, 1e9))}
}

// Kind returns the type of the value.
func (v Value) Kind() Kind { return v.kind }

// IsNull tells whether the value is null.
func (v Value) IsNull() bool { return v.kind == KindNull }

func (v Value) want(k Kind) error {
	if v.kind != k {
		return fmt.Errorf("argument data: %v where %v is wanted (%w)", v.kind, k, cloudabi.EINVAL)
	}
	return nil
}

// Binary returns the bytes of a binary value: EINVAL for any other kind, as
// with all the typed getters.
func (v Value) Binary() ([]byte, error) { return []byte(v.text), v.want(KindBinary) }

// Bool returns the truth value.
func (v Value) Bool() (bool, error) { return v.num == 1, v.want(KindBool) }

// FD returns the descriptor's number: EBADF for one that is not valid.
func (v Value) FD() (uint32, error) {
	if err := v.want(KindFD); err != nil {
		return InvalidFD, err
	}
	if v.num > maxFD {
		return InvalidFD, fmt.Errorf("argument data: no descriptor (%w)", cloudabi.EBADF)
	}
	return uint32(v.num), nil
}

// Float returns the floating point number.
func (v Value) Float() (float64, error) { return math.Float64frombits(v.num), v.want(KindFloat) }

// Int64 returns the integer: ERANGE above 2^63−1.
func (v Value) Int64() (int64, error) {
	if err := v.want(KindInt); err != nil {
		return 0, err
	}
	if !v.neg && v.num > math.MaxInt64 {
		return 0, fmt.Errorf("argument data: %d is above 2^63-1 (%w)", v.num, cloudabi.ERANGE)
	}
	return int64(v.num), nil
}

// Uint64 returns the integer: ERANGE below 0.
func (v Value) Uint64() (uint64, error) {
	if err := v.want(KindInt); err != nil {
		return 0, err
	}
	if v.neg {
		return 0, fmt.Errorf("argument data: %d is negative (%w)", int64(v.num), cloudabi.ERANGE)
	}
	return v.num, nil
}

// Str returns the string: EILSEQ if it is not UTF-8. NUL bytes may be in it.
func (v Value) Str() (string, error) {
	if err := v.want(KindStr); err != nil {
		return "", err
	}
	if !utf8.ValidString(v.text) {
		return "", fmt.Errorf("argument data: string is not UTF-8 (%w)", cloudabi.EILSEQ)
	}
	return v.text, nil
}

// CString is Str for those who cannot have NUL bytes in it: EILSEQ.
func (v Value) CString() (string, error) {
	s, err := v.Str()
	if err == nil && strings.IndexByte(s, 0) >= 0 {
		return "", fmt.Errorf("argument data: string with a NUL byte in it (%w)", cloudabi.EILSEQ)
	}
	return s, err
}

// Timestamp returns seconds since 1970-01-01T00:00:00Z, rounded down, and the
// nanoseconds above them.
func (v Value) Timestamp() (sec int64, nsec uint32, err error) {
	return int64(v.num), v.nsec, v.want(KindTimestamp)
}

// Len returns the number of items of a sequence, entries of a map, bytes of a
// string or binary value; 0 for other kinds.
func (v Value) Len() int {
	switch v.kind {
	case KindSeq:
		return len(v.items)
	case KindMap:
		return len(v.items) / 2
	}
	return len(v.text)
}

// Items yields the items of a sequence; of other kinds nothing.
func (v Value) Items() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if v.kind != KindSeq {
			return
		}
		for i, item := range v.items {
			if !yield(i, item) {
				return
			}
		}
	}
}

// Entries yields keys and values of a map in order; of other kinds nothing.
func (v Value) Entries() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		if v.kind != KindMap {
			return
		}
		for i := 0; i < len(v.items); i += 2 {
			if !yield(v.items[i], v.items[i+1]) {
				return
			}
		}
	}
}

// Get returns the value of the first entry whose key is the string.
func (v Value) Get(key string) (Value, bool) {
	for k, val := range v.Entries() {
		if k.kind == KindStr && k.text == key {
			return val, true
		}
	}
	return Value{}, false
}

// With returns the map with the value of a string key replaced, or added at
// the end. v must be a map or null, which counts as an empty map.
func (v Value) With(key string, val Value) (Value, error) {
	if v.kind == KindNull {
		return Map(Entry{Str(key), val}), nil
	}
	if err := v.want(KindMap); err != nil {
		return Value{}, err
	}
	out := Value{kind: KindMap, items: slices.Clone(v.items)}
	for i := 0; i < len(out.items); i += 2 {
		if k := out.items[i]; k.kind == KindStr && k.text == key {
			out.items[i+1] = val
			return out, nil
		}
	}
	out.items = append(out.items, Str(key), val)
	return out, nil
}

// Equal tells whether two values have the same encoding with literal
// descriptor numbers: the order of entries counts, and a NaN equals itself.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.neg == w.neg && v.nsec == w.nsec && v.num == w.num && v.text == w.text &&
		slices.EqualFunc(v.items, w.items, Value.Equal)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 {
	if m := a % b; m < 0 {
		return m + b
	} else {
		return m
	}
}
