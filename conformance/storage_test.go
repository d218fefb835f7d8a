package conformance

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/abi/host"
	"github.com/nuage-emu/nuage/argdata"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/memory"
	"github.com/nuage-emu/nuage/vfs"
)

// What the guest storage is given, a launcher does not give: all rights to a
// directory that cannot be changed, storage that is full, a device that is none
// of this host's. So it is started on the kernel itself.

// fullDir is a directory on storage with no room for a byte more, and with a
// largest size of files. It can hold names.
type fullDir struct{ vfs.Dir }

func (d fullDir) OpenFile(name string, flags vfs.OpenFlags) (vfs.File, error) {
	f, err := d.Dir.OpenFile(name, flags)
	if err != nil {
		return nil, err
	}
	return fullFile{f}, nil
}

func (d fullDir) Reopen() (vfs.Dir, error) {
	again, err := d.Dir.Reopen()
	if err != nil {
		return nil, err
	}
	return fullDir{again}, nil
}

type fullFile struct{ vfs.File }

func (fullFile) WriteAt([]byte, int64) (int, error) { return 0, cloudabi.ENOSPC }
func (fullFile) Append([]byte) (int, int64, error)  { return 0, 0, cloudabi.ENOSPC }
func (fullFile) Allocate(int64, int64) error        { return cloudabi.ENOSPC }
func (f fullFile) Truncate(size int64) error {
	now, err := f.Size()
	switch {
	case err != nil:
		return err
	case size > 1<<40:
		return cloudabi.EFBIG
	case size > now:
		return cloudabi.ENOSPC
	}
	return f.File.Truncate(size)
}

// fixedDir is a directory that cannot be changed, with a name of each kind.
func fixedDir(t *testing.T) vfs.Dir {
	d := vfs.NewMemory(nil, nil)
	f, err := d.OpenFile("file", vfs.OpenFlags{Read: true, Write: true, Create: true})
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, d.Mkdir("dir"))
	require.NoError(t, d.Symlink("file", "link"))
	return vfs.NewReadOnly(d)
}

// engines are the interpreters.
func engines(arch cpu.Arch, space *memory.Space) (cpu.Engine, error) {
	if arch == cpu.AArch64 {
		return arm64.NewInterpreter(space, arm64.Options{}), nil
	}
	return x86.NewInterpreter(space, x86.Options{}), nil
}

// storage runs the guest of that name and returns its end and its log.
func storage(t *testing.T, set string, trace func(*abi.TraceEvent)) (abi.ExitStatus, string) {
	program, err := Program(set, "storage")
	require.NoError(t, err)
	image, err := elf.Parse(bytes.NewReader(program), int64(len(program)))
	require.NoError(t, err)
	var log bytes.Buffer
	var arguments []argdata.Entry
	var descriptors []abi.DescriptorSpec
	give := func(name string, o abi.Object) {
		arguments = append(arguments, argdata.Entry{Key: argdata.Str(name), Value: argdata.FD(uint32(len(descriptors)))})
		descriptors = append(descriptors, abi.DescriptorSpec{Object: o})
	}
	give("log", abi.NewStream(host.NewStream(nil, &log, host.StreamOptions{})))
	give("fixed", abi.NewDirectory(fixedDir(t)))
	give("full", abi.NewDirectory(fullDir{vfs.NewMemory(nil, nil)}))
	give("device", abi.NewStream(host.NewStream(bytes.NewReader(nil), &bytes.Buffer{}, host.StreamOptions{Filetype: cloudabi.FiletypeCharacterDevice})))
	data, err := argdata.EncodeLiteral(argdata.Map(arguments...))
	require.NoError(t, err)
	m, err := abi.NewMachine(abi.MachineOptions{Host: host.New(), Trace: trace})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	p, err := m.Start(t.Context(), abi.StartOptions{Image: image, ArgData: data, Descriptors: descriptors, Engine: engines})
	require.NoError(t, err)
	status, err := p.Wait(context.Background())
	require.NoError(t, err)
	return status, log.String()
}

// TestStorage checks what a program hears of storage that cannot do what it has
// the rights to.
func TestStorage(t *testing.T) {
	for _, set := range runnable {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			status, log := storage(t, set, nil)
			require.Empty(t, log)
			require.Equal(t, abi.ExitStatus{}, status)
		})
	}
}
