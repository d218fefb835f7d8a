package argdata_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	. "github.com/nuage-emu/nuage/argdata"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

func at(s string) Value {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return Timestamp(t)
}

func entry(k string, v Value) Entry { return Entry{Key: Str(k), Value: v} }

// The worked examples of abi/argdata.md section 7. Descriptors are numbered in
// order there, so both ways of writing them agree.
var examples = []struct {
	value Value
	hex   string
	line  string
}{
	{Null(), "", "null"},
	{Bool(true), "02 01", "true"},
	{Bool(false), "02", "false"},
	{Int(0), "05", "0"},
	{Int(1), "05 01", "1"},
	{Int(127), "05 7f", "127"},
	{Int(128), "05 00 80", "128"},
	{Int(255), "05 00 ff", "255"},
	{Int(256), "05 01 00", "256"},
	{Int(-1), "05 ff", "-1"},
	{Int(-128), "05 80", "-128"},
	{Int(-129), "05 ff 7f", "-129"},
	{Uint(1 << 63), "05 00 80 00 00 00 00 00 00 00", "9223372036854775808"},
	{Uint(math.MaxUint64), "05 00 ff ff ff ff ff ff ff ff", "18446744073709551615"},
	{Int(math.MinInt64), "05 80 00 00 00 00 00 00 00", "-9223372036854775808"},
	{Float(1), "04 3f f0 00 00 00 00 00 00", "1.0"},
	{Float(-2.5), "04 c0 04 00 00 00 00 00 00", "-2.5"},
	{Float(math.Inf(1)), "04 7f f0 00 00 00 00 00 00", ".inf"},
	{Str(""), "08 00", `""`},
	{Str("Hi"), "08 48 69 00", `"Hi"`},
	{Str("é"), "08 c3 a9 00", `"é"`},
	{Binary([]byte{0xde, 0xad, 0xbe, 0xef}), "01 de ad be ef", "binary deadbeef"},
	{Binary(nil), "01", "binary "},
	{FD(0), "03 00 00 00 00", "fd 0"},
	{FD(InvalidFD), "03 ff ff ff ff", "fd none"},
	{at("1970-01-01T00:00:00Z"), "09", "1970-01-01T00:00:00Z"},
	{at("1970-01-01T00:00:01Z"), "09 3b 9a ca 00", "1970-01-01T00:00:01Z"},
	{at("1969-12-31T23:59:59.999999999Z"), "09 ff", "1969-12-31T23:59:59.999999999Z"},
	{at("2015-07-01T12:00:00Z"), "09 13 ec d0 d6 49 8e 80 00", "2015-07-01T12:00:00Z"},
	{Seq(), "07", "[]"},
	{Map(), "06", "{}"},
	{Seq(Int(1), Bool(true), Null()), "07 82 05 01 82 02 01 80", "[1, true, null]"},
	{Map(entry("a", Int(1))), "06 83 08 61 00 82 05 01", `{"a": 1}`},
	{Seq(Str("hi"), FD(0), FD(1)), "07 84 08 68 69 00 85 03 00 00 00 00 85 03 00 00 00 01", `["hi", fd 0, fd 1]`},
	{Map(entry("tmpdir", FD(0)), entry("logfile", FD(1)), entry("nthreads", Int(8))),
		"06 88 08 74 6d 70 64 69 72 00 85 03 00 00 00 00 89 08 6c 6f 67 66 69 6c 65 00 85 03 00 00 00 01 8a 08 6e 74 68 72 65 61 64 73 00 82 05 08",
		`{"tmpdir": fd 0, "logfile": fd 1, "nthreads": 8}`},
	{Seq(Seq(Str("x"))), "07 85 07 83 08 78 00", `[["x"]]`},
}

func TestWorkedExamples(t *testing.T) {
	for _, ex := range examples {
		t.Run(ex.line, func(t *testing.T) {
			want := unhex(t, ex.hex)
			got, _, err := Encode(ex.value, nil)
			require.NoError(t, err)
			require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(got))
			back, err := Decode(want, nil)
			require.NoError(t, err)
			require.True(t, ex.value.Equal(back), "%v came back as %v", ex.value, back)
			require.Equal(t, ex.line, back.String())
		})
	}
}

