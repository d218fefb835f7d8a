package argdata

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Node is an encoded value: the tag and what follows it, or nothing for null.
// Its getters look at no more than they need, like those of the C library: a
// map with a broken value in it still yields the entries before. Errors are
// [*Error], with offsets from the start of the node.
type Node []byte

// Kind returns the type by the tag: EINVAL if there is no such type.
func (n Node) Kind() (Kind, error) {
	if len(n) == 0 {
		return KindNull, nil
	}
	if k := Kind(n[0]); k != KindNull && k < numKinds {
		return k, nil
	}
	return Kind(n[0]), failure(0, cloudabi.EINVAL, "there is no type %#02x", n[0])
}

// payload returns what follows the tag, if the tag is that of the kind.
func (n Node) payload(want Kind) ([]byte, error) {
	k, err := n.Kind()
	if err != nil {
		return nil, err
	}
	if k != want {
		return nil, failure(0, cloudabi.EINVAL, "%v where %v is wanted", k, want)
	}
	return n[1:], nil
}

// Binary returns the bytes of a binary value, not copied.
func (n Node) Binary() ([]byte, error) { return n.payload(KindBinary) }

// Bool returns a truth value.
func (n Node) Bool() (bool, error) {
	p, err := n.payload(KindBool)
	switch {
	case err != nil:
		return false, err
	case len(p) == 0:
		return false, nil
	case len(p) == 1 && p[0] == 1:
		return true, nil
	case p[0] != 1:
		return false, failure(1, cloudabi.EINVAL, "bool holds byte %#02x, but may hold only 01 or nothing", p[0])
	}
	return false, failure(2, cloudabi.EINVAL, "bool holds %d bytes, but may hold only 01 or nothing", len(p))
}

// FD returns the number in a descriptor node as the translate function has
// it: EBADF if it refuses. A nil function takes the number as it is, up to
// 2^31−1.
func (n Node) FD(translate func(index uint32) (fd uint32, ok bool)) (uint32, error) {
	p, err := n.payload(KindFD)
	if err != nil {
		return InvalidFD, err
	}
	if len(p) != 4 {
		return InvalidFD, failure(1, cloudabi.EINVAL, "fd holds %d bytes, but must hold 4", len(p))
	}
	index := binary.BigEndian.Uint32(p)
	switch {
	case index == InvalidFD:
		return InvalidFD, failure(1, cloudabi.EBADF, "fd is no descriptor")
	case translate != nil:
		if fd, ok := translate(index); ok {
			return fd, nil
		}
	case index <= maxFD:
		return index, nil
	}
	return InvalidFD, failure(1, cloudabi.EBADF, "there is no descriptor %d", index)
}

// Float returns a floating point number.
func (n Node) Float() (float64, error) {
	p, err := n.payload(KindFloat)
	if err != nil {
		return 0, err
	}
	if len(p) != 8 {
		return 0, failure(1, cloudabi.EINVAL, "float holds %d bytes, but must hold 8", len(p))
	}
	return math.Float64frombits(binary.BigEndian.Uint64(p)), nil
}

// Int64 returns an integer: ERANGE if its payload is longer than 8 bytes,
// whatever it says.
func (n Node) Int64() (int64, error) {
	p, err := n.payload(KindInt)
	if err != nil {
		return 0, err
	}
	if len(p) > 8 {
		return 0, failure(1, cloudabi.ERANGE, "int of %d bytes is outside -2^63 to 2^63-1", len(p))
	}
	_, low := signed(p)
	return int64(low), nil
}

// Uint64 returns an integer that is not negative: ERANGE for others, and for
// payloads longer than 8 bytes, or 9 of which the first is zero.
func (n Node) Uint64() (uint64, error) {
	p, err := n.payload(KindInt)
	if err != nil {
		return 0, err
	}
	if len(p) > 0 && p[0]&0x80 != 0 {
		return 0, failure(1, cloudabi.ERANGE, "int is negative")
	}
	if len(p) > 9 || len(p) == 9 && p[0] != 0 {
		return 0, failure(1, cloudabi.ERANGE, "int of %d bytes is outside 0 to 2^64-1", len(p))
	}
	_, low := signed(p)
	return low, nil
}

// IntRange returns an integer between min and max: ERANGE for others.
func (n Node) IntRange(min, max int64) (int64, error) {
	i, err := n.Int64()
	if err == nil && (i < min || i > max) {
		return 0, failure(1, cloudabi.ERANGE, "%d is outside %d to %d", i, min, max)
	}
	return i, err
}

// signed reads up to 16 bytes as two's complement.
func signed(p []byte) (high int64, low uint64) {
	if len(p) > 0 && p[0]&0x80 != 0 {
		high, low = -1, math.MaxUint64
	}
	for _, b := range p {
		high = high<<8 | int64(low>>56)
		low = low<<8 | uint64(b)
	}
	return high, low
}

