package x86

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/stretchr/testify/require"
)

// The bit manipulation instructions bit by bit, for hosts without the native
// oracle: rcx and rdx in, rax (and rbx) out.
func TestBitManipulation(t *testing.T) {
	deposit := func(v, mask uint64) (r uint64) {
		for i := range 64 {
			if mask>>i&1 != 0 {
				r |= v & 1 << i
				v >>= 1
			}
		}
		return r
	}
	extract := func(v, mask uint64) (r uint64) {
		n := 0
		for i := range 64 {
			if mask>>i&1 != 0 {
				r |= v >> i & 1 << n
				n++
			}
		}
		return r
	}
	field := func(v, start, n uint64) uint64 {
		if start > 63 {
			return 0
		}
		v >>= start
		if n < 64 {
			v &= 1<<n - 1
		}
		return v
	}
	none := func(a uint64) uint64 { return b2u(a == 0) }
	for _, c := range []struct {
		name  string
		code  []byte
		want  func(c, d uint64) uint64
		carry func(c, d uint64) uint64 // nil: the flags are kept
	}{
		{"andn rax, rcx, rdx", []byte{0xc4, 0xe2, 0xf0, 0xf2, 0xc2}, func(c, d uint64) uint64 { return ^c & d }, func(_, _ uint64) uint64 { return 0 }},
		{"bextr rax, rcx, rdx", []byte{0xc4, 0xe2, 0xe8, 0xf7, 0xc1}, func(c, d uint64) uint64 { return field(c, d&0xff, d>>8&0xff) }, func(_, _ uint64) uint64 { return 0 }},
		{"blsi rax, rcx", []byte{0xc4, 0xe2, 0xf8, 0xf3, 0xd9}, func(c, _ uint64) uint64 { return c & -c }, func(c, _ uint64) uint64 { return 1 - none(c) }},
		{"blsmsk rax, rcx", []byte{0xc4, 0xe2, 0xf8, 0xf3, 0xd1}, func(c, _ uint64) uint64 { return c ^ (c - 1) }, func(c, _ uint64) uint64 { return none(c) }},
		{"blsr rax, rcx", []byte{0xc4, 0xe2, 0xf8, 0xf3, 0xc9}, func(c, _ uint64) uint64 { return c & (c - 1) }, func(c, _ uint64) uint64 { return none(c) }},
		{"bzhi rax, rcx, rdx", []byte{0xc4, 0xe2, 0xe8, 0xf5, 0xc1}, func(c, d uint64) uint64 { return field(c, 0, d&0xff) }, func(_, d uint64) uint64 { return b2u(d&0xff > 63) }},
		{"pdep rax, rcx, rdx", []byte{0xc4, 0xe2, 0xf3, 0xf5, 0xc2}, deposit, nil},
		{"pext rax, rcx, rdx", []byte{0xc4, 0xe2, 0xf2, 0xf5, 0xc2}, extract, nil},
		{"rorx rax, rcx, 13", []byte{0xc4, 0xe3, 0xfb, 0xf0, 0xc1, 13}, func(c, _ uint64) uint64 { return bits.RotateLeft64(c, -13) }, nil},
		{"sarx rax, rcx, rdx", []byte{0xc4, 0xe2, 0xea, 0xf7, 0xc1}, func(c, d uint64) uint64 { return uint64(int64(c) >> (d & 63)) }, nil},
		{"shlx rax, rcx, rdx", []byte{0xc4, 0xe2, 0xe9, 0xf7, 0xc1}, func(c, d uint64) uint64 { return c << (d & 63) }, nil},
		{"shrx rax, rcx, rdx", []byte{0xc4, 0xe2, 0xeb, 0xf7, 0xc1}, func(c, d uint64) uint64 { return c >> (d & 63) }, nil},
		{"lzcnt rax, rcx", []byte{0xf3, 0x48, 0x0f, 0xbd, 0xc1}, func(c, _ uint64) uint64 { return uint64(bits.LeadingZeros64(c)) }, func(c, _ uint64) uint64 { return none(c) }},
		{"tzcnt rax, rcx", []byte{0xf3, 0x48, 0x0f, 0xbc, 0xc1}, func(c, _ uint64) uint64 { return uint64(bits.TrailingZeros64(c)) }, func(c, _ uint64) uint64 { return none(c) }},
		{"popcnt rax, rcx", []byte{0xf3, 0x48, 0x0f, 0xb8, 0xc1}, func(c, _ uint64) uint64 { return uint64(bits.OnesCount64(c)) }, func(_, _ uint64) uint64 { return 0 }},
	} {
		rnd := rand.New(rand.NewPCG(7, uint64(len(c.name))))
		for range 300 {
			s := new(State)
			s.R[RCX], s.R[RDX] = edgeInt(rnd), edgeInt(rnd)
			flags := rnd.Uint64() & FlagsStatus
			s.SetFlags(flags)
			do(t, s, c.code...)
			want := c.want(s.R[RCX], s.R[RDX])
			require.Equal(t, want, s.R[RAX], "%s: %x, %x", c.name, s.R[RCX], s.R[RDX])
			if c.carry == nil {
				require.Equal(t, flags, s.Flags()&FlagsStatus, c.name)
				continue
			}
			z := b2u(s.R[RAX] == 0) * FlagZ
			require.Equal(t, c.carry(s.R[RCX], s.R[RDX])|z, s.Flags()&(FlagC|FlagZ), "%s: %x, %x", c.name, s.R[RCX], s.R[RDX])
		}
	}
}

