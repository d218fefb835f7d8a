package arm64

// alias returns the instruction by the alias that the manual prefers.
func (d *Inst) alias() (Inst, bool) { return Inst{}, false }
