package launcher

import (
	"fmt"
	"io"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/cpu"
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
	translator := fmt.Sprintf(", jit for %v", cpu.X86_64)
	code, err := jit.Host()
	if err != nil {
		translator, code = "", fmt.Sprintf("jit: %v", err)
	}
	fmt.Fprintf(w, "engines     %v%s (%s)\n", nuage.Interpreter, translator, code)
	form := memory.Paged
	if space, err := memory.New(memory.Options{}); err == nil {
		form = space.Form()
		_ = space.Close()
	}
	fmt.Fprintf(w, "memory      %v\n", form)
}
