package conformance

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

var tracesDir = flag.String("traces", "", "directory to write the trace of every deterministic run to")

// course is all that can be seen of a deterministic run. Of each call there is
// a digest of everything that the trace shows of it, so that a course can be
// kept until it is compared.
type course struct {
	status nuage.ExitStatus
	log    string
	report string
	calls  []uint64
	trace  []byte // a digest of calls
	did    deeds
	digest uint64
	name   string // of the file with the trace, if it was written
}

// deeds are what the calls of a run came to.
type deeds map[string]*outcomes

// outcomes are those of one call, or of one kind of event.
type outcomes struct {
	ok     bool
	errors map[cloudabi.Errno]bool
}

func (d deeds) of(name string) *outcomes {
	o := d[name]
	if o == nil {
		o = &outcomes{errors: map[cloudabi.Errno]bool{}}
		d[name] = o
	}
	return o
}

// eventText is an event in the trace: its kind, and its error if it has one.
var eventText = regexp.MustCompile(`[\[ ](clock|condvar|fd_read|fd_write|lock_rdlock|lock_wrlock|proc_terminate|Eventtype\(0\))(?: [^,\]E]*?)?(?: (E[A-Z0-9]+))?[,\]]`)

// add takes notice of a call. Events count as calls of the name "event KIND",
// or "queue KIND" for those of poll_fd.
func (d deeds) add(e *nuage.TraceEvent) {
	o := d.of(e.Call)
	if e.Returned && e.Errno != 0 {
		o.errors[e.Errno] = true
		return
	}
	o.ok = true
	if !strings.HasPrefix(e.Call, "poll") {
		return
	}
	prefix := "event "
	if e.Call == "poll_fd" {
		prefix = "queue "
	}
	for _, a := range e.Args {
		if a.Name != "out" {
			continue
		}
		for _, m := range eventText.FindAllStringSubmatch(a.Text, -1) {
			o := d.of(prefix + m[1])
			if m[2] == "" {
				o.ok = true
			} else {
				o.errors[errnoNamed(m[2])] = true
			}
		}
	}
}

func errnoNamed(name string) cloudabi.Errno {
	for e := cloudabi.Errno(1); e < 256; e++ {
		if e.String() == name {
			return e
		}
	}
	panic("no error is called " + name)
}

// merge adds what other runs did.
func (d deeds) merge(other deeds) {
	for name, o := range other {
		into := d.of(name)
		into.ok = into.ok || o.ok
		for e := range o.errors {
			into.errors[e] = true
		}
	}
}

// digester is FNV-1a, the same on every host.
type digester uint64

func newDigester() digester { return 14695981039346656037 }

func (d *digester) text(s string) {
	h := *d
	for i := range len(s) {
		h = (h ^ digester(s[i])) * 1099511628211
	}
	*d = h * 1099511628211 // the end counts
}

func (d *digester) number(n uint64) {
	h := *d
	for ; n != 0; n >>= 8 {
		h = (h ^ digester(n&0xff)) * 1099511628211
	}
	*d = h * 1099511628211
}

func (d *digester) values(list []abi.TraceValue) {
	d.number(uint64(len(list)))
	for i := range list {
		d.text(list[i].Name)
		d.number(list[i].Value)
		d.text(list[i].Text)
	}
}

// callDigest is one of everything that the trace shows of a call.
func callDigest(e *nuage.TraceEvent) uint64 {
	d := newDigester()
	for _, n := range [...]uint64{e.Process, uint64(e.Thread), uint64(e.Errno), e.Start, e.Duration} {
		d.number(n)
	}
	if e.Direct {
		d.text("direct")
	}
	if e.Returned {
		d.text("returned")
	}
	d.text(e.Call)
	d.values(e.Args)
	d.values(e.Results)
	return uint64(d)
}

