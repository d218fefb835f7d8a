package abi

import "github.com/nuage-emu/nuage/abi/cloudabi"

// TraceEvent is one system call.
type TraceEvent struct{}

func (t *Thread) traced(a *args) cloudabi.Errno { return a.row.handler(t, a) }
