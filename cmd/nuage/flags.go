package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// size is a number of bytes on the command line, with K, M, G or T for powers
// of 1024.
type size uint64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *size) UnmarshalText(text []byte) error {
	digits := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(string(text)), "B"), "I")
	shift := 0
	if n := len(digits); n > 0 {
		if i := strings.IndexByte("KMGT", digits[n-1]); i >= 0 {
			digits, shift = digits[:n-1], 10*(i+1)
		}
	}
	v, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || v == 0 || v > math.MaxUint64>>shift {
		return fmt.Errorf("%q is not a size; write a number of bytes, or one with K, M, G or T such as 512M", text)
	}
	*s = size(v << shift)
	return nil
}

// traceFlag is --trace or --trace=FILE.
type traceFlag struct {
	on   bool
	file string
}

// IsBool tells kong that the flag may stand without a value.
func (*traceFlag) IsBool() bool { return true }

// Decode implements kong.MapperValue.
func (f *traceFlag) Decode(ctx *kong.DecodeContext) error {
	f.on = true
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		token := ctx.Scan.Pop()
		file, ok := token.Value.(string)
		if !ok || file == "" {
			return fmt.Errorf("--trace=FILE needs the name of a file")
		}
		f.file = file
	}
	return nil
}

// seedFlag is --deterministic or --deterministic=SEED.
type seedFlag struct {
	on   bool
	seed uint64
}

// IsBool tells kong that the flag may stand without a value.
func (*seedFlag) IsBool() bool { return true }

// Decode implements kong.MapperValue.
func (f *seedFlag) Decode(ctx *kong.DecodeContext) (err error) {
	f.on = true
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		token := ctx.Scan.Pop()
		text, _ := token.Value.(string)
		if f.seed, err = strconv.ParseUint(text, 0, 64); err != nil {
			return fmt.Errorf("--deterministic=SEED needs a number below 2^64, not %q", text)
		}
	}
	return nil
}

// everyFlag is --lockstep or --lockstep=N.
type everyFlag struct {
	on    bool
	every uint64
}

// IsBool tells kong that the flag may stand without a value.
func (*everyFlag) IsBool() bool { return true }

// Decode implements kong.MapperValue.
func (f *everyFlag) Decode(ctx *kong.DecodeContext) (err error) {
	f.on = true
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		token := ctx.Scan.Pop()
		text, _ := token.Value.(string)
		if f.every, err = strconv.ParseUint(text, 0, 32); err != nil || f.every == 0 {
			return fmt.Errorf("--lockstep=N needs a number of instructions between 1 and 2^32, not %q", text)
		}
	}
	return nil
}
