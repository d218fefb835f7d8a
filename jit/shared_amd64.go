//go:build linux || windows || freebsd || darwin

package jit

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/jit/rewrite"
)

// translationCache has what engines have translated, for other engines: those of
// processes that were forked, or run the same program. A translation is a
// function of the guest's bytes and of what cacheKey has, so it holds wherever
// these bytes are at that address; they are compared each time. It is
// position-independent as long as it is not in code memory.
type translationCache struct {
	engines atomic.Uint64 // that there have been
	mu      sync.Mutex
	units   map[cacheKey]*sharedUnit
	size    int // bytes
}

// translations is the cache of this process.
var translations translationCache

// cacheBytes bounds the cache. When it is full it begins anew.
const cacheBytes = 8 << 20

type cacheKey struct {
	pc         uint64
	convention rewrite.Convention
	everyRun   bool
	indirect   bool
}

// sharedUnit is never changed.
type sharedUnit struct {
	guest []byte // the code that it is the translation of
	unit  rewrite.Unit
}

// join reports whether an engine that is made now is to use the cache: the first
// one does not, since mostly there is no second.
func (c *translationCache) join() bool { return c.engines.Add(1) > 1 }

// get returns the translation for the key, if it is of the code that fetch reads.
func (c *translationCache) get(k cacheKey, fetch func(pc uint64) []byte) *rewrite.Unit {
	c.mu.Lock()
	s := c.units[k]
	c.mu.Unlock()
	if s == nil {
		return nil
	}
	pc := k.pc
	for rest := s.guest; len(rest) > 0; {
		code := fetch(pc)
		n := min(len(code), len(rest))
		if n == 0 || !bytes.Equal(code[:n], rest[:n]) {
			return nil
		}
		pc, rest = pc+uint64(n), rest[n:]
	}
	return &s.unit
}

// put adds the translation that t has just made, and returns it as it is in the
// cache.
func (c *translationCache) put(k cacheKey, t *rewrite.Translator, u *rewrite.Unit) *rewrite.Unit {
	s := &sharedUnit{guest: t.AppendGuest(make([]byte, 0, u.Bytes)), unit: rewrite.Unit{
		Code: slices.Clone(u.Code), Entries: slices.Clone(u.Entries), Exits: slices.Clone(u.Exits), Marks: slices.Clone(u.Marks),
		Guest: u.Guest, Bytes: u.Bytes,
	}}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size += s.bytes(); c.units == nil || c.size > cacheBytes {
		c.units, c.size = make(map[cacheKey]*sharedUnit), s.bytes()
	}
	if old := c.units[k]; old != nil {
		c.size -= old.bytes()
	}
	c.units[k] = s
	return &s.unit
}

// bytes is about what the unit takes.
func (s *sharedUnit) bytes() int {
	return 256 + len(s.guest) + len(s.unit.Code) + 16*(len(s.unit.Entries)+len(s.unit.Exits)) + 12*len(s.unit.Marks)
}

// translators have buffers that are worth keeping, by convention and everyRun.
var translators [2 * rewrite.Counting][2]sync.Pool

func spareTranslators(k cacheKey) *sync.Pool {
	if k.everyRun {
		return &translators[k.convention][1]
	}
	return &translators[k.convention][0]
}

// newTranslator returns a translator for an engine.
func newTranslator(k cacheKey) *rewrite.Translator {
	if t, ok := spareTranslators(k).Get().(*rewrite.Translator); ok {
		return t
	}
	return rewrite.NewTranslator(rewrite.Options{Supported: supported, Convention: k.convention, EveryRun: k.everyRun})
}
