package launch

import (
	"fmt"
	"strings"

	"github.com/nuage-emu/nuage/argdata"
)

// The short forms of a command line. Each adds an entry to the map that is the
// configuration, or replaces the one of that key; a configuration that is null
// becomes a map. Option is how errors name where the text comes from, such as
// "--set".

// Empty returns the configuration that is an empty map.
func Empty() *Config { return &Config{Data: argdata.Map()} }

// Set adds key=value. The value is read as an untagged value of YAML, so that
// 8 is an integer; one that begins with a quote, "[", "{" or "!" is read as
// YAML altogether, tags and all.
func (c *Config) Set(option, text string) error {
	key, rest, err := splitSetting(option, text, "value")
	if err != nil {
		return err
	}
	if rest == "" || !strings.Contains(`"'[{!`, rest[:1]) {
		v, err := coreScalar(rest)
		if err != nil {
			return settingError(option, text, err)
		}
		return c.put(option, text, key, v)
	}
	sub, err := Parse(strings.NewReader(rest), option+" "+key)
	if err != nil {
		return err
	}
	return c.put(option, text, key, c.adopt(sub, sub.Data))
}

// adopt makes the capabilities of another configuration known here, and
// returns its value with their numbers here.
func (c *Config) adopt(sub *Config, v argdata.Value) argdata.Value {
	numbers := make([]argdata.Value, len(sub.Capabilities))
	for i, capability := range sub.Capabilities {
		numbers[i] = c.add(capability)
	}
	return replaceFDs(v, numbers)
}

func replaceFDs(v argdata.Value, numbers []argdata.Value) argdata.Value {
	switch v.Kind() {
	case argdata.KindFD:
		if i, err := v.FD(); err == nil {
			return numbers[i]
		}
	case argdata.KindSeq:
		var items []argdata.Value
		for _, item := range v.Items() {
			items = append(items, replaceFDs(item, numbers))
		}
		return argdata.Seq(items...)
	case argdata.KindMap:
		var entries []argdata.Entry
		for k, val := range v.Entries() {
			entries = append(entries, argdata.Entry{Key: replaceFDs(k, numbers), Value: replaceFDs(val, numbers)})
		}
		return argdata.Map(entries...)
	}
	return v
}

// SetFD adds key=stdin, stdout, stderr or a number: a descriptor of the
// launcher.
func (c *Config) SetFD(option, text string) error {
	key, rest, err := splitSetting(option, text, "stdin|stdout|stderr|N")
	if err != nil {
		return err
	}
	number, err := readFD(rest)
	if err != nil {
		return settingError(option, text, err)
	}
	return c.putCapability(option, text, key, Capability{Kind: HostFD, Number: number})
}

// SetFile adds key=path[:ro|rw|create]: a file or directory of the host, to
// read if nothing else is said.
func (c *Config) SetFile(option, text string) error {
	key, rest, err := splitSetting(option, text, "path[:ro|rw|create]")
	if err != nil {
		return err
	}
	path, suffix := splitSuffix(rest, "ro", "rw", "create")
	capability := Capability{Kind: File, Path: path, Mode: map[string]Mode{"": Read, "ro": Read, "rw": Write, "create": Create}[suffix]}
	return c.putPath(option, text, key, capability)
}

// SetDir adds key=path[:ro|rw|overlay]: a directory of the host, to read if
// nothing else is said. Overlay keeps changes in memory.
func (c *Config) SetDir(option, text string) error {
	key, rest, err := splitSetting(option, text, "path[:ro|rw|overlay]")
	if err != nil {
		return err
	}
	path, suffix := splitSuffix(rest, "ro", "rw", "overlay")
	capability := Capability{Kind: Directory, Path: path, Mode: Read}
	switch suffix {
	case "rw":
		capability.Mode = Write
	case "overlay":
		capability = Capability{Kind: Overlay, Path: path}
	}
	return c.putPath(option, text, key, capability)
}

func splitSetting(option, text, form string) (key, rest string, err error) {
	key, rest, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return "", "", &Error{What: fmt.Sprintf("%s %q: write it as key=%s", option, text, form)}
	}
	return key, rest, nil
}

// splitSuffix takes a known word after the last colon off a path. Any other
// colon is the path's own.
func splitSuffix(s string, known ...string) (path, suffix string) {
	for _, k := range known {
		if path, ok := strings.CutSuffix(s, ":"+k); ok {
			return path, k
		}
	}
	return s, ""
}

func settingError(option, text string, err error) error {
	return &Error{What: fmt.Sprintf("%s %q: %v", option, text, err), Err: err}
}

func (c *Config) putPath(option, text, key string, capability Capability) error {
	if capability.Path == "" {
		return settingError(option, text, fmt.Errorf("the path is empty; the current directory is %q", "."))
	}
	if err := noNUL(capability.Path); err != nil {
		return settingError(option, text, err)
	}
	return c.putCapability(option, text, key, capability)
}

func (c *Config) putCapability(option, text, key string, capability Capability) error {
	capability.Pos.File = fmt.Sprintf("%s %q", option, text)
	return c.put(option, text, key, c.add(capability))
}

func (c *Config) put(option, text, key string, v argdata.Value) error {
	data, err := c.Data.With(key, v)
	if err != nil {
		return &Error{What: fmt.Sprintf("%s %q: the configuration is %v of kind %v, and only a map can be added to", option, text, c.Data, c.Data.Kind())}
	}
	if _, err := argdata.EncodeLiteral(argdata.Seq(argdata.Str(key), v)); err != nil {
		return settingError(option, text, err)
	}
	c.Data = data
	return nil
}
