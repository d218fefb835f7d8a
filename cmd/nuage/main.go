// Command nuage runs CloudABI programs and shows what is inside of them.
//
// Start reading here, with the grammar of the command line; each command has
// a file of its own name. What the commands share with cloudabi-run is in
// cmd/internal/launcher.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"github.com/nuage-emu/nuage/cmd/internal/launcher"
)

// grammar is the command line.
type grammar struct {
	Run     runCmd     `cmd:"" help:"Run a program."`
	Inspect inspectCmd `cmd:"" help:"Show what a program is: segments, symbols, the calls it uses, its code."`
	Jit     jitCmd     `cmd:"" help:"Show what the translator makes of a program: guest instructions beside host code."`
	Calls   callsCmd   `cmd:"" help:"List the system calls: numbers, arguments, rights, what this build supports."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// runGrammar is grammar for nuage run alone: that command has to start quickly.
// usualRun is quicker, where it will do.
type runGrammar struct {
	Run runCmd `cmd:"" help:"Run a program."`
}

const description = `Run CloudABI programs: static x86-64 and aarch64 executables that can do nothing but
compute and use the files, directories and connections they are given.

Examples:
  nuage run prog                                    a program that needs nothing
  nuage run prog config.yaml                        what it is given is in config.yaml
  nuage run --fd out=stdout --file in=README.md prog
  nuage run --trace prog config.yaml                watch its system calls
  nuage inspect prog                                look inside without running it`

// tool is what the commands work with.
type tool struct {
	stdin          *os.File
	stdout, stderr io.Writer
	requests       *launcher.Requests // if a program is to be run
}

// exitStatus ends the command with a status and without a message: there has
// been one, or none is called for.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() { os.Exit(run(os.Args[1:])) }

// run is main with an exit status. Everything that is wrong with our own work
// is launcher.Failed, as cloudabi-run has it.
func run(args []string) (status int) {
	t := &tool{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	if len(args) > 0 && args[0] == "run" {
		t.requests = launcher.Listen()
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exitStatus:
			status = int(r)
		default:
			panic(r)
		}
	}()
	err := t.do(args)
	var es exitStatus
	switch {
	case errors.As(err, &es):
		return int(es)
	case err != nil:
		return t.fail(err)
	}
	return 0
}

// do runs the command.
func (t *tool) do(args []string) error {
	if len(args) > 0 && args[0] == "run" {
		if c, ok := usualRun(args[1:]); ok {
			return c.Run(t)
		}
	}
	ctx, err := t.parse(args)
	if err != nil {
		return err
	}
	return ctx.Run(t)
}

// parse finds the command and its flags.
func (t *tool) parse(args []string) (*kong.Context, error) {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	var all any = new(grammar)
	if args[0] == "run" {
		all = new(runGrammar)
	}
	parser, err := kong.New(all,
		kong.Name("nuage"),
		kong.Description(description),
		kong.ExplicitGroups([]kong.Group{
			{Key: "given", Title: "What the program is given, in short (each may be repeated):"},
			{Key: "watch", Title: "Watching:"},
			{Key: "limits", Title: "Limits:"},
			{Key: "machine", Title: "The machine:"},
		}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Writers(t.stdout, t.stderr),
		kong.Exit(func(code int) { panic(exitStatus(code)) }), // after --help
	)
	if err != nil {
		return nil, err
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return nil, fmt.Errorf("%w; nuage --help explains", err)
	}
	return ctx, nil
}

func (t *tool) fail(err error) int {
	fmt.Fprintf(t.stderr, "nuage: %v\n", err)
	return launcher.Failed
}
