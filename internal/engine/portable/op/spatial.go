package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

func init() {
	add(
		Operator{
			Name: "pad", Params: in("x*", "pad!", "mode", "constant_val."), Shape: padShape, Eval: pad, Check: checkPad, Exact: true,
			Texts: Texts{"mode": {"constant", "reflect", "replicate"}},
		},
		Operator{Name: "depth_to_space", Params: in("x", "block_size!"), Shape: unfoldShape, Eval: depthToSpace, Exact: true},
		Operator{Name: "pixel_shuffle", Params: in("x", "upscale_factor!"), Shape: unfoldShape, Eval: pixelShuffle, Exact: true},
		Operator{Name: "space_to_depth", Params: in("x", "block_size!"), Shape: foldShape, Eval: spaceToDepth, Exact: true},
		Operator{Name: "pixel_unshuffle", Params: in("x", "downscale_factor!"), Shape: foldShape, Eval: pixelUnshuffle, Exact: true},
		Operator{Name: "space_to_batch", Params: in("x", "block_shape!", "paddings!"), Shape: toBatchShape, Eval: spaceToBatch, Exact: true},
		Operator{Name: "batch_to_space", Params: in("x", "block_shape!", "crops!"), Shape: fromBatchShape, Eval: batchToSpace, Exact: true},
		Operator{Name: "crop", Params: in("x", "crop_height!", "crop_width!"), Shape: cropShape, Eval: crop, Exact: true},
		Operator{Name: "reverse_sequence", Params: in("x", "lengths!", "seq_axis.", "batch_axis."), Eval: reverseSequence, Check: checkSequences, Exact: true},
	)
}

// margins reads pad: two numbers for each of the last dimensions of x.
func (c *Call) margins(x *array.Value) (before, after [array.MaxRank]int, err error) {
	p := c.intsIn(1)
	if len(p)%2 != 0 || len(p)/2 > x.Rank {
		return before, after, fmt.Errorf("pad holds %d numbers for x of rank %d", len(p), x.Rank)
	}
	for k := range len(p) / 2 {
		b, a := p[2*k], p[2*k+1]
		if b < 0 || a < 0 || b > array.MaxElements || a > array.MaxElements {
			return before, after, fmt.Errorf("pad is %d and %d for dimension %d", b, a, k)
		}
		d := x.Rank - len(p)/2 + k
		before[d], after[d] = int(b), int(a)
	}
	return before, after, nil
}

// padShape adds what is padded on either side.
func padShape(c *Call) error {
	x := c.In(0)
	before, after, err := c.margins(x)
	if err != nil {
		return err
	}
	dims := x.Dims
	for d := range x.Rank {
		dims[d] += before[d] + after[d]
	}
	return c.out(0).SetShape(dims[:x.Rank]...)
}

// pad surrounds x by a constant, by its own mirror image (the border not
// repeated), or by its border.
func pad(c *Call) error {
	x, out := c.In(0), c.out(0)
	before, after, err := c.margins(x)
	if err != nil {
		return err
	}
	mode, err := c.textIn(2, "constant")
	if err != nil {
		return err
	}
	if err := padFits(x, &before, &after, mode); err != nil {
		return err
	}
	c.newOut(0)
	switch mode {
	case "constant":
		if err := c.padConstant(); err != nil {
			return err
		}
		w := c.nest()
		w.DenseStrides(0, out.Shape())
		for d := range x.Rank {
			w.At[0] += before[d] * w.Stride[0][d]
		}
		c.place(&w, x, x.Rank)
	case "reflect", "replicate":
		if out.Repr == array.ReprI32 {
			mirror(&c.Env.Poller, out, out.I32, c.I32(x), x, &before, mode == "reflect")
		} else {
			mirror(&c.Env.Poller, out, out.F32, c.F32(x), x, &before, mode == "reflect")
		}
	default:
		return fmt.Errorf("mode %q is unknown", mode)
	}
	return nil
}

// padFits reports whether x has as many elements as a border takes of it.
func padFits(x *array.Value, before, after *[array.MaxRank]int, mode string) error {
	for d, n := range x.Shape() {
		m := max(before[d], after[d])
		if mode == "reflect" && m > 0 && m > n-1 || mode == "replicate" && m > 0 && n == 0 {
			return fmt.Errorf("%d elements of %s do not fit dimension %d of %d", m, mode, d, n)
		}
	}
	return nil
}

