package abi

import "github.com/nuage-emu/nuage/abi/cloudabi"

// What becomes of a descriptor table when the process is copied or its program
// replaced.

// isConfined reports whether an object cannot leave its process, neither by
// proc_fork and proc_exec nor in a message: so it is with event queues.
func isConfined(o Object) bool { return o.filetype() == cloudabi.FiletypePoll }

// fork returns a copy of the table, without what a child cannot have.
func (ft *fdTable) fork() *fdTable {
	ft.mu.RLock()
	defer ft.mu.RUnlock()
	child := &fdTable{limit: ft.limit, free: ft.free, slots: make([]descriptor, len(ft.slots))}
	for i, d := range ft.slots {
		switch {
		case d.file == nil:
		case isConfined(d.file.object):
			child.free = min(child.free, i)
		default:
			d.file.refs.Add(1)
			child.slots[i] = d
		}
	}
	return child
}

// span is one more than the highest number in use.
func (ft *fdTable) span() uint64 {
	ft.mu.RLock()
	defer ft.mu.RUnlock()
	n := len(ft.slots)
	for n > 0 && ft.slots[n-1].file == nil {
		n--
	}
	return uint64(n)
}

// pick returns duplicates of the listed descriptors in the order of the list,
// with references that are the caller's.
func (ft *fdTable) pick(list []cloudabi.Fd) ([]descriptor, cloudabi.Errno) {
	ft.mu.RLock()
	slots := make([]descriptor, 0, len(list))
	errno := cloudabi.ESUCCESS
	for _, fd := range list {
		d, e := ft.peek(fd)
		if e == 0 && isConfined(d.file.object) {
			e = cloudabi.EINVAL
		}
		if e != 0 {
			errno = e
			break
		}
		d.file.refs.Add(1)
		slots = append(slots, *d)
	}
	ft.mu.RUnlock()
	if errno != 0 {
		releaseSlots(slots)
		return nil, errno
	}
	return slots, cloudabi.ESUCCESS
}

// exchange makes slots the table's contents and returns the former ones, whose
// references are the caller's now.
func (ft *fdTable) exchange(slots []descriptor) (old []descriptor) {
	ft.mu.Lock()
	defer ft.mu.Unlock()
	old, ft.slots, ft.free = ft.slots, slots, 0
	ft.void()
	return old
}

// releaseSlots drops the references of descriptors. The caller holds no mutex.
func releaseSlots(slots []descriptor) {
	for _, d := range slots {
		if d.file != nil {
			d.file.release()
		}
	}
}

// openForWriting reports whether any process has the file open for writing.
func (m *Machine) openForWriting(f *openFile) bool {
	if f.writable {
		return true
	}
	st, err := f.object.stat()
	if err != nil || st.Ino == 0 {
		return false
	}
	for _, p := range m.Processes() {
		if p.fds.writes(st) {
			return true
		}
	}
	return false
}

// writes reports whether a descriptor is open for writing the file with these
// attributes.
func (ft *fdTable) writes(st cloudabi.Filestat) bool {
	ft.mu.RLock()
	var slots []descriptor
	for _, d := range ft.slots {
		if d.file != nil && d.file.writable && d.file.object.filetype() == cloudabi.FiletypeRegularFile {
			d.file.refs.Add(1)
			slots = append(slots, d)
		}
	}
	ft.mu.RUnlock()
	defer releaseSlots(slots)
	for _, d := range slots {
		o, err := d.file.object.stat()
		if err == nil && o.Dev == st.Dev && o.Ino == st.Ino {
			return true
		}
	}
	return false
}
