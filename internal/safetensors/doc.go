// Package safetensors reads and writes the safetensors format: an 8-byte
// little-endian length, a JSON header of that length that names the tensors
// with their types, shapes and places, and their bytes.
//
// Everything that a file says is checked before it is used, and nothing is
// allocated that the file or stream does not really hold. The header's rules
// are those of the format's description: the tensors cover the data without
// holes or overlaps, and a header has at most 100 MB. Files are read tensor by
// tensor, at any place, or written in one pass.
package safetensors
