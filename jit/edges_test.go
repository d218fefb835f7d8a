package jit

import (
	"bytes"
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
)

var edgeTime = flag.Duration("edges.time", time.Second, "how long to compare programs at the edges of memory")

// edge draws an address close to where something ends: mapped memory, the low
// and the high 64 KiB, 4 GiB, the code, a page.
func edge(rnd *rand.Rand) uint64 {
	const viewEvery = (dataEnd - dataAt) / views
	at := []uint64{0, 1 << 16, 1<<32 - 1<<16, 1 << 32, dataAt, dataAt + dataSize, dataAt + 4096, codeAt, codeAt + guestCode, 1 << 63,
		(dataAt + viewEvery) &^ 0xFFFF, (dataAt+viewEvery)&^0xFFFF + dataSize}[rnd.IntN(12)]
	switch rnd.IntN(4) {
	case 0:
		return at
	case 1:
		return at + uint64(rnd.IntN(80)) - 40
	default:
		return at + 8*(uint64(rnd.IntN(20))-10)
	}
}

// aliased are the instructions that copy: from one view of the data to another,
// where these overlap in the object and not in the window, the host's processor
// copies many bytes at once. A native program would see the same.
var aliased = map[string]bool{"movsb": true, "movsw/movsd/movsq": true}

// edgeProgram draws a program of what moves the stack pointer, of instructions
// with several parts, and of accesses, in short blocks that branch to one
// another.
func edgeProgram(rnd *rand.Rand) (code []byte, starts []uint64) {
	const blocks = 120
	type fix struct{ at, block int }
	var fixes []fix
	add := func(b ...byte) { code = append(code, b...) }
	rel := func(b ...byte) {
		code = append(append(code, b...), 0, 0, 0, 0)
		fixes = append(fixes, fix{len(code) - 4, rnd.IntN(blocks)})
	}
	n := func(k int) byte { return byte(rnd.IntN(k)) }
	// mem adds an opcode with a memory operand: base and displacement.
	mem := func(reg byte, opcode ...byte) {
		base := n(8)
		code = append(code, opcode...)
		if base == 4 {
			add(0x44|reg<<3, 0x24, n(64)-32)
			return
		}
		add(0x40|reg<<3|base, n(64)-32)
	}
	rows := x86.Rows()
	for range blocks {
		starts = append(starts, codeAt+uint64(len(code)))
		for range 1 + rnd.IntN(7) {
			switch rnd.IntN(36) {
			case 0, 1, 2: // several
				for range 1 + rnd.IntN(5) {
					add(0x40|n(2), 0x50|n(8))
				}
			case 3, 4, 5:
				for range 1 + rnd.IntN(5) {
					add(0x40|n(2), 0x58|n(8))
				}
			case 6:
				add(0x6A, n(255))
			case 7:
				mem(6, 0xFF) // push
			case 8:
				mem(0, 0x8F) // pop
			case 9:
				mem(2, 0xFF) // call
			case 10:
				add(0xC9) // leave
			case 11:
				add(0xC8, n(64), 0, n(4)) // enter
			case 12:
				add([]byte{0x9C, 0x9D}[n(2)])
			case 13:
				mem(n(8), 0x48, 0x87) // xchg
			case 14:
				mem(n(8), 0xF0, 0x48, 0x0F, 0xB1) // cmpxchg
			case 15:
				mem(1, 0x0F, 0xC7) // cmpxchg8b
			case 16:
				mem(1, 0x48, 0x0F, 0xC7) // cmpxchg16b
			case 17:
				mem(n(8), 0x48, 0x0F, 0xC1) // xadd
			case 18, 19:
				add(0xB9, n(40), 0, 0, 0) // mov ecx
				if rnd.IntN(2) == 0 {
					add(0x48, []byte{0xBE, 0xBF}[n(2)]) // a string's address
					code = binary.LittleEndian.AppendUint64(code, edge(rnd))
				}
				op := []byte{0xA4, 0xA5, 0xAA, 0xAB, 0xAC, 0xAD, 0xA6, 0xA7, 0xAE, 0xAF}[n(10)]
				if op <= 0xA5 { // see aliased
					add(0x48, 0x8D, 0x77, n(255)) // lea rsi, [rdi+n]
				}
				add([]byte{0xF3, 0xF2}[n(2)])
				add([]byte{0x48, 0x66, 0x40}[n(3)], op)
			case 20:
				add(0xFC | n(2)) // direction
			case 21:
				add(0x48, 0x83, []byte{0xC4, 0xEC, 0xE4}[n(3)], n(255)) // rsp
			case 22:
				add(0x48, 0x81, []byte{0xC4, 0xEC}[n(2)])
				code = binary.LittleEndian.AppendUint32(code, rnd.Uint32())
			case 23:
				add(0x48, 0x8D, 0x64, 0x24, n(255)) // lea rsp, [rsp+n]
			case 24:
				add(0x48, 0x89, 0xC4|n(8)<<3) // mov rsp, r
			case 25:
				add(0x48, 0xBC) // mov rsp, an edge
				code = binary.LittleEndian.AppendUint64(code, edge(rnd))
			case 26:
				add(0x48, 0xB8|[]byte{0, 1, 2, 3, 5, 6, 7}[n(7)])
				code = binary.LittleEndian.AppendUint64(code, edge(rnd))
			case 27:
				mem(n(8), 0x48, []byte{0x01, 0x03, 0x89, 0x8B, 0x29, 0x3B}[n(6)])
			case 28:
				mem(n(8), 0xC5, 0xFE, []byte{0x6F, 0x7F}[n(2)]) // vmovdqu
			case 29:
				mem(n(8), 0x48, 0x0F, []byte{0xAB, 0xA3}[n(2)]) // bts, bt
			case 30:
				mem(n(8), 0x0F, 0x38, []byte{0xF0, 0xF1}[n(2)]) // movbe
			case 31:
				add(0xC2, n(32), n(2)) // ret n
			case 32:
				rel(0xE8)
			case 33:
				rel(0x0F, 0x80|n(16))
			default:
				if r := rows[rnd.IntN(len(rows))]; !aliased[r.Name] {
					code = append(code, r.Instance(rnd)...)
				}
			}
		}
		switch rnd.IntN(5) {
		case 0:
			rel(0xE9)
		case 1:
			add(0xC3)
		case 2:
			rel(0xE8)
		case 3:
			rel(0x48, 0x8D, 0x05)
			add(0xFF, []byte{0xE0, 0xD0}[n(2)])
		}
	}
	for _, f := range fixes {
		binary.LittleEndian.PutUint32(code[f.at:], uint32(starts[f.block]-codeAt-uint64(f.at)-4))
	}
	return code[:min(len(code), guestCode)], starts
}

