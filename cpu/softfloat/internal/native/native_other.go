//go:build !(linux && amd64)

package native

// Available reports whether this host can run code.
const Available = false

// Code is a compiled snippet.
type Code struct{}

// New returns nil: this host cannot run code.
func New(...[]byte) *Code { return nil }

// Run is never called here.
func (*Code) Run(*Block) { panic("native: this host cannot run x86-64 code") }
