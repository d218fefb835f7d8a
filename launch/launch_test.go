package launch

import (
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/nuage-emu/nuage/argdata"
)

const directive = "%TAG ! tag:nuxi.nl,2015:cloudabi/\n---\n"

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse(strings.NewReader(text), "c.yaml")
	require.NoError(t, err, text)
	return c
}

// plainCaps drops the places.
func plainCaps(c *Config) []Capability {
	var out []Capability
	for _, capability := range c.Capabilities {
		capability.Pos = Pos{}
		out = append(out, capability)
	}
	return out
}

func TestScalars(t *testing.T) {
	for text, want := range map[string]argdata.Value{
		"":                                  argdata.Null(),
		"# nothing\n":                       argdata.Null(),
		"---\n...\n":                        argdata.Null(),
		"~":                                 argdata.Null(),
		"NULL":                              argdata.Null(),
		"nuLL":                              argdata.Str("nuLL"),
		"true":                              argdata.Bool(true),
		"False":                             argdata.Bool(false),
		"yes":                               argdata.Str("yes"),
		"!!bool yes":                        argdata.Bool(true),
		"!!bool N":                          argdata.Bool(false),
		"!!bool Off":                        argdata.Bool(false),
		"0":                                 argdata.Int(0),
		"-0":                                argdata.Int(0),
		"+12":                               argdata.Int(12),
		"0755":                              argdata.Int(755),
		"0o755":                             argdata.Int(493),
		"0xfF":                              argdata.Int(255),
		"-0x10":                             argdata.Str("-0x10"),
		"!!int -0x10":                       argdata.Int(-16),
		"1_000":                             argdata.Str("1_000"),
		"-9223372036854775808":              argdata.Int(math.MinInt64),
		"18446744073709551615":              argdata.Uint(math.MaxUint64),
		"!!int '7'":                         argdata.Int(7),
		"1.5":                               argdata.Float(1.5),
		"1.":                                argdata.Float(1),
		".5e1":                              argdata.Float(5),
		"1e3":                               argdata.Float(1000),
		"!!float 3":                         argdata.Float(3),
		".inf":                              argdata.Float(math.Inf(1)),
		"-.INF":                             argdata.Float(math.Inf(-1)),
		".NaN":                              argdata.Float(math.NaN()),
		"1.2.3":                             argdata.Str("1.2.3"),
		"2015-07-01":                        argdata.Str("2015-07-01"),
		"!!timestamp 2015-07-01":            argdata.TimestampAt(1435708800, 0),
		"!!timestamp 2015-07-01t12:00:00.5": argdata.TimestampAt(1435752000, 500000000),
		"'8'":                               argdata.Str("8"),
		`"\x41\u00e9"`:                      argdata.Str("Aé"),
		"! 8":                               argdata.Str("8"),
		"!!str 8":                           argdata.Str("8"),
		"!!str":                             argdata.Str(""),
		"!!null":                            argdata.Null(),
		"|\n a\n b\n":                       argdata.Str("a\nb\n"),
		"!!binary |\n  aGVs\n  bG8=\n":      argdata.Binary([]byte("hello")),
		"!!binary ''":                       argdata.Binary(nil),
		"\ufeff1":                           argdata.Int(1),
		"!<tag:yaml.org,2002:int> 1":        argdata.Int(1),
		"<<":                                argdata.Str("<<"),
	} {
		got := parse(t, text).Data
		require.True(t, want.Equal(got), "%q gave %v, want %v", text, got, want)
	}
}

func TestCollections(t *testing.T) {
	c := parse(t, "a: 1\n? [1, 2]\n: !!seq [x, !!map {y: z}]\n~: ! {}\n\"<<\": []\n")
	require.Equal(t, `{"a": 1, [1, 2]: ["x", {"y": "z"}], null: {}, "<<": []}`, c.Data.String())
	require.Empty(t, c.Capabilities)
}

