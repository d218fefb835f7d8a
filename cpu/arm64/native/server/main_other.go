//go:build !(linux && arm64)

package main

import "os"

func main() {
	os.Stderr.WriteString("server: executes aarch64 instructions, so it must be built for linux/arm64\n")
	os.Exit(1)
}
