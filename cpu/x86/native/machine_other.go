//go:build !linux || !amd64

package native

// Machine is not available on this host; [New] says so.
type Machine struct{ LoadGS bool }

// New returns [ErrUnavailable].
func New() (*Machine, error) { return nil, ErrUnavailable }

// Close does nothing.
func (m *Machine) Close() {}

// Base returns 0.
func (m *Machine) Base() uint64 { return 0 }

// State returns nil.
func (m *Machine) State() *State { return nil }

// Bytes returns nil.
func (m *Machine) Bytes(offset, n int) []byte { return nil }

// UseAVX returns [ErrUnavailable].
func (m *Machine) UseAVX() error { return ErrUnavailable }

// HasGS returns false.
func (m *Machine) HasGS() bool { return false }

// SetCode does nothing.
func (m *Machine) SetCode(offset int, code []byte) {}

// Run returns the zero Outcome.
func (m *Machine) Run() Outcome { return Outcome{} }
