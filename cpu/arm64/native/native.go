// Package native executes single aarch64 instructions on a real processor or,
// more often, on qemu's: it is the oracle of the tests of package arm64, and no
// part of the product.
//
// The package server is built for linux/arm64 and started under qemu-aarch64.
// It receives batches: an instruction with any number of register and memory
// contents, and the code that executes it on all of them in a loop (program.go),
// which the emulator has to translate only once. Start reading with [Batch].
package native

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Qemu is the emulator that is asked for.
const Qemu = "qemu-aarch64"

// Models of processor.
const (
	// All has every extension that the emulator knows, but for pointer
	// authentication: the hints of that are to do nothing.
	All = "max,pauth=off"
	// Plain has Armv8.2 with FP16, dot products, LRCPC and cryptography, and
	// clears 64 bytes by DC ZVA.
	Plain = "cortex-a76"
)

// Machine is a running server. It is not safe for concurrent use.
type Machine struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.Reader
	buf    []byte
	stderr bytes.Buffer
}

// Find reports whether instructions can be executed here: an error names the
// tool that is missing.
func Find() error {
	if runtime.GOOS == "linux" && runtime.GOARCH == "arm64" {
		return nil
	}
	for _, tool := range []string{Qemu, "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is not installed", tool)
		}
	}
	return nil
}

// Build builds the server into dir and returns its path.
func Build(dir string) (server string, err error) {
	server = filepath.Join(dir, "server")
	build := exec.Command("go", "build", "-o", server, "github.com/nuage-emu/nuage/cpu/arm64/native/server")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the server: %v\n%s", err, out)
	}
	return server, nil
}

// Start starts the server; under qemu, on a model of processor.
func Start(server, model string) (*Machine, error) {
	cmd := exec.Command(server)
	if runtime.GOOS != "linux" || runtime.GOARCH != "arm64" {
		cmd = exec.Command(Qemu, "-cpu", model, server)
	}
	// No signals of Go's: the server's registers are not Go's while it executes.
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1", "GOGC=off")
	m := &Machine{cmd: cmd}
	cmd.Stderr = &m.stderr
	var err error
	if m.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if m.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return m, cmd.Start()
}

// Execute executes the batch, in place.
func (m *Machine) Execute(b *Batch) error {
	if err := m.Send(b); err != nil {
		return err
	}
	return m.Receive(b)
}

// Send hands the batch to the server, which begins at once; the batch must not
// be changed, nor another sent, before it has been received.
func (m *Machine) Send(b *Batch) (err error) {
	if m.buf, err = b.encode(m.buf[:0]); err != nil {
		return err
	}
	if _, err = m.in.Write(m.buf); err != nil {
		return m.failed(b.Word, err)
	}
	return nil
}

// Receive waits for the results of the batch that was sent and puts them into b,
// which may be another one of the same form.
func (m *Machine) Receive(b *Batch) error {
	size := b.stride()
	n := commonSize + len(b.Records)*size
	if cap(m.buf) < n {
		m.buf = make([]byte, n)
	}
	buf := m.buf[:n]
	if _, err := io.ReadFull(m.out, buf); err != nil {
		return m.failed(b.Word, err)
	}
	b.Common.decode(buf)
	for i := range b.Records {
		b.Records[i].decode(buf[commonSize+i*size:][:size], b.Memory)
	}
	return nil
}

func (m *Machine) failed(word uint32, err error) error {
	m.in.Close()
	m.cmd.Wait()
	return fmt.Errorf("executing %08x: %w\n%s", word, err, m.stderr.Bytes())
}

// Close ends the server.
func (m *Machine) Close() error {
	m.in.Close()
	return m.cmd.Wait()
}
