// Package asm is what the generators of both architectures share: a file of
// assembly is a list of functions and a set of constants, and everything that Go
// has to know of them is written from the same signatures: the declarations, the
// functions that choose between kernels, and a table with which a test compares the
// offsets of all arguments.
//
// Labels belong to their function. Go's assembler scopes them so, and so a
// change to one function changes no line of another.
package asm
