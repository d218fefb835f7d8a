package gen

import (
	"bytes"
	"fmt"
	"strings"
)

// model is everything the data files say.
type model struct {
	scalars []*scalar
	structs []*structure
	calls   []*call
	gens    []*generation
	kinds   []*kind
}

func (m *model) scalar(name string) *scalar {
	for _, s := range m.scalars {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (m *model) structure(name string) *structure {
	for _, s := range m.structs {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// rawWidth is the Go type of a type that is no scalar of ours.
func rawWidth(name string) string {
	switch name {
	case "size":
		return "uint64"
	case "uint8", "uint16", "uint32", "uint64":
		return name
	}
	return ""
}

// check refuses types that exist nowhere.
func (m *model) check() error {
	known := func(t typeRef) bool {
		switch t.Name {
		case "char", "void", "threadentry":
			return t.Pointer
		case "pad":
			return t.Array > 0
		}
		return rawWidth(t.Name) != "" || m.scalar(t.Name) != nil || m.structure(t.Name) != nil
	}
	for _, s := range m.structs {
		for _, f := range s.Members {
			if !known(f.Type) {
				return fmt.Errorf("structs.txt: %s.%s has the unknown type %s", s.Name, f.Name, f.Type.Name)
			}
		}
	}
	for _, c := range m.calls {
		for _, sig := range append([]signature{c.signature}, c.Earlier...) {
			for _, a := range append(sig.Inputs, sig.Outputs...) {
				if !known(a.Type) {
					return fmt.Errorf("calls.txt: %s has an argument %s of the unknown type %s", c.Name, a.Name, a.Type.Name)
				}
			}
		}
	}
	return nil
}

// goType is the type of a field.
func (m *model) goType(t typeRef) string {
	if t.Pointer {
		return "uint64"
	}
	name := rawWidth(t.Name)
	if name == "" {
		name = goTypeName(t.Name)
	}
	if t.Array > 0 {
		return fmt.Sprintf("[%d]%s", t.Array, name)
	}
	return name
}

// bits is the width of an integer type, 0 for a structure or an array.
func (m *model) bits(t typeRef) int {
	switch {
	case t.Pointer:
		return 64
	case t.Array > 0:
		return 0
	case rawWidth(t.Name) != "":
		return 8 * widthBytes(rawWidth(t.Name))
	}
	if s := m.scalar(t.Name); s != nil {
		return 8 * s.bytes()
	}
	return 0
}

// goStructs writes the structure types with their Get and Put methods.
func (m *model) goStructs() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(goHeader)
	b.WriteString("import \"encoding/binary\"\n\n")
	b.WriteString("// Sizes of the structures in bytes.\nconst (\n")
	for _, s := range m.structs {
		typ := ""
		if s.Name == "filestat" { // typed: it must not pass for the flag
			typ = "int"
		}
		fmt.Fprintf(&b, "\t%sSize %s = %d\n", goTypeName(s.Name), typ, s.Size)
	}
	b.WriteString(")\n\n")
	for _, s := range m.structs {
		m.goStruct(&b, s)
	}
	return formatGo("zz_structs.go", &b)
}

func (m *model) goStruct(b *bytes.Buffer, s *structure) {
	name := goTypeName(s.Name)
	fmt.Fprintf(b, "// %s: %s%s.\ntype %s struct {\n", name, s.Doc, eraNote(s.Era), name)
	seen := map[string]bool{}
	for _, f := range s.Members {
		if f.padding() || seen[f.goName()] {
			continue
		}
		seen[f.goName()] = true
		note := ""
		if f.Type.Pointer {
			note = " // address of " + f.Type.Name
		}
		if f.Tag != "" {
			if note == "" {
				note = " //"
			} else {
				note += ","
			}
			note += " for " + strings.Join(f.When, ", ")
		}
		fmt.Fprintf(b, "\t%s %s%s\n", f.goName(), m.goType(f.Type), note)
	}
	b.WriteString("}\n\n")
	tagged := ""
	if tag := s.tag(); tag != "" {
		tagged = fmt.Sprintf(" Of the union only the\n// members that belong to %s count.", camel(stripPrefix(tag)))
	}
	fmt.Fprintf(b, "// Put writes the structure to b, which holds at least %sSize bytes; padding\n// becomes zero.%s\nfunc (v *%s) Put(b []byte) {\n\tb = b[:%sSize]\n\tclear(b)\n", name, tagged, name, name)
	m.eachField(b, s, m.putField)
	b.WriteString("}\n\n")
	fmt.Fprintf(b, "// Get reads the structure from b, which holds at least %sSize bytes.%s\nfunc (v *%s) Get(b []byte) {\n\tb = b[:%sSize]\n\t*v = %s{}\n", name, tagged, name, name, name)
	m.eachField(b, s, m.getField)
	b.WriteString("}\n\n")
}

func (s *structure) tag() string {
	for _, f := range s.Members {
		if f.Tag != "" {
			return f.Tag
		}
	}
	return ""
}

// eachField writes the statements for the common members, then a switch over
// the tag for the union.
func (m *model) eachField(b *bytes.Buffer, s *structure, write func(*bytes.Buffer, member)) {
	for _, f := range s.Members {
		if f.Tag == "" && !f.padding() {
			write(b, f)
		}
	}
	tag := s.tag()
	if tag == "" {
		return
	}
	var tagType *scalar
	for _, f := range s.Members {
		if f.Name == tag && f.Variant == "" {
			tagType = m.scalar(f.Type.Name)
		}
	}
	fmt.Fprintf(b, "\tswitch v.%s {\n", camel(stripPrefix(tag)))
	var order []string
	groups := map[string][]member{}
	for _, f := range s.Members {
		if f.Tag == "" || f.padding() {
			continue
		}
		key := strings.Join(f.When, " ")
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], f)
	}
	for _, key := range order {
		var labels []string
		for when := range strings.SplitSeq(key, " ") {
			labels = append(labels, tagType.goConst(scalarValue{Name: when}))
		}
		fmt.Fprintf(b, "\tcase %s:\n", strings.Join(labels, ", "))
		for _, f := range groups[key] {
			write(b, f)
		}
	}
	b.WriteString("\t}\n")
}

func (m *model) putField(b *bytes.Buffer, f member) {
	name, off := f.goName(), f.Offset
	switch n := m.bits(f.Type); {
	case n == 8:
		fmt.Fprintf(b, "\tb[%d] = byte(v.%s)\n", off, name)
	case n > 8:
		fmt.Fprintf(b, "\tbinary.LittleEndian.PutUint%d(b[%d:], uint%d(v.%s))\n", n, off, n, name)
	case f.Type.Array > 0:
		fmt.Fprintf(b, "\tcopy(b[%d:], v.%s[:])\n", off, name)
	default:
		fmt.Fprintf(b, "\tv.%s.Put(b[%d:])\n", name, off)
	}
}

func (m *model) getField(b *bytes.Buffer, f member) {
	name, off := f.goName(), f.Offset
	switch n := m.bits(f.Type); {
	case n == 8:
		fmt.Fprintf(b, "\tv.%s = %s(b[%d])\n", name, m.goType(f.Type), off)
	case n > 8:
		fmt.Fprintf(b, "\tv.%s = %s(binary.LittleEndian.Uint%d(b[%d:]))\n", name, m.goType(f.Type), n, off)
	case f.Type.Array > 0:
		fmt.Fprintf(b, "\tcopy(v.%s[:], b[%d:])\n", name, off)
	default:
		fmt.Fprintf(b, "\tv.%s.Get(b[%d:])\n", name, off)
	}
}
