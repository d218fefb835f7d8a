package verify_test

import (
	"debug/elf"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/jit/rewrite"
)

// all is a host with every feature: nothing here is run.
func all(string) bool { return true }

// guestFiles are the committed programs.
func guestFiles(t testing.TB) []string {
	var files []string
	for _, pattern := range []string{"../../conformance/bin/x86_64-*/*", "../../bench/bin/x86_64/*"} {
		f, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, f...)
	}
	require.NotEmpty(t, files)
	return files
}

// program is a guest's code.
type program struct {
	name    string
	texts   []text
	symbols []elf.Symbol
}

type text struct {
	addr uint64
	code []byte
}

func openProgram(t testing.TB, path string) (program, bool) {
	f, err := elf.Open(path)
	if err != nil {
		return program{}, false // not a program
	}
	defer func() { require.NoError(t, f.Close()) }()
	p := program{name: filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)}
	for _, s := range f.Progs {
		if s.Type != elf.PT_LOAD || s.Flags&elf.PF_X == 0 {
			continue
		}
		code := make([]byte, s.Filesz)
		_, err := s.ReadAt(code, 0)
		require.NoError(t, err)
		p.texts = append(p.texts, text{s.Vaddr, code})
	}
	symbols, err := f.Symbols()
	require.NoError(t, err, path)
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Size > 0 {
			p.symbols = append(p.symbols, s)
		}
	}
	return p, true
}

func (p *program) fetch(pc uint64) []byte {
	for _, t := range p.texts {
		if pc-t.addr < uint64(len(t.code)) {
			return t.code[pc-t.addr:]
		}
	}
	return nil
}

// units translates all functions of the program and calls f with each unit.
func (p *program) units(tr *rewrite.Translator, f func(pc uint64, u *rewrite.Unit)) {
	for _, s := range p.symbols {
		for pc := s.Value; pc < s.Value+s.Size; {
			u, ok := tr.Translate(pc, p.fetch)
			if !ok {
				pc++ // in the middle of instructions, too: code is code
				continue
			}
			f(pc, u)
			pc += uint64(max(u.Bytes, 1))
		}
	}
}

// conventions are all there are.
var conventions = []rewrite.Convention{
	rewrite.StateInGS, rewrite.StateInRegister, rewrite.StateInGS | rewrite.Counting, rewrite.StateInRegister | rewrite.Counting,
}

// forConventions runs a test for each convention.
func forConventions(t *testing.T, f func(*testing.T, rewrite.Convention)) {
	for _, c := range conventions {
		t.Run(c.String(), func(t *testing.T) { f(t, c) })
	}
}

func translator(c rewrite.Convention) *rewrite.Translator {
	return rewrite.NewTranslator(rewrite.Options{Supported: all, Convention: c})
}

// programs opens those of the guests that keep asks for.
func programs(t testing.TB, keep func(path string) bool) []program {
	var out []program
	for _, path := range guestFiles(t) {
		if !keep(path) {
			continue
		}
		if p, ok := openProgram(t, path); ok {
			out = append(out, p)
		}
	}
	require.NotEmpty(t, out)
	return out
}

// copyUnit makes a unit that outlives the next Translate.
func copyUnit(u *rewrite.Unit) *rewrite.Unit {
	c := *u
	c.Code, c.Entries, c.Exits, c.Marks = slices.Clone(u.Code), slices.Clone(u.Entries), slices.Clone(u.Exits), slices.Clone(u.Marks)
	return &c
}