func TestLongLengths(t *testing.T) {
	data, err := EncodeLiteral(Seq(Str(strings.Repeat("q", 198))))
	require.NoError(t, err)
	require.Len(t, data, 203)
	require.Equal(t, unhex(t, "07 01 c8 08 71"), data[:5])

	for length, prefix := range map[int]string{
		1: "81", 2: "82", 127: "ff", 128: "01 80", 200: "01 c8", 255: "01 ff", 16383: "7f ff",
		16384: "01 00 80", 65536: "04 00 80", 1000000: "3d 04 c0", 2097151: "7f 7f ff", 2097152: "01 00 00 80",
	} {
		v := Seq(Binary(make([]byte, length-1)))
		data, err := EncodeLiteral(v)
		require.NoError(t, err)
		p := unhex(t, prefix)
		require.Equal(t, p, data[1:1+len(p)], "length %d", length)
		require.Len(t, data, 1+len(p)+length)
		back, err := Decode(data, nil)
		require.NoError(t, err)
		require.True(t, v.Equal(back))
	}
}

func TestDescriptorList(t *testing.T) {
	v := Map(
		entry("out", FD(7)),
		Entry{Seq(FD(3), FD(7)), Map(Entry{FD(9), FD(3)})},
		entry("closed", FD(40)),
		entry("none", FD(InvalidFD)))
	data, fds, err := Encode(v, func(fd uint32) bool { return fd < 40 })
	require.NoError(t, err)
	require.Equal(t, []uint32{7, 3, 9}, fds)

	renumbered := Map(
		entry("out", FD(0)),
		Entry{Seq(FD(1), FD(0)), Map(Entry{FD(2), FD(1)})},
		entry("closed", FD(InvalidFD)),
		entry("none", FD(InvalidFD)))
	back, err := Decode(data, nil)
	require.NoError(t, err)
	require.True(t, renumbered.Equal(back), "got %v", back)

	original, err := Decode(data, func(i uint32) (uint32, bool) { return fds[i], int(i) < len(fds) })
	require.NoError(t, err)
	want, err := v.With("closed", FD(InvalidFD))
	require.NoError(t, err)
	require.True(t, want.Equal(original), "got %v", original)

	// The form in which the runner talks to its helper.
	data, err = EncodeLiteral(Seq(FD(3), Map(entry("a", Int(1)))))
	require.NoError(t, err)
	require.Equal(t, unhex(t, "07 85 03 00 00 00 03 88 06 83 08 61 00 82 05 01"), data)
}

