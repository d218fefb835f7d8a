package launch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/nuage-emu/nuage/argdata"
)

// Bounds of what is accepted. They are far above what people write, and keep a
// text from taking memory or time out of proportion.
const (
	MaxText  = 4 << 20  // bytes of text
	MaxDepth = 1000     // nesting of sequences and maps
	maxNodes = 1 << 20  // values, each alias counted as all that it stands for
	maxBytes = 64 << 20 // bytes of strings, likewise
)

// The name spaces of tags.
const (
	cloudabiTag = "tag:nuxi.nl,2015:cloudabi/"
	yamlTag     = "tag:yaml.org,2002:"
)

// Parse reads a configuration; name stands for it in errors, which are
// [*Error]. A text without a document, such as an empty one, is null.
func Parse(r io.Reader, name string) (*Config, error) {
	start := Pos{File: name}
	text, err := io.ReadAll(io.LimitReader(r, MaxText+1))
	if err != nil {
		return nil, start.errorf("cannot be read: %v", err)
	}
	if len(text) > MaxText {
		return nil, start.errorf("the configuration is longer than %d MiB; pass large data as a !file", MaxText>>20)
	}
	if pos, ok := notUTF8(start, text); ok {
		return nil, pos.errorf("the text is not UTF-8; pass other bytes as !!binary, in base64")
	}
	doc, err := load(start, text)
	if err != nil {
		return nil, err
	}
	c := converter{file: name, config: &Config{}, done: map[*yaml.Node]*converted{}}
	if doc != nil {
		if c.config.Data, err = c.value(doc); err != nil {
			return nil, err
		}
	}
	return c.config, nil
}

func notUTF8(pos Pos, text []byte) (Pos, bool) {
	pos.Line, pos.Column = 1, 1
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			return pos, true
		case r == '\n':
			pos.Line, pos.Column = pos.Line+1, 1
		default:
			pos.Column++
		}
		text = text[size:]
	}
	return pos, false
}

// load returns the root of the only document, or nil.
func load(start Pos, text []byte) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithPlugin(
		loaderlimits.New(loaderlimits.DepthValue(MaxDepth), loaderlimits.AliasNone())))
	if err != nil {
		return nil, syntaxError(start, err)
	}
	var first, second yaml.Node
	switch err := loader.Load(&first); {
	case err == io.EOF:
		return nil, nil
	case err != nil:
		return nil, syntaxError(start, err)
	}
	switch err := loader.Load(&second); {
	case err == nil:
		pos := Pos{start.File, second.Line, second.Column}
		return nil, pos.errorf("a second document begins; a configuration is one document, so remove this line and what follows")
	case err != io.EOF:
		return nil, syntaxError(start, err)
	}
	if first.Kind == yaml.DocumentNode {
		if len(first.Content) != 1 {
			return nil, nil
		}
		return first.Content[0], nil
	}
	return &first, nil
}

func syntaxError(pos Pos, err error) error {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return pos.errorf("not YAML: %v", err)
	}
	what := e.Message
	mark := e.Mark
	if mark.Line == 0 {
		mark = e.ContextMark
	}
	pos.Line, pos.Column = mark.Line, mark.Column
	switch {
	case strings.Contains(what, "undefined tag handle"):
		what += fmt.Sprintf("; the tags of this launcher are written %s", tagList())
	case strings.Contains(what, "max depth"):
		return pos.errorf("nested more than %d deep", MaxDepth)
	}
	if e.ContextMsg != "" {
		what = e.ContextMsg + ": " + what
	}
	if c := e.ContextMark; c.Line != 0 && c.Line != mark.Line {
		what += fmt.Sprintf(" (it began in line %d)", c.Line)
	}
	return pos.errorf("not YAML: %s", what)
}

// converter turns nodes into values.
type converter struct {
	file   string
	config *Config
	done   map[*yaml.Node]*converted // what anchors stand for
	used   size
	depth  int
}

// size is what a value takes when written out.
type size struct{ nodes, bytes int }

// converted is the value of an anchor; finished is false while inside of it.
type converted struct {
	value    argdata.Value
	size     size
	finished bool
}

func (c *converter) pos(n *yaml.Node) Pos { return Pos{c.file, n.Line, n.Column} }

func (c *converter) errorf(n *yaml.Node, format string, args ...any) error {
	return c.pos(n).errorf(format, args...)
}

// charge accounts for a value, and so bounds what aliases of aliases can do.
func (c *converter) charge(n *yaml.Node, s size) error {
	c.used.nodes += s.nodes
	c.used.bytes += s.bytes
	if c.used.nodes > maxNodes || c.used.bytes > maxBytes {
		return c.errorf(n, "too large: with aliases written out, more than %d values or %d MiB of text", maxNodes, maxBytes>>20)
	}
	return nil
}

