package jit

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/memory"
)

// flavours are the ways of running code that must agree; nil is the
// interpreter's.
var flavours = []*Options{nil, {}, {Verify: true}, {Metered: true, Verify: true}, {Verify: true, Portable: true}}

// same runs a test with each flavour and requires the same account from all.
func same(t *testing.T, code []byte, test func(t *testing.T, s *side) (account []string)) {
	t.Helper()
	var want []string
	var retired uint64
	for i, o := range flavours {
		s := newSide(t, code, o)
		got := test(t, s)
		s.close(t)
		if i == 0 {
			want, retired = got, s.thread.Retired
			continue
		}
		require.Equal(t, want, got, "%+v", *o)
		if o.Metered {
			require.Equal(t, retired, s.thread.Retired)
		}
	}
}

// goOn runs a side's thread to its next stop and says how that was.
func (s *side) goOn() string {
	stop := s.engine.Run(s.thread, cpu.Unlimited)
	return fmt.Sprintf("%v, state %x", stop, s.thread.State.Hash())
}

func (s *side) from(pc uint64) *side {
	s.thread.State.SetPC(pc)
	return s
}

const (
	pageAt  = 0x0060_0000 // where code comes and goes
	otherAt = 0x0070_0000
)

// answer is: mov eax, n; syscall
func answer(n int) []byte { return bytesOf(0xB8, uint32(n), 0x0F, 0x05) }

// TestCodeComesAndGoes: at any time it is the current code that runs, whatever
// has become of it: made executable, changed, unmapped, mapped elsewhere,
// replaced, written to by way of the file or of another mapping.
func TestCodeComesAndGoes(t *testing.T) {
	const rx, rw = memory.Read | memory.Exec, memory.Read | memory.Write
	// call rbx; jmp again: so that branches are filled in.
	same(t, bytesOf(0xFF, 0xD3, 0xEB, 0xFC), func(t *testing.T, s *side) (log []string) {
		state := s.thread.State.(*x86.State)
		page := func(m memory.Mapping) {
			m.Len, m.MaxProt, m.Fixed = 8192, memory.Read|memory.Write|memory.Exec, true
			_, err := s.space.Map(m)
			require.NoError(t, err)
		}
		write := func(at uint64, code []byte) {
			require.NoError(t, s.space.Protect(at, 8192, rw))
			require.NoError(t, s.space.WriteAt(code, at))
			require.NoError(t, s.space.Protect(at, 8192, rx))
		}
		ask := func(what string) {
			for _, at := range []uint64{pageAt, otherAt, pageAt + 4096 - 4} {
				for range 2 {
					state.R[x86.RBX], state.R[x86.RAX], state.R[x86.RSP] = at, 0, dataAt+dataSize/2
					log = append(log, fmt.Sprintf("%s, by a call of %#x: %s", what, at, s.from(codeAt).goOn()))
					state.R[x86.RSP] = dataAt + dataSize/2
					log = append(log, fmt.Sprintf("%s, at %#x: %s", what, at, s.from(at).goOn()))
				}
			}
		}
		defer func() {
			require.Greater(t, strings.Count(strings.Join(log, "\n"), "system call"), 100)
		}()
		ask("nothing there")
		page(memory.Mapping{Addr: pageAt, Prot: rw})
		require.NoError(t, s.space.WriteAt(answer(1), pageAt))
		require.NoError(t, s.space.WriteAt(answer(2), pageAt+4096-4)) // across two pages
		ask("not executable")
		require.NoError(t, s.space.Protect(pageAt, 4096, rx))
		ask("the first page")
		require.NoError(t, s.space.Protect(pageAt, 8192, rx))
		ask("both pages")
		for i := range 20 {
			write(pageAt, answer(100+i))
			ask("changed")
		}
		require.NoError(t, s.space.Protect(pageAt+4096, 4096, memory.Read))
		ask("the first page again")
		require.NoError(t, s.space.Unmap(pageAt, 4096))
		ask("unmapped")
		object, err := memory.NewObject(nil)
		require.NoError(t, err)
		require.NoError(t, object.Truncate(8192))
		_, err = object.WriteAt(answer(300), 0)
		require.NoError(t, err)
		page(memory.Mapping{Addr: pageAt, Prot: rx, Shared: true, Object: object})
		ask("of an object")
		page(memory.Mapping{Addr: otherAt, Prot: rx, Shared: true, Object: object})
		require.NoError(t, s.space.Unmap(pageAt, 8192))
		ask("elsewhere")
		page(memory.Mapping{Addr: pageAt, Prot: rx, Object: object})
		for i := range 5 {
			_, err = object.WriteAt(answer(400+i), 0)
			require.NoError(t, err)
			ask("written to")
		}
		page(memory.Mapping{Addr: pageAt, Prot: rw, Shared: true, Object: object})
		for i := range 5 {
			require.NoError(t, s.space.WriteAt(answer(500+i), pageAt))
			ask("written through another mapping")
		}
		page(memory.Mapping{Addr: pageAt, Prot: rx, Shared: true, Object: object})
		ask("not written any more")
		page(memory.Mapping{Addr: otherAt, Prot: rx})
		ask("replaced by zeros")
		require.NoError(t, s.space.Unmap(pageAt, 8192))
		require.NoError(t, s.space.Unmap(otherAt, 8192))
		object.Close()
		return log
	})
}

