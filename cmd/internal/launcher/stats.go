package launcher

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nuage-emu/nuage"
)

// topNames is how many names are shown of those that have counts.
const topNames = 12

// WriteStats prints the counters of a machine for people, a line each: what is
// counted, how many, and what that says.
func WriteStats(w io.Writer, s nuage.Stats, elapsed time.Duration) {
	t := &statsTable{w: w}
	t.line("processes", s.Processes, "")
	t.line("threads", s.Threads, "")
	t.line("system calls", sum(s.Calls), top(s.Calls))
	if s.Translators == 0 {
		rate := ""
		if ms := elapsed.Milliseconds(); ms > 0 {
			rate = fmt.Sprintf("%.1f million a second", float64(s.Retired)/float64(ms)/1e3)
		}
		t.line("instructions", s.Retired, rate)
		t.line("translations", 0, "none: all by the interpreter")
		return
	}
	j := s.Translator
	t.line("translations", j.Units, fmt.Sprintf("in %v; address spaces: %d", rounded(j.Time), s.Translators))
	t.line("  shared", j.Shared, percent(j.Shared, j.Units, "of them, made for another process before"))
	t.line("  instructions", j.Instructions, each(j.Time, j.Instructions))
	t.line("  guest bytes", j.GuestBytes, "")
	t.line("  code bytes", j.HostBytes, ratio(j.HostBytes, j.GuestBytes, "%.2f times the guest's"))
	t.line("  flushes", j.Flushes, "times that all code was thrown away")
	t.line("direct exits", j.Exits, "branches out of translations")
	t.line("  connected", j.Connected, percent(j.Connected, j.Exits, "of them, each when it was first taken"))
	t.line("indirect targets", j.Targets, "addresses that indirect branches find")
	t.line("code left", j.Left.Sum(), "times")
	t.line("  direct", j.Left.Direct, "branch not connected yet")
	t.line("  indirect", j.Left.Indirect, "branch to an address not among the targets")
	t.line("  system call", j.Left.Syscall, "")
	t.line("  interpret", j.Left.Interpret, "instruction that is the interpreter's")
	t.line("  trap", j.Left.Trap, "access refused, or wanted elsewhere")
	t.line("  budget", j.Left.Budget, "turn of a deterministic thread at its end")
	t.line("lookups", j.Lookups, "of code by address")
	t.line("interpreted", sum(j.Interpreted), top(j.Interpreted))
}

type statsTable struct{ w io.Writer }

func (t *statsTable) line(name string, n uint64, note string) {
	line := fmt.Sprintf("%-16s  %15s  %s", name, grouped(n), note)
	fmt.Fprintln(t.w, strings.TrimRight(line, " "))
}

// grouped is a number with commas between the thousands.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func sum(counts map[string]uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// top lists the names with the highest counts.
func top(counts map[string]uint64) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var list []string
	for i, name := range names {
		if i == topNames {
			list = append(list, fmt.Sprintf("and %d others", len(names)-topNames))
			break
		}
		list = append(list, fmt.Sprintf("%s %s", name, grouped(counts[name])))
	}
	return strings.Join(list, ", ")
}

func ratio(a, b uint64, format string) string {
	if b == 0 {
		return ""
	}
	return fmt.Sprintf(format, float64(a)/float64(b))
}

func percent(a, b uint64, what string) string {
	if b == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %% %s", 100*float64(a)/float64(b), what)
}

// each is the time for one of n.
func each(d time.Duration, n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f µs each", float64(d.Nanoseconds())/1e3/float64(n))
}

// rounded leaves out what nobody reads of a time.
func rounded(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(time.Millisecond)
	case d > time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(10 * time.Nanosecond)
}
