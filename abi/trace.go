package abi

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// TraceEvent is one system call, reported when it is over.
type TraceEvent struct {
	Process uint64         `json:"process"`
	Thread  cloudabi.Tid   `json:"thread"`
	Call    string         `json:"call"`
	Direct  bool           `json:"direct,omitempty"` // trapped from the program's own code
	Args    []TraceValue   `json:"args"`
	Results []TraceValue   `json:"results,omitempty"` // only of a call that succeeded
	Errno   cloudabi.Errno `json:"-"`
	// Returned is false for a call that ended its thread, or during which the
	// process ended.
	Returned bool `json:"returned"`
	// Start is on the host's monotonic clock; both are in nanoseconds.
	Start    uint64 `json:"start"`
	Duration uint64 `json:"duration"`

	several bool // the machine has had more than one process
}

// TraceValue is an argument or a result.
type TraceValue struct {
	Name  string `json:"name"`
	Value uint64 `json:"value"` // as it was in the register
	Text  string `json:"text"`  // for people; what a pointer points to, shortened
	// Implied says that the text of another value tells this one: the length
	// of a path, the number of buffers.
	Implied bool `json:"-"`
}

// MarshalJSON adds the error's name.
func (e *TraceEvent) MarshalJSON() ([]byte, error) {
	type plain TraceEvent
	return json.Marshal(struct {
		*plain
		Error string `json:"error,omitempty"`
	}{(*plain)(e), errorName(e.Errno)})
}

func errorName(e cloudabi.Errno) string {
	if e == 0 {
		return ""
	}
	return e.String()
}

// String is the event in one line: thread, call, arguments, result, time. Once
// a machine has had more than one process, the number of the process is in front
// of the thread's.
func (e *TraceEvent) String() string {
	var b strings.Builder
	if e.several {
		fmt.Fprintf(&b, "[%d.%d] %s(", e.Process, e.Thread, e.Call)
	} else {
		fmt.Fprintf(&b, "[%d] %s(", e.Thread, e.Call)
	}
	writeValues(&b, e.Args)
	b.WriteString(")")
	switch {
	case !e.Returned:
		b.WriteString(" = ?")
	case e.Errno != 0:
		fmt.Fprintf(&b, " = %v", e.Errno.Error())
	case len(e.Results) == 0:
		b.WriteString(" = ok")
	default:
		b.WriteString(" = ")
		writeValues(&b, e.Results)
	}
	fmt.Fprintf(&b, " <%s>", nanoseconds(e.Duration))
	return b.String()
}

func writeValues(b *strings.Builder, values []TraceValue) {
	first := true
	for _, v := range values {
		if v.Implied {
			continue
		}
		if !first {
			b.WriteString(", ")
		}
		first = false
		fmt.Fprintf(b, "%s=%s", v.Name, v.Text)
	}
}

// nanoseconds is a time in a unit that suits it.
func nanoseconds(ns uint64) string {
	switch {
	case ns < 1e3:
		return fmt.Sprintf("%dns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%d.%dµs", ns/1e3, ns/1e2%10)
	case ns < 1e9:
		return fmt.Sprintf("%d.%dms", ns/1e6, ns/1e5%10)
	}
	return fmt.Sprintf("%d.%03ds", ns/1e9, ns/1e6%1000)
}

// traced runs the handler of a call between two looks at its arguments: what
// the program wrote for the call is read before, what the call wrote after.
func (t *Thread) traced(a *args) cloudabi.Errno {
	c := a.row.call
	e := &TraceEvent{
		Process: t.proc.id,
		Thread:  cloudabi.Tid(t.tid),
		Call:    c.Name,
		Direct:  a.direct,
		Args:    make([]TraceValue, len(c.Inputs)),
		Start:   t.machine.host.Monotonic(),
	}
	v := a.v // handlers do not change arguments, but own them
	for i, arg := range c.Inputs {
		e.Args[i] = TraceValue{Name: arg.Name, Value: v[i], Text: t.describe(a, i, &v, false)}
	}
	errno := cloudabi.ENOSYS
	if a.row.handler != nil {
		errno = a.row.handler(t, a)
	}
	e.Errno = errno
	e.Duration = t.machine.host.Monotonic() - e.Start
	e.Returned = !t.exiting && !t.dying()
	e.several = t.machine.several.Load()
	if errno == 0 && e.Returned && !t.replaced {
		for i, arg := range c.Inputs {
			if arg.Pointer {
				e.Args[i].Text = t.describe(a, i, &v, true)
			}
		}
		for i, out := range c.Outputs[:a.results] {
			mask := ^uint64(0) >> (64 - 8*out.Width)
			value := a.out[i] & mask
			e.Results = append(e.Results, TraceValue{Name: out.Name, Value: value, Text: scalarText(out, value)})
		}
	}
	for _, arg := range c.Inputs {
		if arg.Pointer && arg.Count >= 0 && tellsCount(arg) {
			e.Args[arg.Count].Implied = true
		}
	}
	t.proc.trace(e)
	return errno
}
