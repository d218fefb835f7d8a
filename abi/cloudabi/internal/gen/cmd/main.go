// Command cmd writes the generated files of package cloudabi. It is run by
// `go generate ./abi/cloudabi`, in that directory.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/nuage-emu/nuage/abi/cloudabi/internal/gen"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("cloudabi generator: ")
	files, err := gen.Generate(os.DirFS("spec"))
	if err != nil {
		log.Fatal(err)
	}
	for name, data := range files {
		path := filepath.Join("..", "..", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}
