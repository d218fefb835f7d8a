package arm64

import (
	"strconv"
	"sync"
)

// The system registers that a program may read or write. The identification
// registers are those that the operating systems of aarch64 let a program
// read; they present one fixed processor, the same on every host.

// systemReg is a system register.
type systemReg struct {
	name  string
	value uint64 // of one that has a fixed value
	read  opFunc // of one that has not
	write opFunc // nil if it is read-only
}

// reg is the number of a system register in an MRS or MSR word: bits 19 to 5.
func sysregNumber(op1, crn, crm, op2 uint32) uint32 {
	return 1<<14 | op1<<11 | crn<<7 | crm<<3 | op2
}

// Fields of the identification registers.
const (
	isar0AES    = 2 << 4 // FEAT_AES and FEAT_PMULL
	isar0SHA1   = 1 << 8
	isar0SHA2   = 1 << 12 // FEAT_SHA256
	isar0CRC32  = 1 << 16
	isar0Atomic = 2 << 20 // FEAT_LSE
	isar0RDM    = 1 << 28
	isar0DP     = 1 << 44 // FEAT_DotProd
	isar1JSCVT  = 1 << 12
	isar1FCMA   = 1 << 16
	isar1LRCPC  = 1 << 20

	pfr0EL0     = 1 << 0 // AArch64 only
	pfr0EL1     = 1 << 4
	pfr0FP16    = 1<<16 | 1<<20 // floating point and Advanced SIMD with half precision
	pfr0Present = pfr0EL0 | pfr0EL1

	midr = 0xf << 16 // architecture: by the identification registers

	// CTR_EL0: 64-byte lines, write-back granule and reservation granule of 64
	// bytes; instruction caches need care.
	ctr = 1<<31 | 4<<24 | 4<<20 | 4<<16 | 3<<14 | 4

	// DCZID_EL0: DC ZVA clears 2^4 words.
	dczid = 4

	// cyclesPerSecond is CNTFRQ_EL0: Environment.Cycles counts nanoseconds.
	cyclesPerSecond = 1e9
)

// sysregs lists them by number.
var sysregs = sync.OnceValue(func() map[uint32]*systemReg {
	return map[uint32]*systemReg{
		sysregNumber(3, 0, 0, 1):  {name: "ctr_el0", value: ctr},
		sysregNumber(3, 0, 0, 7):  {name: "dczid_el0", value: dczid},
		sysregNumber(3, 4, 2, 0):  {name: "nzcv", read: mrsNZCV, write: msrNZCV},
		sysregNumber(3, 4, 4, 0):  {name: "fpcr", read: mrsFPCR, write: msrFPCR},
		sysregNumber(3, 4, 4, 1):  {name: "fpsr", read: mrsFPSR, write: msrFPSR},
		sysregNumber(3, 13, 0, 2): {name: "tpidr_el0", read: mrsTPIDR, write: msrTPIDR},
		sysregNumber(3, 13, 0, 3): {name: "tpidrro_el0", read: mrsTPIDRRO},
		sysregNumber(3, 14, 0, 0): {name: "cntfrq_el0", value: cyclesPerSecond},
		sysregNumber(3, 14, 0, 2): {name: "cntvct_el0", read: mrsCNTVCT},

		sysregNumber(0, 0, 0, 0): {name: "midr_el1", value: midr},
		sysregNumber(0, 0, 0, 5): {name: "mpidr_el1", value: 1 << 31},
		sysregNumber(0, 0, 0, 6): {name: "revidr_el1"},
		sysregNumber(0, 0, 4, 0): {name: "id_aa64pfr0_el1", value: idPFR0},
		sysregNumber(0, 0, 4, 1): {name: "id_aa64pfr1_el1"},
		sysregNumber(0, 0, 4, 4): {name: "id_aa64zfr0_el1"},
		sysregNumber(0, 0, 4, 5): {name: "id_aa64smfr0_el1"},
		sysregNumber(0, 0, 5, 4): {name: "id_aa64afr0_el1"},
		sysregNumber(0, 0, 5, 5): {name: "id_aa64afr1_el1"},
		sysregNumber(0, 0, 6, 2): {name: "id_aa64isar2_el1"},
		sysregNumber(0, 0, 5, 0): {name: "id_aa64dfr0_el1", value: 6},
		sysregNumber(0, 0, 5, 1): {name: "id_aa64dfr1_el1"},
		sysregNumber(0, 0, 6, 0): {name: "id_aa64isar0_el1", value: idISAR0},
		sysregNumber(0, 0, 6, 1): {name: "id_aa64isar1_el1", value: idISAR1},
		sysregNumber(0, 0, 7, 0): {name: "id_aa64mmfr0_el1"},
		sysregNumber(0, 0, 7, 1): {name: "id_aa64mmfr1_el1"},
		sysregNumber(0, 0, 7, 2): {name: "id_aa64mmfr2_el1"},
	}
})

