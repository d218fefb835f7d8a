package amd64

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/arch/x86/x86asm"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// encodings has a row for each form: what is meant, what is emitted, the bytes
// and the text that golang.org/x/arch gives for them (VEX: our disassembler).
// The bytes were checked by way of the text, which another decoder gives.
var encodings = []struct {
	intent string
	emit   func(a *Asm)
	bytes  string
	text   string
}{
	{"copy 64 bits", func(a *Asm) { a.Mov64(RAX, R15) }, "498bc7", "mov rax, r15"},
	{"copy 32 bits", func(a *Asm) { a.Mov32(R13, RBX) }, "448beb", "mov r13d, ebx"},
	{"load 64 bits", func(a *Asm) { a.Load64(R9, At(RBX, 8)) }, "4c8b4b08", "mov r9, qword ptr [rbx+0x8]"},
	{"load 32 bits", func(a *Asm) { a.Load32(RCX, At(R14, 0)) }, "418b0e", "mov ecx, dword ptr [r14]"},
	{"load a byte, zero-extended", func(a *Asm) { a.LoadByte(R13, At(RDI, 1)) }, "440fb66f01", "movzx r13d, byte ptr [rdi+0x1]"},
	{"store 64 bits", func(a *Asm) { a.Store64(At(RSI, -8), R10) }, "4c8956f8", "mov qword ptr [rsi-0x8], r10"},
	{"store a sign-extended immediate", func(a *Asm) { a.Store64Imm(At(RSI, 0), -2) }, "48c706feffffff", "mov qword ptr [rsi], -0x2"},
	{"store an immediate of 32 bits", func(a *Asm) { a.Store32Imm(At(RSI, 0), 7) }, "c70607000000", "mov dword ptr [rsi], 0x7"},
	{"constant of 32 bits", func(a *Asm) { a.MovImm(R13, 0xFFFF_FFFF) }, "41bdffffffff", "mov r13d, -0x1"},
	{"constant, sign-extended", func(a *Asm) { a.MovImm(RCX, 1<<64-16) }, "48c7c1f0ffffff", "mov rcx, -0x10"},
	{"constant of 64 bits", func(a *Asm) { a.MovImm(R14, 0x1_2345_6789) }, "49be8967452301000000", "mov r14, 0x123456789"},
	{"address of 64 bits", func(a *Asm) { a.Lea64(RDI, Mem{Base: R15, Index: RDI}) }, "498d3c3f", "lea rdi, ptr [r15+rdi]"},
	{"address of 32 bits", func(a *Asm) { a.Lea32(R12, At(R12, -8)) }, "458d6424f8", "lea r12d, ptr [r12-0x8]"},
	{"low 16 bits", func(a *Asm) { a.Movzx16(RCX, R13) }, "410fb7cd", "movzx ecx, r13w"},
	{"low byte", func(a *Asm) { a.Movzx8(RCX, RCX) }, "0fb6c9", "movzx ecx, cl"},
	{"low byte of rsi", func(a *Asm) { a.Movzx8(RCX, RSI) }, "400fb6ce", "movzx ecx, sil"},
	{"low byte of r13", func(a *Asm) { a.Movzx8(RCX, R13) }, "410fb6cd", "movzx ecx, r13b"},
	{"invert", func(a *Asm) { a.Not64(R13) }, "49f7d5", "not r13"},
	{"return", func(a *Asm) { a.Ret() }, "c3", "ret"},
	{"jump", func(a *Asm) { l := a.NewLabel(); a.Jmp(l); a.Bind(l) }, "e900000000", "jmp .+0x0"},
	{"conditional jump", func(a *Asm) { l := a.NewLabel(); a.Jcc(2, l); a.Bind(l) }, "0f8200000000", "jb .+0x0"},
	{"jump to what is near", func(a *Asm) { l := a.NewLabel(); a.Bind(l); a.Jmp(l) }, "ebfe", "jmp .-0x2"},
	{"conditional jump to what is near", func(a *Asm) { l := a.NewLabel(); a.Bind(l); a.Jcc(2, l) }, "72fe", "jb .-0x2"},
	{"call", func(a *Asm) { l := a.NewLabel(); a.Bind(l); a.Call(l) }, "e8fbffffff", "call .-0x5"},
	{"jump if rcx is zero", func(a *Asm) { l := a.NewLabel(); a.Bind(l); a.Jrcxz(l) }, "e3fe", "jrcxz .-0x2"},
	{"jump if ecx is zero", func(a *Asm) { l := a.NewLabel(); a.Bind(l); a.Jecxz(l) }, "67e3fd", "addr32 jecxz .-0x3"},
	{"call through memory", func(a *Asm) { a.CallMem(Mem{Base: R8, Index: R10, Scale: 3, Disp: -1 << 20}) }, "43ff94d00000f0ff", "call qword ptr [r8+8*r10+0xfff00000]"},
	{"jump through memory", func(a *Asm) { a.JmpMem(Mem{Base: R14, Index: RCX, Scale: 3}) }, "41ff24ce", "jmp qword ptr [r14+8*rcx]"},
	{"jump through the state", func(a *Asm) { a.JmpMem(AtGS(0x650)) }, "65ff242550060000", "jmp qword ptr gs:[0x650]"},
	{"1 byte of nothing", func(a *Asm) { a.Nop(1) }, "90", "nop"},
	{"2 bytes of nothing", func(a *Asm) { a.Nop(2) }, "6690", "data16 nop"},
	{"3 bytes of nothing", func(a *Asm) { a.Nop(3) }, "0f1f00", "nop dword ptr [rax], eax"},
	{"4 bytes of nothing", func(a *Asm) { a.Nop(4) }, "0f1f4000", "nop dword ptr [rax], eax"},
	{"5 bytes of nothing", func(a *Asm) { a.Nop(5) }, "0f1f440000", "nop dword ptr [rax+rax], eax"},
	{"6 bytes of nothing", func(a *Asm) { a.Nop(6) }, "660f1f440000", "nop word ptr [rax+rax], ax"},
	{"7 bytes of nothing", func(a *Asm) { a.Nop(7) }, "0f1f8000000000", "nop dword ptr [rax], eax"},
	{"8 bytes of nothing", func(a *Asm) { a.Nop(8) }, "0f1f840000000000", "nop dword ptr [rax+rax], eax"},
	{"9 bytes of nothing", func(a *Asm) { a.Nop(9) }, "660f1f840000000000", "nop word ptr [rax+rax], ax"},

	{"rsp as the base needs SIB", func(a *Asm) { a.Lea64(RSP, At(RSP, -8)) }, "488d6424f8", "lea rsp, ptr [rsp-0x8]"},
	{"r12 as the base needs SIB", func(a *Asm) { a.Load64(RAX, At(R12, 0)) }, "498b0424", "mov rax, qword ptr [r12]"},
	{"rbp as the base needs a displacement", func(a *Asm) { a.Load64(RAX, At(RBP, 0)) }, "488b4500", "mov rax, qword ptr [rbp]"},
	{"r13 as the base needs a displacement", func(a *Asm) { a.Load64(RAX, At(R13, 0)) }, "498b4500", "mov rax, qword ptr [r13]"},
	{"r12 as the index", func(a *Asm) { a.Load64(RAX, Mem{Base: R15, Index: R12}) }, "4b8b0427", "mov rax, qword ptr [r15+r12]"},
	{"a displacement of 32 bits", func(a *Asm) { a.Load64(RAX, Mem{Base: R15, Index: R12, Disp: 128}) }, "4b8b842780000000", "mov rax, qword ptr [r15+r12+0x80]"},
	{"the smallest displacement of a byte", func(a *Asm) { a.Load64(RAX, At(RBX, -128)) }, "488b4380", "mov rax, qword ptr [rbx-0x80]"},
	{"an index without a base", func(a *Asm) { a.Lea32(RCX, Mem{Base: None, Index: R13, Scale: 2}) }, "428d0cad00000000", "lea ecx, ptr [4*r13]"},
	{"a place in the state", func(a *Asm) { a.Load64(R13, AtGS(0x60)) }, "654c8b2c2560000000", "mov r13, qword ptr gs:[0x60]"},
	{"an indexed place in the state", func(a *Asm) { a.LoadByte(RCX, Mem{Base: RCX, Index: None, GS: true, Disp: 0x700}) }, "650fb68900070000", "movzx ecx, byte ptr gs:[rcx+0x700]"},

	{"an opcode with a register in it", func(a *Asm) { a.OpShort(Form{W: true, Map: Map0F, Opcode: 0xC8}, R9) }, "490fc9", "bswap r9"},
	{"sil needs a REX prefix", func(a *Asm) { a.Op(Form{REX: true, Opcode: 0x88}, RSI, RAX) }, "4088f0", "mov al, sil"},
	{"dh must not have one", func(a *Asm) { a.Op(Form{Opcode: 0x88}, 6, RAX) }, "88f0", "mov al, dh"},
	{"16 bits", func(a *Asm) { a.Op(Form{Opsize: true, Opcode: 0x01}, RAX, R9) }, "664101c1", "add r9w, ax"},
	{"locked", func(a *Asm) { a.OpMem(Form{Lock: true, W: true, Opcode: 0x01}, RAX, Mem{Base: R15, Index: R13}) }, "f04b01042f", "lock add qword ptr [r15+r13], rax"},
	{"repeated", func(a *Asm) { a.OpShort(Form{Prefix: 0xF3, W: true, Opcode: 0xA5}, 0) }, "f348a5", "rep movsq qword ptr [rdi], qword ptr [rsi]"},
	{"an opcode extension", func(a *Asm) { a.Op(Form{W: true, Opcode: 0x81}, 5, R12); a.U32(0x20) }, "4981ec20000000", "sub r12, 0x20"},
	{"a mandatory prefix", func(a *Asm) { a.Op(Form{Prefix: 0x66, Map: Map0F, Opcode: 0xFE}, 9, 1) }, "66440ffec9", "paddd xmm9, xmm1"},
	{"map 0F38", func(a *Asm) { a.OpMem(Form{Prefix: 0x66, Map: Map0F38, Opcode: 0x00}, 1, Mem{Base: R15, Index: R13}) }, "66430f38000c2f", "pshufb xmm1, xmmword ptr [r15+r13]"},
	{"map 0F3A", func(a *Asm) { a.Op(Form{Prefix: 0x66, Map: Map0F3A, Opcode: 0x0F}, 1, 2); a.Bytes(4) }, "660f3a0fca04", "palignr xmm1, xmm2, 0x4"},
	{"F2 before REX", func(a *Asm) { a.Op(Form{Prefix: 0xF2, W: true, Map: Map0F38, Opcode: 0xF1}, RAX, R9) }, "f2490f38f1c1", "crc32 rax, r9"},

	{"VEX of two bytes", func(a *Asm) { a.Op(Form{VEX: true, Map: Map0F, Prefix: 0x66, L: true, Opcode: 0xFE, VVVV: 3}, 9, 2) }, "c565feca", "vpaddd ymm9, ymm3, ymm2"},
	{"VEX of three bytes for B", func(a *Asm) { a.Op(Form{VEX: true, Map: Map0F, Opcode: 0x58, VVVV: 15}, 1, 10) }, "c4c10058ca", "vaddps xmm1, xmm15, xmm10"},
	{"VEX of three bytes for X", func(a *Asm) {
		a.OpMem(Form{VEX: true, Map: Map0F, Opcode: 0x58, VVVV: 1}, 8, Mem{Base: RAX, Index: R13})
	}, "c42170580428", "vaddps xmm8, xmm1, xmmword ptr [rax+r13]"},
	{"VEX.W", func(a *Asm) { a.Op(Form{VEX: true, W: true, Map: Map0F38, Opcode: 0xF2, VVVV: 2}, R9, RBX) }, "c462e8f2cb", "andn r9, rdx, rbx"},
	{"VEX, F2", func(a *Asm) { a.Op(Form{VEX: true, Map: Map0F38, Prefix: 0xF2, Opcode: 0xF6, VVVV: 2}, RAX, RBX) }, "c4e26bf6c3", "mulx eax, edx, ebx"},
	{"VEX, map 0F3A", func(a *Asm) {
		a.Op(Form{VEX: true, W: true, Map: Map0F3A, Prefix: 0xF2, Opcode: 0xF0}, RAX, R8)
		a.Bytes(7)
	}, "c4c3fbf0c007", "rorx rax, r8, 0x7"},
}