func TestMalformed(t *testing.T) {
	for _, bad := range []struct {
		hex    string
		offset int
		errno  cloudabi.Errno
		what   string
	}{
		{"07 00", 1, cloudabi.EINVAL, "padding digit"},
		{"07 00 81 02", 1, cloudabi.EINVAL, "padding digit"},
		{"07 05", 1, cloudabi.EINVAL, "last digit|larger"},
		{"07 01", 1, cloudabi.EINVAL, "last digit"},
		{"07 83 05", 1, cloudabi.EINVAL, "length 3 is larger than the 1 bytes"},
		{"07 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f 7f ff", 1, cloudabi.EINVAL, "larger"},
		{"07 81 02 82 05", 3, cloudabi.EINVAL, "larger"},
		{"06 82 05 01", 1, cloudabi.EINVAL, "without a value"},
		{"06 80 80 82 05 01", 3, cloudabi.EINVAL, "without a value"},
		{"06 82 05 01 83", 4, cloudabi.EINVAL, "larger"},
		{"02 02", 1, cloudabi.EINVAL, "bool"},
		{"02 00", 1, cloudabi.EINVAL, "bool"},
		{"02 01 01", 2, cloudabi.EINVAL, "bool"},
		{"03", 1, cloudabi.EINVAL, "fd holds 0 bytes"},
		{"03 00 00 00", 1, cloudabi.EINVAL, "fd holds 3 bytes"},
		{"03 00 00 00 00 00", 1, cloudabi.EINVAL, "fd holds 5 bytes"},
		{"03 80 00 00 00", 1, cloudabi.EBADF, "no descriptor 2147483648"},
		{"04 00", 1, cloudabi.EINVAL, "float"},
		{"04 00 00 00 00 00 00 00 00 00", 1, cloudabi.EINVAL, "float"},
		{"05 01 00 00 00 00 00 00 00 00", 1, cloudabi.ERANGE, "9 bytes"},
		{"05 00 00 00 00 00 00 00 00 00 00", 1, cloudabi.ERANGE, "10 bytes"},
		{"05 ff ff ff ff ff ff ff ff ff", 1, cloudabi.ERANGE, "9 bytes"},
		{"08", 1, cloudabi.EINVAL, "NUL"},
		{"08 61", 2, cloudabi.EINVAL, "NUL"},
		{"08 c0 80 00", 1, cloudabi.EILSEQ, "UTF-8"},
		{"08 61 ed a0 80 00", 2, cloudabi.EILSEQ, "UTF-8"},
		{"08 f4 90 80 80 00", 1, cloudabi.EILSEQ, "UTF-8"},
		{"08 c3 00", 1, cloudabi.EILSEQ, "UTF-8"},
		{"09 00 00 00 00 00 00 00 00 00 00 00 00 00", 1, cloudabi.ERANGE, "13 bytes"},
		{"09 7f ff ff ff ff ff ff ff ff ff ff ff", 1, cloudabi.ERANGE, "too far"},
		{"09 80 00 00 00 00 00 00 00 00 00 00 00", 1, cloudabi.ERANGE, "too far"},
		{"0a", 0, cloudabi.EINVAL, "no type 0x0a"},
		{"00", 0, cloudabi.EINVAL, "no type 0x00"},
		{"ff 01", 0, cloudabi.EINVAL, "no type 0xff"},
		{"07 83 06 81 0a", 4, cloudabi.EINVAL, "no type"},
		{"07 84 07 82 02 07", 5, cloudabi.EINVAL, "bool"},
	} {
		_, err := Decode(unhex(t, bad.hex), nil)
		var e *Error
		require.ErrorAs(t, err, &e, bad.hex)
		require.ErrorIs(t, err, bad.errno, "%s: %v", bad.hex, err)
		require.Regexp(t, bad.what, err.Error(), bad.hex)
		require.Equal(t, bad.offset, e.Offset, "%s: %v", bad.hex, err)
	}
}

func TestNestingIsBounded(t *testing.T) {
	nest := func(depth int) Value {
		v := Null()
		for range depth {
			v = Seq(v)
		}
		return v
	}
	deepest := nest(MaxDepth)
	data, err := EncodeLiteral(deepest)
	require.NoError(t, err)
	back, err := Decode(data, nil)
	require.NoError(t, err)
	require.True(t, deepest.Equal(back))
	require.NotEmpty(t, back.String())
	require.NoError(t, Dump(io.Discard, nest(200)))

	_, err = EncodeLiteral(nest(MaxDepth + 1))
	require.ErrorIs(t, err, cloudabi.EINVAL)

	// One level more around it, by hand.
	n := len(data)
	data = append([]byte{7, byte(n >> 14), byte(n>>7) & 0x7f, byte(n)&0x7f | 0x80}, data...)
	_, err = Decode(data, nil)
	require.ErrorIs(t, err, cloudabi.EINVAL)
	require.ErrorContains(t, err, "nested")
}

