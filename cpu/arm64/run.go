package arm64

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/internal/blocks"
	"github.com/nuage-emu/nuage/memory"
)

// Options change how an interpreter runs.
type Options struct {
	// Checked makes an access fault whose effective address has non-zero
	// upper 32 bits, instead of taking the address modulo 2^32.
	Checked bool
}

// Interpreter is the reference engine. It implements [cpu.Engine].
type Interpreter struct {
	space *memory.Space
	opts  Options
	cache blocks.Cache[block]
}

var _ cpu.Engine = (*Interpreter)(nil)

// NewInterpreter returns an interpreter for the threads of space.
func NewInterpreter(space *memory.Space, opts Options) *Interpreter {
	in := &Interpreter{space: space, opts: opts}
	in.cache.Init(space, in.decodeBlock)
	return in
}

// Name returns "interp".
func (in *Interpreter) Name() string { return "interp" }

// NewState returns a zeroed [*State].
func (in *Interpreter) NewState() cpu.State { return new(State) }

// Close drops the decoded blocks.
func (in *Interpreter) Close() error {
	in.cache.Clear()
	return nil
}

// run is one Run under way. It lives apart from the loop's locals because the
// recovery of a fault must find where the loop was.
type run struct {
	in     *Interpreter
	t      *cpu.Thread
	s      *State
	local  *local
	gen    *generation
	left   uint64 // budget not yet spent
	end    uint64 // what Thread.Retired is when nothing is left
	b      *block
	resume *op // operation to try again after a fault that memory has dealt with
}

// maxSlice keeps the loop's budget below the gate of blocks that must not be
// entered without verification.
const maxSlice = 1 << 62

// Run implements [cpu.Engine].
func (in *Interpreter) Run(t *cpu.Thread, budget uint64) cpu.Stop {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	s := t.State.(*State)
	r := &s.running
	*r = run{in: in, t: t, s: s, local: blocks.LocalOf[block](t)}
	s.mem, s.thread, s.run = in.space, t, r
	defer func() {
		s.mem, s.thread, s.run = nil, nil, nil
		*r = run{}
	}()
	for {
		slice := min(budget, maxSlice)
		r.left, r.end = slice, t.Retired+slice
		stop, done := r.loop()
		t.Retired = r.end - r.left
		budget -= slice - r.left
		if done && (stop.Kind != cpu.StopBudget || budget == 0) {
			return stop
		}
	}
}

// loop runs blocks until something stops the thread (done), or until a fault
// has been repaired and the loop must be entered again.
func (r *run) loop() (stop cpu.Stop, done bool) {
	var o *op // under way
	b := r.b  // the block it is in
	defer func() {
		if v := recover(); v != nil {
			stop, done = r.recovered(v, o, b)
		}
	}()
	s := r.s
	p := r.resume
	if p != nil {
		r.resume = nil
	} else {
		if b, stop, done = r.enter(s.pc); done {
			return stop, true
		}
		p = &b.ops[0]
	}
	for {
		for p != nil {
			o = p
			p = p.fn(s, p)
		}
		l := &b.links[s.exit]
		r.left -= l.n
		nb := l.to.Load()
		switch l.kind {
		case linkDirect:
			if nb == nil {
				s.pc = l.pc
				if nb, stop, done = r.follow(l); done {
					return stop, true
				}
			}
		case linkIndirect:
			nb = r.local.Recent[blocks.Slot(s.pc)]
			if nb == nil || nb.pc != s.pc {
				if nb, stop, done = r.enter(s.pc); done {
					return stop, true
				}
			}
		case linkStop:
			return s.stop, true
		default:
			if nb, stop, done = r.enter(s.pc); done {
				return stop, true
			}
		}
		b = nb
		if r.left < b.gate || r.t.Pending() || r.in.space.CodeVersion() != r.gen.Version {
			if b, stop, done = r.enter(b.pc); done {
				return stop, true
			}
		}
		p = &b.ops[0]
	}
}

