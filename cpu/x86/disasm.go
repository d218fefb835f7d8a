package x86

import "github.com/nuage-emu/nuage/cpu"

var regNames64 = [16]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

// describe adds the text to a stop that needs one.
func (in *Interpreter) describe(s cpu.Stop) cpu.Stop { return s }