// text disassembles one instruction.
func text(t *testing.T, code []byte) string {
	if b := code[0]; b == 0xC4 || b == 0xC5 {
		s, n := x86.Disassemble(code, 0, nil)
		require.Equal(t, len(code), n, "% x: %s", code, s)
		return s
	}
	i, err := x86asm.Decode(code, 64)
	require.NoError(t, err, "% x", code)
	require.Equal(t, len(code), i.Len, "% x: %v", code, i)
	return strings.ToLower(x86asm.IntelSyntax(i, 0, nil))
}

func TestEncodings(t *testing.T) {
	for _, e := range encodings {
		t.Run(e.intent, func(t *testing.T) {
			var a Asm
			e.emit(&a)
			require.True(t, a.Link())
			require.Equal(t, e.bytes, hex.EncodeToString(a.Code))
			require.Equal(t, e.text, text(t, a.Code))
		})
	}
}

// TestRoundTrip encodes random operands in all their forms and reads them
// back: by golang.org/x/arch, and VEX by our decoder.
func TestRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 3_000 {
		m := randomMem(rnd)
		reg, rm, v := Reg(rnd.IntN(16)), Reg(rnd.IntN(16)), uint8(rnd.IntN(16))
		wide := rnd.IntN(2) == 0
		var a Asm
		a.OpMem(Form{W: wide, Opcode: 0x8B}, reg, m)
		requireLegacy(t, a.Code, wide, reg, mem(m))
		a.Reset()
		a.OpMem(Form{W: wide, Opcode: 0x89}, reg, m)
		requireLegacy(t, a.Code, wide, reg, mem(m))
		a.Reset()
		a.Op(Form{W: wide, Map: Map0F, Opcode: 0xAF}, reg, rm)
		requireLegacy(t, a.Code, wide, reg, general(rm, wide))

		f := Form{VEX: true, VVVV: v, L: rnd.IntN(2) == 0, W: wide, Prefix: 0x66, Map: Map0F, Opcode: 0xFE} // vpaddd
		a.Reset()
		a.OpMem(f, reg, m)
		requireVEX(t, a.Code, f, reg, rm, &m)
		a.Reset()
		a.Op(f, reg, rm)
		requireVEX(t, a.Code, f, reg, rm, nil)
		f.Map, f.Opcode = Map0F38, 0x3C // vpmaxsb
		a.Reset()
		a.OpMem(f, reg, m)
		requireVEX(t, a.Code, f, reg, rm, &m)
	}
}

