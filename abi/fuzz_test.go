package abi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// FuzzCalls makes calls with arguments from a small set of interesting values
// and a page of guest memory with arbitrary contents. Whatever the errors, the
// process must end, the kernel must not fail, and nothing may be left over.
func FuzzCalls(f *testing.F) {
	f.Add([]byte("\x25\x01\x02\x03\x00\x00\x00"), []byte("seed"))
	f.Add([]byte("\x15\x20\x01\x40\x01\x01\x00\x10\x02\x01\x04\x00\x00\x00"), []byte("some/path"))
	for id := range cloudabi.Calls {
		f.Add([]byte{byte(id), 1, 2, 3, 4, 5, 6, byte(id), 33, 34, 35, 36, 37, 38}, []byte{1, 0, 0, 0, 0, 0x10, 2})
	}
	f.Fuzz(func(t *testing.T, program, data []byte) {
		w := newWorld(t, Limits{Memory: 16 << 20, Threads: 8, Descriptors: 32, OpenFiles: 40})
		out := &testStream{in: []byte("input"), ended: true}
		p := w.start(t.Context(), func(g *guest) {
			page := g.alloc(2 * memory.PageSize)
			g.store(page, data[:min(len(data), memory.PageSize)])
			g.store64(page+memory.PageSize-16, page)
			values := []uint64{
				0, 1, 2, 3, 4, 5, 8, 16, 32, 0xff, 0xffffffff, ^uint64(0), 1 << 31, 1 << 32, 1 << 63, 1<<63 - 1,
				page, page + 8, page + 16, page + memory.PageSize - 16, page + 2*memory.PageSize - 4,
				memory.PageSize, 2 * memory.PageSize, page - 1, 0x60, 0x70, 1024, 56, 6, 7, 9, 0x30, 0x40, 0x80, 0x81, 0x82,
			}
			for i := 0; i+7 <= len(program) && i < 7*40; i += 7 {
				var in [6]uint64
				for j := range in {
					in[j] = values[int(program[i+1+j])%len(values)]
				}
				id := int(program[i])
				if id < 128 {
					if cloudabi.CallID(id%len(cloudabi.Calls)) == cloudabi.CallProcExit {
						continue
					}
					g.sysC(cloudabi.CallID(id%len(cloudabi.Calls)), in[:]...)
				} else {
					g.trap(uint64(id-128), in[:]...)
				}
			}
			g.exit(0)
		}, memoryDir(), DescriptorSpec{Object: NewStream(out)})
		for {
			select {
			case <-p.Done():
			default:
				if asleep(p) {
					p.Kill(cloudabi.SIGTERM) // nobody will ever wake it
				}
				continue
			}
			break
		}
		require.NotContains(t, w.wait(p).Text, "internal error")
		require.Zero(t, w.m.openFiles.Load())
		require.Empty(t, w.m.futex.locks)
		require.Empty(t, w.m.futex.condvars)
		require.Zero(t, w.m.quota.Used())
	})
}

// asleep reports whether every thread waits.
func asleep(p *Process) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.threads {
		t.timeMu.Lock()
		awake := t.running || t.since == 0
		t.timeMu.Unlock()
		if awake {
			return false
		}
	}
	return true
}
