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
// kernel is about: how many sums are under way hides the latency of an addition,
// and what stays in registers is not loaded. Processors since Haswell start two
// fused products in a cycle and finish each 4 or 5 later, so 8 to 10 sums keep
// them busy, and two loads, so a product with both its operands from memory costs
// what two do that share one.
package amd64
