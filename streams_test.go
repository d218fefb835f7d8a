package nuage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Addresses in the programs of this file.
const (
	codeAddr = 0x400000
	dataAddr = 0x600000
	readIov  = dataAddr      // a buffer of bufferLen bytes
	writeIov = dataAddr + 16 // as much as was read
	buffer   = dataAddr + 64
	bufLen   = 100 << 10
)

// program makes an x86-64 program of 2015 that traps directly.
func program(t *testing.T, code []byte) *nuage.Image {
	t.Helper()
	image, err := nuage.LoadBytes(elfFile(t, 62, code))
	require.NoError(t, err)
	t.Cleanup(func() { _ = image.Close() })
	return image
}

// elfFile is the file of such a program for a processor.
func elfFile(t *testing.T, machine uint16, code []byte) []byte {
	t.Helper()
	le := binary.LittleEndian
	const headers = 64 + 2*56
	const dataOff = 4096
	var data []byte
	for _, v := range []uint64{buffer, bufLen, buffer, bufLen} {
		data = le.AppendUint64(data, v)
	}
	var b bytes.Buffer
	put := func(v any) { require.NoError(t, binary.Write(&b, le, v)) }
	b.WriteString("\x7fELF\x02\x01\x01\x11\x00\x00\x00\x00\x00\x00\x00\x00")
	put([]uint16{2, machine})
	put(uint32(1))
	put([]uint64{codeAddr + headers, 64, 0})
	put(uint32(0))
	put([]uint16{64, 56, 2, 0, 0, 0})
	size := uint64(headers + len(code))
	put([]uint32{1, 5})
	put([]uint64{0, codeAddr, codeAddr, size, size, 4096})
	put([]uint32{1, 6})
	put([]uint64{dataOff, dataAddr, dataAddr, uint64(len(data)), 64 + bufLen, 4096})
	b.Write(code)
	b.Write(make([]byte, dataOff-b.Len()))
	b.Write(data)
	return b.Bytes()
}

// transfer is machine code that calls fd_read or fd_write with one buffer.
func transfer(id cloudabi.CallID, fd, iov uint32) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte{0xb8}, uint32(cloudabi.Calls[id].Number[cloudabi.G3])) // mov eax, number
	b = le.AppendUint32(append(b, 0xbf), fd)                                           // mov edi, fd
	b = le.AppendUint32(append(b, 0xbe), iov)                                          // mov esi, iov
	b = le.AppendUint32(append(b, 0xba), 1)                                            // mov edx, 1
	return append(b, 0x0f, 0x05)                                                       // syscall
}

// exit is machine code that ends the process.
func exit() []byte {
	b := binary.LittleEndian.AppendUint32([]byte{0xb8}, uint32(cloudabi.Calls[cloudabi.CallProcExit].Number[cloudabi.G3]))
	return append(b, 0x31, 0xff, 0x0f, 0x05) // xor edi, edi; syscall
}

// echo is a program that writes to one descriptor what it reads from another
// until that is nothing.
func echo(t *testing.T, in, out uint32) *nuage.Image {
	write := transfer(cloudabi.CallFdWrite, out, writeIov)
	store := binary.LittleEndian.AppendUint32([]byte{0x48, 0x89, 0x04, 0x25}, writeIov+8) // mov [writeIov+8], rax
	code := transfer(cloudabi.CallFdRead, in, readIov)
	rest := len(store) + len(write) + 2
	code = append(code, 0x85, 0xc0, 0x74, byte(rest)) // test eax, eax; jz exit
	code = append(append(code, store...), write...)
	code = append(code, 0xeb, byte(-(len(code) + 2))) // jmp to the start
	return program(t, append(code, exit()...))
}

// start runs a program with capabilities as descriptors 0 and up.
func startStreams(t *testing.T, ctx context.Context, o nuage.Options, image *nuage.Image, capabilities ...*nuage.Capability) *nuage.Process {
	t.Helper()
	m, err := nuage.NewMachine(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	var args []any
	for _, c := range capabilities {
		args = append(args, c)
	}
	p, err := m.Start(ctx, image, nuage.Config{Args: args})
	require.NoError(t, err)
	return p
}

func ended(t *testing.T, p *nuage.Process) nuage.ExitStatus {
	t.Helper()
	s, err := p.Wait(t.Context())
	require.NoError(t, err)
	return s
}

func hostPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Skip("no pipes on this host:", err)
	}
	return r, w
}

// each runs a test in both modes.
func each(t *testing.T, f func(t *testing.T, o nuage.Options)) {
	t.Run("parallel", func(t *testing.T) { f(t, nuage.Options{}) })
	t.Run("deterministic", func(t *testing.T) { f(t, nuage.Options{Deterministic: true}) })
}

// TestDatagramSocket: messages travel whole in both directions.
func TestDatagramSocket(t *testing.T) {
	each(t, func(t *testing.T, o nuage.Options) {
		outside, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Skip("no loopback network:", err)
		}
		defer outside.Close()
		inside, err := net.DialUDP("udp", nil, outside.LocalAddr().(*net.UDPAddr))
		require.NoError(t, err)
		p := startStreams(t, t.Context(), o, echo(t, 0, 0), nuage.Conn(inside))
		buf := make([]byte, bufLen)
		for _, message := range []string{"one", "and two", string(make([]byte, 20_000)), "x"} {
			_, err := outside.WriteTo([]byte(message), inside.LocalAddr())
			require.NoError(t, err)
			n, from, err := outside.ReadFrom(buf)
			require.NoError(t, err)
			require.Equal(t, message, string(buf[:n]))
			require.Equal(t, inside.LocalAddr().String(), from.String())
		}
		_, err = outside.WriteTo(nil, inside.LocalAddr())
		require.NoError(t, err)
		require.Equal(t, "exited with code 0", ended(t, p).String())
	})
}

