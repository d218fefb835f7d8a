package nuage_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"testing/fstest"
	"time"

	"github.com/nuage-emu/nuage"
)

// Run a program once: it gets a file to read and a place to write to, and
// nothing else.
func Example() {
	image, err := nuage.LoadFile("examples/sha256sum/sha256sum.x86_64")
	if err != nil {
		log.Fatal(err)
	}
	defer image.Close()
	var out bytes.Buffer
	status, err := nuage.Run(context.Background(), image, nuage.Config{
		Args: map[string]any{
			"out": nuage.Writer(&out),
			"files": []any{
				map[string]any{"name": "greeting", "data": nuage.Reader(strings.NewReader("hello, world\n"))},
			},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(out.String())
	fmt.Println(status)
	// Output:
	// 853ff93762a06ddbf722c4ebe9ddd66d8f63ddaea97f521c3ecc20da7c976020  greeting
	// exited with code 0
}

// A directory can be any io/fs file system; the program sees what is in it and
// cannot leave it.
func ExampleFS() {
	image, err := nuage.LoadFile("examples/grep/grep.x86_64")
	if err != nil {
		log.Fatal(err)
	}
	defer image.Close()
	files := fstest.MapFS{
		"a.txt":       {Data: []byte("one\ntwo\n")},
		"sub/b.txt":   {Data: []byte("twofold\nthree\n")},
		"sub/c/d.txt": {Data: []byte("nothing here\n")},
	}
	var out bytes.Buffer
	if _, err := nuage.Run(context.Background(), image, nuage.Config{
		Args: map[string]any{"out": nuage.Writer(&out), "dir": nuage.FS(files), "pattern": "^two"},
	}); err != nil {
		log.Fatal(err)
	}
	fmt.Print(out.String())
	// Output:
	// a.txt:2:two
	// sub/b.txt:1:twofold
}

// A service makes a machine for the programs that belong together, with limits
// for all of them, and stops a program by its context.
func ExampleMachine() {
	program, err := os.ReadFile("conformance/bin/x86_64-final/die")
	if err != nil {
		log.Fatal(err)
	}
	image, err := nuage.LoadBytes(program)
	if err != nil {
		log.Fatal(err)
	}
	machine, err := nuage.NewMachine(nuage.Options{Limits: nuage.Limits{Memory: 64 << 20, Threads: 16}})
	if err != nil {
		log.Fatal(err)
	}
	defer machine.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	process, err := machine.Start(ctx, image, nuage.Config{Args: map[string]any{"log": nuage.Writer(&out), "how": "loop"}})
	if err != nil {
		log.Fatal(err)
	}
	status, err := process.Wait(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status)
	// Output:
	// died of signal SIGKILL: cancelled: context deadline exceeded
}

// A file system in memory brings input to a program and its results back.
func ExampleMemoryFS() {
	image, err := nuage.LoadFile("examples/wordfreq/wordfreq.x86_64")
	if err != nil {
		log.Fatal(err)
	}
	defer image.Close()
	files := nuage.NewMemoryFS(1 << 20)
	if err := files.WriteFile("in/text", []byte("a rose is a rose is a rose")); err != nil {
		log.Fatal(err)
	}
	text, err := files.ReadFile("in/text")
	if err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := nuage.Run(context.Background(), image, nuage.Config{
		Args: map[string]any{"out": nuage.Writer(&out), "text": nuage.Reader(bytes.NewReader(text)), "threads": 2, "top": 3},
	}); err != nil {
		log.Fatal(err)
	}
	fmt.Print(out.String())
	// Output:
	//       3 a
	//       3 rose
	//       2 is
}

// The trace hook sees every system call.
func ExampleOptions_trace() {
	image, err := nuage.LoadFile("examples/sha256sum/sha256sum.x86_64")
	if err != nil {
		log.Fatal(err)
	}
	defer image.Close()
	calls := map[string]int{}
	machine, err := nuage.NewMachine(nuage.Options{Trace: func(e *nuage.TraceEvent) { calls[e.Call]++ }})
	if err != nil {
		log.Fatal(err)
	}
	defer machine.Close()
	var out bytes.Buffer
	process, err := machine.Start(context.Background(), image, nuage.Config{Args: map[string]any{
		"out":   nuage.Writer(&out),
		"files": []any{map[string]any{"name": "empty", "data": nuage.Reader(strings.NewReader(""))}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := process.Wait(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(calls["fd_read"], calls["fd_write"], calls["proc_exit"])
	// Output: 1 1 1
}
