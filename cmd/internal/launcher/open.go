package launcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/argdata"
	"github.com/nuage-emu/nuage/launch"
)

// arguments turns a configuration into what a process is started with, and
// returns the descriptions of its capabilities too. Sockets are opened here,
// the rest when the process is started. Capabilities that nothing in the
// configuration names any more are left alone.
func arguments(ctx context.Context, c *launch.Config) (config nuage.Config, described []launch.Capability, err error) {
	data, described, err := c.Encode()
	if err != nil {
		return config, nil, err
	}
	if config.Args, err = argdata.Decode(data, nil); err != nil {
		return config, nil, err
	}
	for _, d := range described {
		capability, err := open(ctx, d)
		if err != nil {
			return config, nil, d.Fail(err)
		}
		config.Capabilities = append(config.Capabilities, capability)
	}
	return config, described, nil
}

// located adds to an error about opening a capability where it was asked for.
func located(err error, config nuage.Config, described []launch.Capability) error {
	var e *nuage.OpenError
	if errors.As(err, &e) {
		if i := slices.Index(config.Capabilities, e.Capability); i >= 0 {
			return described[i].Fail(e.Err)
		}
	}
	return err
}

// open makes the capability that a description asks for.
func open(ctx context.Context, d launch.Capability) (*nuage.Capability, error) {
	switch d.Kind {
	case launch.HostFD:
		if !inherited(d.Number) {
			return nil, errors.New("it was not open when this program was started")
		}
		return nuage.HostFD(d.Number), nil
	case launch.Executable:
		return nuage.Executable(), nil
	case launch.File:
		return openFile(d)
	case launch.Directory, launch.Overlay:
		if err := mustBeDirectory(d.Path); err != nil {
			return nil, err
		}
		if d.Kind == launch.Overlay {
			return nuage.Overlay(d.Path), nil
		}
		return openDirectory(d), nil
	case launch.Memory:
		return nuage.MemoryDir(), nil
	case launch.Socket:
		return openSocket(ctx, d)
	}
	return nil, fmt.Errorf("there is no way to open it")
}

// openFile is for !file, which takes directories too.
func openFile(d launch.Capability) (*nuage.Capability, error) {
	info, err := os.Stat(d.Path)
	switch {
	case err == nil && info.IsDir():
		if d.Mode == launch.Create {
			return nil, errors.New("it is a directory, and mode create makes files")
		}
		return openDirectory(d), nil
	case errors.Is(err, fs.ErrNotExist) && d.Mode == launch.Create:
	case err != nil:
		return nil, short(err)
	}
	switch d.Mode {
	case launch.Write:
		return nuage.File(d.Path, nuage.WriteFile), nil
	case launch.Create:
		return nuage.File(d.Path, nuage.CreateFile), nil
	}
	return nuage.File(d.Path, nuage.ReadFile), nil
}

func openDirectory(d launch.Capability) *nuage.Capability {
	c := nuage.Dir(d.Path)
	if d.Mode == launch.Read {
		return c.ReadOnly()
	}
	return c
}

func mustBeDirectory(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return short(err)
	case !info.IsDir():
		return errors.New("it is not a directory")
	}
	return nil
}

// short takes off an error what the message around it says anyway.
func short(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// networks are the names by which package net knows the types of sockets: for
// Unix paths, and for addresses of the internet.
var networks = map[launch.SocketType][2]string{
	launch.Stream:          {"unix", "tcp"},
	launch.Datagram:        {"unixgram", "udp"},
	launch.SequencedPacket: {"unixpacket", ""},
}

func openSocket(ctx context.Context, d launch.Capability) (*nuage.Capability, error) {
	network := networks[d.Type][1]
	if d.Address[0] == '/' {
		network = networks[d.Type][0]
	}
	if network == "" {
		return nil, fmt.Errorf("the internet has no sockets of type %v; use stream", d.Type)
	}
	if !d.Bind {
		conn, err := new(net.Dialer).DialContext(ctx, network, d.Address)
		if err != nil {
			return nil, err
		}
		return nuage.Conn(conn), nil
	}
	if d.Type != launch.Datagram {
		l, err := new(net.ListenConfig).Listen(ctx, network, d.Address)
		if err != nil {
			return nil, err
		}
		return nuage.Listener(l), nil
	}
	packets, err := new(net.ListenConfig).ListenPacket(ctx, network, d.Address)
	if err != nil {
		return nil, err
	}
	conn, ok := packets.(net.Conn)
	if !ok {
		return nil, errors.Join(errors.New("this host has no such sockets"), packets.Close())
	}
	return nuage.Conn(conn), nil
}
