//go:build !(linux || freebsd || openbsd || dragonfly)

package vfs

import "github.com/nuage-emu/nuage/abi/cloudabi"

func makeSpecialAt(*hostDir, string, cloudabi.Filetype) error { return cloudabi.ENOTSUP }
