package abi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Whether there is anything to read is asked before where it is to go.
func TestReadingNothingToABadAddress(t *testing.T) {
	runEarly(t, func(g *guest) {
		for _, kind := range []uint64{uint64(cloudabi.FiletypeFifo), sockStream, sockDgram} {
			in, out := g.pair(kind)
			list := g.put(le.AppendUint64(le.AppendUint64(nil, 0), 1))
			got := g.alloc(8)
			g.nonblock(in)
			g.fails(cloudabi.EAGAIN, cloudabi.CallFdRead, in, list, 1, got)
			_, errno := g.write(out, "x")
			require.Zero(g, errno)
			g.fails(cloudabi.EFAULT, cloudabi.CallFdRead, in, list, 1, got)
			data, errno := g.read(in, 9)
			require.Zero(g, errno)
			require.Equal(g, "x", data, "it is still there")
		}
	})
}
