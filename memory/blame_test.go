package memory

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFaultsNameTheByte: operations that the host does on the word around their
// operand are refused at the operand's own address, in every form.
func TestFaultsNameTheByte(t *testing.T) {
	for _, form := range []Form{Paged, Window} {
		s, err := New(Options{Form: form})
		if err != nil {
			continue
		}
		const readable, unmapped = 0x20000, 0x40000
		_, err = s.Map(Mapping{Addr: readable, Len: PageSize, Prot: Read, MaxProt: Read | Write, Fixed: true})
		require.NoError(t, err)
		for _, at := range []uint32{readable + 1, readable + 6, unmapped + 2, unmapped + 5, unmapped + 7} {
			for name, f := range map[string]func(){
				"xchg8":  func() { s.Xchg8(at, 1) },
				"add16":  func() { s.Add16(at, 1) },
				"xchg32": func() { s.Xchg32(at, 1) },
				"probe":  func() { s.Probe(at, 2, Write) },
			} {
				require.Equal(t, uint64(at), refused(t, s, f).Addr, "%v: %s at %#x", form, name, at)
			}
		}
		require.NoError(t, s.Close())
	}
}

// refused runs f, which must be refused, and returns the fault. Where memory is
// brought in when it is accessed, an access is tried again after that.
func refused(t *testing.T, s *Space, f func()) (fault *Fault) {
	t.Helper()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for retry := true; retry; {
		fault, retry = refusedOnce(t, s, f)
	}
	return fault
}

func refusedOnce(t *testing.T, s *Space, f func()) (fault *Fault, retry bool) {
	t.Helper()
	defer func() {
		var ok bool
		fault, retry, ok = s.Recovered(recover())
		require.True(t, ok)
	}()
	f()
	t.Fatal("the access was let through")
	return nil, false
}
