package launcher

import (
	"fmt"
	"io"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/cpu"
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
	fmt.Fprintf(w, "programs    %v; %v can be inspected\n", cpu.X86_64, cpu.AArch64)
	fmt.Fprintf(w, "engines     %v\n", nuage.Interpreter)
	form := memory.Window
	space, err := memory.New(memory.Options{Form: form})
	if err != nil {
		form = memory.Paged
	} else {
		_ = space.Close()
	}
	fmt.Fprintf(w, "memory      %v\n", form)
}
