// Package gen turns the data files of abi/cloudabi/spec into the Go sources
// of package cloudabi and the C headers for guest programs. It reads nothing
// else. Start reading with [Generate]; spec.go says what the data files hold.
package gen

import (
	"io/fs"
)

// Generate returns the generated files by their path relative to the root of
// the repository. spec is the directory of data files.
func Generate(spec fs.FS) (map[string][]byte, error) {
	scalarText, err := fs.ReadFile(spec, "scalars.txt")
	if err != nil {
		return nil, err
	}
	scalars, err := parseScalars(string(scalarText))
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	if out["abi/cloudabi/zz_scalars.go"], err = goScalars(scalars); err != nil {
		return nil, err
	}
	return out, nil
}