const everyCapability = `
out: !fd stdout
again: !fd 1
err: !fd stderr
in: !fd stdin
nine: !fd 9
prog: !executable
same: !executable x
src: !file {path: /etc/hosts}
ro: !file {path: a, mode: read}
rw: !file {mode: write, path: 2015}
new: !file {path: b, mode: create}
tmp: !memory {}
tmp2: !memory
over: !overlay {path: .}
listen: !socket {bind: "127.0.0.1:80"}
six: !socket {connect: "[::1]:http", type: seqpacket}
unix: !socket {connect: /run/x, type: dgram}
`

func TestCapabilities(t *testing.T) {
	want := []Capability{
		{Kind: HostFD, Number: 1},
		{Kind: HostFD, Number: 2},
		{Kind: HostFD, Number: 0},
		{Kind: HostFD, Number: 9},
		{Kind: Executable},
		{Kind: File, Path: "/etc/hosts"},
		{Kind: File, Path: "a", Mode: Read},
		{Kind: File, Path: "2015", Mode: Write},
		{Kind: File, Path: "b", Mode: Create},
		{Kind: Memory},
		{Kind: Memory},
		{Kind: Overlay, Path: "."},
		{Kind: Socket, Type: Stream, Bind: true, Address: "127.0.0.1:80"},
		{Kind: Socket, Type: SequencedPacket, Address: "[::1]:http"},
		{Kind: Socket, Type: Datagram, Address: "/run/x"},
	}
	for name, text := range map[string]string{
		"with the directive":  directive + everyCapability,
		"without":             everyCapability,
		"with another handle": "%TAG !c! tag:nuxi.nl,2015:cloudabi/\n---\n" + strings.ReplaceAll(everyCapability, ": !", ": !c!"),
		"verbatim":            verbatim(everyCapability),
	} {
		c := parse(t, text)
		require.Empty(t, cmp.Diff(want, plainCaps(c)), name)
		require.Equal(t, `{"out": fd 0, "again": fd 0, "err": fd 1, "in": fd 2, "nine": fd 3, "prog": fd 4, "same": fd 4, "src": fd 5,`+
			` "ro": fd 6, "rw": fd 7, "new": fd 8, "tmp": fd 9, "tmp2": fd 10, "over": fd 11, "listen": fd 12, "six": fd 13, "unix": fd 14}`,
			c.Data.String(), name)
		require.Equal(t, "c.yaml", c.Capabilities[0].Pos.File)
		require.NotZero(t, c.Capabilities[0].Pos.Line)
	}
}