func TestNodeGettersFollowTheLibrary(t *testing.T) {
	node := func(s string) Node { return unhex(t, s) }

	// Not the shortest form, and still read.
	i, err := node("05 00 00 01").Int64()
	require.NoError(t, err)
	require.EqualValues(t, 1, i)
	i, err = node("05 ff ff fe").Int64()
	require.NoError(t, err)
	require.EqualValues(t, -2, i)

	// Nine bytes are too many for a signed reader, whatever they say.
	_, err = node("05 00 00 00 00 00 00 00 00 01").Int64()
	require.ErrorIs(t, err, cloudabi.ERANGE)
	u, err := node("05 00 00 00 00 00 00 00 00 01").Uint64()
	require.NoError(t, err)
	require.EqualValues(t, 1, u)
	_, err = node("05 ff").Uint64()
	require.ErrorIs(t, err, cloudabi.ERANGE)
	_, err = node("05 64").IntRange(0, 99)
	require.ErrorIs(t, err, cloudabi.ERANGE)
	i, err = node("05 63").IntRange(0, 99)
	require.NoError(t, err)
	require.EqualValues(t, 99, i)

	// A NUL byte inside is the general getter's to accept.
	s, err := node("08 61 00 62 00").Str()
	require.NoError(t, err)
	require.Equal(t, "a\x00b", s)
	_, err = node("08 61 00 62 00").CString()
	require.ErrorIs(t, err, cloudabi.EILSEQ)

	_, err = node("03 ff ff ff ff").FD(nil)
	require.ErrorIs(t, err, cloudabi.EBADF)
	_, err = node("03 00 00 00 02").FD(func(i uint32) (uint32, bool) { return i, i < 2 })
	require.ErrorIs(t, err, cloudabi.EBADF)

	_, err = node("").Bool()
	require.ErrorIs(t, err, cloudabi.EINVAL)
	_, err = node("0b").Binary()
	require.ErrorIs(t, err, cloudabi.EINVAL)

	// Items before the broken one are delivered; broken items are items.
	var kinds []Kind
	var last error
	for item, err := range node("07 81 02 82 02 09 83 05").Seq() {
		if last = err; err == nil {
			k, err := item.Kind()
			require.NoError(t, err)
			kinds = append(kinds, k)
		}
	}
	require.Equal(t, []Kind{KindBool, KindBool}, kinds)
	require.ErrorIs(t, last, cloudabi.EINVAL)

	pairs := 0
	last = nil
	for _, err := range node("06 81 02 80 82 05 01").Map() {
		if last = err; err == nil {
			pairs++
		}
	}
	require.Equal(t, 1, pairs)
	require.ErrorIs(t, last, cloudabi.EINVAL)
	for _, err := range node("07").Map() {
		require.ErrorIs(t, err, cloudabi.EINVAL)
	}
}

func TestValueGetters(t *testing.T) {
	_, err := Uint(1 << 63).Int64()
	require.ErrorIs(t, err, cloudabi.ERANGE)
	_, err = Int(-1).Uint64()
	require.ErrorIs(t, err, cloudabi.ERANGE)
	_, err = Str("1").Int64()
	require.ErrorIs(t, err, cloudabi.EINVAL)
	_, err = FD(InvalidFD).FD()
	require.ErrorIs(t, err, cloudabi.EBADF)
	_, err = Str("a\x00").CString()
	require.ErrorIs(t, err, cloudabi.EILSEQ)
	_, err = EncodeLiteral(Seq(Str("\xff")))
	require.ErrorIs(t, err, cloudabi.EILSEQ)

	m := Map(entry("a", Int(1)), entry("b", Int(2)), entry("a", Int(3)))
	v, ok := m.Get("a")
	require.True(t, ok)
	require.True(t, v.Equal(Int(1)))
	_, ok = m.Get("c")
	require.False(t, ok)
	n, err := m.With("b", Bool(true))
	require.NoError(t, err)
	require.Equal(t, `{"a": 1, "b": true, "a": 3}`, n.String())
	require.Equal(t, `{"a": 1, "b": 2, "a": 3}`, m.String(), "With changed its receiver")
	_, err = Seq().With("a", Null())
	require.ErrorIs(t, err, cloudabi.EINVAL)
}

func TestStringIsShort(t *testing.T) {
	long := Seq(Str(strings.Repeat("é", 500)), Binary(make([]byte, 500)), Seq(make([]Value, 10000)...))
	require.Less(t, len(long.String()), 700)
	require.Contains(t, long.String(), "(1000 bytes)")
	require.True(t, strings.HasSuffix(long.String(), "…]]"), long.String())
}

