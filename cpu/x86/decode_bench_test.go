package x86

import (
	"debug/elf"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkDecode decodes the text of a program from end to end, which is what a
// compiler and a C library make of it.
func BenchmarkDecode(b *testing.B) {
	f, err := elf.Open("../../bench/bin/x86_64/fib")
	require.NoError(b, err)
	defer f.Close()
	section := f.Section(".text")
	text, err := section.Data()
	require.NoError(b, err)
	var d Inst
	n := 0
	for b.Loop() {
		for at := 0; at < len(text); at += max(d.Len, 1) {
			_ = Decode(&d, text[at:], section.Addr+uint64(at)) // padding may be no instruction
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/instr")
	b.ReportMetric(0, "ns/op")
}