// edgeRegisters has most registers close to where something ends.
func edgeRegisters(s *x86.State, rnd *rand.Rand, starts []uint64) {
	seed(s, rnd, starts)
	for i := range 16 {
		if rnd.IntN(3) == 0 {
			s.R[i] = edge(rnd)
		}
	}
	if rnd.IntN(2) == 0 {
		s.R[x86.RSP] = edge(rnd)
	}
	s.R[x86.RCX] = uint64(rnd.IntN(50))
	s.SetPC(starts[rnd.IntN(len(starts))])
}

// TestLockstepEdges compares interpreter and metered code where accesses are
// refused in the middle of instructions, where the stack is nowhere, and with
// budgets that end anywhere.
func TestLockstepEdges(t *testing.T) {
	kinds := map[cpu.StopKind]uint64{}
	begin, retired, programs := time.Now(), uint64(0), uint64(0)
	for n := *lockSeed; time.Since(begin) < *edgeTime || n < *lockSeed+3; n++ {
		retired += lockstepEdges(t, n, Options{Metered: true, Verify: true, Portable: n%4 == 3}, kinds)
		programs++
	}
	t.Logf("%d programs, %d instructions, %v", programs, retired, kinds)
}

func lockstepEdges(t *testing.T, number uint64, o Options, kinds map[cpu.StopKind]uint64) (retired uint64) {
	rnd := rand.New(rand.NewPCG(number, 77))
	code, starts := edgeProgram(rnd)
	a, b := newSide(t, code, nil), newSide(t, code, &o)
	defer a.close(t)
	defer b.close(t)
	sa, sb := a.thread.State.(*x86.State), b.thread.State.(*x86.State)
	again := func() {
		n := rnd.Uint64()
		edgeRegisters(sa, rand.New(rand.NewPCG(n, 1)), starts)
		edgeRegisters(sb, rand.New(rand.NewPCG(n, 1)), starts)
	}
	again()
	for range 3000 {
		budget := 1 + rnd.Uint64N(30)
		before := sa.Clone()
		pc := sa.PC()
		stop1 := a.engine.Run(a.thread, budget)
		stop2 := b.engine.Run(b.thread, budget)
		kinds[stop1.Kind]++
		if stop1 != stop2 || sa.Hash() != sb.Hash() || a.thread.Retired != b.thread.Retired {
			t.Fatalf("program %d (-lockstep.seed %d), from %#x with budget %d: the engines differ\ninterpreter: %v, retired %d\n%s\ntranslator: %v, retired %d\n%s\nbefore:\n%s\n%s",
				number, number, pc, budget, stop1, a.thread.Retired, dump(sa), stop2, b.thread.Retired, dump(sb), dump(before), disassembly(code, pc, 12))
		}
		if stop1.Kind != cpu.StopBudget || rnd.IntN(20) == 0 {
			again()
		}
	}
	va, vb := make([]byte, dataSize), make([]byte, dataSize)
	_, err := a.data.ReadAt(va, 0)
	require.NoError(t, err)
	_, err = b.data.ReadAt(vb, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(va, vb), "program %d: memory differs", number)
	return a.thread.Retired
}
