package x86

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/stretchr/testify/require"
)

// notNative lists the rows that cannot be run on the host, by mnemonic, and
// why.
var notNative = map[string]string{
	"syscall": "enters the host's kernel",
	"sgdt":    "Linux emulates it under UMIP", "sidt": "Linux emulates it under UMIP", "sldt": "Linux emulates it under UMIP",
	"str": "Linux emulates it under UMIP", "smsw": "Linux emulates it under UMIP",
	"xsave": ownTest, "xsave64": ownTest, "xsaveopt": ownTest, "xsaveopt64": ownTest, "xsavec": ownTest, "xsavec64": ownTest,
	"xrstor": ownTest, "xrstor64": ownTest,
}

// ownTest: registers at random would ask for components that only the host has.
const ownTest = "by TestXSaveAgainstHost, which asks for the model's components only"

// whyNotNative says why a row is not run on the host, "" if it is.
func (r *Row) whyNotNative() string { return notNative[r.Name] }

func runnable(r *Row) bool { return r.whyNotNative() == "" }

// apart says what of a row's results is not compared and why, "" if everything
// is.
func (r *Row) apart() string {
	name := r.Name
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	switch {
	case hostsOwn[name] != nil, name == "rdrand", name == "rdseed":
		add("the values are the host's own")
	case transcendental[name]:
		add("within 1 ulp of the host")
	case strings.HasPrefix(name, "rcp") || strings.HasPrefix(name, "rsqrt") || strings.HasPrefix(name, "vrcp") || strings.HasPrefix(name, "vrsqrt"):
		add("within the manual's bound")
	case r.loadsSegment():
		add("selectors without a descriptor only")
	}
	if r.FlagsUndefined() != 0 {
		add("undefined: %s (on Intel compared)", flagLetters(r.FlagsUndefined()))
	}
	return strings.Join(list, "; ")
}

// flagLetters is a set of flags in the table's notation.
func flagLetters(m uint32) string {
	var b strings.Builder
	for _, f := range []struct {
		bit    uint32
		letter byte
	}{{FlagO, 'o'}, {FlagS, 's'}, {FlagZ, 'z'}, {FlagA, 'a'}, {FlagP, 'p'}, {FlagC, 'c'}, {FlagD, 'd'}} {
		if m&f.bit != 0 {
			b.WriteByte(f.letter)
		}
	}
	return b.String()
}

// TestRowsWithoutOracle: the rows that no host can be asked about enter the
// kernel or are refused, whatever their operands.
func TestRowsWithoutOracle(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for _, r := range Rows() {
		if why := r.whyNotNative(); why == "" || why == ownTest {
			continue
		}
		for range 50 {
			m := newMachine(t, r.Instance(rnd), Options{})
			m.s.R[RSP] = rnd.Uint64()
			before := m.s.R
			stop := m.in.Run(m.th, 1)
			if r.Name == "syscall" {
				require.Equal(t, cpu.StopSyscall, stop.Kind)
				continue
			}
			require.Equal(t, cpu.StopFault, stop.Kind, r)
			require.Zero(t, stop.Fault.Addr, r)
			require.Equal(t, before, m.s.R, r)
		}
	}
}
