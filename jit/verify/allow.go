package verify

import (
	"strings"
	"sync"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// class is how an instruction is treated.
type class uint8

const (
	refused class = iota
	compute       // registers and memory as its operands say
	move          // MOV: also of what the guest must not know
	extend        // MOVZX
	lea
	invert // NOT
	add    // ADD and SUB, whose bounds are tracked
	sub
	xor
	and
	nothing // NOP; see noOperation
	copying // MOVS, STOS
	filling
	branch // Jcc
	jump
	call
	ret
	ifZero // JRCXZ, JECXZ
)

// special are the instructions that are more than their operands.
var special = sync.OnceValue(func() map[string]class {
	return map[string]class{
		"mov": move, "movzx": extend, "lea": lea, "not": invert, "add": add, "sub": sub, "xor": xor, "and": and, "nop": nothing,
		"movsb": copying, "movsw/movsd/movsq": copying, "stosb": filling, "stosw/stosd/stosq": filling,
		"jcc": branch, "jmp": jump, "call": call, "ret": ret, "jrcxz": ifZero,
	}
})

// computing are the instructions that do what their operands say and nothing
// else. What is not listed here is refused, so an instruction that is new in
// the decoder's table is until someone has looked at it.
const computing = `
	adc sbb cmp inc dec neg mul imul div idiv
	or test
	rol ror rcl rcr shl shr sar shld shrd
	bt bts btr btc bsf bsr setcc cmovcc
	movsx movsxd bswap xchg xadd cmpxchg cmpxchg8b
	cbw/cwde/cdqe cwd/cdq/cqo
	clc stc cmc cld std lahf sahf
	pause lfence mfence sfence
	popcnt lzcnt tzcnt movbe crc32 adcx adox
	andn bextr blsi blsmsk blsr bzhi mulx pdep pext rorx sarx shlx shrx

	addps addss cmpps cmpss comiss cvtsi2ss cvtss2si cvttss2si divps divss ldmxcsr maxps maxss minps minss mulps mulss
	sqrtps sqrtss stmxcsr subps subss ucomiss
	addpd addsd cmppd cmpsd comisd cvtdq2pd cvtdq2ps cvtpd2dq cvtpd2ps cvtps2dq cvtps2pd cvtsd2si cvtsd2ss cvtsi2sd
	cvtss2sd cvttpd2dq cvttps2dq cvttsd2si divpd divsd maxpd maxsd minpd minsd mulpd mulsd sqrtpd sqrtsd subpd subsd
	ucomisd
	packssdw packsswb packuswb paddb paddd paddq paddsb paddsw paddusb paddusw paddw pand pandn pavgb pavgw pcmpeqb
	pcmpeqd pcmpeqw pcmpgtb pcmpgtd pcmpgtw pextrw pinsrw pmaddwd pmaxsw pmaxub pminsw pminub pmovmskb pmulhuw pmulhw
	pmullw pmuludq por psadbw pshufd pshufhw pshuflw pslld pslldq psllq psllw psrad psraw psrld psrldq psrlq psrlw
	psubb psubd psubq psubsb psubsw psubusb psubusw psubw punpckhbw punpckhdq punpckhqdq punpckhwd punpcklbw punpckldq
	punpcklqdq punpcklwd pxor
	andnpd andnps andpd andps movapd movaps movd movdqa movdqu movhlps movhpd movhps movlhps movlpd movlps movmskpd
	movmskps movntdq movnti movntpd movntps movq movsd movss movupd movups orpd orps shufpd shufps unpckhpd unpckhps
	unpcklpd unpcklps xorpd xorps
	addsubpd addsubps haddpd haddps hsubpd hsubps lddqu movddup movshdup movsldup
	pabsb pabsd pabsw palignr phaddd phaddsw phaddw phsubd phsubsw phsubw pmaddubsw pmulhrsw pshufb psignb psignd psignw
	blendpd blendps blendvpd blendvps dppd dpps extractps insertps movntdqa mpsadbw packusdw pblendvb pblendw pcmpeqq
	pextrb pextrd pextrq phminposuw pinsrb pinsrd pinsrq pmaxsb pmaxsd pmaxud pmaxuw pminsb pminsd pminud pminuw
	pmovsxbd pmovsxbq pmovsxbw pmovsxdq pmovsxwd pmovsxwq pmovzxbd pmovzxbq pmovzxbw pmovzxdq pmovzxwd pmovzxwq pmuldq
	pmulld ptest roundpd roundps roundsd roundss
	pcmpestri pcmpestrm pcmpgtq pcmpistri pcmpistrm
	aesdec aesdeclast aesenc aesenclast aesimc aeskeygenassist pclmulqdq
	sha1msg1 sha1msg2 sha1nexte sha1rnds4 sha256msg1 sha256msg2 sha256rnds2

	vblendpd vblendps vblendvpd vblendvps vextractps vinsertps vlddqu vmovapd vmovaps vmovd vmovddup vmovdqa vmovdqu
	vmovhlps vmovhpd vmovhps vmovlhps vmovlpd vmovlps vmovmskpd vmovmskps vmovntdq vmovntdqa vmovntpd vmovntps vmovq
	vmovsd vmovshdup vmovsldup vmovss vmovupd vmovups vpackssdw vpacksswb vpackusdw vpackuswb vpalignr vpblendvb
	vpblendw vpextrb vpextrd vpextrq vpextrw vpinsrb vpinsrd vpinsrq vpinsrw vpmovmskb vpmovsxbd vpmovsxbq vpmovsxbw
	vpmovsxdq vpmovsxwd vpmovsxwq vpmovzxbd vpmovzxbq vpmovzxbw vpmovzxdq vpmovzxwd vpmovzxwq vpshufb vpshufd vpshufhw
	vpshuflw vpunpckhbw vpunpckhdq vpunpckhqdq vpunpckhwd vpunpcklbw vpunpckldq vpunpcklqdq vpunpcklwd vshufpd vshufps
	vunpckhpd vunpckhps vunpcklpd vunpcklps vzeroall vzeroupper
	vbroadcastf128 vbroadcasti128 vbroadcastsd vbroadcastss vextractf128 vextracti128 vinsertf128 vinserti128 vmaskmovpd
	vmaskmovps vpblendd vpbroadcastb vpbroadcastd vpbroadcastq vpbroadcastw vperm2f128 vperm2i128 vpermd vpermilpd
	vpermilps vpermpd vpermps vpermq vpmaskmovd vpmaskmovq
	vaesdec vaesdeclast vaesenc vaesenclast vaesimc vaeskeygenassist vandnpd vandnps vandpd vandps vmpsadbw vorpd vorps
	vpabsb vpabsd vpabsw vpaddb vpaddd vpaddq vpaddsb vpaddsw vpaddusb vpaddusw vpaddw vpand vpandn vpavgb vpavgw
	vpclmulqdq vpcmpeqb vpcmpeqd vpcmpeqq vpcmpeqw vpcmpestri vpcmpestrm vpcmpgtb vpcmpgtd vpcmpgtq vpcmpgtw vpcmpistri
	vpcmpistrm vphaddd vphaddsw vphaddw vphminposuw vphsubd vphsubsw vphsubw vpmaddubsw vpmaddwd vpmaxsb vpmaxsd
	vpmaxsw vpmaxub vpmaxud vpmaxuw vpminsb vpminsd vpminsw vpminub vpminud vpminuw vpmuldq vpmulhrsw vpmulhuw vpmulhw
	vpmulld vpmullw vpmuludq vpor vpsadbw vpsignb vpsignd vpsignw vpslld vpslldq vpsllq vpsllvd vpsllvq vpsllw vpsrad
	vpsravd vpsraw vpsrld vpsrldq vpsrlq vpsrlvd vpsrlvq vpsrlw vpsubb vpsubd vpsubq vpsubsb vpsubsw vpsubusb vpsubusw
	vpsubw vptest vpxor vxorpd vxorps
	vaddpd vaddps vaddsd vaddss vaddsubpd vaddsubps vcmppd vcmpps vcmpsd vcmpss vcomisd vcomiss vcvtdq2pd vcvtdq2ps
	vcvtpd2dq vcvtpd2ps vcvtps2dq vcvtps2pd vcvtsd2si vcvtsd2ss vcvtsi2sd vcvtsi2ss vcvtss2sd vcvtss2si vcvttpd2dq
	vcvttps2dq vcvttsd2si vcvttss2si vdivpd vdivps vdivsd vdivss vdppd vdpps vhaddpd vhaddps vhsubpd vhsubps vldmxcsr
	vmaxpd vmaxps vmaxsd vmaxss vminpd vminps vminsd vminss vmulpd vmulps vmulsd vmulss vroundpd vroundps vroundsd
	vroundss vsqrtpd vsqrtps vsqrtsd vsqrtss vstmxcsr vsubpd vsubps vsubsd vsubss vtestpd vtestps vucomisd vucomiss
	vfmadd132pd vfmadd132ps vfmadd132sd vfmadd132ss vfmadd213pd vfmadd213ps vfmadd213sd vfmadd213ss vfmadd231pd
	vfmadd231ps vfmadd231sd vfmadd231ss vfmaddsub132pd vfmaddsub132ps vfmaddsub213pd vfmaddsub213ps vfmaddsub231pd
	vfmaddsub231ps vfmsub132pd vfmsub132ps vfmsub132sd vfmsub132ss vfmsub213pd vfmsub213ps vfmsub213sd vfmsub213ss
	vfmsub231pd vfmsub231ps vfmsub231sd vfmsub231ss vfmsubadd132pd vfmsubadd132ps vfmsubadd213pd vfmsubadd213ps
	vfmsubadd231pd vfmsubadd231ps vfnmadd132pd vfnmadd132ps vfnmadd132sd vfnmadd132ss vfnmadd213pd vfnmadd213ps
	vfnmadd213sd vfnmadd213ss vfnmadd231pd vfnmadd231ps vfnmadd231sd vfnmadd231ss vfnmsub132pd vfnmsub132ps vfnmsub132sd
	vfnmsub132ss vfnmsub213pd vfnmsub213ps vfnmsub213sd vfnmsub213ss vfnmsub231pd vfnmsub231ps vfnmsub231sd vfnmsub231ss
	vcvtph2ps vcvtps2ph
`

// clearing are the instructions whose results of 32 bits in a general register
// always clear its upper half. Those that may leave their destination alone
// (BSF, shifts by CL, CMPXCHG) are not among them.
const clearing = `
	mov movzx movsx movsxd lea add adc sub sbb and or xor neg not inc dec imul cmovcc bswap xchg xadd
	popcnt lzcnt tzcnt movbe crc32 adcx adox
	andn bextr blsi blsmsk blsr bzhi mulx pdep pext rorx sarx shlx shrx
	movd vmovd movmskps movmskpd vmovmskps vmovmskpd pmovmskb vpmovmskb pextrb pextrw pextrd vpextrb vpextrw vpextrd
	extractps vextractps cvtss2si cvttss2si cvtsd2si cvttsd2si vcvtss2si vcvttss2si vcvtsd2si vcvttsd2si
`

// quiet are the instructions, of those that compute, that are never refused if
// they do not access the window, and so may stand where no instruction of the
// guest begins.
const quiet = `
	add sub and or xor cmp test neg not inc dec movsx movsxd
	movaps movups movdqa movdqu movq movd
`

// noOperation reports whether code is one of the instructions without effect, of 1
// to 9 bytes, that the manual recommends (Vol. 2B, NOP); of nothing else it is said
// that it has none.
func noOperation(code []byte) bool {
	switch string(code) {
	case "\x90",
		"\x66\x90",
		"\x0F\x1F\x00",
		"\x0F\x1F\x40\x00",
		"\x0F\x1F\x44\x00\x00",
		"\x66\x0F\x1F\x44\x00\x00",
		"\x0F\x1F\x80\x00\x00\x00\x00",
		"\x0F\x1F\x84\x00\x00\x00\x00\x00",
		"\x66\x0F\x1F\x84\x00\x00\x00\x00\x00":
		return true
	}
	return false
}

// methods are the kinds of operands (see x86.Operand) that are known here:
// general and vector registers, memory by ModRM, immediates. Segment, control,
// debug, x87 and MMX registers are not, nor are absolute addresses and VSIB.
const methods = "EMRGZIVWUHBLrx1"

// rule is what is known of a row of the decoder's table.
type rule struct {
	class   class
	clears  bool
	quiet   bool
	carry   bool // CF is written, or may be
	feature string
}

// rules has the rule of each row, by the row's index.
var rules = sync.OnceValue(func() []rule {
	plain, clears, calm := set(computing), set(clearing), set(quiet)
	out := make([]rule, len(x86.Rows()))
	for i, r := range x86.Rows() {
		c := special()[r.Name]
		if plain[r.Name] {
			c = compute
		}
		if operandsKnown(r, c) {
			carry := (r.FlagsWritten()|r.FlagsUndefined()|r.FlagsMaybe())&x86.FlagC != 0
			out[i] = rule{c, clears[r.Name], calm[r.Name], carry, r.Section().Feature}
		}
	}
	return out
})

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// encodings are those that may be used of instructions that need care.
var encodings = [...]string{
	branch: "70+cc,0F 80+cc", jump: "EB,E9,FF /4", call: "E8,FF /2", ret: "C3", ifZero: "E3",
	copying: "A4,A5", filling: "AA,AB", lea: "8D /r", invert: "F6 /2,F7 /2", nothing: "NB 90,0F 1F /r",
}

// operandsKnown reports whether the row's encoding and operands are such as its
// class is treated with.
func operandsKnown(r *x86.Row, c class) bool {
	if e := encodings[c]; e != "" {
		return strings.Contains(","+e+",", ","+r.Enc+",")
	}
	for _, o := range r.Operands() {
		if strings.IndexByte(methods, o.Method) < 0 {
			return false
		}
	}
	guests := conventions()[rewrite.StateInRegister|rewrite.Counting].guest&^(1<<stackPointer) | 1<<temp1
	for _, o := range r.Implicit() {
		if o.Method != 'x' && (o.Method != 'r' || guests>>(o.Reg&15)&1 == 0) {
			return false
		}
	}
	return true
}
