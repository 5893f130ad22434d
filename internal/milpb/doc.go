// Package milpb reads and writes the protobuf messages of a Core ML model file:
// those that describe a model and those of an ML Program. Messages of the other
// model types are kept as opaque bytes.
//
// The messages are plain structs with a hand-written codec over the wire format,
// for two reasons. Core ML's own message names may be registered once in a
// process, so generated code would stop a program that links another copy; and
// a model file can be large and hostile, so the decoder refers to the file's
// memory for tensor data instead of copying it, and bounds what it allocates by
// the size of the file.
//
// Map fields become slices of entries in file order. Fields that this package
// does not know are skipped.
package milpb