// reservedID is what the unassigned identification registers (C4 to C7) read
// as.
var reservedID systemReg

func sysregOf(n uint32) *systemReg {
	if r := sysregs()[n]; r != nil {
		return r
	}
	if n&^0x3f == sysregNumber(0, 0, 0, 0) && n>>3&7 >= 4 {
		return &reservedID
	}
	return nil
}

func systemRegister(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgOther, uint64(d.Field('i'))
	r := sysregOf(uint32(a.Value))
	return r != nil && (!a.Op.Write || r.write != nil)
}

func textSystemRegister(b []byte, _ *Inst, a *Arg, _ SymbolLookup) []byte {
	n := uint32(a.Value)
	if r := sysregOf(n); r != nil && r.name != "" {
		return append(b, r.name...)
	}
	b = append(b, 's')
	b = strconv.AppendUint(b, uint64(2+n>>14), 10)
	b = strconv.AppendUint(append(b, '_'), uint64(n>>11&7), 10)
	b = strconv.AppendUint(append(b, "_c"...), uint64(n>>7&15), 10)
	b = strconv.AppendUint(append(b, "_c"...), uint64(n>>3&15), 10)
	return strconv.AppendUint(append(b, '_'), uint64(n&7), 10)
}

func bindMRS(b *binder) {
	r := sysregOf(b.d.Field('i'))
	if r.read == nil {
		o := b.operands(movImm)
		o.imm = r.value
		return
	}
	b.operands(r.read)
}

func bindMSR(b *binder) { b.operands(sysregOf(b.d.Field('i')).write) }

func mrsNZCV(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(s.Flags())
	return o.after()
}

func msrNZCV(s *State, o *op) *op {
	s.SetFlags(uint32(s.R[o.rd&63]))
	return o.after()
}

func mrsTPIDR(s *State, o *op) *op {
	s.R[o.rd&63] = s.TPIDR
	return o.after()
}

func msrTPIDR(s *State, o *op) *op {
	s.TPIDR = s.R[o.rd&63]
	return o.after()
}

func mrsTPIDRRO(s *State, o *op) *op {
	s.R[o.rd&63] = s.TPIDRRO
	return o.after()
}

// mrsCNTVCT asks the environment, which may look at how many instructions
// were retired.
func mrsCNTVCT(s *State, o *op) *op {
	s.run.publish(o)
	s.R[o.rd&63] = s.thread.Env.Cycles()
	return o.after()
}

// Bits of FPCR and FPSR that exist: AHP, DN, FZ, RMode (and FZ16 with FEAT_FP16,
// see fpcrMask); QC and the cumulative exceptions.
const fpsrMask = 0x0800009f

func mrsFPCR(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(s.FPCR)
	return o.after()
}

func msrFPCR(s *State, o *op) *op {
	s.FPCR = uint32(s.R[o.rd&63]) & fpcrMask
	return o.after()
}

func mrsFPSR(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(s.FPSR)
	return o.after()
}

func msrFPSR(s *State, o *op) *op {
	s.FPSR = uint32(s.R[o.rd&63]) & fpsrMask
	return o.after()
}
