package vfs

import (
	"io/fs"
	"syscall"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// identify completes attributes with what package io/fs has no place for.
func identify(st *cloudabi.Filestat, info fs.FileInfo, _ string, _ opener) {
	sys, ok := info.Sys().(*syscall.Dir)
	if !ok {
		return
	}
	st.Dev = cloudabi.Device(uint64(sys.Type)<<32 | uint64(sys.Dev))
	st.Ino = cloudabi.Inode(sys.Qid.Path)
	st.Atim = cloudabi.Timestamp(uint64(sys.Atime) * 1e9)
}