// verbatim spells the tags !x out as !<…/x>.
func verbatim(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if key, rest, ok := strings.Cut(line, ": !"); ok {
			tag, value, _ := strings.Cut(strings.TrimSuffix(rest, "\n"), " ")
			line = fmt.Sprintf("%s: !<%s%s> %s\n", key, cloudabiTag, tag, value)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

func TestEncodeOpensWhatIsNamedOnce(t *testing.T) {
	c := parse(t, "a: !fd 5\nb: !memory {}\nc: !fd 5\n")
	require.NoError(t, c.Set("--set", "b=8"))
	require.NoError(t, c.SetFD("--fd", "out=stdout"))
	require.NoError(t, c.SetFD("--fd", "five=5"))
	data, open, err := c.Encode()
	require.NoError(t, err)
	v, err := argdata.Decode(data, nil)
	require.NoError(t, err)
	require.Equal(t, `{"a": fd 0, "b": 8, "c": fd 0, "out": fd 1, "five": fd 0}`, v.String())
	require.Len(t, open, 2)
	require.Equal(t, "descriptor 5", open[0].String())
	require.Equal(t, "standard output", open[1].String())
}

func TestErrorsSayWhere(t *testing.T) {
	for _, bad := range []struct{ text, where, what string }{
		{"a: [1, 2\n", "2:1", "flow sequence.*began in line 1"},
		{"a: 1\na: 2\n", "2:1", `key "a" is given twice, first in line 1`},
		{"{a: 1, ! a: 2}\n", "1:8", "given twice"},
		{"a: 1\n---\nb: 2\n", "2:1", "second document"},
		{"a: \xff\n", "1:4", "not UTF-8"},
		{"\n  é: \xff\n", "2:6", "not UTF-8"},
		{"a: !fil {path: x}\n", "1:4", "unknown tag !fil; the tags are !executable !fd !file !memory !overlay !socket !!binary"},
		{"a: !!set {a}\n", "1:4", "unknown tag !!set"},
		{"a: !c!fd 1\n", "1:4", "undefined tag handle"},
		{"a: !!int [1]\n", "1:4", "!!int cannot stand before a sequence"},
		{"a: !!seq 1\n", "1:4", "!!seq cannot stand before a scalar"},
		{"a: !!map []\n", "1:4", "!!map cannot stand before a sequence"},
		{"a: !!int x\n", "1:4", `"x" is not an integer`},
		{"a: 18446744073709551616\n", "1:4", "out of range.*in quotes"},
		{"a: !!int -9223372036854775809\n", "1:4", "out of range"},
		{"a: 1e999\n", "1:4", "out of the range of floating point"},
		{"a: !!float x\n", "1:4", "not a floating"},
		{"a: !!bool 1\n", "1:4", "not a truth value"},
		{"a: !!bool yEs\n", "1:4", "not a truth value"},
		{"a: !!bool\n", "1:4", "not a truth value"},
		{"a: !!null 0\n", "1:4", "not null"},
		{"a: !!binary a\n", "1:4", "not base64"},
		{"a: !!timestamp now\n", "1:4", "not a timestamp"},
		{"a: !!timestamp 999999999999-01-01\n", "1:4", "too far"},
		{"a: !fd\n", "1:4", `"" is no descriptor`},
		{"a: !fd 1x\n", "1:4", "no descriptor"},
		{"a: !fd -1\n", "1:4", "no descriptor"},
		{"a: !fd 2147483648\n", "1:4", "no descriptor"},
		{"a: !fd [1]\n", "1:4", "a sequence"},
		{"a: !executable {}\n", "1:4", "stands alone"},
		{"a: !file /etc\n", "1:4", `!file {path: …}; here it is before a scalar`},
		{"a: !file {}\n", "1:4", "needs a path"},
		{"a: !file {path: x, rights: [a]}\n", "1:20", `no key "rights"; it has path, mode`},
		{"a: !file {path: x, path: y}\n", "1:20", "given twice"},
		{"a: !file {path: [x]}\n", "1:17", "path must be a string"},
		{"a: !file {path: !fd 1}\n", "1:17", "path must be a string"},
		{"a: !file {path: ''}\n", "1:17", "path is empty"},
		{"a: !file {path: }\n", "1:17", "path must be a string"},
		{"a: !file {path: \"a\\0b\"}\n", "1:17", "NUL"},
		{"a: !file {path: a, mode: append}\n", "1:26", `no mode "append"; the modes are read, write, create`},
		{"a: !memory {size: 1}\n", "1:13", `no key "size"; it has none`},
		{"a: !memory 1\n", "1:4", "!memory {}"},
		{"a: !overlay {}\n", "1:4", "needs a path"},
		{"a: !socket {}\n", "1:4", "either bind or connect"},
		{"a: !socket {bind: /a, connect: /b}\n", "1:4", "either bind or connect"},
		{"a: !socket {bind: a}\n", "1:19", "not an address"},
		{"a: !socket {bind: '::1:80'}\n", "1:19", "not an address"},
		{"a: !socket {bind: 'a:'}\n", "1:19", "not an address"},
		{"a: !socket {bind: /a, type: raw}\n", "1:29", `no type "raw"`},
		{"a: !flower_switchboard_handle {switchboard_path: /x}\n", "1:4", "not supported.*!socket"},
		{"<<: {a: 1}\n", "1:1", "merge keys"},
		{"a: &x [*x]\n", "1:8", "inside of what it refers to"},
		{"a: *x\n", "1:4", "unknown anchor"},
		{strings.Repeat("[", 2000), "", "nested more than 1000"},
		{"%YAML 3.0\n---\n1", "1:", "not YAML"},
	} {
		_, err := Parse(strings.NewReader(bad.text), "c.yaml")
		require.Error(t, err, bad.text)
		var e *Error
		require.ErrorAs(t, err, &e)
		require.True(t, strings.HasPrefix(err.Error(), "c.yaml:"+bad.where), "%q: %v", bad.text, err)
		require.Regexp(t, bad.what, err.Error())
	}
	_, err := Parse(strings.NewReader("a: "+strings.Repeat("x", MaxText)), "big")
	require.ErrorContains(t, err, "longer than 4 MiB")
}

func TestAliases(t *testing.T) {
	c := parse(t, "a: &d !memory {}\nb: *d\nc: &s [1, *d]\nd: *s\ne: !file {path: &p x}\nf: !overlay {path: *p}\ng: *p\n")
	require.Equal(t, `{"a": fd 0, "b": fd 0, "c": [1, fd 0], "d": [1, fd 0], "e": fd 1, "f": fd 2, "g": "x"}`, c.Data.String())
	require.Len(t, c.Capabilities, 3)

	laughs := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 20 {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	_, err := Parse(strings.NewReader(laughs), "c.yaml")
	require.ErrorContains(t, err, "too large: with aliases written out")
}

func TestSettings(t *testing.T) {
	var c Config
	for _, s := range []struct {
		set  func(option, text string) error
		text string
	}{
		{c.Set, "n=8"}, {c.Set, "s=a=b: #c"}, {c.Set, "empty="}, {c.Set, `q="8"`}, {c.Set, "l=[1, !fd 2, !memory {}]"}, {c.Set, "bin=!!binary aGk="},
		{c.SetFD, "out=stdout"}, {c.SetFD, "err=2"},
		{c.SetFile, "in=README.md"}, {c.SetFile, "rw=a:b:rw"}, {c.SetFile, `win=C:\x:ro`}, {c.SetFile, "new=x:create"},
		{c.SetDir, "d=."}, {c.SetDir, "dw=/tmp:rw"}, {c.SetDir, "do=/etc:overlay"}, {c.SetDir, "odd=a:create"},
		{c.Set, "n=9"},
	} {
		require.NoError(t, s.set("--x", s.text), s.text)
	}
	require.Equal(t, `{"n": 9, "s": "a=b: #c", "empty": null, "q": "8", "l": [1, fd 0, fd 1], "bin": binary 6869, "out": fd 2, "err": fd 0,`+
		` "in": fd 3, "rw": fd 4, "win": fd 5, "new": fd 6, "d": fd 7, "dw": fd 8, "do": fd 9, "odd": fd 10}`, c.Data.String())
	require.Empty(t, cmp.Diff([]Capability{
		{Kind: HostFD, Number: 2}, {Kind: Memory}, {Kind: HostFD, Number: 1},
		{Kind: File, Path: "README.md", Mode: Read}, {Kind: File, Path: "a:b", Mode: Write},
		{Kind: File, Path: `C:\x`, Mode: Read}, {Kind: File, Path: "x", Mode: Create},
		{Kind: Directory, Path: ".", Mode: Read}, {Kind: Directory, Path: "/tmp", Mode: Write},
		{Kind: Overlay, Path: "/etc"}, {Kind: Directory, Path: "a:create", Mode: Read},
	}, plainCaps(&c)))
	require.ErrorContains(t, c.Capabilities[3].Fail(fmt.Errorf("gone")), `--x "in=README.md": file "README.md": gone`)

	for _, s := range []struct {
		set        func(option, text string) error
		text, what string
	}{
		{c.Set, "n", "write it as key=value"}, {c.Set, "=n", "write it as key=value"}, {c.Set, "n=[1", "--x n:2:1:"}, {c.Set, "n=99999999999999999999", "out of range"},
		{c.Set, "n=\xff", "UTF-8"}, {c.Set, "\xff=n", "UTF-8"},
		{c.SetFD, "a=b", "no descriptor"}, {c.SetFile, "a=:rw", "path is empty"}, {c.SetDir, "a=", "path is empty"},
	} {
		require.ErrorContains(t, s.set("--x", s.text), s.what, s.text)
	}

	seq := parse(t, "[1]")
	require.ErrorContains(t, seq.Set("--set", "a=1"), "only a map can be added to")
}

// What argdata prints is read back as the same, descriptors by their numbers.
func TestReadsWhatDumpWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(3).Draw(t, "value")
		var b strings.Builder
		require.NoError(t, argdata.Dump(&b, v))
		c, err := Parse(strings.NewReader(b.String()), "dump")
		require.NoError(t, err, b.String())
		numbers := make([]argdata.Value, len(c.Capabilities))
		for i, capability := range c.Capabilities {
			require.Equal(t, HostFD, capability.Kind)
			numbers[i] = argdata.FD(capability.Number)
		}
		back := replaceFDs(c.Data, numbers)
		require.True(t, v.Equal(back), "%v came back as %v from\n%s", v, back, b.String())
	})
}

