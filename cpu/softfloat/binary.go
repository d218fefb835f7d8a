package softfloat

// The operations on packed binary32 and binary64, as SSE has them.

// AddF32 is a+b.
func (e *Env) AddF32(a, b uint32) uint32 {
	return e.Add(e.UnpackF32(a), e.UnpackF32(b), Binary32).F32()
}

// SubF32 is a-b.
func (e *Env) SubF32(a, b uint32) uint32 {
	return e.Sub(e.UnpackF32(a), e.UnpackF32(b), Binary32).F32()
}

// MulF32 is a×b.
func (e *Env) MulF32(a, b uint32) uint32 {
	return e.Mul(e.UnpackF32(a), e.UnpackF32(b), Binary32).F32()
}

// DivF32 is a/b.
func (e *Env) DivF32(a, b uint32) uint32 {
	return e.Div(e.UnpackF32(a), e.UnpackF32(b), Binary32).F32()
}

// SqrtF32 is the square root of a.
func (e *Env) SqrtF32(a uint32) uint32 { return e.Sqrt(e.UnpackF32(a), Binary32).F32() }

// MulAddF32 is a×b+c, rounded once.
func (e *Env) MulAddF32(a, b, c uint32) uint32 {
	return e.MulAdd(e.UnpackF32(a), e.UnpackF32(b), e.UnpackF32(c), Binary32).F32()
}

// CompareF32 compares a with b.
func (e *Env) CompareF32(a, b uint32, quiet bool) Relation {
	return e.Compare(e.UnpackF32(a), e.UnpackF32(b), quiet)
}

// AddF64 is a+b.
func (e *Env) AddF64(a, b uint64) uint64 {
	return e.Add(e.UnpackF64(a), e.UnpackF64(b), Binary64).F64()
}

// SubF64 is a-b.
func (e *Env) SubF64(a, b uint64) uint64 {
	return e.Sub(e.UnpackF64(a), e.UnpackF64(b), Binary64).F64()
}

// MulF64 is a×b.
func (e *Env) MulF64(a, b uint64) uint64 {
	return e.Mul(e.UnpackF64(a), e.UnpackF64(b), Binary64).F64()
}

// DivF64 is a/b.
func (e *Env) DivF64(a, b uint64) uint64 {
	return e.Div(e.UnpackF64(a), e.UnpackF64(b), Binary64).F64()
}

// SqrtF64 is the square root of a.
func (e *Env) SqrtF64(a uint64) uint64 { return e.Sqrt(e.UnpackF64(a), Binary64).F64() }

// MulAddF64 is a×b+c, rounded once.
func (e *Env) MulAddF64(a, b, c uint64) uint64 {
	return e.MulAdd(e.UnpackF64(a), e.UnpackF64(b), e.UnpackF64(c), Binary64).F64()
}

// CompareF64 compares a with b.
func (e *Env) CompareF64(a, b uint64, quiet bool) Relation {
	return e.Compare(e.UnpackF64(a), e.UnpackF64(b), quiet)
}

// F32ToF64 widens a.
func (e *Env) F32ToF64(a uint32) uint64 { return e.Round(e.UnpackF32(a), Binary64).F64() }

// F64ToF32 narrows a.
func (e *Env) F64ToF32(a uint64) uint32 { return e.Round(e.UnpackF64(a), Binary32).F32() }