// padConstant fills the output with constant_val.
func (c *Call) padConstant() error {
	out := c.out(0)
	if out.Repr == array.ReprF32 {
		v, err := c.floatIn(3, 0)
		if err != nil {
			return err
		}
		array.Fill(&c.Env.Poller, out.F32[:out.Len()], v)
		return nil
	}
	v, err := c.intIn(3, 0)
	if err != nil {
		return err
	}
	array.Fill(&c.Env.Poller, out.I32[:out.Len()], array.Wrap(int64(v), out.DType))
	return nil
}

// mirror fills every element of out from the element of x that a mirror at the
// border (reflect) or the border itself shows.
func mirror[T any](p *array.Poller, out *array.Value, dst, src []T, x *array.Value, before *[array.MaxRank]int, reflect bool) {
	var idx [array.MaxRank]int
	work := array.Counter{Poller: p}
	for k := range out.Len() {
		work.Add(4)
		at := 0
		for d := range x.Rank {
			n := x.Dims[d]
			i := idx[d] - before[d]
			switch {
			case !reflect:
				i = max(0, min(i, n-1))
			case i < 0:
				i = -i
			case i >= n:
				i = 2*(n-1) - i
			}
			at = at*n + i
		}
		dst[k] = src[at]
		for d := x.Rank - 1; d >= 0; d-- {
			if idx[d]++; idx[d] < out.Dims[d] {
				break
			}
			idx[d] = 0
		}
	}
}

// image checks that x is [batch, channels, height, width] and reads the factor,
// operand 1.
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

// unfoldShape is [n, C/f², H·f, W·f].
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

// foldShape is [n, C·f², H/f, W/f].
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
// order: dimension d of the result is dimension order[d] of dims.
func (c *Call) rearrange(dims, order [6]int) error {
	x := c.In(0)
	from, w := array.Nest{}, c.nest()
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

// depthToSpace reads the channels as [block row, block column, channel].
func depthToSpace(c *Call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, f, f, ch / (f * f), h, w}, [6]int{0, 3, 4, 1, 5, 2})
}

// pixelShuffle reads the channels as [channel, block row, block column].
func pixelShuffle(c *Call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, ch / (f * f), f, f, h, w}, [6]int{0, 1, 4, 2, 5, 3})
}

// spaceToDepth undoes depthToSpace.
func spaceToDepth(c *Call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, ch, h / f, f, w / f, f}, [6]int{0, 3, 5, 1, 2, 4})
}

// pixelUnshuffle undoes pixelShuffle.
func pixelUnshuffle(c *Call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, ch, h / f, f, w / f, f}, [6]int{0, 1, 3, 5, 2, 4})
}

// blocks are the operands of space_to_batch and batch_to_space: the size of a
// block and what is added to or cut from each border.
type blocks struct{ bh, bw, top, bottom, left, right int }

func (c *Call) blocks() (b blocks, err error) {
	size, border := c.intsIn(1), c.intsIn(2)
	if c.In(0).Rank != 4 || len(size) != 2 || len(border) != 4 {
		return b, fmt.Errorf("rank %d, %d block sizes and %d border sizes where 4, 2 and 4 are expected", c.In(0).Rank, len(size), len(border))
	}
	for _, v := range border {
		if v < 0 || v > array.MaxElements {
			return b, fmt.Errorf("a border is %d", v)
		}
	}
	if size[0] < 1 || size[1] < 1 || size[0] > 1<<14 || size[1] > 1<<14 {
		return b, fmt.Errorf("blocks are %d by %d", size[0], size[1])
	}
	return blocks{int(size[0]), int(size[1]), int(border[0]), int(border[1]), int(border[2]), int(border[3])}, nil
}

func toBatchShape(c *Call) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	x := c.In(0)
	h, w := x.Dims[2]+b.top+b.bottom, x.Dims[3]+b.left+b.right
	if h%b.bh != 0 || w%b.bw != 0 {
		return fmt.Errorf("%d by %d does not divide into blocks of %d by %d", h, w, b.bh, b.bw)
	}
	return c.out(0).SetShape(x.Dims[0]*b.bh*b.bw, x.Dims[1], h/b.bh, w/b.bw)
}

func fromBatchShape(c *Call) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	x := c.In(0)
	h, w := x.Dims[2]*b.bh-b.top-b.bottom, x.Dims[3]*b.bw-b.left-b.right
	if x.Dims[0]%(b.bh*b.bw) != 0 {
		return fmt.Errorf("batch of %d does not divide into blocks of %d by %d", x.Dims[0], b.bh, b.bw)
	}
	return c.out(0).SetShape(x.Dims[0]/(b.bh*b.bw), x.Dims[1], h, w)
}

