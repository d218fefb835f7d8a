package conformance

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

//go:generate env NUAGE_UPDATE=1 go test -run TestCoverage .

// unexercised are the error numbers of the call table (abi/cloudabi/spec) that
// no conformance guest brings about, as CALL ERROR, each with the reason; with
// the name of a generation behind it, that they are brought about in the other
// one only.
var unexercised = map[string]string{
	"condvar_signal EINVAL in 2015": anyScope,
	"lock_unlock EINVAL in 2015":    anyScope,

	"fd_read ENOTCONN in final":       unconnected,
	"fd_write ENOTCONN in final":      unconnected,
	"fd_write EDESTADDRREQ in final":  unconnected,
	"sock_shutdown ENOTCONN in final": unconnected,
	"file_open ENXIO in final":        "is about fifos, which final programs cannot make",
	"proc_exec EINVAL in final":       queues,
	"sock_send ENOTSUP in final":      queues,
	"poll EBADF in final":             withQueue,
	"poll ENOTCAPABLE in final":       withQueue,

	"thread_tcb_set in aarch64-2015":        notThere,
	"thread_tcb_set EINVAL in aarch64-2015": notThere,
}

const (
	anyScope    = "any scope is good: programs from before 2015-07-25 pass another one or none (abi/semantics.md section 12)"
	unconnected = "takes a socket without a peer, which final programs cannot make"
	queues      = "is about event queues, which final programs cannot make"
	withQueue   = "is of the form with a queue, from before August 2015"
	notThere    = "x86-64 only"
)

// eventErrors are the errors that an event can have, by its kind: those of poll
// ("event"), and those of poll_fd ("queue").
var eventErrors = map[string][]cloudabi.Errno{
	"event clock":          {cloudabi.EINVAL, cloudabi.ENOTSUP},
	"event condvar":        {cloudabi.EINVAL, cloudabi.EPERM, cloudabi.EFAULT},
	"event fd_read":        {cloudabi.EBADF, cloudabi.ENOTCAPABLE},
	"event fd_write":       {cloudabi.EBADF, cloudabi.ENOTCAPABLE},
	"event lock_rdlock":    {cloudabi.EINVAL, cloudabi.EFAULT},
	"event lock_wrlock":    {cloudabi.EINVAL, cloudabi.EFAULT, cloudabi.EDEADLK},
	"event proc_terminate": {cloudabi.EBADF, cloudabi.ENOTCAPABLE, cloudabi.EINVAL},
	"event Eventtype(0)":   {cloudabi.EINVAL},
	"queue clock":          {cloudabi.EINVAL, cloudabi.ENOTSUP, cloudabi.ENOENT},
	"queue fd_read":        {cloudabi.EBADF, cloudabi.ENOTCAPABLE, cloudabi.ENOENT},
	"queue fd_write":       {cloudabi.EBADF, cloudabi.ENOTCAPABLE, cloudabi.ENOENT},
	"queue lock_wrlock":    {cloudabi.EINVAL},
	"queue proc_terminate": {cloudabi.EBADF, cloudabi.ENOTCAPABLE, cloudabi.ENOENT, cloudabi.EINVAL},
}

// failuresOnly are the events that there are only with an error.
var failuresOnly = []string{"event Eventtype(0)", "queue lock_wrlock"}

// observed is what the guests of a set did.
type observed struct {
	did deeds
	// shown are the needs of rights that the guest rights has shown: the call
	// refused without the right, and granted with no more than it asks for.
	shown map[string]bool
}

// observe runs all guests and returns what they did, by their set. Nearly all
// run on deterministic machines, so that it is the same each time.
func observe(t *testing.T) map[string]*observed {
	all := map[string]*observed{}
	var mu sync.Mutex
	take := func(set string, c course) {
		mu.Lock()
		defer mu.Unlock()
		o := all[set]
		o.did.merge(c.did)
		for line := range strings.Lines(c.report) {
			o.shown[strings.TrimSpace(line)] = true
		}
	}
	t.Run("run", func(t *testing.T) {
		for _, set := range runnable {
			all[set] = &observed{did: deeds{}, shown: map[string]bool{}}
			run := func(name string, f func(t *testing.T) course) {
				t.Run(set+"/"+name, func(t *testing.T) {
					t.Parallel()
					take(set, f(t))
				})
			}
			for _, subject := range subjectsOf(set) {
				run(subject, func(t *testing.T) course { return courseOf(t, set, subject) })
			}
			for _, l := range limited {
				run("limits "+l.name, func(t *testing.T) course {
					return deterministicRun(t, imageOf(t, set, "limits"), nuage.Options{Limits: l.limits}, nuage.Config{Args: limitArgs(l.name)})
				})
			}
			for _, e := range ends {
				run("die", func(t *testing.T) course {
					return deterministicRun(t, imageOf(t, set, "die"), nuage.Options{}, nuage.Config{Args: map[string]any{"how": e.how, "code": e.code}})
				})
			}
			if strings.HasSuffix(set, "-2015") {
				for i := range ages {
					run("early", func(t *testing.T) course {
						return deterministicRun(t, imageOf(t, set, "early2015"), nuage.Options{Limits: earlyLimits}, early(i, &bytes.Buffer{}))
					})
				}
			}
			run("storage", func(t *testing.T) course {
				c := course{did: deeds{}}
				storage(t, set, func(e *abi.TraceEvent) { c.did.add(e) })
				return c
			})
		}
	})
	return all
}