// randomMem draws an operand, with the borders of the forms of displacement.
func randomMem(rnd *rand.Rand) Mem {
	m := Mem{Base: Reg(rnd.IntN(17)), Index: Reg(rnd.IntN(17)), Scale: uint8(rnd.IntN(4)), GS: rnd.IntN(4) == 0}
	m.Disp = []int32{0, 1, -1, 127, 128, -128, -129, 1<<31 - 1, -1 << 31, int32(rnd.Uint32())}[rnd.IntN(10)]
	if m.Base == 16 {
		m.Base = None
	}
	if m.Index == 16 || m.Index == RSP { // rsp cannot be an index
		m.Index, m.Scale = None, 0
	}
	return m
}

func general(r Reg, wide bool) x86asm.Arg {
	if wide {
		return x86asm.RAX + x86asm.Reg(r)
	}
	return x86asm.EAX + x86asm.Reg(r)
}

func mem(m Mem) x86asm.Arg {
	want := x86asm.Mem{Disp: int64(m.Disp)}
	if m.GS {
		want.Segment = x86asm.GS
	}
	if m.Base != None {
		want.Base = x86asm.RAX + x86asm.Reg(m.Base)
	}
	if m.Index != None {
		want.Index, want.Scale = x86asm.RAX+x86asm.Reg(m.Index), 1<<m.Scale
	}
	return want
}

