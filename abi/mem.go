package abi

import (
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// Accesses as package memory names them; the ABI's bits have the same values.
const (
	readAccess  = memory.Read
	writeAccess = memory.Write
	allAccess   = memory.Read | memory.Write | memory.Exec
)

// protection checks the bits of a prot argument: unknown ones, and write
// together with exec, are refused.
func protection(v uint64) (memory.Prot, cloudabi.Errno) {
	p := cloudabi.Mprot(v)
	if p&^(cloudabi.ProtRead|cloudabi.ProtWrite|cloudabi.ProtExec) != 0 ||
		p&(cloudabi.ProtWrite|cloudabi.ProtExec) == cloudabi.ProtWrite|cloudabi.ProtExec {
		return 0, cloudabi.ENOTSUP
	}
	return memory.Prot(p), cloudabi.ESUCCESS
}

func (t *Thread) memMap(a *args) cloudabi.Errno {
	prot, errno := protection(a.v[2])
	if errno != 0 {
		return errno
	}
	flags := cloudabi.Mflags(a.v[3])
	shared, private := flags&cloudabi.MapShared != 0, flags&cloudabi.MapPrivate != 0
	m := memory.Mapping{
		Addr: a.v[0], Len: a.v[1], Offset: a.v[5],
		Prot: prot, MaxProt: allAccess,
		Fixed: flags&cloudabi.MapFixed != 0, Shared: shared,
	}
	switch {
	case m.Len == 0, shared == private,
		flags&^(cloudabi.MapAnon|cloudabi.MapFixed|cloudabi.MapPrivate|cloudabi.MapShared) != 0:
		return cloudabi.EINVAL
	case flags&cloudabi.MapAnon != 0:
		if a.fd(4) != cloudabi.MapAnonFd || m.Offset != 0 {
			return cloudabi.EINVAL
		}
		return t.memMapInto(a, m)
	case m.Offset%memory.PageSize != 0:
		return cloudabi.EINVAL
	}

	need := cloudabi.RightMemMap
	if prot&memory.Read != 0 {
		need |= cloudabi.RightFdRead
	}
	if prot&memory.Write != 0 && shared {
		need |= cloudabi.RightFdWrite
	}
	if prot&memory.Exec != 0 {
		need |= cloudabi.RightMemMapExec
	}
	d, errno := t.descriptor(a, 4, need)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	if m.Object, m.MaxProt, errno = mapped(d, shared); errno != 0 {
		return errno
	}
	if prot&^m.MaxProt != 0 {
		return cloudabi.EACCES
	}
	return t.memMapInto(a, m)
}

func (t *Thread) memMapInto(a *args, m memory.Mapping) cloudabi.Errno {
	if !m.Fixed && m.Len > t.space().Size() {
		return cloudabi.ENOMEM // a proper request, for more than there can be
	}
	addr, err := t.space().Map(m)
	if err == nil && m.Fixed {
		t.proc.program.locked.remove(addr, m.Len)
	}
	a.out[0] = addr
	return errnoOf(err)
}

// mapped returns what a descriptor maps and the most that mem_protect may
// later make of the mapping.
func mapped(d descriptor, shared bool) (*memory.Object, memory.Prot, cloudabi.Errno) {
	f := d.file
	o, ok := f.object.(mappable)
	if !ok {
		return nil, 0, cloudabi.ENODEV
	}
	if !f.readable {
		return nil, 0, cloudabi.EACCES
	}
	var most memory.Prot
	if d.base&cloudabi.RightFdRead != 0 {
		most |= memory.Read
	}
	if !shared || d.base&cloudabi.RightFdWrite != 0 && f.writable {
		most |= memory.Write
	}
	if d.base&cloudabi.RightMemMapExec != 0 {
		most |= memory.Exec
	}
	object, err := o.Object()
	return object, most, errnoOf(err)
}

func (t *Thread) memUnmap(a *args) cloudabi.Errno {
	err := t.space().Unmap(a.v[0], a.v[1])
	if err == nil {
		t.proc.program.locked.remove(a.v[0], a.v[1])
	}
	return errnoOf(err)
}

func (t *Thread) memProtect(a *args) cloudabi.Errno {
	prot, errno := protection(a.v[2])
	if errno != 0 {
		return errno
	}
	return errnoOf(t.space().Protect(a.v[0], a.v[1], prot))
}

func (t *Thread) memSync(a *args) cloudabi.Errno {
	flags := cloudabi.Msflags(a.v[2])
	async, sync := flags&cloudabi.MsAsync != 0, flags&cloudabi.MsSync != 0
	if async == sync || flags&^(cloudabi.MsAsync|cloudabi.MsSync|cloudabi.MsInvalidate) != 0 {
		return cloudabi.EINVAL
	}
	err := t.space().Sync(a.v[0], a.v[1], sync)
	if err == nil && flags&cloudabi.MsInvalidate != 0 && t.proc.program.locked.any(a.v[0], a.v[1]) {
		return cloudabi.EBUSY
	}
	return errnoOf(err)
}

func (t *Thread) memAdvise(a *args) cloudabi.Errno {
	advice := cloudabi.Advice(a.v[2])
	switch advice {
	case cloudabi.AdviceDontneed, cloudabi.AdviceNormal, cloudabi.AdviceRandom,
		cloudabi.AdviceSequential, cloudabi.AdviceWillneed:
	default: // noreuse is for files
		return cloudabi.EINVAL
	}
	// Whether dontneed zeroes private anonymous pages differs between hosts.
	// Discarding nothing is always right, and the same everywhere.
	return errnoOf(t.space().Advise(a.v[0], a.v[1], false))
}
