// Package gen turns the data files of abi/cloudabi/spec into the Go sources
// of package cloudabi and the C headers for guest programs. It reads nothing
// else. Start reading with [Generate]; spec.go and layout.go say what the data
// files hold.
package gen

import (
	"fmt"
	"io/fs"
)

// Generate returns the generated files by their path relative to the root of
// the repository. spec is the directory of data files.
func Generate(spec fs.FS) (map[string][]byte, error) {
	m, err := load(spec)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, f := range []struct {
		path string
		make func() ([]byte, error)
	}{
		{"abi/cloudabi/zz_scalars.go", func() ([]byte, error) { return goScalars(m.scalars) }},
		{"abi/cloudabi/zz_structs.go", m.goStructs},
		{"abi/cloudabi/zz_calls.go", m.goCalls},
		{"abi/cloudabi/zz_rights.go", m.goKinds},
		{"conformance/include/cloudabi.h", m.cHeader},
		{"conformance/include/cloudabi_2015.h", m.cHeader2015},
	} {
		if out[f.path], err = f.make(); err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
	}
	return out, nil
}

func load(spec fs.FS) (*model, error) {
	text := map[string]string{}
	for _, name := range []string{"scalars.txt", "structs.txt", "calls.txt", "rights.txt"} {
		data, err := fs.ReadFile(spec, name)
		if err != nil {
			return nil, err
		}
		text[name] = string(data)
	}
	var m model
	var err error
	if m.scalars, err = parseScalars(text["scalars.txt"]); err != nil {
		return nil, err
	}
	if m.structs, err = parseStructs(text["structs.txt"]); err != nil {
		return nil, err
	}
	if m.calls, m.gens, err = parseCalls(text["calls.txt"]); err != nil {
		return nil, err
	}
	if m.kinds, err = parseRights(text["rights.txt"]); err != nil {
		return nil, err
	}
	return &m, m.check()
}
