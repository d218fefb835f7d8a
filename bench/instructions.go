package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/host"
	"github.com/nuage-emu/nuage/argdata"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/jit"
	"github.com/nuage-emu/nuage/memory"
)

// counter is an engine that adds up the guest instructions that another one
// retires, for programs of one thread.
type counter struct {
	cpu.Engine
	retired *uint64
}

func (c counter) Run(t *cpu.Thread, budget uint64) cpu.Stop {
	before := t.Retired
	stop := c.Engine.Run(t, budget)
	*c.retired += t.Retired - before
	return stop
}

// counting is the engine that instructions are counted in.
func counting(arch cpu.Arch, space *memory.Space) cpu.Engine {
	if arch == cpu.AArch64 {
		return arm64.NewInterpreter(space, arm64.Options{})
	}
	reference := x86.NewInterpreter(space, x86.Options{})
	if e, err := jit.New(space, reference, jit.Options{Metered: true}); err == nil {
		return e
	}
	return reference
}

// countInstructions is how many guest instructions a program retires, in this
// process, and its output. What is counted depends on nothing but n.
func countInstructions(ctx context.Context, path string, n uint64) (retired uint64, out string, err error) {
	code, err := os.ReadFile(path)
	if err != nil {
		return 0, "", err
	}
	image, err := elf.Parse(bytes.NewReader(code), int64(len(code)))
	if err != nil {
		return 0, "", err
	}
	m, err := abi.NewMachine(abi.MachineOptions{Host: host.New()})
	if err != nil {
		return 0, "", err
	}
	defer m.Close()
	args := argdata.Map(argdata.Entry{Key: argdata.Str("out"), Value: argdata.FD(0)},
		argdata.Entry{Key: argdata.Str("n"), Value: argdata.Int(int64(n))})
	data, _, err := argdata.Encode(args, func(uint32) bool { return true })
	if err != nil {
		return 0, "", err
	}
	var text bytes.Buffer
	p, err := m.Start(ctx, abi.StartOptions{
		Image: image, ArgData: data,
		Descriptors: []abi.DescriptorSpec{{Object: abi.NewStream(host.NewStream(nil, &text, host.StreamOptions{})), WriteOnly: true}},
		Engine: func(arch cpu.Arch, space *memory.Space) (cpu.Engine, error) {
			return counter{counting(arch, space), &retired}, nil
		},
	})
	if err != nil {
		return 0, "", err
	}
	status, err := p.Wait(ctx)
	if err == nil && (status.Code != 0 || status.Signal != 0) {
		err = fmt.Errorf("%s: %v", path, status)
	}
	return retired, text.String(), err
}

// speed is how fast a program's instructions are: those of the build for one
// instruction set.
type speed struct {
	Program      string  `json:"program"`
	Set          string  `json:"set"`
	N            uint64  `json:"n"`
	Instructions uint64  `json:"instructions"` // from n = 0 to n
	Native       float64 `json:"native_ns"`    // native time for each of them
}

// setOf is the instruction set that the programs of a column are built for.
func setOf(column string) string {
	if strings.HasSuffix(column, "-a64") || strings.HasSuffix(column, "-aarch64") {
		return "aarch64"
	}
	return "x86_64"
}

// speeds counts the instructions of each program once for each instruction set
// that a column needs, at the n of its slowest column, and says what native
// time there is for one: what it takes elsewhere is that times the ratio.
func (s *session) speeds(ctx context.Context, cells []*cell, natives map[string]*cell) ([]speed, error) {
	slowest := map[string]*cell{}
	sets := []string{setOf(native.name)}
	for _, c := range cells {
		if have := slowest[c.program.name]; (c.program.group == integer || c.program.group == floating) && (have == nil || c.shift > have.shift) {
			slowest[c.program.name] = c
		}
		if set := setOf(c.column.name); !slices.Contains(sets, set) {
			sets = append(sets, set)
		}
	}
	var list []speed
	for i := range s.programs {
		c := slowest[s.programs[i].name]
		if c == nil {
			continue
		}
		for _, set := range sets {
			s.log("counting instructions: %s, %s", c.program.name, set)
			one, err := s.speed(ctx, c, set, natives)
			if err != nil {
				return nil, err
			}
			list = append(list, one)
		}
	}
	return list, nil
}

func (s *session) speed(ctx context.Context, c *cell, set string, natives map[string]*cell) (speed, error) {
	path := filepath.Join(s.root, "bench", "bin", set, c.program.name)
	none, _, err := countInstructions(ctx, path, 0)
	if err != nil {
		return speed{}, err
	}
	n := c.program.scaled(c.shift)
	all, _, err := countInstructions(ctx, path, n)
	if err != nil {
		return speed{}, err
	}
	time := median(net(c.pairs, natives[c.program.name].zeros))
	return speed{c.program.name, set, n, all - none, time / float64(all-none)}, nil
}
