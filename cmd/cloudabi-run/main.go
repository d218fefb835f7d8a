// Command cloudabi-run is the classic launcher of CloudABI programs: it reads
// a configuration in YAML from standard input and runs the program with what
// is named in it.
//
//	cloudabi-run [-e] PROGRAM < config.yaml
//
// The option -e once meant to run the program inside the launcher itself, by
// an emulator without any protection, and made it print a warning. Programs
// always run inside this launcher, and confined as they should be; so -e is
// accepted, changes nothing, and there is nothing to warn of.
//
// The exit status is the program's; 127 for a failure of the launcher's own;
// 128 and a signal's number if the program died of one.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/nuage-emu/nuage/cmd/internal/launcher"
	"github.com/nuage-emu/nuage/launch"
)

const usage = `usage: cloudabi-run [-e] PROGRAM < config.yaml

Runs a CloudABI program with the files, directories, descriptors and sockets
that the configuration on standard input gives it.

  -e    accepted for scripts that have it; programs always run confined

See nuage run --help for more ways to run a program.
`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stderr)) }

func run(args []string, stdin io.Reader, stderr io.Writer) int {
	flags := flag.NewFlagSet("cloudabi-run", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Bool("e", false, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, usage)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "cloudabi-run: %v\n%s", err, usage)
		return launcher.Failed
	case flags.NArg() != 1:
		fmt.Fprint(stderr, usage)
		return launcher.Failed
	}
	status, err := start(flags.Arg(0), stdin, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "cloudabi-run: %v\n", err)
	}
	return status
}

func start(program string, stdin io.Reader, stderr io.Writer) (int, error) {
	requests := launcher.Listen()
	config, err := launch.Parse(stdin, "<stdin>")
	if err != nil {
		return launcher.Failed, err
	}
	return launcher.Run(launcher.Options{Command: "cloudabi-run", Program: program, Requests: requests, Config: config, Stderr: stderr})
}
