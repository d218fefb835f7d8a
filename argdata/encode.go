package argdata

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Encode writes a value for proc_exec or for a message. The descriptors in it
// are numbered in the order in which a walk through the value meets them, and
// fds lists their own numbers in that order; one met again keeps its place.
// Descriptors that valid refuses are written as "no descriptor"; a nil
// function refuses those above 2^31−1.
//
// Errors: EILSEQ for a string that is not UTF-8, EINVAL for a value nested
// more than [MaxDepth] deep.
func Encode(v Value, valid func(fd uint32) bool) (data []byte, fds []uint32, err error) {
	if valid == nil {
		valid = func(fd uint32) bool { return fd <= maxFD }
	}
	index := map[uint32]uint32{}
	data, err = encode(v, func(fd uint32) uint32 {
		i, seen := index[fd]
		switch {
		case seen:
		case valid(fd):
			i = uint32(len(fds))
			fds = append(fds, fd)
		default:
			i = InvalidFD
		}
		index[fd] = i
		return i
	})
	return data, fds, err
}

// EncodeLiteral writes a value with the numbers of its descriptors as they
// are, which is how the runner and its helper talk (abi/argdata.md section
// 6.1). Errors are those of [Encode].
func EncodeLiteral(v Value) ([]byte, error) {
	return encode(v, func(fd uint32) uint32 { return fd })
}

func encode(v Value, fd func(uint32) uint32) ([]byte, error) {
	e := encoder{fd: fd}
	size, err := e.measure(v, 0)
	if err != nil {
		return nil, err
	}
	e.out = make([]byte, 0, size)
	e.write(v)
	return e.out, nil
}

// encoder works in two passes: lengths stand before what they measure, so the
// first pass notes them in the order in which the second one needs them.
type encoder struct {
	fd    func(uint32) uint32
	sizes []int // of the items of maps and seqs, each before those inside it
	out   []byte
}

func (e *encoder) measure(v Value, depth int) (int, error) {
	switch v.kind {
	case KindNull:
		return 0, nil
	case KindBinary:
		return 1 + len(v.text), nil
	case KindBool:
		return 1 + int(v.num), nil
	case KindFD:
		return 1 + 4, nil
	case KindFloat:
		return 1 + 8, nil
	case KindInt:
		return 1 + shortest(v.wide()), nil
	case KindStr:
		if !utf8.ValidString(v.text) {
			return 0, fmt.Errorf("argument data: string %.40q is not UTF-8 (%w)", v.text, cloudabi.EILSEQ)
		}
		return 1 + len(v.text) + 1, nil
	case KindTimestamp:
		return 1 + shortest(joinNanoseconds(int64(v.num), v.nsec)), nil
	}
	if depth >= MaxDepth {
		return 0, fmt.Errorf("argument data: nested more than %d deep (%w)", MaxDepth, cloudabi.EINVAL)
	}
	total := 1
	for _, item := range v.items {
		slot := len(e.sizes)
		e.sizes = append(e.sizes, 0)
		n, err := e.measure(item, depth+1)
		if err != nil {
			return 0, err
		}
		e.sizes[slot] = n
		total += prefixSize(n) + n
	}
	return total, nil
}

func (e *encoder) write(v Value) {
	if v.kind == KindNull {
		return
	}
	e.out = append(e.out, byte(v.kind))
	switch v.kind {
	case KindBinary:
		e.out = append(e.out, v.text...)
	case KindBool:
		if v.num != 0 {
			e.out = append(e.out, 1)
		}
	case KindFD:
		e.out = binary.BigEndian.AppendUint32(e.out, e.fd(uint32(v.num)))
	case KindFloat:
		e.out = binary.BigEndian.AppendUint64(e.out, v.num)
	case KindInt:
		e.number(v.wide())
	case KindStr:
		e.out = append(append(e.out, v.text...), 0)
	case KindTimestamp:
		e.number(joinNanoseconds(int64(v.num), v.nsec))
	}
	for _, item := range v.items {
		size := e.sizes[0]
		e.sizes = e.sizes[1:]
		e.prefix(size)
		e.write(item)
	}
}

// wide returns the integer as 128 bits of two's complement.
func (v Value) wide() (high int64, low uint64) {
	if v.neg {
		high = -1
	}
	return high, v.num
}

// shortest returns how many bytes a number in two's complement needs, which
// is none for 0.
func shortest(high int64, low uint64) int {
	if high < 0 {
		high, low = ^high, ^low
	} else if high == 0 && low == 0 {
		return 0
	}
	n := bits.Len64(low)
	if high != 0 {
		n = 64 + bits.Len64(uint64(high))
	}
	return n/8 + 1 // one bit more, for the sign
}

func (e *encoder) number(high int64, low uint64) {
	for i := shortest(high, low) - 1; i >= 0; i-- {
		if i >= 8 {
			e.out = append(e.out, byte(high>>(8*(i-8))))
		} else {
			e.out = append(e.out, byte(low>>(8*i)))
		}
	}
}

// prefixSize returns the number of base-128 digits of a length.
func prefixSize(n int) int { return max(1, (bits.Len(uint(n))+6)/7) }

func (e *encoder) prefix(n int) {
	for i := prefixSize(n) - 1; i > 0; i-- {
		e.out = append(e.out, byte(n>>(7*i))&0x7f)
	}
	e.out = append(e.out, byte(n)|0x80)
}
