package gen

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// goCalls writes the call table and the generations.
func (m *model) goCalls() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(goHeader)
	b.WriteString("// Identifiers of the calls: their indices in [Calls].\nconst (\n")
	for i, c := range m.calls {
		if i == 0 {
			fmt.Fprintf(&b, "\tCall%s CallID = iota // %s\n", camel(c.Name), c.Purpose)
		} else {
			fmt.Fprintf(&b, "\tCall%s // %s\n", camel(c.Name), c.Purpose)
		}
	}
	b.WriteString(")\n\n")
	b.WriteString("// Calls is the table of every call there ever was: the final ones in the order\n// of their numbers, then those that left the ABI.\nvar Calls = []Call{\n")
	for _, c := range m.calls {
		if err := m.goCall(&b, c); err != nil {
			return nil, err
		}
	}
	b.WriteString("}\n\n// Generations are the tables of numbers, oldest first.\nvar Generations = []Generation{\n")
	for _, g := range m.gens {
		until := g.Until
		if until == "-" {
			until = ""
		}
		fmt.Fprintf(&b, "\t{ID: %q, From: %q, Until: %q, Note: %q, Table: []CallID{\n", g.ID, g.From, until, g.Note)
		for _, name := range g.Table {
			fmt.Fprintf(&b, "\t\tCall%s,\n", camel(name))
		}
		b.WriteString("\t}},\n")
	}
	b.WriteString("}\n")
	return formatGo("zz_calls.go", &b)
}

func (m *model) goCall(b *bytes.Buffer, c *call) error {
	numbers := make([]string, len(m.gens))
	for i, g := range m.gens {
		numbers[i] = fmt.Sprint(slices.Index(g.Table, c.Name))
	}
	fmt.Fprintf(b, "\t{\n\t\tName: %q, Symbol: %q, Purpose: %q,\n\t\tNumber: [%d]int{%s},\n",
		c.Name, "cloudabi_sys_"+c.Name, c.Purpose, len(numbers), strings.Join(numbers, ", "))
	if c.Noreturn {
		b.WriteString("\t\tNoreturn: true,\n")
	}
	m.goArgs(b, "Inputs", c.signature, c.Inputs)
	m.goArgs(b, "Outputs", c.signature, c.Outputs)
	if len(c.Needs) > 0 {
		b.WriteString("\t\tNeeds: []Need{\n")
		for _, n := range c.Needs {
			arg := slices.IndexFunc(c.Inputs, func(a argument) bool { return a.Name == n.Arg })
			if arg < 0 {
				return fmt.Errorf("calls.txt: %s needs rights of %s, which is no argument", c.Name, n.Arg)
			}
			set, err := m.goRights(n.Rights)
			if err != nil {
				return fmt.Errorf("calls.txt: %s: %w", c.Name, err)
			}
			fmt.Fprintf(b, "\t\t\t{Arg: %d, Inheriting: %t, Rights: %s, Condition: %q},\n", arg, n.Word == "inheriting", set, n.Condition)
		}
		b.WriteString("\t\t},\n")
	}
	if len(c.Errors) > 0 {
		errno := m.scalar("errno")
		b.WriteString("\t\tErrors: []Errno{")
		for i, name := range c.Errors {
			if !slices.ContainsFunc(errno.Values, func(v scalarValue) bool { return v.Name == name }) {
				return fmt.Errorf("calls.txt: %s: there is no error %q", c.Name, name)
			}
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(errno.goConst(scalarValue{Name: name}))
		}
		b.WriteString("},\n")
	}
	if len(c.Earlier) > 0 {
		b.WriteString("\t\tEarlier: []Signature{\n")
		for _, s := range c.Earlier {
			fmt.Fprintf(b, "\t\t\t{\n\t\t\tUntil: %q, Note: %q,\n", s.Until, s.Note)
			m.goArgs(b, "Inputs", s, s.Inputs)
			m.goArgs(b, "Outputs", s, s.Outputs)
			b.WriteString("\t\t\t},\n")
		}
		b.WriteString("\t\t},\n")
	}
	b.WriteString("\t},\n")
	return nil
}

