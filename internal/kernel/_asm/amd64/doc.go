// Package amd64 writes the kernels for amd64: those for AVX2 (with FMA and F16C),
// and those for AVX-512, of which some need VNNI.
//
// registers.go, memory.go, instructions.go and func.go are the assembler: registers
// are types, instructions are methods, and what does not fit does not compile. The
// other files are a family of kernels each; package kind names the families. A
// kernel's function reads like the assembly it writes, so that its comments say why
// and not what: what an instruction does is in Intel's manual (Software Developer's
// Manual, volume 2).
//
// Registers are given by hand, as is the order of instructions. Both are what a
// kernel is about. A fused product takes 4 or 5 cycles, and processors since Haswell
// start two in each: several sums have to be under way at a time, or the kernel
// waits for each (Agner Fog's instruction tables have the numbers). They also load
// only twice in a cycle, so that what is used again should stay in a register.
package amd64
