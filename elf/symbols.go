package elf

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
)

// Limits of what is read from a symbol table: it is a convenience for people,
// never worth more memory than this.
const (
	maxSections = 1 << 14
	maxSymbols  = 1 << 18
	maxStrings  = 32 << 20
)

// Symbol is a named address of an image.
type Symbol struct {
	Name string
	Addr uint64 // before the load bias
	Size uint64 // bytes; 0 if unknown
	Func bool
}

// Symbols are the named addresses of an image, by ascending address. A nil
// *Symbols is empty.
type Symbols struct {
	list  []Symbol
	names map[string]int
}

type symbolCache struct {
	once sync.Once
	s    *Symbols
}

// Symbols reads the image's symbol table at the first call and returns it; it
// is empty when the program was stripped or the table is damaged, for a
// program runs without one. At most a quarter of a million symbols are read.
func (img *Image) Symbols() *Symbols {
	img.symbols.once.Do(func() { img.symbols.s = img.readSymbols() })
	return img.symbols.s
}

// All returns the symbols; the caller must not change them.
func (s *Symbols) All() []Symbol {
	if s == nil {
		return nil
	}
	return s.list
}

// Named returns the symbol of that name.
func (s *Symbols) Named(name string) (Symbol, bool) {
	if s == nil {
		return Symbol{}, false
	}
	i, ok := s.names[name]
	if !ok {
		return Symbol{}, false
	}
	return s.list[i], true
}

// At returns the symbol that addr belongs to and how far behind its beginning
// addr is.
func (s *Symbols) At(addr uint64) (name string, off uint64, ok bool) {
	if s == nil {
		return "", 0, false
	}
	i, found := slices.BinarySearchFunc(s.list, addr, func(s Symbol, a uint64) int { return cmp.Compare(s.Addr, a) })
	if found { // the first of several at the address
		return s.list[i].Name, 0, true
	}
	if i == 0 {
		return "", 0, false
	}
	sym := s.list[i-1]
	off = addr - sym.Addr
	if sym.Size > 0 && off >= sym.Size {
		return "", 0, false
	}
	return sym.Name, off, true
}

func newSymbols(list []Symbol) *Symbols {
	slices.SortStableFunc(list, func(a, b Symbol) int {
		if c := cmp.Compare(a.Addr, b.Addr); c != 0 {
			return c
		}
		return cmp.Compare(b.Size, a.Size)
	})
	s := &Symbols{list: list, names: make(map[string]int, len(list))}
	for i, sym := range list {
		if _, dup := s.names[sym.Name]; !dup {
			s.names[sym.Name] = i
		}
	}
	return s
}

// section reads a section header; ok is false if it cannot be read.
func (img *Image) section(shoff uint64, i int) (typ, link uint32, off, size uint64, ok bool) {
	var b [shdrSize]byte
	at := shoff + uint64(i)*shdrSize
	if at < shoff || at > uint64(img.size) || img.read(b[:], int64(at), "section header") != nil {
		return 0, 0, 0, 0, false
	}
	le := binary.LittleEndian
	return le.Uint32(b[4:]), le.Uint32(b[40:]), le.Uint64(b[24:]), le.Uint64(b[32:]), true
}

// contents reads part of the file if it is there and not longer than limit.
func (img *Image) contents(off, size, limit uint64) []byte {
	if off > uint64(img.size) || size > uint64(img.size)-off || size > limit {
		return nil
	}
	b := make([]byte, size)
	if img.read(b, int64(off), "symbol table") != nil {
		return nil
	}
	return b
}

func (img *Image) readSymbols() *Symbols {
	var head [headerSize]byte
	if img.read(head[:], 0, "ELF header") != nil {
		return nil
	}
	le := binary.LittleEndian
	shoff, entry, count := le.Uint64(head[40:]), le.Uint16(head[58:]), int(le.Uint16(head[60:]))
	if shoff == 0 || entry != shdrSize || count > maxSections {
		return nil
	}
	const symtab, dynsym = 2, 11
	// Choose first and read once: a file may have any number of tables.
	var best struct {
		typ, link uint32
		off, size uint64
	}
	for i := range count {
		typ, link, off, size, ok := img.section(shoff, i)
		if !ok {
			break
		}
		if typ == symtab || typ == dynsym && best.typ == 0 {
			best.typ, best.link, best.off, best.size = typ, link, off, size
		}
		if typ == symtab {
			break
		}
	}
	if best.typ == 0 || int64(best.link) >= int64(count) {
		return nil
	}
	_, _, strOff, strSize, ok := img.section(shoff, int(best.link))
	if !ok {
		return nil
	}
	names := img.contents(strOff, strSize, maxStrings)
	table := img.contents(best.off, best.size, maxSymbols*symSize)
	return newSymbols(decodeSymbols(table, string(names)))
}

// decodeSymbols keeps the defined functions, objects and labels. Names share
// the memory of the string table.
func decodeSymbols(table []byte, names string) []Symbol {
	var list []Symbol
	for ; len(table) >= symSize; table = table[symSize:] {
		le := binary.LittleEndian
		name, info, section := le.Uint32(table), table[4], le.Uint16(table[6:])
		typ := info & 15
		const absolute = 0xfff1 // a number with a name, not a place
		if section == 0 || section == absolute || typ > 2 || name == 0 || uint64(name) >= uint64(len(names)) {
			continue
		}
		text, _, ok := strings.Cut(names[name:min(len(names), int(name)+4096)], "\x00")
		if !ok || text == "" || strings.HasPrefix(text, "$") { // $x and $d are marks of the assembler
			continue
		}
		list = append(list, Symbol{Name: text, Addr: le.Uint64(table[8:]), Size: le.Uint64(table[16:]), Func: typ == 2})
	}
	return list
}
