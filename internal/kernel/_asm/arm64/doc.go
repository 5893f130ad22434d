// Package arm64 writes the kernels for arm64: NEON, which is part of the
// architecture, with and without the dot product extension.
//
// registers.go, memory.go, vector.go, vector_two.go, general.go and func.go are the
// assembler. Go's own knows few of the vector instructions, so all of them are
// written as words, with their text beside them; tests compare the words with what
// Go's assembler and LLVM's make of that text. Operands are in the order of Arm's
// manual (Architecture Reference Manual for A-profile, chapter C7), the destination
// first: for general registers too, so that there is one order here.
//
// The other files are a family of kernels each; package kind names the families.
// Registers and the order of instructions are given by hand, for the reasons that
// package amd64 tells. There are 32 vector registers, and a fused product adds to
// its third operand only.
package arm64
