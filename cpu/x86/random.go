package x86

// RDRAND and RDSEED. The bits come through cpu.Environment; here both are the same.

var rdrandRows = Section{Ref: "Vol. 1, 5.1.16 Random Number Generator Instructions", Feature: "RDRAND", Rows: []Spec{
	{"NFx 0F C7 /6", "rdrand", "=Rv", "w:oszapc", 0, sized{1: random16, 2: random32, 3: random64}},
}}

var rdseedRows = Section{Ref: "Vol. 1, 5.1.16 Random Number Generator Instructions", Feature: "RDSEED", Rows: []Spec{
	{"NFx 0F C7 /7", "rdseed", "=Rv", "w:oszapc", 0, sized{1: random16, 2: random32, 3: random64}},
}}

// random is RDRAND and RDSEED: bits from outside, and CF to say that there are
// some. Without an environment there are none, as on a processor whose
// generator has none ready.
func random[T word](s *State, o *op) *op {
	v, ok := s.entropy(o)
	setReg(s, o.dst, T(v))
	s.fz, s.fs, s.fx, s.cf = 1, 1, ok<<63, ok
	return o.after()
}

// entropy asks the environment, with an exact count of retired instructions
// for the case that its answer is recorded.
func (s *State) entropy(o *op) (v, ok uint64) {
	s.run.publish(o)
	if s.thread.Env == nil {
		return 0, 0
	}
	return s.thread.Env.Entropy(), 1
}
