package quantize

import (
	"errors"

	"github.com/gocoreml/coreml/internal/dtype"
)

// ErrUnfit says that a weight cannot have the form: a block that does not divide an
// axis, too many different values for a palette, an infinite weight. coremltools
// leaves such a weight as it is; so should the caller.
var ErrUnfit = errors.New("the form does not fit the weight")

// Tensor is a weight with what of its place in the model matters for its form.
type Tensor struct {
	// Shape and Values are the weight, row-major.
	Shape  []int
	Values []float32
	// Out and In are the axes of its output and input channels: 0 and 1 for linear and
	// conv. An axis that the shape has not is ignored.
	Out, In int
	// Wide marks a weight of fp32. The values of any other are exact in fp16, and it is
	// computed with in fp16.
	Wide bool
	// Threads bounds the threads that are used; 0 is all.
	Threads int
}

// Matrix is the weight of a linear operation: outputs by inputs, values exact in fp16.
func Matrix(shape []int, values []float32) Tensor {
	return Tensor{Shape: shape, Values: values, Out: 0, In: 1}
}

// float is the type that the weight is computed with.
func (t *Tensor) float() dtype.Type {
	if t.Wide {
		return dtype.Float32
	}
	return dtype.Float16
}

// Plane is a constant of a compressed weight, packed as a weight file holds it:
// little-endian, row-major, types below a byte as a stream of bits, lowest first.
type Plane struct {
	Type  dtype.Type
	Shape []int
	Data  []byte
}

// Len returns the number of elements.
func (p *Plane) Len() int {
	n, _ := dtype.Count(p.Shape)
	return n
}

// Encoded is a weight in the form of constexpr operators. What a plane stands for
// follows from which are there:
//
//	Values                 the weight itself; with Mask those that are not zero
//	Codes, Scale           Scale * (Codes - Offset), a scale for each block
//	Codes, LUT             LUT[Codes], a palette for each block
//	Codes, LUT, LUTScale   the palette is LUTScale * (LUT - LUTOffset)
//	Codes, LUT, Scale      Scale * (LUT[Codes] - Offset)
//
// With Mask, Codes too has only what is not masked out, in row-major order, and the
// weight is zero where the mask is 0.
type Encoded struct {
	// Type is that of the weight, Float16 or Float32, and Shape its shape.
	Type  dtype.Type
	Shape []int

	Mask                *Plane // UInt1 of Shape
	Values              *Plane
	Codes               *Plane
	Scale, Offset       *Plane // of Shape's rank; Offset may be nil
	LUT                 *Plane // of Shape's rank and two axes more: entries, and elements of one
	LUTScale, LUTOffset *Plane // of LUT's rank
	VectorAxis          int    // the axis of the elements of an entry, where it has several
}

// Bytes returns how much is stored.
func (e *Encoded) Bytes() int {
	n := 0
	for _, p := range e.Planes() {
		n += len(p.Data)
	}
	return n
}

// Planes returns the planes that are there.
func (e *Encoded) Planes() []*Plane {
	var list []*Plane
	for _, p := range []*Plane{e.Mask, e.Values, e.Codes, e.Scale, e.Offset, e.LUT, e.LUTScale, e.LUTOffset} {
		if p != nil {
			list = append(list, p)
		}
	}
	return list
}
