package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/nuage-emu/nuage/cmd/internal/launcher"
)

// versionCmd prints the version.
type versionCmd struct {
	Verbose bool `short:"v" help:"Also say how it was built, and what it can do on this machine."`
}

func (c *versionCmd) Run(t *tool) error {
	version, revision, dirty := "(devel)", "", ""
	info, ok := debug.ReadBuildInfo()
	if ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	fmt.Fprintf(t.stdout, "nuage %s\n", version)
	if !c.Verbose {
		return nil
	}
	if ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.modified":
				if s.Value == "true" {
					dirty = ", with changes"
				}
			}
		}
	}
	if revision != "" {
		fmt.Fprintf(t.stdout, "revision    %s%s\n", revision, dirty)
	}
	fmt.Fprintf(t.stdout, "built with  %s for %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	launcher.Capabilities(t.stdout)
	return nil
}