func requireLegacy(t *testing.T, code []byte, wide bool, reg Reg, other x86asm.Arg) {
	t.Helper()
	i, err := x86asm.Decode(code, 64)
	require.NoError(t, err, "% x", code)
	require.Equal(t, len(code), i.Len)
	args := i.Args[:2]
	if i.Opcode>>24 == 0x89 {
		args = []x86asm.Arg{i.Args[1], i.Args[0]}
	}
	if m, ok := args[1].(x86asm.Mem); ok {
		m.Disp = int64(int32(m.Disp)) // it does not extend those of 32 bits
		if m.Index == 0 {
			m.Scale = 0
		}
		args[1] = m
	}
	require.Equal(t, []x86asm.Arg{general(reg, wide), other}, args, "% x", code)
}

func requireVEX(t *testing.T, code []byte, f Form, reg, rm Reg, m *Mem) {
	t.Helper()
	var d x86.Inst
	require.NoError(t, x86.Decode(&d, code, 0), "% x", code)
	require.Equal(t, len(code), d.Len)
	require.Equal(t, f.Opcode, d.Opcode)
	require.Equal(t, uint8(reg), d.Args[0].Reg, "% x", code)
	require.Equal(t, f.VVVV, d.Args[1].Reg, "% x", code)
	require.Equal(t, f.L, d.VecLen == 32)
	if m == nil {
		require.Equal(t, uint8(rm), d.Args[2].Reg, "% x", code)
		return
	}
	want := x86.Mem{Base: x86.Zero, Index: x86.Zero, Scale: m.Scale, Disp: int64(m.Disp)}
	if m.Base != None {
		want.Base = uint8(m.Base)
	}
	if m.Index != None {
		want.Index = uint8(m.Index)
	}
	require.Equal(t, want, d.Mem, "% x", code)
	require.Equal(t, m.GS, d.Has(x86.PrefixGS))
}

