// Package abi is the CloudABI kernel: it runs the threads of guest programs
// and answers their system calls.
//
// It is for the embedding package and the tools, which start processes on a
// [Machine]; programs that only want to run something use the root package.
// It holds neither the constants of the ABI (package cloudabi) nor file
// systems (vfs), address spaces (memory) or processors (cpu), and it never
// asks the outside world anything on its own: clocks, random bytes, timers and
// host streams are reached through [Host] and [Stream] alone, so that a run
// can be recorded, replayed and made deterministic there. Package abi/host has
// the implementations that talk to the real host.
//
// # Where to start reading
//
// A system call travels like this: [Thread.run] in thread.go gets a
// cpu.StopSyscall from the engine; dispatch.go finds the row of the call table
// (table.go) and fetches the arguments; the row's handler, a method of Thread
// in the file of its concern (clock.go, fd.go, file.go, lock.go, mem.go,
// poll.go, proc.go, random.go, sys_thread.go), does the work on descriptors
// (descriptor.go, object.go) or other kernel objects; dispatch.go writes the
// registers.
//
// # Processes
//
// fork.go copies a process, at one moment of it; exec.go replaces its program;
// handover.go says what becomes of the descriptors; procfd.go is what a parent
// holds of its child; family.go keeps context and limits over all descendants
// of a process that was started from outside.
//
// # Waiting
//
// A guest thread waits in exactly one place, [Thread.park], which hands it to
// the machine's scheduler until another thread, a timer or the host wakes it.
// Wake-ups may be spurious, so every wait is a loop around a condition. Who
// gets a lock, a byte or an event is decided under the kernel's mutexes by
// order of arrival, never by the order in which goroutines happen to run after
// they were woken.
//
// # Locks of the kernel, in the order they are taken
//
//	Machine.mu      processes, thread ids
//	family.mu       members, limits of time
//	Process.mu      threads, life cycle
//	eventQueue.mu   subscriptions of an event queue
//	fdTable.mu      descriptors of a process
//	openFile.mu     offset of an open file (held while data moves)
//	network.mu      sockets and fifos of a machine, and what is under way in them
//	futexes.mu      queues of locks and condition variables of a machine
//	waitQueue.mu    those who wait for an object
//	poller.mu       what has fired for one waiting thread; eventQueue.firedMu likewise
//
// The last reference of an open file is dropped without any of them: closing
// takes whatever the object needs.
//
// No mutex is ever held while a thread is parked.
package abi
