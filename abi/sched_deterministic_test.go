package abi

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
)

// TestTurns: a turn ends near the next deadline, but however soon that is, and
// whoever else is ready, the thread comes to run.
func TestTurns(t *testing.T) {
	const now, retired = virtualStart, 5000
	for _, c := range []struct {
		name            string
		soonest, timer  uint64
		ready           bool
		atLeast, atMost uint64
		levels          uint8
	}{
		{name: "alone", soonest: Forever, timer: Forever, atLeast: longestTurn / 2, atMost: longestTurn},
		{name: "others", soonest: Forever, timer: Forever, ready: true, atLeast: shortestTurn, atMost: 2 * shortestTurn},
		{name: "others, after many turns", soonest: Forever, timer: Forever, ready: true, levels: maxLevel, atLeast: shortestTurn, atMost: longestTurn},
		{name: "a deadline", soonest: now + 100_000, timer: Forever, atLeast: 100_000, atMost: 100_000},
		{name: "a timer", soonest: Forever, timer: now + 200_000, atLeast: 200_000, atMost: 200_000},
		{name: "a deadline at once", soonest: now + 1, timer: Forever, atLeast: shortestTurn, atMost: shortestTurn},
		{name: "a deadline that is over", soonest: now, timer: Forever, atLeast: longestTurn / 2, atMost: longestTurn},
		{name: "the last deadline there can be", soonest: Forever - 1, timer: Forever, atLeast: longestTurn / 2, atMost: longestTurn},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range byte(50) {
				s := newDeterministic(nil, nil, &Deterministic{Source: rand.NewChaCha8([32]byte{seed})})
				s.soonest, s.timers = c.soonest, []*virtualTimer{{at: c.timer}}
				if c.ready {
					s.ready = []*Thread{{}}
				}
				th := &Thread{cpu: cpu.Thread{Retired: retired}, wake: make(chan struct{}, 1)}
				th.turn.level = c.levels
				s.grant(th)
				n := th.turn.end - retired
				require.GreaterOrEqual(t, n, c.atLeast)
				require.LessOrEqual(t, n, c.atMost)
			}
		})
	}
}
