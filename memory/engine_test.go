package memory

import "runtime/debug"

// faultOf runs an engine's access as an engine does, and returns the fault it
// ends with, if any.
func faultOf(s *Space, access func()) *Fault {
	for {
		f, retry := try(s, access)
		if !retry {
			return f
		}
	}
}

func try(s *Space, access func()) (f *Fault, retry bool) {
	defer func(before bool) {
		debug.SetPanicOnFault(before)
		if r := recover(); r != nil {
			var ok bool
			if f, retry, ok = s.Recovered(r); !ok {
				panic(r)
			}
		}
	}(debug.SetPanicOnFault(true))
	access()
	return nil, false
}
