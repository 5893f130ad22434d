package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// Operators that move pixels of an image between its channels and its height and
// width, and crop, which takes off its borders. Each takes x and one factor, which has
// another name in every operator; crop takes x, crop_height and crop_width. Sources:
// coremltools, mil/ops/defs, iOS15/tensor_transformation.py, iOS16/tensor_
// transformation.py (pixel_unshuffle) and iOS15/image_resizing.py (crop).
func init() {
	add(
		Operator{Name: "depth_to_space", Params: in("x", "block_size!"), Shape: unfoldShape, Eval: depthToSpace, Exact: true},
		Operator{Name: "pixel_shuffle", Params: in("x", "upscale_factor!"), Shape: unfoldShape, Eval: pixelShuffle, Exact: true},
		Operator{Name: "space_to_depth", Params: in("x", "block_size!"), Shape: foldShape, Eval: spaceToDepth, Exact: true},
		Operator{Name: "pixel_unshuffle", Params: in("x", "downscale_factor!"), Shape: foldShape, Eval: pixelUnshuffle, Exact: true},
		Operator{Name: "crop", Params: in("x", "crop_height!", "crop_width!"), Shape: cropShape, Eval: crop, Exact: true},
	)
}

// image checks that x is [batch, channels, height, width] and reads the factor,
// operand 1. The bound of the factor keeps its square and what is multiplied by it
// from overflowing before the shape is checked.
func (c *Call) image() (n, ch, h, w, f int, err error) {
	x := c.In(0)
	if x.Rank != 4 {
		return 0, 0, 0, 0, 0, fmt.Errorf("x has rank %d where 4 is expected", x.Rank)
	}
	if f, err = c.intIn(1, 1); err != nil {
		return 0, 0, 0, 0, 0, err
	}
	if f < 1 || f > 1<<14 {
		return 0, 0, 0, 0, 0, fmt.Errorf("%s is %d", c.name(1), f)
	}
	return x.Dims[0], x.Dims[1], x.Dims[2], x.Dims[3], f, nil
}

// unfoldShape is [n, C/f², H·f, W·f]: of depth_to_space and pixel_shuffle.
func unfoldShape(c *Call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	if ch%(f*f) != 0 {
		return fmt.Errorf("%d channels do not divide into blocks of %d by %d", ch, f, f)
	}
	return c.out(0).SetShape(n, ch/(f*f), h*f, w*f)
}

// foldShape is [n, C·f², H/f, W/f]: of space_to_depth and pixel_unshuffle.
func foldShape(c *Call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	if h%f != 0 || w%f != 0 {
		return fmt.Errorf("%d by %d does not divide into blocks of %d by %d", h, w, f, f)
	}
	return c.out(0).SetShape(n, ch*f*f, h/f, w/f)
}

// rearrange copies x, seen as dims, to output 0 with its dimensions in another
// order: dimension d of the result is dimension order[d] of dims. All four operators
// on blocks are such a transposition between two reshapes, as PyTorch and TensorFlow
// define them, and differ in where the block lies among the channels.
func (c *Call) rearrange(dims, order [6]int) error {
	x := c.In(0)
	from, w := array.Nest{}, c.nest() // from only computes the strides of dims
	from.DenseStrides(1, dims[:])
	var to [6]int
	for d, o := range order {
		to[d] = dims[o]
		w.Stride[1][d] = from.Stride[1][o]
	}
	w.DenseStrides(0, to[:])
	if c.floatOut(0) {
		src := c.F32(x)
		dst := c.newF32(0)
		if w.Start(to[:], 2) {
			array.CopyRows(&w, dst, src)
		}
		return nil
	}
	src := c.I32(x)
	dst := c.newI32(0)
	if w.Start(to[:], 2) {
		array.CopyRows(&w, dst, src)
	}
	return nil
}

// depthToSpace reads the channels as [block row, block column, channel], which is
// TensorFlow's order and the mode DCR of ONNX.
func depthToSpace(c *Call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, f, f, ch / (f * f), h, w}, [6]int{0, 3, 4, 1, 5, 2})
}

// pixelShuffle reads the channels as [channel, block row, block column], which is
// PyTorch's order and the mode CRD of ONNX.
func pixelShuffle(c *Call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, ch / (f * f), f, f, h, w}, [6]int{0, 1, 4, 2, 5, 3})
}

// spaceToDepth undoes depthToSpace: the block's place comes first among the channels.
func spaceToDepth(c *Call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, ch, h / f, f, w / f, f}, [6]int{0, 3, 5, 1, 2, 4})
}

// pixelUnshuffle undoes pixelShuffle: the block's place comes last among the channels.
func pixelUnshuffle(c *Call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, ch, h / f, f, w / f, f}, [6]int{0, 1, 3, 5, 2, 4})
}

// cropWindow reads what is cut from the borders of the last two dimensions: top and
// bottom, left and right.
func (c *Call) cropWindow(x *array.Value) (w window, err error) {
	rows, cols := c.intsIn(1), c.intsIn(2)
	if x.Rank < 2 || len(rows) != 2 || len(cols) != 2 {
		return w, fmt.Errorf("rank %d, %d and %d border sizes where at least 2, 2 and 2 are expected", x.Rank, len(rows), len(cols))
	}
	for d, n := range x.Shape() {
		w.step[d], w.count[d] = 1, n
	}
	for k, cut := range [2][]int32{rows, cols} {
		d := x.Rank - 2 + k
		b, a := int(cut[0]), int(cut[1])
		if b < 0 || a < 0 || b+a > x.Dims[d] {
			return w, fmt.Errorf("%d and %d cannot be cut from dimension %d of %d", b, a, d, x.Dims[d])
		}
		w.begin[d], w.count[d] = b, x.Dims[d]-b-a
	}
	return w, nil
}

// cropShape takes off what is cropped on either side.
func cropShape(c *Call) error {
	x := c.In(0)
	w, err := c.cropWindow(x)
	if err != nil {
		return err
	}
	return c.out(0).SetShape(w.count[:x.Rank]...)
}

// crop takes the window inside the borders, copied.
func crop(c *Call) error {
	x := c.In(0)
	w, err := c.cropWindow(x)
	if err != nil {
		return err
	}
	return c.cutCopy(x, &w)
}
