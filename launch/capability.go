package launch

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/nuage-emu/nuage/argdata"
)

const switchboardTag = "!flower_switchboard_handle"

// capabilityTags are the tags of capabilities with what reads them. It is
// filled by init because its users are among what it holds.
var capabilityTags map[string]func(*converter, *yaml.Node) (argdata.Value, error)

func init() {
	capabilityTags = map[string]func(*converter, *yaml.Node) (argdata.Value, error){
		"!fd":          (*converter).fd,
		"!executable":  (*converter).executable,
		"!file":        (*converter).file_,
		"!overlay":     (*converter).overlay,
		"!memory":      (*converter).memory,
		"!socket":      (*converter).socket,
		switchboardTag: (*converter).switchboard,
	}
}

// add makes a capability known and returns the value that stands for it. The
// launcher's own descriptors and the program are each the same wherever they
// are named, and so become one descriptor.
func (c *Config) add(capability Capability) argdata.Value {
	if capability.Kind == HostFD || capability.Kind == Executable {
		for i, old := range c.Capabilities {
			if old.Kind == capability.Kind && old.Number == capability.Number {
				return argdata.FD(uint32(i))
			}
		}
	}
	c.Capabilities = append(c.Capabilities, capability)
	return argdata.FD(uint32(len(c.Capabilities) - 1))
}

var standardFDs = map[string]uint32{"stdin": 0, "stdout": 1, "stderr": 2}

// readFD reads what stands after !fd. The whole text must be a number.
func readFD(s string) (uint32, error) {
	if n, ok := standardFDs[s]; ok {
		return n, nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || strings.ContainsAny(s, "+-_") {
		return 0, fmt.Errorf("%q is no descriptor: write stdin, stdout, stderr, or a decimal number", shorten(s))
	}
	return uint32(n), nil
}

func (c *converter) fd(n *yaml.Node) (argdata.Value, error) {
	if n.Kind != yaml.ScalarNode {
		return argdata.Value{}, c.errorf(n, "!fd stands before a number or stdin, stdout, stderr; here it is %s", kindName(n))
	}
	number, err := readFD(n.Value)
	if err != nil {
		return argdata.Value{}, c.errorf(n, "!fd: %v", err)
	}
	return c.config.add(Capability{Kind: HostFD, Number: number, Pos: c.pos(n)}), nil
}

func (c *converter) executable(n *yaml.Node) (argdata.Value, error) {
	if n.Kind != yaml.ScalarNode {
		return argdata.Value{}, c.errorf(n, "!executable stands alone; here it is before %s", kindName(n))
	}
	return c.config.add(Capability{Kind: Executable, Pos: c.pos(n)}), nil
}

func (c *converter) file_(n *yaml.Node) (argdata.Value, error) {
	keys, err := c.keys(n, "!file", "path", "mode")
	if err != nil {
		return argdata.Value{}, err
	}
	path, err := c.path(n, keys, "!file")
	if err != nil {
		return argdata.Value{}, err
	}
	mode := Default
	if m, given := keys["mode"]; given {
		ok := false
		if mode, ok = modeNames[m.Value]; !ok {
			return argdata.Value{}, c.errorf(m, "!file: there is no mode %q; the modes are read, write, create", shorten(m.Value))
		}
	}
	return c.config.add(Capability{Kind: File, Path: path, Mode: mode, Pos: c.pos(n)}), nil
}

func (c *converter) overlay(n *yaml.Node) (argdata.Value, error) {
	keys, err := c.keys(n, "!overlay", "path")
	if err != nil {
		return argdata.Value{}, err
	}
	path, err := c.path(n, keys, "!overlay")
	if err != nil {
		return argdata.Value{}, err
	}
	return c.config.add(Capability{Kind: Overlay, Path: path, Pos: c.pos(n)}), nil
}

func (c *converter) memory(n *yaml.Node) (argdata.Value, error) {
	// "!memory" without its braces says all there is to say.
	if n.Kind != yaml.ScalarNode || n.Value != "" {
		if _, err := c.keys(n, "!memory"); err != nil {
			return argdata.Value{}, err
		}
	}
	return c.config.add(Capability{Kind: Memory, Pos: c.pos(n)}), nil
}

func (c *converter) socket(n *yaml.Node) (argdata.Value, error) {
	keys, err := c.keys(n, "!socket", "type", "bind", "connect")
	if err != nil {
		return argdata.Value{}, err
	}
	s := Capability{Kind: Socket, Type: Stream, Pos: c.pos(n)}
	if t, given := keys["type"]; given {
		ok := false
		if s.Type, ok = socketTypes[t.Value]; !ok {
			return argdata.Value{}, c.errorf(t, "!socket: there is no type %q; the types are stream, dgram, seqpacket", shorten(t.Value))
		}
	}
	bind, connect := keys["bind"], keys["connect"]
	if (bind == nil) == (connect == nil) {
		return argdata.Value{}, c.errorf(n, "!socket needs either bind or connect, with an address: /path, host:port, or [v6]:port")
	}
	address := connect
	if s.Bind = bind != nil; s.Bind {
		address = bind
	}
	s.Address = address.Value
	if err := checkAddress(s.Address); err != nil {
		return argdata.Value{}, c.errorf(address, "!socket: %v", err)
	}
	return c.config.add(s), nil
}

// checkAddress looks at the form of an address only.
func checkAddress(a string) error {
	if strings.HasPrefix(a, "/") {
		return noNUL(a)
	}
	if _, port, err := net.SplitHostPort(a); err != nil || port == "" {
		return fmt.Errorf("%q is not an address; write /path, host:port, or [v6]:port", shorten(a))
	}
	return noNUL(a)
}

func noNUL(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("%q has a NUL byte in it", shorten(s))
	}
	return nil
}

