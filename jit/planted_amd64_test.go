//go:build linux || windows || freebsd || darwin

package jit_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// plants are bugs of a translator that the verifier lets pass: they stay inside.
var plants = []bug{
	// SUB in place of the ADD of two registers: seen at once.
	{host: "add ", from: 0x01, to: 0x29, skip: 5, guest: "add ", shows: "registers after it"},
	// One byte stored instead of four: seen when memory is looked at.
	{host: "mov dword ptr [", from: 0x89, to: 0x88, skip: 2, guest: "mov dword ptr [", shows: "memory after it"},
}

// TestPlantedBugIsFound: a translator that gets one instruction of a program
// wrong is found out by a run in lockstep, which names the instruction.
func TestPlantedBugIsFound(t *testing.T) {
	program, err := os.ReadFile("../bench/bin/x86_64/quicksort")
	require.NoError(t, err)
	image, err := nuage.LoadBytes(program)
	require.NoError(t, err)
	defer jit.SetTamper(nil)
	for _, b := range plants {
		for _, every := range []uint64{0, 100, 5000} {
			t.Run(fmt.Sprintf("%s every %d", b.guest, every), func(t *testing.T) {
				p := &planted{bug: b}
				jit.SetTamper(p.change)
				var out bytes.Buffer
				r, err := nuage.Lockstep(t.Context(), image, nuage.Config{Args: map[string]any{"out": nuage.Writer(&out), "n": 1}},
					nuage.LockstepOptions{Options: nuage.Options{VerifyCode: true}, Every: every})
				if errors.Is(err, jit.ErrUnavailable) {
					t.Skip(err)
				}
				require.NoError(t, err)
				require.NotZero(t, p.pc, "nothing was planted")
				d := r.Difference
				require.NotNil(t, d, "not found, at %#x", p.pc)
				require.Equal(t, p.pc, d.PC, "%v", d)
				require.True(t, d.Exact, "%v", d)
				require.Contains(t, d.Instruction, p.guest)
				text := d.String()
				for _, part := range []string{"interpreter and translator differ", "the instruction: ", p.shows, "registers before it", "translation of the code at"} {
					require.Contains(t, text, part)
				}
			})
		}
	}
}

// bug is another opcode in one instruction, which comes after some like it.
type bug struct {
	host, guest string // how the instruction begins
	from, to    byte   // the opcode, behind a REX prefix
	skip        int
	shows       string // in a report
}

// planted makes a bug wherever the instruction is translated.
type planted struct {
	bug
	mu   sync.Mutex
	seen map[uint64]bool
	pc   uint64
}

func (p *planted) change(u *rewrite.Unit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, m := range u.Marks {
		end := len(u.Code)
		if i+1 < len(u.Marks) {
			end = int(u.Marks[i+1].Offset)
		}
		for at := int(m.Offset); at < end; {
			code := u.Code[at:]
			text, n := x86.Disassemble(code, 0, nil)
			at += max(n, 1)
			if m.State == rewrite.Before && n > 2 && code[1] == p.from && strings.HasPrefix(text, p.host) && p.plant(uint64(m.PC)) {
				code[1] = p.to
				return
			}
		}
	}
}

// plant reports whether the instruction at pc is the one.
func (p *planted) plant(pc uint64) bool {
	if p.seen == nil {
		p.seen = map[uint64]bool{}
	}
	p.seen[pc] = true
	if p.pc == 0 && len(p.seen) > p.skip {
		p.pc = pc
	}
	return pc == p.pc
}
