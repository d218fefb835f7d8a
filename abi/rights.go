package abi

import (
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// numbering is what the bits of a rights word meant to programs from before
// 2015-05-08 (abi/rights.md section 6): for each bit, the rights of today that
// it stood for. What no bit stands for was not restricted then: a descriptor
// keeps what it has of that, and passes it on.
type numbering []cloudabi.Rights

// rightsOfMarch is the numbering until 2015-04-14.
var rightsOfMarch = numbering{
	cloudabi.RightProcExec, // fexecve
	0,                      // fpathconf, which nothing asks for any more
	cloudabi.RightFileStatFget,
	cloudabi.RightFdSync,
	cloudabi.RightFileStatFputSize,
	cloudabi.RightFileStatFputTimes,
	cloudabi.RightFileLinkSource | cloudabi.RightFileLinkTarget,
	cloudabi.RightFileOpen, // lookup
	cloudabi.RightFileCreateDirectory,
	cloudabi.RightFileCreateFifo,
	cloudabi.RightMemMap,
	cloudabi.RightFdRead,
	cloudabi.RightFileReaddir,
	cloudabi.RightFileRenameSource | cloudabi.RightFileRenameTarget,
	cloudabi.RightFdSeek,
	cloudabi.RightFdTell,
	cloudabi.RightFileSymlink,
	cloudabi.RightFileUnlink,
	cloudabi.RightFdWrite,
}

// rightsOfApril is the numbering from then until 2015-05-08: that of today but
// for the rights to link and to rename, of which there was one each.
var rightsOfApril = sync.OnceValue(func() numbering {
	var n numbering
	for bit := range 41 {
		right := cloudabi.Rights(1) << bit
		switch right {
		case cloudabi.RightFileLinkTarget, cloudabi.RightFileRenameTarget:
			n[len(n)-1] |= right // of the source, just before
		default:
			n = append(n, right)
		}
	}
	return n
})

// undefinedRight is no right of any time, so that no descriptor has it.
const undefinedRight = cloudabi.Rights(1) << 63

// numbering is that of the call's program; nil is today's.
func (t *Thread) numbering(a *args) numbering {
	switch {
	case !a.direct:
	case a.gen == G0 || a.gen == G1:
		return rightsOfMarch
	case t.proc.program.generation == April2015:
		return rightsOfApril()
	}
	return nil
}

// show is a word as the program knows it. A bit that stands for several rights
// is shown if all are there.
func (n numbering) show(r cloudabi.Rights) cloudabi.Rights {
	if n == nil {
		return r
	}
	var old cloudabi.Rights
	for bit, set := range n {
		if r&set == set {
			old |= 1 << bit
		}
	}
	return old
}

// read is what a program's word means.
func (n numbering) read(old cloudabi.Rights) cloudabi.Rights {
	if n == nil {
		return old
	}
	var r cloudabi.Rights
	for bit, set := range n {
		if old&(1<<bit) != 0 {
			r |= set
		}
	}
	if old>>len(n) != 0 {
		r |= undefinedRight
	}
	return r
}

// unnamed are the rights that no bit stands for.
func (n numbering) unnamed() cloudabi.Rights {
	if n == nil {
		return 0
	}
	r := cloudabi.RightsAll2015
	for _, set := range n {
		r &^= set
	}
	return r
}

// readFdstat makes today's words of a program's.
func (n numbering) readFdstat(s *cloudabi.Fdstat) {
	s.RightsBase, s.RightsInheriting = n.read(s.RightsBase), n.read(s.RightsInheriting)
}
