package vfs

import "sync"

// linkCache remembers the texts of symbolic links that programs have made. Hosts
// note each reading of a link in its times of access, which the programs can see
// and set, and following a link is reading it; on the system that most programs
// were written for it was not noted for short links. A link's text never
// changes, so what is remembered stays true for as long as the link can be told
// from a later one with the same number.
type linkCache struct {
	mu    sync.Mutex
	texts map[linkID]string
}

// maxLinkCache bounds the memory: each text has fewer than PathMax bytes.
const maxLinkCache = 1024

func (c *linkCache) empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.texts) == 0
}

func (c *linkCache) get(id linkID) (text string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, ok = c.texts[id]
	return text, ok
}

func (c *linkCache) put(id linkID, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.texts == nil || len(c.texts) >= maxLinkCache {
		c.texts = make(map[linkID]string)
	}
	c.texts[id] = text
}
