package launch

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/argdata"
)

// scalarTags are the tags of scalars with what reads them. The errors are
// without a place.
var scalarTags = map[string]func(text string) (argdata.Value, error){
	"!":           func(s string) (argdata.Value, error) { return argdata.Str(s), nil },
	"!!str":       func(s string) (argdata.Value, error) { return argdata.Str(s), nil },
	"!!null":      readNull,
	"!!bool":      readBool,
	"!!int":       readInt,
	"!!float":     readFloat,
	"!!binary":    readBinary,
	"!!timestamp": readTimestamp,
}

func (c *converter) scalar(n *yaml.Node, tag string) (argdata.Value, error) {
	if tag == "" {
		if !plainStyle(n) {
			return argdata.Str(n.Value), nil
		}
		v, err := coreScalar(n.Value)
		if err != nil {
			return argdata.Value{}, c.errorf(n, "%v; put it in quotes if a string is meant", err)
		}
		return v, nil
	}
	read, ok := scalarTags[tag]
	if !ok {
		return argdata.Value{}, c.wrongTag(n, tag)
	}
	v, err := read(n.Value)
	if err != nil {
		return argdata.Value{}, c.errorf(n, "%v", err)
	}
	return v, nil
}

// The words and patterns of the core schema of YAML 1.2. Most programs start
// without a number that has a point, so its pattern is made when it is needed.
var coreFloat = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?` +
		`|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
})

func coreNull(s string) bool {
	return s == "" || s == "~" || s == "null" || s == "Null" || s == "NULL"
}

func coreBool(s string) bool {
	switch s {
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return true
	}
	return false
}

// coreInt: a sign is for decimal numbers.
func coreInt(s string) bool {
	sign, _, base := splitInt(s)
	return base == 10 || base != 0 && sign == 0
}

// splitInt takes a number apart: 0o and 0x are before octal and hexadecimal
// ones. base is 0 if it is none, sign 0 if there is none.
func splitInt(s string) (sign byte, digits string, base int) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = s[0], s[1:]
	}
	base = 10
	set := "0123456789"
	switch {
	case strings.HasPrefix(s, "0o"):
		base, set, s = 8, set[:8], s[2:]
	case strings.HasPrefix(s, "0x"):
		base, set, s = 16, set+"abcdefABCDEF", s[2:]
	}
	if s == "" || strings.Trim(s, set) != "" {
		return 0, "", 0
	}
	return sign, s, base
}

// coreScalar reads a plain scalar without a tag.
func coreScalar(s string) (argdata.Value, error) {
	switch {
	case coreNull(s):
		return argdata.Null(), nil
	case coreBool(s):
		return readBool(s)
	case coreInt(s):
		return readInt(s)
	case coreFloat().MatchString(s):
		return readFloat(s)
	}
	return argdata.Str(s), nil
}

func readNull(s string) (argdata.Value, error) {
	if coreNull(s) {
		return argdata.Null(), nil
	}
	return argdata.Value{}, fmt.Errorf("%q is not null: write null, ~, or nothing", shorten(s))
}

// readBool knows the words of both YAML versions, each in lower case,
// capitalized, and in upper case.
func readBool(s string) (argdata.Value, error) {
	lower := strings.ToLower(s)
	if s == lower || s == strings.ToUpper(s) || s == strings.ToUpper(lower[:1])+lower[1:] {
		switch lower {
		case "true", "yes", "on", "y":
			return argdata.Bool(true), nil
		case "false", "no", "off", "n":
			return argdata.Bool(false), nil
		}
	}
	return argdata.Value{}, fmt.Errorf("%q is not a truth value: write true or false", shorten(s))
}

func readInt(s string) (argdata.Value, error) {
	sign, digits, base := splitInt(s)
	if base == 0 {
		return argdata.Value{}, fmt.Errorf("%q is not an integer: write it in decimal, or after 0o or 0x", shorten(s))
	}
	u, err := strconv.ParseUint(digits, base, 64)
	switch {
	case err != nil || sign == '-' && u > 1<<63:
		return argdata.Value{}, fmt.Errorf("integer %s is out of range, which is -2^63 to 2^64-1", shorten(s))
	case sign == '-':
		return argdata.Int(-int64(u)), nil // -2^63 is its own negative
	}
	return argdata.Uint(u), nil
}

func readFloat(s string) (argdata.Value, error) {
	if !coreFloat().MatchString(s) {
		return argdata.Value{}, fmt.Errorf("%q is not a floating point number", shorten(s))
	}
	switch strings.ToLower(strings.TrimLeft(s, "+-")) {
	case ".inf":
		if s[0] == '-' {
			return argdata.Float(math.Inf(-1)), nil
		}
		return argdata.Float(math.Inf(1)), nil
	case ".nan":
		return argdata.Float(math.NaN()), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return argdata.Value{}, fmt.Errorf("number %s is out of the range of floating point; write .inf for infinity", shorten(s))
	}
	return argdata.Float(f), nil
}

func readBinary(s string) (argdata.Value, error) {
	s = strings.Join(strings.Fields(s), "")
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return argdata.Value{}, fmt.Errorf("!!binary is not base64: %w", err)
	}
	return argdata.Binary(b), nil
}

func readTimestamp(s string) (argdata.Value, error) {
	v, err := argdata.ParseTimestamp(s)
	switch {
	case errors.Is(err, cloudabi.ERANGE):
		return v, fmt.Errorf("timestamp %q is too far from 1970", shorten(s))
	case err != nil:
		return v, fmt.Errorf("%q is not a timestamp: write it as 2015-07-01 or 2015-07-01T12:00:00.5Z", shorten(s))
	}
	return v, nil
}

// shorten cuts a text to what a message can bear.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
