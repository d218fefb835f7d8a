// Command cmd writes the images of the vDSO into package elf. It is run by
// `go generate ./elf`, in that directory.
package main

import (
	"log"
	"os"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/elf/internal/vdso"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("vDSO generator: ")
	for name, arch := range map[string]cpu.Arch{"vdso_x86_64.so": cpu.X86_64, "vdso_aarch64.so": cpu.AArch64} {
		if err := os.WriteFile(name, vdso.Build(arch, elf.TrapBase), 0o666); err != nil {
			log.Fatal(err)
		}
	}
}