// TestStreamSockets: what is sent comes back, however it is cut up, and the end
// of one direction is not that of the other.
func TestStreamSockets(t *testing.T) {
	for name, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o nuage.Options) {
				l, err := net.Listen(name, address)
				if err != nil {
					t.Skip("not on this host:", err)
				}
				defer l.Close()
				outside, err := net.Dial(name, l.Addr().String())
				require.NoError(t, err)
				defer outside.Close()
				inside, err := l.Accept()
				require.NoError(t, err)
				p := startStreams(t, t.Context(), o, echo(t, 0, 0), nuage.Conn(inside))
				text := bytes.Repeat([]byte("all this, and in this order. "), 50_000)
				go func() {
					_, _ = outside.Write(text)
					_ = outside.(interface{ CloseWrite() error }).CloseWrite()
				}()
				got, err := io.ReadAll(outside)
				require.NoError(t, err)
				require.True(t, bytes.Equal(text, got), "%d bytes of %d", len(got), len(text))
				require.Equal(t, "exited with code 0", ended(t, p).String())
			})
		})
	}
}

// TestPipes: the same through pipes of the host, one for each direction.
func TestPipes(t *testing.T) {
	each(t, func(t *testing.T, o nuage.Options) {
		in, feed := hostPipe(t)
		defer in.Close()
		result, out := hostPipe(t)
		defer result.Close()
		p := startStreams(t, t.Context(), o, echo(t, 0, 1), nuage.OSFile(in), nuage.OSFile(out))
		text := bytes.Repeat([]byte("all this, and in this order. "), 50_000)
		go func() {
			_, _ = feed.Write(text)
			_ = feed.Close()
		}()
		go func() {
			<-p.Done()
			_ = out.Close()
		}()
		got, err := io.ReadAll(result)
		require.NoError(t, err)
		require.True(t, bytes.Equal(text, got), "%d bytes of %d", len(got), len(text))
		require.Equal(t, "exited with code 0", ended(t, p).String())
	})
}

// TestKilledInATransfer: whoever waits for the host can be killed.
func TestKilledInATransfer(t *testing.T) {
	r, w := hostPipe(t)
	defer r.Close()
	defer w.Close()
	forever := transfer(cloudabi.CallFdWrite, 0, readIov)
	forever = append(forever, 0xeb, byte(-(len(forever) + 2)))
	for name, c := range map[string]struct {
		image *nuage.Image
		file  *os.File
	}{"reading": {echo(t, 0, 0), r}, "writing": {program(t, forever), w}} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o nuage.Options) {
				ctx, cancel := context.WithCancel(t.Context())
				p := startStreams(t, ctx, o, c.image, nuage.OSFile(c.file))
				for range 1000 { // it waits by now, or it does not; both must do
					runtime.Gosched()
				}
				cancel()
				require.Equal(t, cloudabi.SIGKILL, ended(t, p).Signal)
			})
		})
	}
}

// TestExecAcrossInstructionSets: a program replaces itself by one for the other
// processor, and goes on if there is no such processor here.
func TestExecAcrossInstructionSets(t *testing.T) {
	le := binary.LittleEndian
	dir := t.TempDir()
	exec := uint16(cloudabi.Calls[cloudabi.CallProcExec].Number[cloudabi.G3])
	file := func(name string, content []byte) *nuage.Capability {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return nuage.File(path, nuage.ReadFile)
	}
	// x86-64: proc_exec(fd, 0, 0, list, 0), or else exit with 99.
	execX86 := func(fd uint32) []byte {
		b := le.AppendUint32([]byte{0xb8}, uint32(exec))
		b = le.AppendUint32(append(b, 0xbf), fd)
		b = append(b, 0x31, 0xf6, 0x31, 0xd2)                   // xor esi, esi; xor edx, edx
		b = le.AppendUint32(append(b, 0x41, 0xba), codeAddr+24) // mov r10d, zeros in the header
		b = append(b, 0x41, 0xb8, 0, 0, 0, 0, 0x0f, 0x05)       // mov r8d, 0; syscall
		b = le.AppendUint32(append(b, 0xb8), uint32(cloudabi.Calls[cloudabi.CallProcExit].Number[cloudabi.G3]))
		return append(b, 0xbf, 99, 0, 0, 0, 0x0f, 0x05)
	}
	// aarch64: exit with 7.
	var exitArm []byte
	for _, word := range []uint32{
		0xd2800008 | uint32(cloudabi.Calls[cloudabi.CallProcExit].Number[cloudabi.G3])<<5, // movz x8, #number
		0xd28000e0, // movz x0, #7
		0xd4000001, // svc #0
	} {
		exitArm = le.AppendUint32(exitArm, word)
	}
	p := startStreams(t, t.Context(), nuage.Options{}, program(t, execX86(0)), file("arm", elfFile(t, 183, exitArm)))
	require.Equal(t, "exited with code 7", ended(t, p).String())
	p = startStreams(t, t.Context(), nuage.Options{}, program(t, execX86(0)), file("other", elfFile(t, 8, exitArm)))
	require.Equal(t, "exited with code 99", ended(t, p).String())
}
