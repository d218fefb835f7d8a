package launcher

import (
	"fmt"
	"io"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit"
	"github.com/nuage-emu/nuage/memory"
)

// Engine returns the engine of a name on the command line.
func Engine(name string) (nuage.Engine, error) {
	for _, e := range []nuage.Engine{nuage.AutoEngine, nuage.Interpreter, nuage.JIT} {
		if e.String() == name {
			return e, nil
		}
	}
	return 0, fmt.Errorf("there is no engine %q; the engines are auto, interp, jit", name)
}

// Capabilities prints what this build can do on this host.
func Capabilities(w io.Writer) {
	fmt.Fprintf(w, "programs    %v, %v\n", cpu.X86_64, cpu.AArch64)
	form := memory.Window
	engines := nuage.Interpreter.String()
	space, err := memory.New(memory.Options{Form: form})
	if err != nil {
		form = memory.Paged
		engines += " (jit: needs memory in the window form)"
	} else {
		engines += translator(space)
		_ = space.Close()
	}
	fmt.Fprintf(w, "engines     %s\n", engines)
	fmt.Fprintf(w, "memory      %v\n", form)
}

// translator says whether programs can be translated here, and if not, why.
func translator(space *memory.Space) string {
	e, err := jit.New(space, x86.NewInterpreter(space, x86.Options{}), jit.Options{})
	if err != nil {
		return fmt.Sprintf(" (jit: %v)", err)
	}
	_ = e.Close()
	return fmt.Sprintf(", jit for %v (%s)", cpu.X86_64, jit.Host())
}
