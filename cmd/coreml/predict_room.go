package main

import (
	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// How large an array of a file may be for an input.

// maxArrayBytes bounds one array of a file. A sparse file can claim any size.
//
// Larger arrays exist, but not as the input of one prediction on a machine that
// runs it.
const maxArrayBytes = 512 << 20

// arrayRoom bounds the bytes of an array for an input: what the input can take in
// the widest element type, with room for mistakes that are better told of by
// their shape.
func arrayRoom(d *coreml.FeatureDescription, opts *imageOptions) int64 {
	const slack = 1 << 20
	// What is scaled may be of any size first.
	if d == nil || d.Kind == coreml.KindImage && opts.resizes() {
		return maxArrayBytes
	}
	most := int64(1)
	switch {
	case d.Kind == coreml.KindInt64 || d.Kind == coreml.KindDouble:
	case len(d.Enumerated) > 0:
		for _, shape := range d.Enumerated {
			most = max(most, product(shape))
		}
	case len(d.Ranges) > 0:
		sizes := make([]int, len(d.Ranges))
		for i, r := range d.Ranges {
			if sizes[i] = r.Upper; r.Upper < 0 {
				return maxArrayBytes
			}
		}
		most = product(sizes)
	case len(d.Shape) > 0:
		most = product(d.Shape)
	default:
		return maxArrayBytes
	}
	const widest = 8 * 4 // float64, and four channels of which a grey model takes one
	return min(most*widest+slack, maxArrayBytes)
}

// product multiplies sizes, up to more than any array has room for.
//
// A package may claim any shape, and the product of two dimensions may be more than
// an int64 holds.
func product(sizes []int) int64 {
	n := int64(1)
	for _, s := range sizes {
		if n *= int64(max(s, 0)); n > maxArrayBytes {
			return maxArrayBytes
		}
	}
	return n
}

// overRoom is the error about an array that is not even read.
func overRoom(what string, size, room int64) error {
	return markedf(tensor.ErrShape, "%s has %d bytes, and at most %d are read for this input", what, size, room)
}
