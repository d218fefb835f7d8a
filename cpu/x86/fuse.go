package x86

// fuse tries to make one operation of the conditional branch being bound and
// the comparison before it.
func (b *binder) fuse() bool { return false }
