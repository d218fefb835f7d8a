package elf

import (
	_ "embed"
	"encoding/binary"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
)

// TrapBase is added to a [cloudabi.CallID] to make the number a stub of the
// vDSO traps with, so that no such number is one of any generation.
const TrapBase = 0x10000

// VDSOImage is the shared object through which programs call the system: one
// function for every name of every generation, each a trap. It is the same for
// all processes of an instruction set.
//
// A stub keeps the arguments where the C calling convention put them, except
// that on x86-64 the fourth moves from rcx to r10. Results are stored by the
// kernel through the trailing pointers.
type VDSOImage struct {
	Arch cpu.Arch
	Data []byte // the image, to be mapped readable and executable; do not change

	textOff uint64
}

// stubSize is the distance of the stubs, for both instruction sets.
const stubSize = 16

// MapSize is the memory the image takes, in bytes: whole pages.
func (v *VDSOImage) MapSize() uint64 { return (uint64(len(v.Data)) + pageMask) &^ pageMask }

// StubAt says which call's stub holds the byte at an offset from the beginning
// of the image.
func (v *VDSOImage) StubAt(off uint64) (id cloudabi.CallID, ok bool) {
	if off < v.textOff || off >= v.textOff+stubSize*uint64(len(cloudabi.Calls)) {
		return 0, false
	}
	return cloudabi.CallID((off - v.textOff) / stubSize), true
}

// Stub is the offset of a call's function from the beginning of the image.
func (v *VDSOImage) Stub(id cloudabi.CallID) uint64 { return v.textOff + stubSize*uint64(id) }

// Trap is the offset of the instruction that traps in a call's function.
func (v *VDSOImage) Trap(id cloudabi.CallID) uint64 { return v.Stub(id) + 8 }

//go:generate go run ./internal/vdso/cmd

// The images, which are part of every process's start. They are made of
// [cloudabi.Calls] by `go generate ./elf`.
var (
	//go:embed vdso_x86_64.so
	vdsoX86Data []byte
	//go:embed vdso_aarch64.so
	vdsoArmData []byte
)

var vdsoX86, vdsoArm = sync.OnceValue(func() *VDSOImage { return newVDSO(cpu.X86_64, vdsoX86Data) }),
	sync.OnceValue(func() *VDSOImage { return newVDSO(cpu.AArch64, vdsoArmData) })

// newVDSO finds the stubs of an image: of its sections, .text is the last but the
// names of the sections.
func newVDSO(arch cpu.Arch, data []byte) *VDSOImage {
	le := binary.LittleEndian
	text := le.Uint64(data[40:]) + uint64(le.Uint16(data[62:])-1)*shdrSize
	return &VDSOImage{Arch: arch, Data: data, textOff: le.Uint64(data[text+24:])}
}

// VDSO returns the vDSO of an instruction set, always the same.
func VDSO(arch cpu.Arch) *VDSOImage {
	if arch == cpu.AArch64 {
		return vdsoArm()
	}
	return vdsoX86()
}
