package abi

import (
	"errors"
	"io"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/memory"
)

// maxArgData is the size from which on argument data is E2BIG.
const maxArgData = 512 << 10

// procExec replaces the program. Everything that can fail is done beside the
// running program, whose other threads go on meanwhile; after that there is no
// way back, and nothing fails any more.
func (t *Thread) procExec(a *args) cloudabi.Errno {
	data, errno := t.execData(a)
	if errno != 0 {
		return errno
	}
	list, errno := t.loadFds(a.v[3], a.v[4], t.proc.fds.span(), cloudabi.E2BIG)
	if errno != 0 {
		return errno
	}
	slots, errno := t.proc.fds.pick(list)
	if errno != 0 {
		return errno
	}
	next, state, errno := t.execProgram(a, data)
	if errno != 0 {
		releaseSlots(slots)
		return errno
	}
	if !t.proc.endOthers(t) {
		releaseSlots(slots)
		next.close()
		return cloudabi.EINTR
	}
	t.proc.become(t, next, state)
	releaseSlots(t.proc.fds.exchange(slots))
	t.replaced = true
	return cloudabi.ESUCCESS
}

// endOthers makes t, which calls it, the only thread of its process. It reports
// false if t is to leave itself: the process is ending, or another thread was
// first.
func (p *Process) endOthers(t *Thread) bool {
	p.mu.Lock()
	if t.dying() {
		p.mu.Unlock()
		return false
	}
	p.survivor = t
	p.setAttention()
	for _, o := range p.inOrder() {
		if o != t {
			o.killed.Store(true)
			o.cpu.Interrupt()
			o.unpark()
		}
	}
	for len(p.threads) > 1 {
		p.mu.Unlock()
		if !t.park(Forever, waitEvent) {
			return false
		}
		p.mu.Lock()
	}
	p.mu.Unlock()
	return true
}

// become makes t, the only thread of the process, run another program. The old
// one is released.
func (p *Process) become(t *Thread, next *program, state cpu.State) {
	old := p.program
	p.mu.Lock()
	p.program = next
	p.survivor = nil
	p.setAttention()
	p.mu.Unlock()
	p.shownGeneration.Store(int32(Auto))
	t.cpu.State, t.cpu.Local = state, nil
	if t.cpu.Clock != nil {
		t.cpu.Clock = t.ownClock()
	}
	if t.cpu.Write != nil {
		t.cpu.Write = t.ownWrite()
	}
	old.close()
}

// execData copies in the argument data. Until 2015-07-03 it came in pieces:
// programs that are older are known by the way they are started or by their
// numbers.
func (t *Thread) execData(a *args) ([]byte, cloudabi.Errno) {
	form := t.proc.program.startForm
	early := form == elf.StartupData2015 || form == elf.Argv2015 || a.gen == G0 || a.gen == G1
	pieces := []iovec{{a.v[1], a.v[2]}}
	if a.direct && early {
		var errno cloudabi.Errno
		if pieces, errno = t.loadIovecs(a.v[1], a.v[2]); errno != 0 {
			return nil, errno
		}
	}
	var total uint64
	for _, v := range pieces {
		if v.n >= maxArgData || total+v.n >= maxArgData {
			return nil, cloudabi.E2BIG
		}
		total += v.n
	}
	data := make([]byte, total)
	at := data
	for _, v := range pieces {
		if v.n == 0 {
			continue
		}
		if errno := t.load(at[:v.n], v.addr); errno != 0 {
			return nil, errno
		}
		at = at[v.n:]
	}
	return data, cloudabi.ESUCCESS
}

// execProgram loads the program in descriptor 0 of the call into an address
// space of its own.
func (t *Thread) execProgram(a *args, data []byte) (*program, cpu.State, cloudabi.Errno) {
	d, errno := t.descriptor(a, 0, cloudabi.RightProcExec)
	if errno != 0 {
		return nil, nil, errno
	}
	next, state, err := t.loadProgram(d.file, data)
	if err != nil {
		d.file.release()
		return nil, nil, execErrno(err)
	}
	next.file = d.file
	return next, state, cloudabi.ESUCCESS
}

func (t *Thread) loadProgram(f *openFile, data []byte) (*program, cpu.State, error) {
	o, ok := f.object.(*regular)
	switch {
	case !ok || o.kind != cloudabi.FiletypeRegularFile:
		return nil, nil, cloudabi.EACCES
	case !f.readable:
		return nil, nil, cloudabi.EBADF
	case t.machine.openForWriting(f):
		return nil, nil, cloudabi.ETXTBSY
	}
	size, err := o.Size()
	if err != nil {
		return nil, nil, err
	}
	image, err := elf.ParseExec(execReader{t, o}, size)
	if err != nil {
		return nil, nil, err
	}
	p := t.proc
	space, err := memory.New(memory.Options{Form: p.form, Quota: t.machine.quota})
	if err != nil {
		return nil, nil, err
	}
	next, err := p.newProgram(image.Arch, space)
	if err != nil {
		return nil, nil, cloudabi.ENOEXEC // no engine for the instruction set
	}
	next.stackSize = p.program.stackSize
	if image.Type == elf.Exec {
		// What somebody has said about the age of this program will be true of
		// others that come with it, except for position-independent ones: those
		// are of 2016 and later, and show what they are.
		next.generation, next.startForm = p.program.generation, p.program.startForm
	}
	start, err := next.load(t, image, data)
	if err != nil {
		next.close()
		return nil, nil, err
	}
	state := next.engine.NewState()
	state.Reset(start)
	return next, state, nil
}

// execErrno is the error number of a program that cannot be loaded.
func execErrno(err error) cloudabi.Errno {
	if e := (*elf.Error)(nil); errors.As(err, &e) {
		return e.Errno()
	}
	return errnoOf(err)
}

// execReader is a file as package elf reads it, until the thread is to leave.
// It is also where the symbols come from later, when no thread reads.
type execReader struct {
	t    *Thread
	file *regular
}

// ReadAt implements io.ReaderAt.
func (r execReader) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if r.t.killed.Load() {
			return n, cloudabi.EINTR
		}
		m, err := r.file.ReadAt(p[n:], off+int64(n))
		n += m
		switch {
		case err != nil:
			return n, err
		case m == 0:
			return n, io.EOF
		}
	}
	return n, nil
}