func TestTimestamps(t *testing.T) {
	for text, want := range map[string]string{
		"2015-07-01":                         "2015-07-01T00:00:00Z",
		"2015-07-01T12:00:00Z":               "2015-07-01T12:00:00Z",
		"2001-12-14t21:59:43.10-05:00":       "2001-12-15T02:59:43.1Z",
		"2001-12-14 21:59:43.10 -5":          "2001-12-15T02:59:43.1Z",
		"2001-12-15 2:59:43.10":              "2001-12-15T02:59:43.1Z",
		"2000-02-29T00:00:00.1234567899Z":    "2000-02-29T00:00:00.123456789Z",
		"1969-12-31T23:59:59.5Z":             "1969-12-31T23:59:59.5Z",
		"0000-01-01T00:00:00Z":               "0000-01-01T00:00:00Z",
		"-0001-12-31T23:59:59Z":              "-0001-12-31T23:59:59Z",
		"292277026596-12-04T15:30:07Z":       "292277026596-12-04T15:30:07Z",
		"-292277022657-01-27T08:29:52Z":      "-292277022657-01-27T08:29:52Z",
		"292277026596-12-04T16:30:07+01:00":  "292277026596-12-04T15:30:07Z",
		"-292277022657-01-27T07:29:52-01:00": "-292277022657-01-27T08:29:52Z",
	} {
		v, err := ParseTimestamp(text)
		require.NoError(t, err)
		require.Equal(t, want, v.String())
	}
	for _, text := range []string{"", "2015", "2015-13-01", "2015-02-29", "2015-00-01", "2015-01-00", "2015-01-01T24:00:00Z", "2015-01-01T00:00:00+24:00", "2015-01-01x"} {
		_, err := ParseTimestamp(text)
		require.ErrorIs(t, err, cloudabi.EINVAL, text)
	}
	for _, text := range []string{"292277026596-12-04T15:30:08Z", "-292277022657-01-27T08:29:51Z", "999999999999-01-01"} {
		_, err := ParseTimestamp(text)
		require.ErrorIs(t, err, cloudabi.ERANGE, text)
	}
	for _, sec := range []int64{math.MinInt64, math.MaxInt64, 0, -1} {
		v := TimestampAt(sec, 999999999)
		data, err := EncodeLiteral(v)
		require.NoError(t, err)
		require.LessOrEqual(t, len(data), 13)
		back, err := Decode(data, nil)
		require.NoError(t, err)
		require.True(t, v.Equal(back))
	}
}

func TestTimestampTextAgreesWithPackageTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sec := rapid.Int64Range(-62135596800, 253402300799).Draw(t, "sec") // years 1 to 9999
		nsec := rapid.Int64Range(0, 999999999).Draw(t, "nsec")
		tm := time.Unix(sec, nsec).UTC()
		require.Equal(t, tm.Format(time.RFC3339Nano), Timestamp(tm).String())
		back, err := ParseTimestamp(tm.Format(time.RFC3339Nano))
		require.NoError(t, err)
		require.True(t, back.Equal(TimestampAt(sec, nsec)))
	})
}

func TestDump(t *testing.T) {
	var b strings.Builder
	require.NoError(t, Dump(&b, Map(
		entry("a \"b\"\n\u0085é", Seq(Int(-1), Float(1), Null(), Seq(), Map())),
		Entry{Bool(true), Map(entry("f", FD(3)), entry("n", FD(InvalidFD)))},
		entry("t", at("2015-07-01T12:00:00Z")),
		entry("b", Binary([]byte("hello"))))))
	require.Equal(t, `%TAG ! tag:nuxi.nl,2015:cloudabi/
---
!!map
? !!str "a \"b\"\n\u0085é"
: !!seq
 - !!int "-1"
 - !!float "1.0"
 - !!null "null"
 - !!seq []
 - !!map {}
? !!bool "true"
: !!map
 ? !!str "f"
 : !fd "3"
 ? !!str "n"
 : !fd "none"
? !!str "t"
: !!timestamp "2015-07-01T12:00:00Z"
? !!str "b"
: !!binary "aGVsbG8="
`, b.String())
}

