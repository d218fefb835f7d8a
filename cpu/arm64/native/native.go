// Package native executes single aarch64 instructions on a real processor or,
// more often, on qemu's: it is the oracle of the tests of package arm64, and no
// part of the product.
//
// The package server is built for linux/arm64 and started under qemu-aarch64;
// it receives an instruction with any number of register and memory contents,
// executes it on each, and sends back what came of it. Instructions that fault
// or branch are not for it. Start reading with [Start].
package native

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// MemBase is the address of the memory that an instruction may access, and
// MemSize its length.
const (
	MemBase = 0x10000800
	MemSize = 256
)

// State is what an instruction finds and what it leaves. All of it is sent as
// it stands, little-endian.
type State struct {
	X    [31]uint64
	SP   uint64
	NZCV uint64
	FPCR uint64
	FPSR uint64
	_    uint64
	V    [32][2]uint64
	Mem  [MemSize]byte
}

// Qemu is the emulator that is asked for.
const Qemu = "qemu-aarch64"

// Machine is a running server. It is not safe for concurrent use.
type Machine struct {
	cmd    *exec.Cmd
	in     *bufio.Writer
	pipe   io.Closer
	out    *bufio.Reader
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

// Start builds the server into dir and starts it.
func Start(dir string) (*Machine, error) {
	server := filepath.Join(dir, "server")
	build := exec.Command("go", "build", "-o", server, "github.com/nuage-emu/nuage/cpu/arm64/native/server")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the server: %v\n%s", err, out)
	}
	cmd := exec.Command(server)
	if runtime.GOOS != "linux" || runtime.GOARCH != "arm64" {
		cmd = exec.Command(Qemu, "-cpu", "max", server)
	}
	// No signals: the server's registers are not Go's while it executes.
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1", "GOGC=off")
	m := &Machine{cmd: cmd}
	cmd.Stderr = &m.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	m.in, m.pipe, m.out = bufio.NewWriterSize(in, 1<<16), in, bufio.NewReaderSize(out, 1<<16)
	return m, cmd.Start()
}

// Execute executes the instruction on each of states, in place.
func (m *Machine) Execute(word uint32, states []State) error {
	head := [2]uint32{word, uint32(len(states))}
	binary.Write(m.in, binary.LittleEndian, head)
	if err := binary.Write(m.in, binary.LittleEndian, states); err != nil {
		return m.failed(word, err)
	}
	if err := m.in.Flush(); err != nil {
		return m.failed(word, err)
	}
	if err := binary.Read(m.out, binary.LittleEndian, states); err != nil {
		return m.failed(word, err)
	}
	return nil
}

func (m *Machine) failed(word uint32, err error) error {
	m.pipe.Close()
	m.cmd.Wait()
	return fmt.Errorf("executing %08x: %w\n%s", word, err, m.stderr.Bytes())
}

// Close ends the server.
func (m *Machine) Close() error {
	m.pipe.Close()
	return m.cmd.Wait()
}
