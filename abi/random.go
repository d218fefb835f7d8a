package abi

import "github.com/nuage-emu/nuage/abi/cloudabi"

func (t *Thread) randomGet(a *args) cloudabi.Errno {
	addr, n := a.v[0], a.v[1]
	if n == 0 {
		return cloudabi.ESUCCESS
	}
	// A length that cannot be right must not cost the time to find out.
	if t.accessible(addr, n, writeAccess) < n {
		return cloudabi.EFAULT
	}
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	for n > 0 && !t.dying() {
		p := buf[:min(n, bufferSize)]
		t.machine.host.Random(p)
		if errno := t.store(p, addr); errno != 0 {
			return errno
		}
		addr, n = addr+uint64(len(p)), n-uint64(len(p))
	}
	return cloudabi.ESUCCESS
}