func anyValue(depth int) *rapid.Generator[argdata.Value] {
	return rapid.Custom(func(t *rapid.T) argdata.Value {
		last := 9
		if depth == 0 {
			last = 7
		}
		switch rapid.IntRange(0, last).Draw(t, "kind") {
		case 1:
			return argdata.Binary(rapid.SliceOf(rapid.Byte()).Draw(t, "binary"))
		case 2:
			return argdata.Bool(rapid.Bool().Draw(t, "bool"))
		case 3:
			return argdata.FD(rapid.Uint32Range(0, math.MaxInt32).Draw(t, "fd"))
		case 4:
			return argdata.Float(rapid.Float64().Draw(t, "float"))
		case 5:
			return argdata.Int(rapid.Int64().Draw(t, "int"))
		case 6:
			return argdata.Str(rapid.String().Draw(t, "str"))
		case 7:
			return argdata.TimestampAt(rapid.Int64().Draw(t, "sec"), rapid.Int64Range(0, 999999999).Draw(t, "nsec"))
		case 8:
			return argdata.Seq(rapid.SliceOfN(anyValue(depth-1), 0, 4).Draw(t, "seq")...)
		case 9:
			var entries []argdata.Entry
			for i := range rapid.IntRange(0, 4).Draw(t, "len") { // keys must differ
				entries = append(entries, argdata.Entry{Key: argdata.Seq(argdata.Int(int64(i)), anyValue(depth-1).Draw(t, "key")), Value: anyValue(depth-1).Draw(t, "value")})
			}
			return argdata.Map(entries...)
		}
		return argdata.Null()
	})
}

func FuzzParse(f *testing.F) {
	f.Add(directive + everyCapability)
	f.Add("a: &x [1, 2.5, ~, true, !!binary aGk=, !!timestamp 2015-07-01]\nb: *x\n? {c: d}\n: |\n  text\n")
	f.Add("!!binary " + base64.StdEncoding.EncodeToString([]byte("x")))
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(strings.NewReader(text), "c.yaml")
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			require.NotContains(t, strings.TrimSpace(err.Error()), "panic")
			return
		}
		data, open, err := c.Encode()
		require.NoError(t, err)
		require.Len(t, open, len(c.Capabilities))
		v, err := argdata.Decode(data, func(i uint32) (uint32, bool) { return i, int(i) < len(open) })
		require.NoError(t, err)
		require.Equal(t, c.Data.Kind(), v.Kind())
	})
}