func TestMessages(t *testing.T) {
	var stream bytes.Buffer
	require.NoError(t, WriteMessage(&stream, []byte{5, 1}))
	require.Equal(t, []byte{0, 0, 0, 0, 0, 0, 0, 2, 5, 1}, stream.Bytes())
	require.NoError(t, WriteMessage(&stream, nil))
	whole := stream.Bytes()

	r := iotest.OneByteReader(bytes.NewReader(whole))
	m, err := ReadMessage(r, 2)
	require.NoError(t, err)
	require.Equal(t, []byte{5, 1}, m)
	m, err = ReadMessage(r, 2)
	require.NoError(t, err)
	require.Empty(t, m)
	_, err = ReadMessage(r, 2)
	require.Equal(t, io.EOF, err)

	for cut := 1; cut < 10; cut++ {
		_, err = ReadMessage(bytes.NewReader(whole[:cut]), 2)
		require.ErrorIs(t, err, cloudabi.EBADMSG, "cut to %d", cut)
	}
	_, err = ReadMessage(bytes.NewReader(whole), 1)
	require.ErrorIs(t, err, cloudabi.EMSGSIZE)
	_, err = ReadMessage(bytes.NewReader(bytes.Repeat([]byte{0xff}, 9)), math.MaxInt)
	require.ErrorIs(t, err, cloudabi.EMSGSIZE)
}

// anyValue draws values of all kinds, nested a little.
func anyValue(depth int) *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value {
		last := int(KindTimestamp)
		kind := Kind(rapid.IntRange(0, last).Draw(t, "kind"))
		if depth == 0 && (kind == KindMap || kind == KindSeq) {
			kind = KindStr
		}
		switch kind {
		case KindBinary:
			return Binary(rapid.SliceOf(rapid.Byte()).Draw(t, "binary"))
		case KindBool:
			return Bool(rapid.Bool().Draw(t, "bool"))
		case KindFD:
			return FD(rapid.Uint32Range(0, 20).Draw(t, "fd"))
		case KindFloat:
			return Float(rapid.Float64().Draw(t, "float"))
		case KindInt:
			if rapid.Bool().Draw(t, "signed") {
				return Int(rapid.Int64().Draw(t, "int"))
			}
			return Uint(rapid.Uint64().Draw(t, "int"))
		case KindMap:
			return Map(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Entry {
				return Entry{anyValue(depth-1).Draw(t, "key"), anyValue(depth-1).Draw(t, "value")}
			}), 0, 4).Draw(t, "map")...)
		case KindSeq:
			return Seq(rapid.SliceOfN(anyValue(depth-1), 0, 4).Draw(t, "seq")...)
		case KindStr:
			return Str(strings.ToValidUTF8(rapid.String().Draw(t, "str"), "?"))
		case KindTimestamp:
			return TimestampAt(rapid.Int64().Draw(t, "sec"), rapid.Int64Range(0, 999999999).Draw(t, "nsec"))
		}
		return Null()
	})
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(4).Draw(t, "value")
		data, err := EncodeLiteral(v)
		require.NoError(t, err)
		back, err := Decode(data, nil)
		require.NoError(t, err)
		require.True(t, v.Equal(back), "%v came back as %v", v, back)

		data, fds, err := Encode(v, nil)
		require.NoError(t, err)
		back, err = Decode(data, func(i uint32) (uint32, bool) {
			require.Less(t, int(i), len(fds))
			return fds[i], true
		})
		require.NoError(t, err)
		require.True(t, v.Equal(back))
	})
}

func FuzzDecode(f *testing.F) {
	for _, ex := range examples {
		b, _ := hex.DecodeString(strings.ReplaceAll(ex.hex, " ", ""))
		f.Add(b)
	}
	f.Add([]byte{6, 0x82, 5, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data, nil)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			require.GreaterOrEqual(t, e.Offset, 0)
			require.LessOrEqual(t, e.Offset, len(data))
			return
		}
		_ = v.String()
		// What was accepted comes back from its shortest encoding.
		again, err := EncodeLiteral(v)
		require.NoError(t, err)
		require.LessOrEqual(t, len(again), len(data))
		back, err := Decode(again, nil)
		require.NoError(t, err)
		require.True(t, v.Equal(back))
	})
}