// TestOneRunsWhileAnotherChanges: a thread calls a function that is changed all
// the time. What it gets is never older than the last change that is over, and
// it gets each.
func TestOneRunsWhileAnotherChanges(t *testing.T) {
	const rx, rw = memory.Read | memory.Exec, memory.Read | memory.Write
	for _, o := range flavours {
		// again: mov eax, function; call rax; mov [data], eax; call function; mov [data+4], eax; jmp again
		code := bytesOf(0xB8, uint32(pageAt), 0xFF, 0xD0, 0x89, 0x04, 0x25, uint32(dataAt),
			0xE8, uint32(pageAt-codeAt-19), 0x89, 0x04, 0x25, uint32(dataAt+4), 0xEB, 0xE4)
		s := newSide(t, code, o)
		_, err := s.space.Map(memory.Mapping{Addr: pageAt, Len: 4096, Prot: rw, MaxProt: rw | memory.Exec, Fixed: true})
		require.NoError(t, err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				switch stop := s.engine.Run(s.thread, cpu.Unlimited); {
				case stop.Kind == cpu.StopInterrupt:
					return
				case stop.Kind != cpu.StopFault || stop.Fault.Access != memory.Exec:
					t.Errorf("%v", stop)
					return
				}
			}
		}()
		for n := uint32(1); n <= 60; n++ {
			require.NoError(t, s.space.Protect(pageAt, 4096, rw))
			require.NoError(t, s.space.WriteAt(bytesOf(0xB8, n, 0xC3), pageAt)) // mov eax, n; ret
			require.NoError(t, s.space.Protect(pageAt, 4096, rx))
			// Two rounds on, nothing old is left.
			for _, at := range []uint64{dataAt, dataAt + 4} {
				for got := uint32(0); got != n; {
					got, err = s.space.LoadAtomic32(at)
					require.NoError(t, err)
					require.LessOrEqual(t, got, n)
					require.GreaterOrEqual(t, got, n-1)
				}
			}
		}
		s.thread.Interrupt()
		<-done
		s.close(t)
	}
}

// TestMiddleOfInstructions jumps to every byte of code that makes sense from
// many of them.
func TestMiddleOfInstructions(t *testing.T) {
	code := bytesOf(
		0xFF, 0xE3, // jmp rbx
		0xB8, 0x48, 0xFF, 0xC0, 0x90, // mov eax, (inc rax; nop)
		0x48, 0xB9, 0x48, 0x01, 0xD8, 0x50, 0x58, 0xEB, 0x04, 0x90, // mov rcx, (add rax, rbx; push rax; pop rax; jmp over)
		0x05, 0xEB, 0x03, 0x0F, 0x05, // add eax, (jmp; syscall)
		0x69, 0xC0, 0xFF, 0xC2, 0x74, 0x02, // imul eax, eax, (inc edx; je)
		0x3D, 0x0F, 0x05, 0xE8, 0xE0, // cmp eax, (syscall)
		0x83, 0xF8, 0xC3, // cmp eax, (ret)
		0x0F, 0x05)
	same(t, code, func(t *testing.T, s *side) (log []string) {
		state := s.thread.State.(*x86.State)
		for range 2 {
			for at := 2; at < len(code); at++ {
				state.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
				state.R[x86.RBX] = codeAt + uint64(at)
				log = append(log, s.goOn())
				log = append(log, s.from(codeAt+uint64(at)).goOn())
			}
		}
		return log
	})
}

