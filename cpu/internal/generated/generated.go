// Package generated is the main function of the commands that write a file of a
// package's source.
package generated

import (
	"bytes"
	"log"
	"os"
)

// Write writes what generate returns to the file, in the working directory. With
// the argument -check it ends the process with an error instead if the file has
// anything else.
func Write(command, file string, generate func() ([]byte, error)) {
	log.SetFlags(0)
	log.SetPrefix(command + ": ")
	text, err := generate()
	if err != nil {
		log.Fatal(err)
	}
	if len(os.Args) > 1 && os.Args[1] == "-check" {
		old, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		if !bytes.Equal(old, text) {
			log.Fatal(file + " is out of date; run go generate in its folder")
		}
		return
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		log.Fatal(err)
	}
}
