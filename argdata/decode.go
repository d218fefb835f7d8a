package argdata

import (
	"encoding/binary"
	"errors"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Decode reads a value, all of it, and refuses whatever one of the getters of
// [Node] would refuse, with an [*Error] that says where. Integers not in
// their shortest form are accepted, as they are there.
//
// Descriptor numbers pass through translate; a nil function takes those up to
// 2^31−1 as they are. EBADF for a number that it refuses. "No descriptor" is
// a value like others, and becomes FD(InvalidFD).
//
// The value shares no memory with data. It takes up to about 150 bytes for a
// byte of data, so the caller bounds the length.
func Decode(data []byte, translate func(index uint32) (fd uint32, ok bool)) (Value, error) {
	d := decoder{data: data, text: string(data), translate: translate}
	return d.value(0, len(data), 0)
}

type decoder struct {
	data      Node
	text      string // the same bytes; strings of values are pieces of it
	translate func(uint32) (uint32, bool)
}

// value decodes the node that lies between two offsets.
func (d *decoder) value(start, end, depth int) (Value, error) {
	n := d.data[start:end:end]
	kind, err := n.Kind()
	v := Value{kind: kind}
	switch kind {
	case KindMap, KindSeq:
		v.items, err = d.items(start, end, depth, kind)
		return v, err // its offsets are from the start of the data already
	case KindBinary:
		v.text = d.text[start+1 : end]
	case KindBool:
		var b bool
		b, err = n.Bool()
		v = Bool(b)
	case KindFD:
		v, err = d.fd(n)
	case KindFloat:
		// Not by way of a float64: some processors change a signalling NaN.
		if _, err = n.Float(); err == nil {
			v.num = binary.BigEndian.Uint64(n[1:])
		}
	case KindInt:
		v, err = integer(n)
	case KindStr:
		if _, err = n.Str(); err == nil {
			v.text = d.text[start+1 : end-1]
		}
	case KindTimestamp:
		var sec int64
		sec, v.nsec, err = n.Timestamp()
		v.num = uint64(sec)
	}
	if err != nil {
		return Value{}, shift(err, start)
	}
	return v, nil
}

func shift(err error, by int) error {
	var e *Error
	if errors.As(err, &e) {
		e.Offset += by
	}
	return err
}

func (d *decoder) fd(n Node) (Value, error) {
	if len(n) == 5 && binary.BigEndian.Uint32(n[1:]) == InvalidFD {
		return FD(InvalidFD), nil
	}
	fd, err := n.FD(d.translate)
	return FD(fd), err
}

func integer(n Node) (Value, error) {
	if len(n) > 1 && n[1]&0x80 != 0 {
		i, err := n.Int64()
		return Int(i), err
	}
	u, err := n.Uint64()
	return Uint(u), err
}

func (d *decoder) items(start, end, depth int, kind Kind) ([]Value, error) {
	if depth >= MaxDepth {
		return nil, failure(start, cloudabi.EINVAL, "nested more than %d deep", MaxDepth)
	}
	n := d.data[:end]
	var items []Value
	keyAt := 0
	for at := start + 1; at < end; {
		if len(items)%2 == 0 {
			keyAt = at
		}
		from, to, err := n.subfield(at)
		if err != nil {
			return nil, err
		}
		item, err := d.value(from, to, depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		at = to
	}
	if kind == KindMap && len(items)%2 != 0 {
		return nil, keyAlone(keyAt)
	}
	return items, nil
}