// TestLabels: branches reach labels before and behind them, and what does not
// is told.
func TestLabels(t *testing.T) {
	var a Asm
	back, on := a.NewLabel(), a.NewLabel()
	a.Bind(back)
	a.Jmp(on)
	a.Jrcxz(back)
	a.Bind(on)
	a.Call(back)
	require.True(t, a.Link())
	require.Equal(t, "e902000000"+"e3f9"+"e8f4ffffff", hex.EncodeToString(a.Code))

	a.Reset()
	near := a.NewLabel()
	a.Jrcxz(near)
	a.Bytes(make([]byte, 127)...)
	a.Bind(near)
	require.True(t, a.Link())
	require.Equal(t, byte(127), a.Code[1])
	a.Reset()
	l := a.NewLabel()
	a.Jrcxz(l)
	a.Bytes(make([]byte, 128)...)
	a.Bind(l)
	require.False(t, a.Link(), "out of a short branch's reach")
	a.Reset()
	a.Jmp(a.NewLabel())
	require.False(t, a.Link(), "not bound")
}

// TestAlign: what follows, or what follows n bytes on, is aligned by instructions
// that do nothing.
func TestAlign(t *testing.T) {
	nothing := func(code []byte) {
		t.Helper()
		for len(code) > 0 {
			i, err := x86asm.Decode(code, 64)
			require.NoError(t, err)
			require.Equal(t, x86asm.NOP, i.Op)
			code = code[i.Len:]
		}
	}
	for at := range 40 {
		for n := range 4 {
			var a Asm
			a.Bytes(make([]byte, at)...)
			a.AlignField(n)
			require.Zero(t, (a.Len()+n)%4)
			nothing(a.Code[at:])
		}
		var a Asm
		a.Bytes(make([]byte, at)...)
		a.Align(16)
		require.Zero(t, a.Len()%16)
		require.Less(t, a.Len(), at+16)
		nothing(a.Code[at:])
	}
}
