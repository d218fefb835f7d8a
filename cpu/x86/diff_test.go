package x86

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nuage-emu/nuage/cpu/x86/native"
	"github.com/nuage-emu/nuage/memory"
	"golang.org/x/arch/x86/x86asm"
)

// The differential suite: every row of the table, as instances with edge and
// random operands, on the host processor and in the interpreter. It needs
// linux/amd64 (package native) and skips elsewhere.
//
// By default every row gets a few encodings with some states each, whatever
// the time, and more while -diff.time lasts. To run for long:
//
//	go test ./cpu/x86 -run Differential -timeout 0 -diff.time 1h -diff.seed 1000000
//
// A failure prints the command that repeats it. Flags that the manual leaves
// undefined are compared on Intel processors, whose behaviour the interpreter
// has; what else may differ, and why, is in diff_excuse_test.go.
var (
	diffTime = flag.Duration("diff.time", 4*time.Second, "how long the differential test runs in all")
	diffSeed = flag.Uint64("diff.seed", 1, "first seed of the differential test; every instance of a row has the next")
	diffRow  = flag.String("diff.row", "", "differential test: only rows whose text contains this")
	diffOnce = flag.Bool("diff.once", false, "differential test: only the instance of -diff.seed")
)

const (
	diffMinimum = 6  // encodings that every row gets at least, whatever the time
	diffStates  = 24 // states an encoding is run with
)

// TestDifferential compares the interpreter with the host processor.
func TestDifferential(t *testing.T) {
	for _, form := range []memory.Form{memory.Window, memory.Paged} {
		t.Run(form.String(), func(t *testing.T) {
			p := newPair(t, form)
			share := *diffTime / 4
			if form == memory.Window {
				share *= 3
			}
			d := differ{t: t, p: p, failed: map[*Row]int{}, made: map[*Row]int{}, began: time.Now()}
			d.rows()
			d.all(time.Now().Add(share))
			d.summary()
		})
	}
}

// differ is a run of the suite.
type differ struct {
	t      *testing.T
	p      *pair
	list   []*Row
	failed map[*Row]int
	made   map[*Row]int
	in     input
	shown  int
	began  time.Time
}

func (d *differ) rows() {
	for _, r := range Rows() {
		if runnable(r) && (d.p.hasAVX || !r.vex) && strings.Contains(r.String(), *diffRow) {
			d.list = append(d.list, r)
		}
	}
}

func (d *differ) all(end time.Time) {
	if *diffOnce {
		for _, r := range d.list {
			d.instance(r, *diffSeed)
		}
		return
	}
	for seed := *diffSeed; ; seed++ {
		for _, r := range d.list {
			d.instance(r, seed)
		}
		if done := seed - *diffSeed; done >= diffMinimum && done&7 == 0 && time.Now().After(end) {
			return
		}
	}
}

// instance runs one encoding of a row with several states.
func (d *differ) instance(r *Row, seed uint64) {
	rnd := seedOf(r, seed)
	e := encode(rnd, r, d.p.base, d.p.hasGS, seed%3 == 0)
	if e == nil {
		return
	}
	// The generator may have made another row of it (a 66 prefix, REX.W).
	var inst Inst
	pc := d.p.base + native.CodeOffset + uint64(e.at)
	if err := Decode(&inst, e.code, pc); err == nil && inst.Row != r {
		return
	}
	placed := false
	for k := range diffStates {
		if !d.in.prepare(rnd, e, d.p.base) {
			continue
		}
		if seed%3 == 0 {
			d.edges(&inst, int(seed/3)*diffStates+k)
		}
		if !placed {
			d.p.place(d.t, e)
			placed = true
		}
		d.made[r]++
		d.p.run(d.t, e, &d.in)
		if text := d.p.compare(e); text != "" {
			d.report(r, e, seed, k, text)
			return
		}
	}
}

// edges walks through the product of the edge operands in register forms.
func (d *differ) edges(inst *Inst, k int) {
	if inst.HasMem || inst.Row == nil || inst.Row.isStack() || inst.Row.loadsSegment() || inst.Row.Attr&Ends != 0 || inst.Row.hasMethod('X') || inst.Row.hasMethod('Y') {
		return
	}
	n := len(edgeInts)
	if inst.NArgs > 0 && inst.Args[0].Kind == ArgReg {
		d.in.R[inst.Args[0].Reg&15] = edgeInts[k%n]
	}
	if inst.NArgs > 1 && inst.Args[1].Kind == ArgReg {
		d.in.R[inst.Args[1].Reg&15] = edgeInts[k/n%n]
	}
}

func (d *differ) report(r *Row, e *encoding, seed uint64, k int, text string) {
	d.failed[r]++
	if d.failed[r] > 1 || d.shown >= 60 {
		return
	}
	d.shown++
	pc := d.p.base + native.CodeOffset + uint64(e.at)
	asm := "?" // a foreign disassembler: ours reads the same table
	if inst, err := x86asm.Decode(e.code, 64); err == nil {
		asm = x86asm.IntelSyntax(inst, pc, nil)
	}
	d.t.Errorf("%s: state %d of seed %d\n  % x  %s  at %#x\n  input %s\n%s  again: go test ./cpu/x86 -run 'TestDifferential/%s' -diff.row '%s' -diff.seed %d -diff.once",
		r, k, seed, e.code, asm, pc, d.p.inputs(e, &d.in), text, d.p.space.Form(), r, seed)
}

func (d *differ) summary() {
	total := 0
	var none []string
	for _, r := range d.list {
		total += d.made[r]
		if d.made[r] == 0 && !*diffOnce {
			none = append(none, r.String())
		}
	}
	if len(none) > 0 {
		d.t.Errorf("rows without an instance: %s", strings.Join(none, "; "))
	}
	if len(d.failed) > 0 {
		var names []string
		for r, n := range d.failed {
			names = append(names, fmt.Sprintf("%s (%d)", r, n))
		}
		d.t.Errorf("%d rows differ: %s", len(d.failed), strings.Join(names, "; "))
	}
	d.t.Logf("%d rows, %d instances, %.0f a second", len(d.list), total, float64(total)/time.Since(d.began).Seconds())
}