// Str returns a string of UTF-8: EINVAL without the NUL byte at its end,
// EILSEQ if it is not UTF-8. NUL bytes may be in it.
func (n Node) Str() (string, error) {
	p, err := n.payload(KindStr)
	if err != nil {
		return "", err
	}
	if len(p) == 0 || p[len(p)-1] != 0 {
		return "", failure(len(n), cloudabi.EINVAL, "str does not end with a NUL byte")
	}
	p = p[:len(p)-1]
	if at := invalidUTF8(p); at < len(p) {
		return "", failure(1+at, cloudabi.EILSEQ, "str is not UTF-8: byte %#02x", p[at])
	}
	return string(p), nil
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or the
// length.
func invalidUTF8(p []byte) int {
	if utf8.Valid(p) {
		return len(p)
	}
	at := 0
	for at < len(p) {
		r, size := utf8.DecodeRune(p[at:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at += size
	}
	return at
}

// CString is Str for those who cannot have NUL bytes in it: EILSEQ.
func (n Node) CString() (string, error) {
	s, err := n.Str()
	if err != nil {
		return "", err
	}
	if at := bytes.IndexByte(n[1:len(n)-1], 0); at >= 0 {
		return "", failure(1+at, cloudabi.EILSEQ, "str has a NUL byte inside")
	}
	return s, nil
}

// Timestamp returns seconds since 1970-01-01T00:00:00Z, rounded down, and the
// nanoseconds above them: ERANGE if the payload is longer than 12 bytes or the
// seconds do not fit.
func (n Node) Timestamp() (sec int64, nsec uint32, err error) {
	p, err := n.payload(KindTimestamp)
	if err != nil {
		return 0, 0, err
	}
	if len(p) > 12 {
		return 0, 0, failure(1, cloudabi.ERANGE, "timestamp of %d bytes, but at most 12 are allowed", len(p))
	}
	sec, nsec, ok := splitNanoseconds(signed(p))
	if !ok {
		return 0, 0, failure(1, cloudabi.ERANGE, "timestamp is too far from 1970 for seconds of 64 bits")
	}
	return sec, nsec, nil
}

// splitNanoseconds divides a number of at most 96 bits by 10^9, rounding down.
func splitNanoseconds(high int64, low uint64) (sec int64, nsec uint32, ok bool) {
	const billion = 1e9
	if high < 0 {
		// floor(x / b) = −1 − floor((−1 − x) / b), and −1 − x is ^x.
		sec, nsec, ok = splitNanoseconds(^high, ^low)
		return ^sec, billion - 1 - nsec, ok
	}
	if high >= billion {
		return 0, 0, false
	}
	q, r := bits.Div64(uint64(high), low, billion)
	return int64(q), uint32(r), q <= math.MaxInt64
}

// joinNanoseconds is the inverse of splitNanoseconds.
func joinNanoseconds(sec int64, nsec uint32) (high int64, low uint64) {
	if sec < 0 {
		high, low = joinNanoseconds(^sec, 1e9-1-nsec)
		return ^high, ^low
	}
	h, l := bits.Mul64(uint64(sec), 1e9)
	l, carry := bits.Add64(l, uint64(nsec), 0)
	return int64(h + carry), l
}

// Seq yields the items of a sequence. A malformed one ends it: the items
// before are yielded, then an error.
func (n Node) Seq() iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) {
		if _, err := n.payload(KindSeq); err != nil {
			yield(nil, err)
			return
		}
		for at := 1; at < len(n); {
			start, end, err := n.subfield(at)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(n[start:end:end], nil) {
				return
			}
			at = end
		}
	}
}

// Pair is an encoded entry of a map.
type Pair struct{ Key, Value Node }

// Map yields the entries of a map in order. A malformed one, or a key without
// a value, ends it: the entries before are yielded, then an error.
func (n Node) Map() iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		if _, err := n.payload(KindMap); err != nil {
			yield(Pair{}, err)
			return
		}
		for at := 1; at < len(n); {
			k0, k1, err := n.subfield(at)
			if err == nil && k1 == len(n) {
				err = keyAlone(at)
			}
			if err != nil {
				yield(Pair{}, err)
				return
			}
			v0, v1, err := n.subfield(k1)
			if err != nil {
				yield(Pair{}, err)
				return
			}
			if !yield(Pair{n[k0:k1:k1], n[v0:v1:v1]}, nil) {
				return
			}
			at = v1
		}
	}
}

func keyAlone(at int) error { return failure(at, cloudabi.EINVAL, "key of a map without a value") }

// subfield reads the length prefix at an offset, and returns where the node
// behind it starts and ends. All that is wrong with it is EINVAL.
func (n Node) subfield(at int) (start, end int, err error) {
	if n[at] == 0 {
		return 0, 0, failure(at, cloudabi.EINVAL, "length starts with a padding digit")
	}
	length := uint64(0)
	for i := at; i < len(n); i++ {
		length = length<<7 | uint64(n[i]&0x7f)
		// A further digit only makes it longer, so this is also what keeps
		// the sum from overflowing.
		if length > uint64(len(n)) {
			return 0, 0, failure(at, cloudabi.EINVAL, "length is larger than the %d bytes that remain", len(n)-i-1)
		}
		if n[i]&0x80 != 0 {
			if length > uint64(len(n)-i-1) {
				return 0, 0, failure(at, cloudabi.EINVAL, "length %d is larger than the %d bytes that remain", length, len(n)-i-1)
			}
			return i + 1, i + 1 + int(length), nil
		}
	}
	return 0, 0, failure(at, cloudabi.EINVAL, "length has no last digit")
}