// TestEdgesOfCode: blocks that end with a page, with what is executable, with
// the window; and jumps to where no code can be.
func TestEdgesOfCode(t *testing.T) {
	const rx, rw = memory.Read | memory.Exec, memory.Read | memory.Write
	jump := bytesOf(0xFF, 0xE3)
	tails := [][]byte{{0x90}, {0x48, 0xFF, 0xC0}, {0x50}, {0x58}, {0xB8, 1, 2, 3, 4}, {0x0F, 0x05}, {0xC3}, {0xEB, 0x00}, {0x74, 0x00}, {0xE8, 0, 0, 0, 0},
		{0x0F}, {0x48}, {0xE8, 0, 0}, {0xF3, 0xA4}, {0x0F, 0x53, 0xC0}, {0x48, 0x8B, 0x04, 0x24}, {0x83, 0xC0}}
	ends := []uint64{pageAt + 4096, 1<<32 - 1<<16, 1<<31 + 4096}
	same(t, jump, func(t *testing.T, s *side) (log []string) {
		state := s.thread.State.(*x86.State)
		for _, end := range ends {
			_, err := s.space.Map(memory.Mapping{Addr: end - 4096, Len: 4096, Prot: rw, MaxProt: rw | memory.Exec, Fixed: true})
			if err != nil {
				log = append(log, err.Error())
				continue
			}
			for _, tail := range tails {
				for _, before := range []int{0, 1, 40, 200} {
					code := append(make([]byte, 0, 300), make([]byte, before)...)
					for i := range code {
						code[i] = 0x91 // xchg eax, ecx
					}
					code = append(code, tail...)
					at := end - uint64(len(code))
					require.NoError(t, s.space.Protect(end-4096, 4096, rw))
					require.NoError(t, s.space.WriteAt(code, at))
					require.NoError(t, s.space.Protect(end-4096, 4096, rx))
					for range 2 {
						state.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
						state.R[x86.RBX], state.R[x86.RSI], state.R[x86.RDI] = at, dataAt, dataAt
						log = append(log, fmt.Sprintf("% x before %#x: %s", tail, end, s.goOn()))
					}
				}
			}
		}
		for _, to := range []uint64{0, 1, 0xFFFF, 1<<32 - 1, 1<<32 - 1<<16, 1 << 32, 1<<32 + codeAt, 1 << 40, 1<<47 - 1, 1 << 63, ^uint64(0), codeAt + guestCode, dataAt} {
			for range 2 {
				state.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
				state.R[x86.RBX] = to
				log = append(log, fmt.Sprintf("jump to %#x: %s", to, s.goOn()))
				state.Reset(cpu.Start{PC: to, SP: dataAt + dataSize/2})
				log = append(log, s.goOn())
			}
		}
		return log
	})
}

// TestReturnsOfAllKinds: recursion that is deeper than any host stack, returns
// past many callers at once, two stacks that call each other, and callers that
// are changed.
func TestReturnsOfAllKinds(t *testing.T) {
	programs := []struct {
		name string
		code []byte
	}{
		// f: dec ecx; jz out; call f; inc rax; out: ret, called with ecx = 100,000
		{"deep", bytesOf(0xB9, uint32(100_000), 0xE8, uint32(2), 0x0F, 0x05, 0xFF, 0xC9, 0x74, 0x08, 0xE8, ^uint32(8), 0x48, 0xFF, 0xC0, 0xC3)},
		// mov edx, 300; again: mov rbp, rsp; mov ecx, 50; call f; back: dec edx; jnz again; syscall;
		// f: dec ecx; jz jump; call f; jump: mov rsp, rbp; lea rbx, [back]; jmp rbx
		{"longjmp", bytesOf(0xBA, uint32(300), 0x48, 0x89, 0xE5, 0xB9, uint32(50), 0xE8, uint32(6), 0xFF, 0xCA, 0x75, 0xEF, 0x0F, 0x05,
			0xFF, 0xC9, 0x74, 0x05, 0xE8, ^uint32(8), 0x48, 0x89, 0xEC, 0x48, 0x8D, 0x1D, ^uint32(24), 0xFF, 0xE3)},
		// mov ecx, 5000; mov edi, data+0x40000; lea rax, [other]; mov [rdi], rax; again: call switch; dec ecx; jnz again; syscall;
		// other: inc rbx; call switch; jmp other; switch: xchg rsp, rdi; ret
		{"two stacks", bytesOf(0xB9, uint32(5000), 0xBF, uint32(dataAt+0x40000), 0x48, 0x8D, 0x05, uint32(14), 0x48, 0x89, 0x07,
			0xE8, uint32(16), 0xFF, 0xC9, 0x75, 0xF7, 0x0F, 0x05, 0x48, 0xFF, 0xC3, 0xE8, uint32(2), 0xEB, 0xF6, 0x48, 0x87, 0xE7, 0xC3)},
		// mov ecx, 3000; again: call f; nop; dec ecx; jnz again; syscall; f: test cl, 1; jz g; add qword [rsp], 1; g: inc rax; ret
		{"changed returns", bytesOf(0xB9, uint32(3000), 0xE8, uint32(7), 0x90, 0xFF, 0xC9, 0x75, 0xF6, 0x0F, 0x05,
			0xF6, 0xC1, 0x01, 0x74, 0x05, 0x48, 0x83, 0x04, 0x24, 0x01, 0x48, 0xFF, 0xC0, 0xC3)},
		// mov ecx, 2000; again: lea rax, [out]; push rax; push rax; ret (to out); ... out: dec ecx; jnz again; syscall
		{"pushed returns", bytesOf(0xB9, uint32(2000), 0x48, 0x8D, 0x05, uint32(3), 0x50, 0x50, 0xC3, 0xFF, 0xC9, 0x75, 0xF2, 0x0F, 0x05)},
	}
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			same(t, p.code, func(t *testing.T, s *side) (log []string) {
				for range 3 {
					s.thread.State.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize - 64})
					log = append(log, s.goOn())
					require.Contains(t, log[len(log)-1], "system call")
				}
				return log
			})
		})
	}
}

