package gen

import (
	"slices"
	"strconv"
	"strings"
)

// typeRef is a type as a member or an argument names it.
type typeRef struct {
	Name    string // scalar, structure, size, char, void, pad or uintN
	Pointer bool
	Const   bool
	Atomic  bool
	Array   int // 0: not an array
}

func parseType(s string) typeRef {
	var t typeRef
	s, t.Pointer = strings.CutSuffix(s, "*")
	s, t.Const = strings.CutPrefix(s, "const_")
	s, t.Atomic = strings.CutPrefix(s, "atomic_")
	if name, n, ok := strings.Cut(s, "["); ok {
		t.Array, _ = strconv.Atoi(strings.TrimSuffix(n, "]"))
		s = name
	}
	t.Name = s
	return t
}

// structure is one structure layout.
type structure struct {
	Name        string // may end in @2015
	Size, Align int
	Era         string
	Doc         string
	Members     []member
}

type member struct {
	Variant string // name of the union's member, or ""
	Name    string
	Type    typeRef
	Offset  int
	Tag     string   // member that decides whether this one exists
	When    []string // values of the tag
}

// cName is the C name without cloudabi_ and _t.
func (s *structure) cName() string {
	if base, ok := strings.CutSuffix(s.Name, "@2015"); ok {
		return "2015_" + base
	}
	return s.Name
}

func goTypeName(name string) string {
	base, old := strings.CutSuffix(name, "@2015")
	if old {
		return camel(base) + "2015"
	}
	return camel(base)
}

var memberPrefixes = []string{"st_", "fs_", "d_", "ri_", "si_", "so_", "ro_", "a_", "sa_", "ss_", "sd_"}

func stripPrefix(s string) string {
	for _, p := range memberPrefixes {
		if t, ok := strings.CutPrefix(s, p); ok {
			return t
		}
	}
	return s
}

// goName is the field's name: members of a union carry the variant's name,
// once.
func (m member) goName() string {
	name, variant := stripPrefix(m.Name), stripPrefix(m.Variant)
	if variant == "" || name == variant || strings.HasPrefix(name, variant+"_") {
		return camel(name)
	}
	return camel(variant + "_" + name)
}

func (m member) padding() bool { return m.Type.Name == "pad" }

func parseStructs(data string) ([]*structure, error) {
	var out []*structure
	for _, l := range readLines("structs.txt", data) {
		if !l.indent {
			if len(l.words) < 5 || l.words[0] != "struct" || !validEra(l.words[4]) {
				return nil, l.errorf("want: struct name size alignment era description")
			}
			size, err1 := strconv.Atoi(l.words[2])
			align, err2 := strconv.Atoi(l.words[3])
			if err1 != nil || err2 != nil {
				return nil, l.errorf("size and alignment must be numbers")
			}
			out = append(out, &structure{Name: l.words[1], Size: size, Align: align, Era: l.words[4], Doc: l.rest(5)})
			continue
		}
		if len(out) == 0 || len(l.words) < 3 {
			return nil, l.errorf("member without a structure, or with too few columns")
		}
		off, err := strconv.Atoi(l.words[2])
		if err != nil {
			return nil, l.errorf("%v", err)
		}
		m := member{Name: l.words[0], Type: parseType(l.words[1]), Offset: off}
		if v, n, ok := strings.Cut(l.words[0], "."); ok {
			m.Variant, m.Name = v, n
		}
		if len(l.words) > 3 {
			if l.words[3] != "when" || len(l.words) < 6 {
				return nil, l.errorf("want: when tag value…")
			}
			m.Tag, m.When = l.words[4], l.words[5:]
		}
		s := out[len(out)-1]
		s.Members = append(s.Members, m)
	}
	return out, nil
}

// argument is an input or an output of a call.
type argument struct {
	Name  string
	Type  typeRef
	Count string
}

type need struct {
	Arg       string
	Word      string
	Rights    []string
	Condition string
}

type signature struct {
	Until, Note     string
	Inputs, Outputs []argument
}

type call struct {
	Name, Era, Purpose string
	signature
	Noreturn bool
	Needs    []need
	Errors   []string // without E
	Earlier  []signature
}