// enter finds the block to run at pc, with all that must be looked at before:
// interrupts, the budget, changed code. It stops with the program counter at
// pc if there is a reason to.
func (r *run) enter(pc uint64) (*block, cpu.Stop, bool) {
	r.s.pc = pc
	if r.t.TakeInterrupt() {
		return nil, cpu.Stop{Kind: cpu.StopInterrupt, PC: pc}, true
	}
	if r.left == 0 {
		return nil, cpu.Stop{Kind: cpu.StopBudget, PC: pc}, true
	}
	if pc&3 != 0 {
		// A misaligned program counter is a fault of its own (D1.8.1).
		return nil, cpu.Stop{Kind: cpu.StopFault, PC: pc, Fault: memory.Fault{Addr: pc, Access: memory.Exec, Bus: true}}, true
	}
	r.sync()
	recent := &r.local.Recent[blocks.Slot(pc)]
	b := *recent
	if b == nil || b.pc != pc {
		var err error
		if b, err = r.gen.Find(pc, blocks.MaxInstructions); err != nil {
			return r.refused(pc, err)
		}
		*recent = b
	}
	if b.bytes != nil {
		var err error
		if b, err = r.gen.Verify(b, pc, b.bytes); err != nil {
			return r.refused(pc, err)
		}
		*recent = b
	}
	if b.n > r.left {
		var err error
		if b, err = r.gen.Find(pc, 1); err != nil {
			return r.refused(pc, err)
		}
	}
	return b, cpu.Stop{}, false
}

// sync makes r.gen the generation of the current code.
func (r *run) sync() {
	r.gen = r.in.cache.Current()
	r.local.Use(r.gen)
}

func (r *run) refused(pc uint64, err error) (*block, cpu.Stop, bool) {
	f := memory.Fault{Addr: pc, Access: memory.Exec}
	var mf *memory.Fault
	if errors.As(err, &mf) {
		f = *mf
	}
	return nil, cpu.Stop{Kind: cpu.StopFault, PC: pc, Fault: f}, true
}

// follow finds the successor of a direct link and remembers it there.
func (r *run) follow(l *link) (*block, cpu.Stop, bool) {
	g := r.gen
	b, stop, done := r.enter(l.pc)
	if !done && r.gen == g && r.local.Recent[blocks.Slot(l.pc)] == b {
		l.to.Store(b) // not one of the single steps at the end of a budget
	}
	return b, stop, done
}

// recovered turns a panic inside operation o into a stop.
func (r *run) recovered(v any, o *op, b *block) (cpu.Stop, bool) {
	s := r.s
	if t, ok := v.(*trap); ok {
		r.retire(o)
		return r.in.describe(cpu.Stop{Kind: t.kind, PC: s.pc, Fault: t.fault, Text: t.text}), true
	}
	f, retry, ok := r.in.space.Recovered(v)
	if !ok {
		panic(v)
	}
	if retry {
		r.resume, r.b = o, b
		return cpu.Stop{}, false
	}
	r.retire(o)
	stop := cpu.Stop{Kind: cpu.StopFault, PC: s.pc, Fault: *f}
	if f.Access == memory.Read {
		stop.Fault.Access = r.in.accessAt(s.pc)
	}
	return stop, true
}

// publish makes Thread.Retired exact in the middle of a block.
func (r *run) publish(o *op) { r.t.Retired = r.end - r.left + uint64(o.n) }

// retire makes the state that of the moment before o's instruction.
func (r *run) retire(o *op) {
	r.left -= uint64(o.n)
	r.s.pc = o.pc
}

// accessAt is how the instruction at pc accesses memory. A host that refuses
// an access tells the address only, and a page that may not even be read does
// not tell a load from a store; the row does.
func (in *Interpreter) accessAt(pc uint64) memory.Prot {
	var d Inst
	var buf [4]byte
	if n, _, err := in.space.Fetch(buf[:], pc); err == nil && Decode(&d, buf[:n], pc) == nil {
		if a := d.mem(); a != nil {
			return a.Op.access()
		}
	}
	return memory.Read
}

// describe completes a stop at an instruction with its text.
func (in *Interpreter) describe(s cpu.Stop) cpu.Stop {
	if s.Kind == cpu.StopIllegal && s.Text == "" {
		var buf [4]byte
		if n, _, err := in.space.Fetch(buf[:], s.PC); err == nil && n == 4 {
			w := binary.LittleEndian.Uint32(buf[:])
			text, _ := Disassemble(buf[:], s.PC, nil)
			s.Text = fmt.Sprintf("%08x %s", w, text)
		}
	}
	return s
}
