package vfs

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// identify completes attributes with what package io/fs has no place for.
// Windows numbers files, but tells so only of an open one; what cannot be opened
// (a symbolic link, a file without permission) gets a number made of its path.
func identify(st *cloudabi.Filestat, info fs.FileInfo, path string, open opener) {
	if sys, ok := info.Sys().(*syscall.Win32FileAttributeData); ok {
		st.Atim = cloudabi.Timestamp(max(0, sys.LastAccessTime.Nanoseconds()))
	}
	st.Ino = cloudabi.Inode(position(path))
	if open == nil || st.Filetype != cloudabi.FiletypeRegularFile && st.Filetype != cloudabi.FiletypeDirectory {
		return
	}
	f, done, err := open()
	if err != nil {
		return
	}
	defer done()
	_ = control(f, func(h windows.Handle) error {
		var by windows.ByHandleFileInformation
		if err := windows.GetFileInformationByHandle(h, &by); err != nil {
			return err
		}
		st.Dev = cloudabi.Device(by.VolumeSerialNumber)
		st.Ino = cloudabi.Inode(uint64(by.FileIndexHigh)<<32 | uint64(by.FileIndexLow))
		st.Nlink = cloudabi.Linkcount(by.NumberOfLinks)
		return nil
	})
}