type generation struct {
	ID, From, Until, Note string
	Table                 []string
}

func parseCalls(data string) (calls []*call, gens []*generation, err error) {
	var sig *signature
	for _, l := range readLines("calls.txt", data) {
		switch {
		case !l.indent && l.words[0] == "call" && len(l.words) >= 4 && validEra(l.words[2]):
			calls = append(calls, &call{Name: l.words[1], Era: l.words[2], Purpose: l.rest(3)})
			sig = &calls[len(calls)-1].signature
		case !l.indent && l.words[0] == "generation" && len(l.words) >= 5:
			g := &generation{ID: l.words[1], From: l.words[2], Until: l.words[3], Note: l.rest(4)}
			if n := len(gens); n > 0 {
				g.Table = slices.Clone(gens[n-1].Table)
			}
			gens = append(gens, g)
		case !l.indent || sig == nil:
			return nil, nil, l.errorf("want a call or a generation")
		case len(gens) > 0:
			if err := gens[len(gens)-1].edit(l); err != nil {
				return nil, nil, err
			}
		default:
			if sig, err = calls[len(calls)-1].add(l, sig); err != nil {
				return nil, nil, err
			}
		}
	}
	return calls, gens, nil
}

// edit applies a line below a generation.
func (g *generation) edit(l line) error {
	switch l.words[0] {
	case "append":
		g.Table = append(g.Table, l.words[1:]...)
	case "sort":
		slices.Sort(g.Table)
	case "drop":
		for _, name := range l.words[1:] {
			i := slices.Index(g.Table, name)
			if i < 0 {
				return l.errorf("%s is not in the table", name)
			}
			g.Table = slices.Delete(g.Table, i, i+1)
		}
	default:
		return l.errorf("want append, drop or sort")
	}
	return nil
}

// add applies a line below a call; it returns the signature to which the
// following arguments belong.
func (c *call) add(l line, sig *signature) (*signature, error) {
	w := l.words
	switch {
	case w[0] == "in" && (len(w) == 3 || len(w) == 5 && w[3] == "count"):
		a := argument{Name: w[1], Type: parseType(w[2])}
		if len(w) == 5 {
			a.Count = w[4]
		}
		sig.Inputs = append(sig.Inputs, a)
	case w[0] == "out" && len(w) == 3:
		sig.Outputs = append(sig.Outputs, argument{Name: w[1], Type: parseType(w[2])})
	case w[0] == "noreturn":
		c.Noreturn = true
	case w[0] == "need" && len(w) >= 4:
		n := need{Arg: w[1], Word: w[2], Condition: l.rest(4)}
		if w[3] != "-" {
			n.Rights = strings.Split(w[3], "|")
		}
		c.Needs = append(c.Needs, n)
	case w[0] == "error" && len(w) >= 2:
		for _, name := range w[1:] {
			c.Errors = append(c.Errors, strings.ToLower(strings.TrimPrefix(name, "E")))
		}
	case w[0] == "until" && len(w) >= 2:
		c.Earlier = append(c.Earlier, signature{Until: w[1], Note: l.rest(2)})
		return &c.Earlier[len(c.Earlier)-1], nil
	default:
		return nil, l.errorf("want in, out, noreturn, need, error or until")
	}
	return sig, nil
}

// kind is one row of the largest sets of rights.
type kind struct {
	Era, Name        string
	Base, Inheriting []string
}

func parseRights(data string) ([]*kind, error) {
	var out []*kind
	for _, l := range readLines("rights.txt", data) {
		switch {
		case !l.indent && l.words[0] == "kind" && len(l.words) == 3 && validEra(l.words[1]):
			out = append(out, &kind{Era: l.words[1], Name: l.words[2]})
		case l.indent && len(out) > 0 && l.words[0] == "base":
			out[len(out)-1].Base = append(out[len(out)-1].Base, l.words[1:]...)
		case l.indent && len(out) > 0 && l.words[0] == "inheriting":
			out[len(out)-1].Inheriting = append(out[len(out)-1].Inheriting, l.words[1:]...)
		default:
			return nil, l.errorf("want kind, base or inheriting")
		}
	}
	return out, nil
}