func (c *converter) switchboard(n *yaml.Node) (argdata.Value, error) {
	return argdata.Value{}, c.errorf(n, "%s is not supported: it asks a Flower switchboard for a connection, "+
		"and that service is no longer maintained; pass the program a connection with !socket {connect: …} instead", switchboardTag)
}

// keys returns the values of a map that may have the given string keys only,
// all with scalars. Aliases are followed.
func (c *converter) keys(n *yaml.Node, tag string, allowed ...string) (map[string]*yaml.Node, error) {
	form := tag + " {}"
	if len(allowed) > 0 {
		form = fmt.Sprintf("%s {%s: …}", tag, allowed[0])
	}
	if n.Kind != yaml.MappingNode {
		return nil, c.errorf(n, "%s stands before a map, as in %s; here it is before %s", tag, form, kindName(n))
	}
	out := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := follow(n.Content[i]), follow(n.Content[i+1])
		name := key.Value
		switch {
		case !isText(key) || !slices.Contains(allowed, name):
			return nil, c.errorf(n.Content[i], "%s has no key %q; it has %s", tag, shorten(name), listKeys(allowed))
		case out[name] != nil:
			return nil, c.errorf(n.Content[i], "%s: key %q is given twice, first in line %d", tag, name, out[name].Line)
		case !isText(value):
			return nil, c.errorf(n.Content[i+1], "%s: %s must be a string", tag, name)
		}
		// Converted like any other value, so that it is charged, and an alias
		// elsewhere can refer to it.
		for _, node := range n.Content[i : i+2] {
			if _, err := c.value(node); err != nil {
				return nil, err
			}
		}
		out[name] = value
	}
	return out, nil
}

// isText tells whether a node is a string, or something that is meant to be
// one where nothing else can be: a path may be called 2015.
func isText(n *yaml.Node) bool {
	tag := tagOf(n)
	return n.Kind == yaml.ScalarNode && (tag == "" && !(plainStyle(n) && coreNull(n.Value)) || tag == "!" || tag == "!!str")
}

func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func listKeys(allowed []string) string {
	if len(allowed) == 0 {
		return "none"
	}
	return strings.Join(allowed, ", ")
}

func (c *converter) path(n *yaml.Node, keys map[string]*yaml.Node, tag string) (string, error) {
	p, given := keys["path"]
	if !given {
		return "", c.errorf(n, "%s needs a path: %s {path: …}", tag, tag)
	}
	if p.Value == "" {
		return "", c.errorf(p, "%s: the path is empty; the current directory is \".\"", tag)
	}
	if err := noNUL(p.Value); err != nil {
		return "", c.errorf(p, "%s: the path %v", tag, err)
	}
	return p.Value, nil
}
