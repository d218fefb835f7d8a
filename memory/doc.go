// Package memory is the guest address space: a 4 GiB window of 4 KiB pages
// with exact protections, the objects that can be mapped into it, and the
// checked views through which the kernel reaches guest memory.
//
// It knows nothing of processors, system calls or files' names. Errors are a
// handful of values ([ErrInvalid] and so on) that the kernel turns into ABI
// error numbers; refused accesses are a [Fault].
//
// # Reading
//
// Start with [Space] (space.go): mapping calls change the region table
// (region.go), which alone says what is mapped with which protection, and then
// make the form follow. There are two forms:
//
//   - the window form (window_unsafe.go for Unix, window_windows_unsafe.go):
//     one host reservation of 4 GiB with guards on both sides. The host's own
//     memory protection checks accesses, so an engine's load is one host load.
//     How Fork gets by without copying on Linux is in heap.go.
//   - the paged form (paged.go): a two-level page table in plain Go, for every
//     host that cannot have windows, byte order and word size of any kind.
//
// Engines use the accessors of access_unsafe.go and atomic_unsafe.go, the
// kernel uses view.go. Both forms give the same results, contents and errors;
// the tests run every sequence of operations against both and a model.
//
// # Protection
//
// As on the processors the guests were made for, a page that may be written or
// executed can also be read. Write together with exec is always refused.
//
// # Locks
//
// Space.mu comes before Object.mu, which comes before Quota's atomics. Two
// spaces are locked together only by Fork, the parent first.
package memory
