package x86

// AVX and AVX2 (Vol. 1, 5.13 and 5.16), the VEX forms of the instructions of
// SSE to SSE4.2.
var avxRows = Section{Ref: "Vol. 1, 5.13 Intel AVX, 5.16 Intel AVX2", Feature: "AVX", Rows: []Spec{
	{"VEX.128/256.0F.WIG 58 /r", "vaddps", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 58 /r", "vaddpd", "=Vx Hx Wx", "", 0, sse},
	{"VEX.LIG.F3.0F.WIG 58 /r", "vaddss", "=Vdq Hdq Wd", "", 0, sse},
	{"VEX.LIG.F2.0F.WIG 58 /r", "vaddsd", "=Vdq Hdq Wq", "", 0, sse},
	{"VEX.128/256.66.0F.WIG FC /r", "vpaddb", "=Vx Hx Wx", "", 0, sse},
}}
