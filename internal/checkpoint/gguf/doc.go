// Package gguf reads GGUF files, the format of llama.cpp: metadata as keys with values,
// and tensors in its block formats. It knows the format only; what the names mean is the
// business of package checkpoint.
//
// Everything that a file says is checked before it is used, and no more is allocated than
// the file really holds. Files are mapped, so that a tensor costs no memory until its rows
// are decoded.
package gguf