func (m *model) goArgs(b *bytes.Buffer, field string, sig signature, args []argument) {
	if len(args) == 0 {
		return
	}
	fmt.Fprintf(b, "\t\t%s: []Arg{\n", field)
	for _, a := range args {
		fmt.Fprintf(b, "\t\t\t{Name: %q, Type: %q, Width: %d", a.Name, a.Type.Name, m.argWidth(a.Type))
		for _, f := range []struct {
			on   bool
			name string
		}{{a.Type.Pointer, "Pointer"}, {a.Type.Const, "Const"}, {a.Type.Atomic, "Atomic"}, {m.signed(a.Type), "Signed"}} {
			if f.on {
				fmt.Fprintf(b, ", %s: true", f.name)
			}
		}
		count := -1
		if a.Count != "" {
			count = slices.IndexFunc(sig.Inputs, func(o argument) bool { return o.Name == a.Count })
		}
		fmt.Fprintf(b, ", Count: %d},\n", count)
	}
	b.WriteString("\t\t},\n")
}

func (m *model) argWidth(t typeRef) int {
	if n := m.bits(t); n > 0 {
		return n / 8
	}
	if s := m.structure(t.Name); s != nil {
		return s.Size
	}
	return 0
}

func (m *model) signed(t typeRef) bool {
	s := m.scalar(t.Name)
	return s != nil && !t.Pointer && s.Width == "int64"
}

// goRights is the Go expression for a set of rights.
func (m *model) goRights(names []string) (string, error) {
	if len(names) == 0 {
		return "0", nil
	}
	s := m.scalar("rights")
	var out []string
	for _, n := range names {
		if !slices.ContainsFunc(s.Values, func(v scalarValue) bool { return v.Name == n }) {
			return "", fmt.Errorf("there is no right %q", n)
		}
		out = append(out, s.goConst(scalarValue{Name: n}))
	}
	return strings.Join(out, " | "), nil
}

// goKinds writes the largest sets of rights.
func (m *model) goKinds() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(goHeader)
	filetype := m.scalar("filetype")
	for _, table := range []struct{ era, suffix, doc string }{{eraAll, "", "the final ABI"}, {era2015, "2015", "the ABI of the end of 2015"}} {
		var cases, vars bytes.Buffer
		for _, k := range m.kinds {
			if k.Era != table.era {
				continue
			}
			lit, err := m.rightsPair(k, "RightsAll"+table.suffix)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(filetype.Values, func(v scalarValue) bool { return v.Name == k.Name }) {
				fmt.Fprintf(&cases, "\tcase %s:\n\t\treturn %s\n", filetype.goConst(scalarValue{Name: k.Name}), lit)
				continue
			}
			name := "LargestRights" + camel(k.Name) + table.suffix
			fmt.Fprintf(&vars, "// %s is the largest pair of sets of a %s in %s.\nvar %s = %s\n\n", name, strings.ReplaceAll(k.Name, "_", " "), table.doc, name, lit)
		}
		fmt.Fprintf(&b, "// LargestRights%s returns the largest sets of rights a descriptor of the type may\n// have in %s; none for a type of which there are no descriptors.\nfunc LargestRights%s(t Filetype) RightsPair {\n\tswitch t {\n%s\t}\n\treturn RightsPair{}\n}\n\n", table.suffix, table.doc, table.suffix, cases.String())
		b.Write(vars.Bytes())
	}
	return formatGo("zz_rights.go", &b)
}

func (m *model) rightsPair(k *kind, all string) (string, error) {
	set := func(names []string) (string, error) {
		if slices.Equal(names, []string{"all"}) {
			return all, nil
		}
		return m.goRights(names)
	}
	base, err := set(k.Base)
	if err != nil {
		return "", fmt.Errorf("rights.txt: %s: %w", k.Name, err)
	}
	inheriting, err := set(k.Inheriting)
	if err != nil {
		return "", fmt.Errorf("rights.txt: %s: %w", k.Name, err)
	}
	return fmt.Sprintf("RightsPair{\nBase: %s,\nInheriting: %s,\n}", base, inheriting), nil
}
