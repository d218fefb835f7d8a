// Package conformance holds guest programs that check the system they run on,
// and the tests that run them in every mode Nuage has.
//
// Each program in guests/ is one subject: it calls the system, checks itself
// what comes back, prints what failed to its log descriptor, and exits with 0
// if nothing did. The programs stand on a small support library of our own
// (include/guest.h, lib/). build.sh builds everything; the binaries are in bin/,
// and embedded here, so that tests need no compiler and run on any host.
//
// Start reading with guests/begin.h and one of the guests.
package conformance

import (
	"embed"
	"io/fs"
	"path"
)

//go:embed bin
var binaries embed.FS

// Sets are the forms in which every guest is built: the instruction set and
// the generation of the ABI.
var Sets = []string{"x86_64-final", "x86_64-2015", "aarch64-final", "aarch64-2015"}

// Program returns the guest of that name from one of the [Sets].
func Program(set, name string) ([]byte, error) { return binaries.ReadFile(path.Join("bin", set, name)) }

// Programs lists the guests of one of the [Sets].
func Programs(set string) ([]string, error) {
	entries, err := fs.ReadDir(binaries, path.Join("bin", set))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}
