//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package host

import (
	"sync"
	"sync/atomic"
)

// poller tells streams when their descriptors may have become ready. There is
// one in the process, with one goroutine, for as long as a stream is registered
// that has had to wait: it starts with the first such stream and ends when the
// last one is closed, that is, at the latest with the last machine.
//
// Changes are reported once (edge-triggered), so a descriptor costs something
// when it becomes ready and nothing while it is idle or nobody looks at it. The
// descriptors that Go's own poller knows are never used here, only duplicates.
//
// Lock order: half.mu, poller.mu.
type poller struct {
	mu      sync.Mutex
	set     *readySet // nil: not started
	watched map[int]*descriptor

	visited atomic.Uint64 // descriptors that were reported, for tests
}

var readiness poller

// directions is a set of directions of transfer.
type directions uint8

const (
	input directions = 1 << iota
	output
)

// watch has d.changed called when what d can do in the given direction may have
// changed, and soon if it can do something already.
func (p *poller) watch(d *descriptor, more directions) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set == nil {
		set, err := newReadySet()
		if err != nil {
			return err
		}
		p.set, p.watched = set, make(map[int]*descriptor)
		go p.run(set)
	}
	err := p.set.add(d.fd, d.watched, more)
	switch {
	case err == nil:
		d.watched |= more
		p.watched[d.fd] = d
	case len(p.watched) == 0:
		p.stop()
	}
	return err
}

// forget ends what watch has begun. d is still open.
func (p *poller) forget(d *descriptor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d.watched == 0 {
		return
	}
	p.set.remove(d.fd, d.watched)
	d.watched = 0
	if delete(p.watched, d.fd); len(p.watched) == 0 {
		p.stop()
	}
}

// stop ends the goroutine. The caller holds p.mu.
func (p *poller) stop() {
	p.set.close()
	p.set, p.watched = nil, nil
}

// run passes on what a set reports until it is closed. A report that was on its
// way when its descriptor was closed may reach another one with the same
// number; that one looks and finds nothing changed.
func (p *poller) run(set *readySet) {
	for {
		n, ok := set.wait()
		if !ok {
			return
		}
		for i := range n {
			fd, which := set.report(i)
			p.mu.Lock()
			var d *descriptor
			if p.set == set {
				d = p.watched[fd]
			}
			p.mu.Unlock()
			p.visited.Add(1)
			if d != nil {
				d.changed(which)
			}
		}
	}
}
