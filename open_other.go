//go:build !unix

package nuage

import "os"

func openFile(path string) (*os.File, error) { return os.Open(path) }