func TestMulx(t *testing.T) {
	s := new(State)
	s.R[RDX], s.R[RCX] = 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE
	do(t, s, 0xc4, 0xe2, 0xe3, 0xf6, 0xc1) // mulx rax, rbx, rcx
	require.Equal(t, uint64(0xFFFFFFFFFFFFFFFD), s.R[RAX])
	require.Equal(t, uint64(2), s.R[RBX])
	do(t, s, 0xc4, 0xe2, 0xfb, 0xf6, 0xc1) // mulx rax, rax, rcx: the high half stays
	require.Equal(t, uint64(0xFFFFFFFFFFFFFFFD), s.R[RAX])
}

// TestCarryChains: ADCX and ADOX each touch a flag of their own.
func TestCarryChains(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 500 {
		a, b, flags := edgeInt(rnd), edgeInt(rnd), rnd.Uint64()&FlagsStatus
		for _, c := range []struct {
			prefix byte
			flag   uint64
		}{{0x66, FlagC}, {0xf3, FlagO}} {
			s := new(State)
			s.R[RAX], s.R[RCX] = a, b
			s.SetFlags(flags)
			do(t, s, c.prefix, 0x48, 0x0f, 0x38, 0xf6, 0xc1)
			sum, carry := bits.Add64(a, b, b2u(flags&c.flag != 0))
			require.Equal(t, sum, s.R[RAX])
			require.Equal(t, flags&^c.flag|carry*c.flag, s.Flags()&FlagsStatus)
		}
	}
}

// TestMovbe: at every size, to and from memory.
func TestMovbe(t *testing.T) {
	m := newMachine(t, nil, Options{})
	require.NoError(t, m.space.WriteAt([]byte{1, 2, 3, 4, 5, 6, 7, 8}, dataAt))
	for _, c := range []struct {
		prefix []byte
		want   uint64
		stored []byte
	}{
		{[]byte{0x66}, 0xAAAAAAAAAAAA0102, []byte{0xCC, 0xDD}},
		{nil, 0x01020304, []byte{0xAA, 0xBB, 0xCC, 0xDD}},
		{[]byte{0x48}, 0x0102030405060708, []byte{0x12, 0x34, 0x56, 0x78, 0xAA, 0xBB, 0xCC, 0xDD}},
	} {
		m.s.R[RBX], m.s.R[RAX], m.s.R[RCX] = dataAt, 0xAAAAAAAAAAAAAAAA, 0x12345678AABBCCDD
		require.Equal(t, cpu.StopBudget, m.one(t, append(c.prefix[:len(c.prefix):len(c.prefix)], 0x0f, 0x38, 0xf0, 0x03)).Kind)
		require.Equal(t, c.want, m.s.R[RAX])
		require.Equal(t, cpu.StopBudget, m.one(t, append(c.prefix[:len(c.prefix):len(c.prefix)], 0x0f, 0x38, 0xf1, 0x4b, 0x10)).Kind)
		got := make([]byte, len(c.stored))
		require.NoError(t, m.space.ReadAt(got, dataAt+0x10))
		require.Equal(t, c.stored, got)
	}
}
