package nuage

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/nuage-emu/nuage/argdata"
)

// maxDepth bounds the nesting of arguments, so that a value which contains
// itself is an error and not the end of the process.
const maxDepth = 1000

// converter turns Go values into argument data and collects the capabilities.
type converter struct {
	capabilities []*Capability
}

func (c *converter) value(v any, depth int) (argdata.Value, error) {
	if depth > maxDepth {
		return argdata.Value{}, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch v := v.(type) {
	case nil:
		return argdata.Null(), nil
	case argdata.Value:
		return v, nil
	case *Capability:
		return c.capability(v)
	case string:
		return argdata.Str(v), nil
	case []byte:
		return argdata.Binary(v), nil
	case time.Time:
		return argdata.Timestamp(v), nil
	case []any:
		return c.seq(v, depth)
	case map[string]any:
		return c.mapping(v, depth)
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Bool:
		return argdata.Bool(r.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return argdata.Int(r.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return argdata.Uint(r.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return argdata.Float(r.Float()), nil
	case reflect.String:
		return argdata.Str(r.String()), nil
	}
	return argdata.Value{}, fmt.Errorf("a %T cannot be passed to a program; see nuage.Config for what can", v)
}

func (c *converter) seq(list []any, depth int) (argdata.Value, error) {
	items := make([]argdata.Value, len(list))
	for i, e := range list {
		var err error
		if items[i], err = c.value(e, depth+1); err != nil {
			return argdata.Value{}, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return argdata.Seq(items...), nil
}

func (c *converter) mapping(m map[string]any, depth int) (argdata.Value, error) {
	entries := make([]argdata.Entry, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		e, err := c.value(m[k], depth+1)
		if err != nil {
			return argdata.Value{}, fmt.Errorf("%s: %w", k, err)
		}
		entries = append(entries, argdata.Entry{Key: argdata.Str(k), Value: e})
	}
	return argdata.Map(entries...), nil
}

func (c *converter) capability(p *Capability) (argdata.Value, error) {
	if p == nil {
		return argdata.FD(argdata.InvalidFD), nil
	}
	i := slices.Index(c.capabilities, p)
	if i < 0 {
		i = len(c.capabilities)
		c.capabilities = append(slices.Clip(c.capabilities), p)
	}
	return argdata.FD(uint32(i)), nil
}
