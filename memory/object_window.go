//go:build (amd64 || arm64) && (linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris)

package memory

// makeMappable gives an anonymous object a host file, which windows can map.
// The caller holds o.mu and knows that no space of the paged form maps the
// object.
func (o *Object) makeMappable() error {
	if o.file != nil {
		return nil
	}
	f, err := hostAnonymousFile()
	if err != nil {
		return ErrNoMemory
	}
	err = f.Truncate(o.size.Load())
	for number, p := range o.pages {
		if err == nil {
			n := min(PageSize, o.size.Load()-int64(number)*PageSize)
			_, err = f.WriteAt(p.bytes()[:n], int64(number)*PageSize)
		}
	}
	if err != nil {
		_ = f.Close()
		return ErrNoMemory
	}
	o.file, o.pages = f, nil
	return nil
}
