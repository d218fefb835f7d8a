package abi

import (
	"math"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Host is the seam between the kernel and everything that is not determined
// by the guest program: whoever implements it decides what time it is, what is
// random, and when a timer rings. All methods may be called from any
// goroutine. Times are in nanoseconds.
type Host interface {
	// Monotonic is a clock with an arbitrary origin that never goes back.
	Monotonic() uint64
	// Realtime is the time since 1970-01-01 00:00 UTC.
	Realtime() uint64
	// Resolution is the granularity of the clock. The CPU-time clocks are
	// derived from Monotonic by the kernel and may be asked for too.
	Resolution(cloudabi.Clockid) uint64
	// At calls f once, on a goroutine of its own, as soon as Monotonic has
	// reached t (at once if it has). After cancel has returned, f may still be
	// running, but it does not start any more.
	At(t uint64, f func()) (cancel func())
	// Random fills p with bytes fit for cryptography.
	Random(p []byte)
	// Cycles is what the guest's time-stamp counter instruction reads. It
	// never goes back.
	Cycles() uint64
	// CPUs is the number of processors presented to the guest, at least 1.
	CPUs() int
}

// SystemClock is a [Host] with the clocks of the system it runs on: Monotonic is
// what the Go run time counts, and an offset, Realtime is the system's. Engines may
// read them on their own then.
type SystemClock interface {
	// SystemClock returns the offset, and the host itself: one that is wrapped
	// has other clocks, perhaps.
	SystemClock() (offset uint64, itself Host)
}

// Cooperative is a [Host] on which a goroutine that computes keeps the others,
// timers and the host's own events from running: guest threads rest now and
// then. Whoever wraps such a host has to offer these methods too.
type Cooperative interface {
	// Quantum is how many guest instructions a thread may retire between rests.
	Quantum() uint64
	// Rest lets everything else run that can.
	Rest()
}

// Forever is the deadline that is never reached.
const Forever = math.MaxUint64

// Direction is a way in which bytes travel, seen from the guest.
type Direction uint8

// The directions.
const (
	Input  Direction = iota // the guest reads
	Output                  // the guest writes
)

// Readiness is what a transfer would meet.
type Readiness struct {
	Ready  bool   // it would not wait: there is data, room, an end or an error
	Bytes  uint64 // how much could be moved at once, as far as known
	Hangup bool   // the other side has closed
	Err    cloudabi.Errno
}

// Stream is an opened byte stream of the host (standard input, a pipe, a
// network connection): the part of the [Host] seam that has a life of its own.
// No method ever waits for the host, so that a guest thread inside it can
// always be stopped; the kernel waits by parking the thread until the
// notification. All methods may be called from any goroutine.
type Stream interface {
	// Filetype is what the guest is told the stream is: socket_stream,
	// character_device, or another kind that can be read and written.
	Filetype() cloudabi.Filetype
	// Terminal tells a terminal from other character devices.
	Terminal() bool
	// Directions says which transfers the stream has at all.
	Directions() (input, output bool)

	// Read moves bytes that have arrived to p: EAGAIN if there are none yet, 0
	// and ESUCCESS at the end. A host that must be asked for data is asked for
	// up to len(p) bytes.
	Read(p []byte) (int, cloudabi.Errno)
	// Write accepts bytes, as many as there is room for: EAGAIN if there is
	// none, EPIPE if the other side is gone.
	Write(p []byte) (int, cloudabi.Errno)
	// Flushed reports whether everything accepted has been delivered: EAGAIN
	// if not yet, the delivery's error (once) if it failed.
	Flushed() cloudabi.Errno
	// Ready asks without moving anything.
	Ready(Direction) Readiness
	// Notify has f called, from any goroutine, whenever an EAGAIN or a
	// readiness may have changed. It is called once, before any transfer.
	Notify(f func())
	// Shutdown ends transfers in the given directions.
	Shutdown(input, output bool) cloudabi.Errno
	// Close gives the stream up; what was accepted is still delivered.
	Close()
}

// PromptMax is what existing systems write to a pipe in one piece or not at all.
const PromptMax = 512

// Prompt is a [Stream] with a short way for writes that are over at once.
type Prompt interface {
	// WriteNow writes all of p, at most PromptMax bytes and not nothing, and p
	// is delivered, as Flushed would say, when it returns true. With false
	// nothing has happened: use Write. It neither waits nor calls anybody.
	WriteNow(p []byte) bool
	// Descriptor is what write(2) may be given for the same, by anybody who makes
	// sure that neither Shutdown nor Close is called meanwhile. It is asked for
	// after a WriteNow that returned true.
	Descriptor() (fd uint64, ok bool)
}

// Listener is a listening socket of the host.
type Listener interface {
	// Accept returns a connection that has arrived, or EAGAIN.
	Accept() (Stream, cloudabi.Errno)
	// Pending is the number of connections that have arrived, as far as known.
	Pending() Readiness
	Notify(f func())
	Close()
}