// deterministic runs a program on a deterministic machine of its own.
func deterministic(t *testing.T, program []byte, form memory.Form, seed uint64, args map[string]any) course {
	t.Helper()
	image, err := nuage.LoadBytes(program)
	require.NoError(t, err)
	return deterministicRun(t, image, nuage.Options{Memory: form, Seed: seed}, nuage.Config{Args: args})
}

// deterministicRun adds a log, and a report for those who make one, to a map of
// arguments.
func deterministicRun(t *testing.T, image *nuage.Image, o nuage.Options, config nuage.Config) course {
	t.Helper()
	c := course{did: deeds{}}
	var log, report, trace bytes.Buffer
	o.Deterministic = true
	o.Trace = func(e *nuage.TraceEvent) {
		c.calls = append(c.calls, callDigest(e))
		c.did.add(e)
		if *tracesDir != "" {
			line, err := json.Marshal(e)
			if err != nil {
				t.Error(err)
			}
			trace.Write(append(line, '\n'))
		}
	}
	m, err := nuage.NewMachine(o)
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	if args, ok := config.Args.(map[string]any); ok {
		all := map[string]any{"log": nuage.Writer(&log), "report": nuage.Writer(&report)}
		for k, v := range args {
			all[k] = v
		}
		config.Args = all
	}
	p, err := m.Start(t.Context(), image, config)
	require.NoError(t, err)
	c.status, err = p.Wait(context.Background())
	require.NoError(t, err)
	c.log, c.report, c.digest = log.String(), report.String(), m.Digest()
	all := newDigester()
	for _, n := range c.calls {
		all.number(n)
	}
	c.trace = binary.LittleEndian.AppendUint64(nil, uint64(all))
	if *tracesDir != "" {
		c.name = filepath.Join(*tracesDir, fmt.Sprintf("%s %d.json", strings.ReplaceAll(t.Name(), "/", " "), traceNumber.add(t.Name())))
		require.NoError(t, os.WriteFile(c.name, trace.Bytes(), 0o666))
	}
	return c
}

// traceNumber counts the runs of a test.
var traceNumber counter

type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) add(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[name]++
	return c.n[name]
}

// requireSame compares two runs, and says where they part.
func requireSame(t *testing.T, want, got course) {
	t.Helper()
	require.Equal(t, want.status, got.status)
	require.Equal(t, want.log, got.log)
	for i := range min(len(want.calls), len(got.calls)) {
		if want.calls[i] != got.calls[i] {
			t.Fatalf("call %d differs; to see the traces: mkdir /tmp/traces; go test -run '^%s$' ./conformance -traces /tmp/traces", i+1, t.Name())
		}
	}
	require.Equal(t, len(want.calls), len(got.calls), "one made more calls")
	require.Equal(t, want.digest, got.digest, "the same calls, but not the same turns or registers")
}

// images are the guests, parsed once.
var images sync.Map // of setGuest, to *nuage.Image

type setGuest struct{ set, name string }

// imageOf is a guest ready to be started.
func imageOf(t *testing.T, set, name string) *nuage.Image {
	t.Helper()
	if i, ok := images.Load(setGuest{set, name}); ok {
		return i.(*nuage.Image)
	}
	program, err := Program(set, name)
	require.NoError(t, err)
	image, err := nuage.LoadBytes(program)
	require.NoError(t, err)
	i, _ := images.LoadOrStore(setGuest{set, name}, image)
	return i.(*nuage.Image)
}

// subjectSeed is the seed of the courses that several tests look at.
const subjectSeed = 7

// courses are those of the subjects, each run once.
var courses sync.Map // of setGuest, to func() course

// courseOf is what a subject does with paged memory and files in memory. Tests
// that compare it with others share one run.
func courseOf(t *testing.T, set, subject string) course {
	t.Helper()
	run, _ := courses.LoadOrStore(setGuest{set, subject}, sync.OnceValue(func() course {
		return deterministicRun(t, imageOf(t, set, subject), nuage.Options{Memory: memory.Paged, Seed: subjectSeed},
			nuage.Config{Args: subjectArgs(nuage.MemoryDir())})
	}))
	return run.(func() course)()
}
