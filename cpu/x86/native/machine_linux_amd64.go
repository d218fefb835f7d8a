package native

import "golang.org/x/sys/cpu"

// hasAVX reports whether the processor has AVX and the kernel saves it.
func hasAVX() bool { return cpu.X86.HasAVX }