// setsWith are the sets whose programs can make a call.
func setsWith(c cloudabi.Call) (list []string) {
	for _, set := range runnable {
		if strings.HasSuffix(set, "-2015") || c.Number[len(c.Number)-1] >= 0 {
			list = append(list, set)
		}
	}
	return list
}

// generation is that of a set.
func generation(set string) string { return set[strings.LastIndexByte(set, '-')+1:] }

// coverage holds what the guests did against the tables.
type coverage struct {
	t       *testing.T
	seen    map[string]*observed
	reasons []string
	used    map[string]bool
}

// mark is text, marked where the sets for which has is false are missing: in
// parentheses if they are all of those, followed by the others otherwise. What
// is missing must have a reason.
func (c *coverage) mark(key, text string, sets []string, has func(*observed) bool) string {
	var missing, there []string
	for _, set := range sets {
		if has(c.seen[set]) {
			there = append(there, set)
		} else {
			missing = append(missing, set)
		}
	}
	switch {
	case len(missing) == 0:
		return text
	case len(there) == 0:
		c.explain(key)
		return "(" + text + ")"
	}
	// A generation as a whole goes by its own name.
	of := func(list []string, g string) (n int) {
		for _, set := range list {
			if generation(set) == g {
				n++
			}
		}
		return n
	}
	done := map[string]bool{}
	for _, set := range missing {
		name := set
		if g := generation(set); of(missing, g) == of(sets, g) {
			name = g
		}
		if !done[name] {
			done[name] = true
			c.explain(key + " in " + name)
		}
	}
	var where []string
	for _, set := range there {
		name := set
		if g := generation(set); of(there, g) == of(sets, g) {
			name = g
		}
		if !slices.Contains(where, name) {
			where = append(where, name)
		}
	}
	return text + " [" + strings.Join(where, ", ") + "]"
}

func (c *coverage) explain(key string) {
	reason := unexercised[key]
	if reason == "" {
		c.t.Errorf("%s: no guest brings it about, and there is no reason in coverage_test.go", key)
	}
	c.used[key] = true
	c.reasons = append(c.reasons, fmt.Sprintf("- %s: %s", key, reason))
}

// did marks what calls or events of a name came to.
func (c *coverage) did(name string, sets []string, errors []cloudabi.Errno) (success, failures string) {
	success = "never"
	if !slices.Contains(failuresOnly, name) {
		success = c.mark(name, "yes", sets, func(o *observed) bool { return o.did[name] != nil && o.did[name].ok })
	}
	var list []string
	for _, e := range errors {
		list = append(list, c.mark(name+" "+e.String(), e.String(), sets, func(o *observed) bool { return o.did[name] != nil && o.did[name].errors[e] }))
	}
	for _, set := range sets {
		for e := range c.seen[set].did.of(name).errors {
			if !slices.Contains(errors, e) {
				c.t.Errorf("%s: %s answers %v, which the tables do not know (abi/cloudabi/spec/calls.txt, eventErrors)", set, name, e)
			}
		}
	}
	return success, strings.Join(list, " ")
}

