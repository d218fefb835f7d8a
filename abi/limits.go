package abi

import "math"

// Limits bounds what the guest programs of one [Machine] may use together,
// unless a field says otherwise. A zero field means the default named there;
// [NoLimit] means none.
type Limits struct {
	// Memory is the guest memory in bytes, mappings and shared memory
	// objects alike. Beyond it calls answer ENOMEM. Default 1 GiB.
	Memory uint64
	// Threads beyond which thread_create answers EAGAIN. Default 1024.
	Threads uint64
	// Processes beyond which proc_fork answers EAGAIN. Default 64.
	Processes uint64
	// Descriptors of each process, beyond which calls answer EMFILE. Default 1024.
	Descriptors uint64
	// OpenFiles of all kinds, beyond which calls answer ENFILE. Default 4096.
	OpenFiles uint64
	// OutputBytes that may be written to streams of the host; a write beyond
	// that is cut short, then EFBIG. Default none.
	OutputBytes uint64
	// CPUTime in nanoseconds of each process that was started from outside
	// and all its descendants together, summed over their threads. When it is
	// used up they die of signal xcpu. Default none.
	CPUTime uint64
	// WallTime in nanoseconds since a process was started from outside, after
	// which it and all its descendants die of signal alrm. Default none.
	WallTime uint64
}

// NoLimit as a field of [Limits] means that there is no limit.
const NoLimit = math.MaxUint64

// DefaultLimits is what the zero Limits means.
var DefaultLimits = Limits{
	Memory:      1 << 30,
	Threads:     1024,
	Processes:   64,
	Descriptors: 1024,
	OpenFiles:   4096,
	OutputBytes: NoLimit,
	CPUTime:     NoLimit,
	WallTime:    NoLimit,
}

// withDefaults replaces zero fields.
func (l Limits) withDefaults() Limits {
	for _, f := range []struct{ field, def *uint64 }{
		{&l.Memory, &DefaultLimits.Memory},
		{&l.Threads, &DefaultLimits.Threads},
		{&l.Processes, &DefaultLimits.Processes},
		{&l.Descriptors, &DefaultLimits.Descriptors},
		{&l.OpenFiles, &DefaultLimits.OpenFiles},
		{&l.OutputBytes, &DefaultLimits.OutputBytes},
		{&l.CPUTime, &DefaultLimits.CPUTime},
		{&l.WallTime, &DefaultLimits.WallTime},
	} {
		if *f.field == 0 {
			*f.field = *f.def
		}
	}
	return l
}
