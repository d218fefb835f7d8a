package vfs

import (
	"io/fs"
	"syscall"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// identify completes attributes with what package io/fs has no place for.
func identify(st *cloudabi.Filestat, info fs.FileInfo, _ string, _ opener) {
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	st.Dev = cloudabi.Device(sys.Dev)
	st.Ino = cloudabi.Inode(sys.Ino)
	st.Nlink = cloudabi.Linkcount(sys.Nlink)
	st.Atim = cloudabi.Timestamp(max(0, sys.Atime*1e9+sys.AtimeNsec))
	st.Ctim = cloudabi.Timestamp(max(0, sys.Ctime*1e9+sys.CtimeNsec))
}