// rights marks what a call asks for, and notes for which calls each right is
// needed.
func (c *coverage) rights(call cloudabi.Call, neededBy map[cloudabi.Rights][]string) string {
	var list []string
	for _, n := range call.Needs {
		arg := call.Inputs[n.Arg].Name
		if kind, ok := strings.CutPrefix(n.Condition, "subscription "); ok {
			arg += " " + kind[:strings.IndexByte(kind, ';')]
		}
		word := "base"
		if n.Inheriting {
			word = "inheriting"
		}
		bits := bitsOf(n.Rights)
		if len(bits) == 0 {
			bits = []cloudabi.Rights{0}
		}
		for _, bit := range bits {
			name := "-"
			sets := setsWith(call)
			if bit != 0 {
				name = bit.String()
				if !slices.Contains(neededBy[bit], call.Name) {
					neededBy[bit] = append(neededBy[bit], call.Name)
				}
				if bit&^cloudabi.RightsAll != 0 {
					sets = slices.DeleteFunc(sets, func(set string) bool { return generation(set) == "final" })
				}
			}
			key := fmt.Sprintf("%s %s %s %s", call.Name, arg, word, strings.ToUpper(name))
			text := fmt.Sprintf("%s of %s", name, arg)
			if name == "-" {
				text = "both words asked for, of " + arg
			}
			if n.Inheriting {
				text += " to inherit"
			}
			if text = c.mark(key, text, sets, func(o *observed) bool { return o.shown[key] }); !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
	}
	return strings.Join(list, ", ")
}

func bitsOf(r cloudabi.Rights) (list []cloudabi.Rights) {
	for bit := cloudabi.Rights(1); bit != 0; bit <<= 1 {
		if r&bit != 0 {
			list = append(list, bit)
		}
	}
	return list
}

// TestCoverage holds what the guests exercise against the table of calls: what
// is missing must have a reason, what has a reason must be missing, and the
// report in COVERAGE.md must say so.
func TestCoverage(t *testing.T) {
	if detector {
		t.Skip("what guests do is the same with the race detector")
	}
	c := &coverage{t: t, seen: observe(t), used: map[string]bool{}}
	if t.Failed() {
		return
	}
	var b strings.Builder
	b.WriteString(coverageHead)
	neededBy := map[cloudabi.Rights][]string{}
	all := slices.SortedFunc(slices.Values(cloudabi.Calls[:]), func(a, b cloudabi.Call) int { return strings.Compare(a.Name, b.Name) })
	for _, call := range all {
		success, failures := c.did(call.Name, setsWith(call), call.Errors)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", call.Name, success, failures, c.rights(call, neededBy))
	}
	b.WriteString(coverageEvents)
	for _, name := range slices.Sorted(maps.Keys(eventErrors)) {
		sets := runnable
		kind, ok := strings.CutPrefix(name, "queue ")
		who := "poll"
		if ok {
			who = "poll_fd"
			sets = slices.DeleteFunc(slices.Clone(runnable), func(set string) bool { return generation(set) == "final" })
		} else {
			kind = strings.TrimPrefix(name, "event ")
		}
		success, failures := c.did(name, sets, eventErrors[name])
		if kind == "Eventtype(0)" {
			kind = "of what cannot be waited for together"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", who, kind, success, failures)
	}
	b.WriteString(coverageRights)
	for _, bit := range bitsOf(cloudabi.RightsAll2015) {
		calls := neededBy[bit]
		if len(calls) == 0 {
			t.Errorf("no call needs the right %v", bit)
		}
		fmt.Fprintf(&b, "| %v | %s |\n", bit, strings.Join(calls, ", "))
	}
	b.WriteString(coverageGuests)
	for _, name := range guestNames(t) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, set := range Sets {
			programs, err := Programs(set)
			require.NoError(t, err)
			if slices.Contains(programs, name) {
				b.WriteString(" yes |")
			} else {
				b.WriteString(" no |")
			}
		}
		fmt.Fprintf(&b, " %s |\n", guestTests(name))
	}
	b.WriteString(coverageReasons)
	slices.Sort(c.reasons)
	b.WriteString(strings.Join(c.reasons, "\n"))
	b.WriteString("\n")
	for key := range unexercised {
		if !c.used[key] {
			t.Errorf("%s: a guest does exercise it; take the reason out of coverage_test.go", key)
		}
	}
	if os.Getenv("NUAGE_UPDATE") != "" {
		require.NoError(t, os.WriteFile("COVERAGE.md", []byte(b.String()), 0o644))
	}
	file, err := os.ReadFile("COVERAGE.md")
	require.NoError(t, err)
	require.True(t, b.String() == string(file), "COVERAGE.md is out of date: run go generate ./conformance, and look at what changed")
}

// guestNames are all guests, in order.
func guestNames(t *testing.T) (list []string) {
	for _, set := range Sets {
		programs, err := Programs(set)
		require.NoError(t, err)
		list = append(list, programs...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// guestTests says which tests run a guest.
func guestTests(name string) string {
	switch {
	case slices.Contains(subjects, name), slices.Contains(subjects2015, name):
		text := "TestSubjects, TestDeterministic"
		if slices.Contains(filing, name) {
			text += ", each on every file system"
		}
		return text
	}
	return map[string]string{
		"die": "TestEnds, TestHostileGuests, TestDeterministicEnds", "hostile": "TestHostileGuests", "limits": "TestLimits",
		"race": "TestRaces, TestDeadlock, TestSpinning, TestDeterministicLimits", "storage": "TestStorage", "early2015": "TestAges",
	}[name]
}

const coverageHead = `# What the conformance guests exercise

Generated by go generate ./conformance from traces of the guests; do not edit.
Programs are of four sets: both instruction sets, both generations. Nothing
behind a mark means: in all sets that have the call. A generation or set in
brackets: there only. Parentheses: nowhere. The reasons are at the end.

The error numbers of each call are those of abi/cloudabi/spec/calls.txt: what a
program can bring about itself. Rights: each was taken from the descriptor alone,
and the call was refused with ENOTCAPABLE; then the descriptor had no rights but
those the call asks for, and the call succeeded.

| call | succeeds | errors | rights |
|---|---|---|---|
`

const coverageEvents = `
## Errors in events

What poll, and poll_fd of 2015, say in the event of each kind of subscription.

| call | event | succeeds | errors |
|---|---|---|---|
`

const coverageRights = `
## Rights

Each right of the ABI, those of 2015 among them, and the calls that were shown to
need it.

| right | calls |
|---|---|
`

const coverageGuests = `
## Guests

| guest | x86_64-final | x86_64-2015 | aarch64-final | aarch64-2015 | run by |
|---|---|---|---|---|---|
`

const coverageReasons = `
Guests that are not in the final sets use what only programs of 2015 have.

## What is missing, and why

`