func (c *converter) value(n *yaml.Node) (argdata.Value, error) {
	if n.Kind == yaml.AliasNode {
		return c.alias(n)
	}
	if n.Anchor == "" {
		return c.plain(n)
	}
	before := c.used
	entry := &converted{}
	c.done[n] = entry
	v, err := c.plain(n)
	*entry = converted{v, size{c.used.nodes - before.nodes, c.used.bytes - before.bytes}, true}
	return v, err
}

func (c *converter) alias(n *yaml.Node) (argdata.Value, error) {
	entry := c.done[n.Alias]
	if entry == nil || !entry.finished {
		return argdata.Value{}, c.errorf(n, "*%s stands inside of what it refers to", n.Value)
	}
	return entry.value, c.charge(n, entry.size)
}

// tagOf returns the tag in its short form: "!fd", "!!int", "" if there is
// none, and "!" for the one that forbids guessing the type.
func tagOf(n *yaml.Node) string {
	switch {
	case n.Tag == "!":
		return "!"
	case n.Style&yaml.TaggedStyle == 0:
		return ""
	case strings.HasPrefix(n.Tag, cloudabiTag):
		return "!" + n.Tag[len(cloudabiTag):]
	case strings.HasPrefix(n.Tag, yamlTag):
		return "!!" + n.Tag[len(yamlTag):]
	}
	return n.Tag
}

func (c *converter) plain(n *yaml.Node) (argdata.Value, error) {
	if err := c.charge(n, size{1, len(n.Value)}); err != nil {
		return argdata.Value{}, err
	}
	tag := tagOf(n)
	if read, ok := capabilityTags[tag]; ok {
		return read(c, n)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return c.scalar(n, tag)
	case yaml.SequenceNode:
		if tag == "" || tag == "!" || tag == "!!seq" {
			return c.seq(n)
		}
	case yaml.MappingNode:
		if tag == "" || tag == "!" || tag == "!!map" {
			return c.mapping(n)
		}
	}
	return argdata.Value{}, c.wrongTag(n, tag)
}

// kindName says what a node is in YAML's words.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a sequence"
	case yaml.MappingNode:
		return "a map"
	case yaml.AliasNode:
		return "an alias"
	}
	return "a scalar"
}

func (c *converter) wrongTag(n *yaml.Node, tag string) error {
	if _, ok := scalarTags[tag]; ok || tag == "!!seq" || tag == "!!map" {
		return c.errorf(n, "%s cannot stand before %s", tag, kindName(n))
	}
	return c.errorf(n, "unknown tag %s; the tags are %s", tag, tagList())
}

func tagList() string {
	var tags []string
	for tag := range capabilityTags {
		if tag != switchboardTag {
			tags = append(tags, tag)
		}
	}
	for tag := range scalarTags {
		if tag != "!" {
			tags = append(tags, tag)
		}
	}
	tags = append(tags, "!!map", "!!seq")
	slices.SortFunc(tags, func(a, b string) int {
		if d := strings.Count(a, "!") - strings.Count(b, "!"); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return strings.Join(tags, " ")
}

func (c *converter) enter(n *yaml.Node) error {
	if c.depth++; c.depth > MaxDepth {
		return c.errorf(n, "nested more than %d deep", MaxDepth)
	}
	return nil
}

func (c *converter) seq(n *yaml.Node) (argdata.Value, error) {
	if err := c.enter(n); err != nil {
		return argdata.Value{}, err
	}
	defer func() { c.depth-- }()
	items := make([]argdata.Value, 0, len(n.Content))
	for _, child := range n.Content {
		item, err := c.value(child)
		if err != nil {
			return argdata.Value{}, err
		}
		items = append(items, item)
	}
	return argdata.Seq(items...), nil
}

func (c *converter) mapping(n *yaml.Node) (argdata.Value, error) {
	if err := c.enter(n); err != nil {
		return argdata.Value{}, err
	}
	defer func() { c.depth-- }()
	entries := make([]argdata.Entry, 0, len(n.Content)/2)
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind == yaml.ScalarNode && key.Value == "<<" && tagOf(key) == "" && plainStyle(key) {
			return argdata.Value{}, c.errorf(key, `merge keys are not supported: write the entries out, or "<<" in quotes for a key of that name`)
		}
		k, err := c.value(key)
		if err != nil {
			return argdata.Value{}, err
		}
		if err := c.unique(seen, key, k); err != nil {
			return argdata.Value{}, err
		}
		v, err := c.value(n.Content[i+1])
		if err != nil {
			return argdata.Value{}, err
		}
		entries = append(entries, argdata.Entry{Key: k, Value: v})
	}
	return argdata.Map(entries...), nil
}

// unique refuses a key that the map has already. Keys are the same if their
// encodings are.
func (c *converter) unique(seen map[string]int, n *yaml.Node, key argdata.Value) error {
	id, err := argdata.EncodeLiteral(key)
	if err != nil {
		return c.errorf(n, "%v", err)
	}
	if line, ok := seen[string(id)]; ok {
		return c.errorf(n, "key %v is given twice, first in line %d", key, line)
	}
	seen[string(id)] = n.Line
	return nil
}

func plainStyle(n *yaml.Node) bool {
	return n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}