// TestKnownStacks: where it is known from the code that rsp is nowhere, the
// verifier must not find fault with what is never reached.
func TestKnownStacks(t *testing.T) {
	for _, code := range [][]byte{
		// mov rsp, -7; cld; jl behind; push rax; behind: syscall
		bytesOf(0x48, 0xBC, ^uint64(6), 0xFC, 0x7C, 0x01, 0x50, 0x0F, 0x05),
		// mov rsp, data; and rsp, 0; lea rsp, [rsp+2]; add rsp, -0x6d; jmp behind; push rax; behind: syscall
		bytesOf(0xBC, uint32(dataAt), 0x48, 0x83, 0xE4, 0, 0x48, 0x8D, 0x64, 0x24, 2, 0x48, 0x83, 0xC4, 0x93, 0xEB, 0x01, 0x50, 0x0F, 0x05),
		bytesOf(0x48, 0xBC, uint64(0), 0x48, 0x8D, 0x64, 0x24, 2, 0x48, 0x83, 0xC4, 0x93, 0xE9, uint32(1), 0x50, 0x0F, 0x05),
		// mov rsp, 4 GiB; jmp; mov rsp, 8; push rax
		bytesOf(0x48, 0xBC, uint64(1<<32), 0xEB, 0x00, 0x0F, 0x05),
		bytesOf(0xBC, uint32(8), 0xEB, 0x00, 0x50, 0x0F, 0x05),
	} {
		same(t, code, func(t *testing.T, s *side) (log []string) {
			for range 2 {
				log = append(log, s.from(codeAt).goOn())
			}
			return log
		})
	}
}

// TestLargeFunction runs a function of a megabyte: plain instructions, and
// branches from anywhere to anywhere in it that are taken once.
func TestLargeFunction(t *testing.T) {
	const at, size = 0x0080_0000, 1 << 20
	rnd := rand.New(rand.NewPCG(5, 6))
	code := make([]byte, 0, size+64)
	var starts, fixes []int
	for len(code) < size-64 {
		starts = append(starts, len(code))
		for range 1 + rnd.IntN(12) {
			op := []byte{0x01, 0x03, 0x21, 0x29, 0x31, 0x39, 0x85, 0x89, 0x0B}[rnd.IntN(9)]
			a, b := byte(rnd.IntN(8)), byte(rnd.IntN(8))
			if a == 4 || b == 4 || a == 1 || b == 1 { // not rsp, nor rcx
				continue
			}
			code = append(code, 0x48, op, 0xC0|a<<3|b)
		}
		if rnd.IntN(3) == 0 { // dec ecx; jz somewhere
			code = append(code, 0xFF, 0xC9, 0x0F, 0x84, 0, 0, 0, 0)
			fixes = append(fixes, len(code)-4)
		}
	}
	code = append(code, 0x0F, 0x05)
	for _, f := range fixes {
		binary.LittleEndian.PutUint32(code[f:], uint32(starts[rnd.IntN(len(starts))]-f-4))
	}
	var want []string
	var retired uint64
	for _, o := range []*Options{nil, {}, {Metered: true}, {Verify: true}} {
		s := newSide(t, []byte{0x90}, o)
		_, err := s.space.Map(memory.Mapping{Addr: at, Len: size + 4096, Prot: memory.Read | memory.Write, MaxProt: memory.Read | memory.Write | memory.Exec, Fixed: true})
		require.NoError(t, err)
		require.NoError(t, s.space.WriteAt(code, at))
		require.NoError(t, s.space.Protect(at, size+4096, memory.Read|memory.Exec))
		var log []string
		for i := range 4 {
			state := s.thread.State.(*x86.State)
			state.Reset(cpu.Start{PC: at, SP: dataAt + dataSize/2})
			state.R[x86.RAX], state.R[x86.RBX], state.R[x86.RCX] = 3, 5, uint64(10+1000*i)
			log = append(log, s.goOn())
			require.Contains(t, log[i], "system call")
		}
		s.close(t)
		if want == nil {
			want, retired = log, s.thread.Retired
		}
		require.Equal(t, want, log)
		if o != nil && o.Metered {
			require.Equal(t, retired, s.thread.Retired)
		}
	}
}
