package nuage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/memory"
)

// CreatePerfMap makes the file in which perf looks for the names of code that
// this process makes, for [Options.PerfMap] of all its machines:
// /tmp/perf-PID.map. One that an earlier process with the same number has left
// is replaced. Nobody removes the file: perf reads it when it reports.
func CreatePerfMap() (*os.File, error) {
	name := filepath.Join(perfDir, fmt.Sprintf("perf-%d.map", os.Getpid()))
	if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	// The directory is everybody's: the file must be a new one.
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
}

// perfDir is where perf looks, whatever TMPDIR says.
const perfDir = "/tmp"

// started remembers the name of a program.
func (w *watch) started(image *Image) {
	if w.machine.options.PerfMap == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.images == nil {
		w.images = map[*elf.Image]string{}
	}
	w.images[image.elf] = filepath.Base(image.name)
}

func (w *watch) imageName(i *elf.Image) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if name, ok := w.images[i]; ok {
		return name
	}
	return "executed program"
}

// perfNames names the code of one address space.
type perfNames struct {
	w      *watch
	space  *memory.Space
	loaded *elf.Loaded // once it is known
	name   string
}

// emitted writes a line. The engine that made the code is locked.
func (n *perfNames) emitted(addr, size, pc uint64) {
	w := n.w.machine.options.PerfMap
	n.find()
	line := fmt.Sprintf("%x %x %s\n", addr, size, n.at(pc))
	n.w.perfMu.Lock()
	defer n.w.perfMu.Unlock()
	_, _ = w.Write([]byte(line)) // names are a convenience
}

// find looks for the process that the space is of: there is one when it runs.
func (n *perfNames) find() {
	if n.loaded != nil {
		return
	}
	for _, p := range n.w.machine.abi.Processes() {
		if p.Space() == n.space {
			n.loaded = p.Loaded()
			n.name = n.w.imageName(n.loaded.Image)
		}
	}
}

// at names a guest address: function and offset, and the program. 0 stands for
// code that was made of none.
func (n *perfNames) at(pc uint64) string {
	switch {
	case pc == 0:
		return "[nuage: return]"
	case n.loaded == nil:
		return fmt.Sprintf("%#x", pc)
	}
	text := fmt.Sprintf("%#x [%s]", pc, n.name)
	if name, off, ok := n.loaded.Symbol(pc); ok {
		if off > 0 {
			name = fmt.Sprintf("%s+%#x", name, off)
		}
		text = fmt.Sprintf("%s [%s]", name, n.name)
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return '?'
		}
		return r
	}, text)
}