// spaceToBatch spreads the places of each block over the batch; the border is
// zero.
func spaceToBatch(c *Call) error { return c.exchangeBlocks(c.out(0), c.In(0), true) }

// batchToSpace undoes spaceToBatch.
func batchToSpace(c *Call) error { return c.exchangeBlocks(c.In(0), c.out(0), false) }

// exchangeBlocks moves the elements of x to output 0. many is the one of the two
// with the larger batch, space the other.
func (c *Call) exchangeBlocks(many, space *array.Value, spread bool) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	out := c.out(0)
	f, i := c.either(c.In(0))
	c.newOut(0)
	if (f == nil) != (out.Repr == array.ReprI32) {
		return errTypes
	}
	if f == nil {
		exchange(&c.Env.Poller, out.I32, i, many, space, b, spread)
	} else {
		exchange(&c.Env.Poller, out.F32, f, many, space, b, spread)
	}
	return nil
}

// errTypes is the fault of a program whose result is of another kind than x.
var errTypes = fmt.Errorf("the result's type does not go with x")

// exchange pairs the elements of many (the batch of blocks) with those of space
// and copies in the direction asked for.
func exchange[T any](p *array.Poller, dst, src []T, many, space *array.Value, b blocks, toMany bool) {
	n, ch, h, w := space.Dims[0], space.Dims[1], space.Dims[2], space.Dims[3]
	at := 0
	work := array.Counter{Poller: p}
	for m := range many.Dims[0] {
		block := m / max(n, 1)
		for k := range ch {
			for r := range many.Dims[2] {
				for q := range many.Dims[3] {
					work.Add(4)
					y := r*b.bh + block/b.bw - b.top
					x := q*b.bw + block%b.bw - b.left
					inside := y >= 0 && y < h && x >= 0 && x < w
					to := ((m%max(n, 1)*ch+k)*h+y)*w + x
					switch {
					case toMany && inside:
						dst[at] = src[to]
					case toMany:
						dst[at] = *new(T)
					case inside:
						dst[to] = src[at]
					}
					at++
				}
			}
		}
	}
}

// cropWindow reads what is cut from the borders of the last two dimensions.
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

// crop takes the window inside the borders.
func crop(c *Call) error {
	x := c.In(0)
	w, err := c.cropWindow(x)
	if err != nil {
		return err
	}
	return c.cutCopy(x, &w)
}

// reverseSequence turns round the first lengths[b] elements along seq_axis for
// every index b of batch_axis.
func reverseSequence(c *Call) error {
	x, lengths := c.In(0), c.intsIn(1)
	seq, batch, err := c.sequences()
	if err != nil {
		return err
	}
	f, i := c.either(x)
	c.newOut(0)
	out := c.out(0)
	if (f == nil) != (out.Repr == array.ReprI32) {
		return errTypes
	}
	if f == nil {
		turnLanes(&c.Env.Poller, out.I32, i, x, lengths, seq, batch)
	} else {
		turnLanes(&c.Env.Poller, out.F32, f, x, lengths, seq, batch)
	}
	return nil
}

// sequences returns the axes of reverse_sequence after a check of the lengths.
func (c *Call) sequences() (seq, batch int, err error) {
	x := c.In(0)
	if seq, err = c.axisIn(2, 0, x); err != nil {
		return 0, 0, err
	}
	if batch, err = c.axisIn(3, 0, x); err != nil {
		return 0, 0, err
	}
	if n := c.In(1).Len(); n != x.Dims[batch] {
		return 0, 0, fmt.Errorf("%d lengths for dimension %d of %d", n, batch, x.Dims[batch])
	}
	for _, n := range c.intsIn(1) {
		if n < 0 || int(n) > x.Dims[seq] {
			return 0, 0, fmt.Errorf("length %d is outside dimension %d of %d", n, seq, x.Dims[seq])
		}
	}
	return seq, batch, nil
}

func turnLanes[T any](p *array.Poller, dst, src []T, x *array.Value, lengths []int32, seq, batch int) {
	inSeq, inBatch := x.Span(seq+1, x.Rank), x.Span(batch+1, x.Rank)
	work := array.Counter{Poller: p}
	for k := range x.Len() {
		work.Add(4)
		s, b := k/inSeq%x.Dims[seq], k/inBatch%x.Dims[batch]
		from := k
		if n := int(lengths[b]); s < n {
			from = k + (n-1-2*s)*inSeq
		}
		dst[k] = src[from]
	}
}
