package x86

import (
	_ "embed"
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
)

// sameText has a digest for every section of the table: what its rows compute. One table
// for all hosts, since much is computed by the host's own arithmetic and must
// come out the same on all of them.
//
//go:embed testdata/same.txt
var sameText string

var updateSame = flag.Bool("update-same", false, "write testdata/same.txt anew")

const sameHead = `# What the rows of each section of the table compute, from operands that their
# names decide, the same on every host: digest, rows, section. A change or an
# addition is written down with
#   go test ./cpu/x86 -run TestSameEverywhere -update-same
`

// TestSameEverywhere runs instances of every row from edge operands, and holds
// the states they end in, and the memory they leave, against the table.
func TestSameEverywhere(t *testing.T) {
	sums, count := map[string]hasher{}, map[string]int{}
	m := newMachine(t, nil, Options{})
	m.th.Env = environment{}
	for _, r := range Rows() {
		section := r.sec.Ref
		sum, ok := sums[section]
		if !ok {
			sum = hasher(1)
		}
		rnd := seedOf(r, 77)
		for range 12 {
			m.same(rnd, r, &sum)
		}
		sums[section] = sum
		count[section]++
	}
	var b strings.Builder
	b.WriteString(sameHead)
	for _, section := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&b, "%016x %3d %s\n", uint64(sums[section]), count[section], section)
	}
	if *updateSame {
		require.NoError(t, os.WriteFile("testdata/same.txt", []byte(b.String()), 0o666))
		return
	}
	require.Equal(t, sameText, b.String())
}

// same runs one instance and adds what can be seen of it afterwards.
func (m *machine) same(rnd *rand.Rand, r *Row, sum *hasher) {
	code := r.Instance(rnd)
	m.code(codeAt, append(code, 0x0f, 0x0b))
	page := make([]byte, 0x1000)
	for i := 0; i < len(page); i += 8 {
		binary.LittleEndian.PutUint64(page[i:], sameLane(rnd))
	}
	require.NoError(m.t, m.space.WriteAt(page, dataAt+0x8000))
	s := m.s
	s.Reset(cpu.Start{PC: codeAt, SP: stackAt - 0x1000})
	for i := range 16 {
		switch {
		case i == RSP:
		case rnd.IntN(3) > 0:
			s.R[i] = dataAt + 0x8000 + rnd.Uint64N(128)*16
		default:
			s.R[i] = edgeInt(rnd)
		}
	}
	if rnd.IntN(2) == 0 {
		s.R[RCX] = rnd.Uint64N(20) // counts of repeated strings
	}
	for i := range s.V[:16] {
		for j := range s.V[i] {
			s.V[i][j] = sameLane(rnd)
		}
	}
	s.SetFlags(rnd.Uint64())
	s.MXCSR = mxcsr(rnd) | 0x1f80
	s.FPU.CW = 0x37f | uint16(rnd.Uint32())&0xf00
	for i := range 4 {
		s.FPU.ST[i] = edge80(rnd)
	}
	s.FPU.Tag = 0xf
	m.th.Retired = 0
	stop := m.in.Run(m.th, 1)
	sum.add(uint64(stop.Kind))
	if stop.Kind == cpu.StopFault {
		sum.add(stop.Fault.Addr)
		sum.add(uint64(stop.Fault.Access))
	}
	sum.add(s.Hash())
	for _, at := range []uint64{dataAt + 0x8000, stackAt - 0x1800} {
		require.NoError(m.t, m.space.ReadAt(page, at))
		for i := 0; i < len(page); i += 8 {
			sum.add(binary.LittleEndian.Uint64(page[i:]))
		}
	}
}

// sameLane is 64 bits of a vector. The generator of the differential suite
// computes some operands with the host's mathematics; this does not.
func sameLane(rnd *rand.Rand) uint64 {
	switch rnd.IntN(5) {
	case 0:
		return edgeInts[rnd.IntN(len(edgeInts))]
	case 1:
		return edgeDoubles[rnd.IntN(len(edgeDoubles))]
	case 2:
		return uint64(edgeSingles[rnd.IntN(len(edgeSingles))]) | uint64(edgeSingles[rnd.IntN(len(edgeSingles))])<<32
	case 3: // near one
		return rnd.Uint64()&^(0x7ff<<52) | (0x3f8+rnd.Uint64N(16))<<52
	}
	return rnd.Uint64()
}
