package verify_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// tables is what a unit says of itself, as bytes for the fuzzer: eight for each
// entry, exit and mark, the first of which says what it is.
func tables(u *rewrite.Unit) (b []byte) {
	add := func(kind uint8, offset, pc uint32, state uint8) {
		b = append(b, kind)
		b = binary.LittleEndian.AppendUint16(b, uint16(offset))
		b = binary.LittleEndian.AppendUint32(b, pc)
		b = append(b, state)
	}
	for _, e := range u.Entries {
		add(0, e.Offset, uint32(e.PC), 0)
	}
	for _, e := range u.Exits {
		add(1, e.Field, uint32(e.PC), 0)
	}
	for _, m := range u.Marks {
		add(2, m.Offset, m.PC, uint8(m.State))
	}
	return b
}

// untables makes a unit of them.
func untables(code, b []byte) *rewrite.Unit {
	u := &rewrite.Unit{Code: code}
	for ; len(b) >= 8; b = b[8:] {
		offset, pc := uint32(binary.LittleEndian.Uint16(b[1:])), binary.LittleEndian.Uint32(b[3:])
		switch b[0] % 3 {
		case 0:
			u.Entries = append(u.Entries, rewrite.Entry{PC: uint64(pc), Offset: offset})
		case 1:
			u.Exits = append(u.Exits, rewrite.Exit{PC: uint64(pc), Field: offset})
		default:
			u.Marks = append(u.Marks, rewrite.Mark{PC: pc, Offset: offset, State: rewrite.MarkState(b[7])})
		}
	}
	return u
}

// FuzzUnit: whatever a unit is, the verifier comes to a verdict, and what it
// passes is confined when it runs.
func FuzzUnit(f *testing.F) {
	var oracles []*oracle
	var verifiers []*verify.Verifier
	for i, c := range conventions {
		o := newOracle(f, c)
		f.Cleanup(func() { o.close(f) })
		oracles, verifiers = append(oracles, o), append(verifiers, verify.NewFor(c, all))
		for k, s := range sample(f, c, 301) {
			kind := uint8(0)
			for _, b := range s.from(s.unit) {
				kind = max(kind, uint8(b.kind))
			}
			f.Add(s.unit.Code, tables(s.unit), uint8(i), kind, uint64(k))
		}
	}
	f.Fuzz(func(t *testing.T, code, says []byte, convention, kind uint8, seed uint64) {
		if len(code) > 2048 || len(says) > 8192 {
			return
		}
		i := int(convention) % len(conventions)
		v, o, u := verifiers[i], oracles[i], untables(code, says)
		from, err := begins(u), error(nil)
		switch beginKind(kind) {
		case atTarget:
			from, err = append(from, begin{0, atTarget}), v.CheckTarget(u)
		case atReturn:
			from, err = append(from, begin{0, atReturn}), v.CheckReturnStub(u)
		default:
			err = v.Check(u)
		}
		if err != nil {
			return
		}
		o.load(t, u)
		rnd := rand.New(rand.NewPCG(seed, 1))
		for range 4 {
			if err := o.run(t, u, from, rnd); err != nil {
				t.Fatalf("%v\n%s", err, listing(u))
			}
		}
	})
}
