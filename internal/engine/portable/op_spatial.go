package portable

import "fmt"

func init() {
	add(
		operator{name: "pad", params: in("x*", "pad!", "mode", "constant_val"), shape: padShape, eval: pad, exact: true},
		operator{name: "depth_to_space", params: in("x", "block_size!"), shape: unfoldShape, eval: depthToSpace, exact: true},
		operator{name: "pixel_shuffle", params: in("x", "upscale_factor!"), shape: unfoldShape, eval: pixelShuffle, exact: true},
		operator{name: "space_to_depth", params: in("x", "block_size!"), shape: foldShape, eval: spaceToDepth, exact: true},
		operator{name: "pixel_unshuffle", params: in("x", "downscale_factor!"), shape: foldShape, eval: pixelUnshuffle, exact: true},
		operator{name: "space_to_batch", params: in("x", "block_shape!", "paddings!"), shape: toBatchShape, eval: spaceToBatch, exact: true},
		operator{name: "batch_to_space", params: in("x", "block_shape!", "crops!"), shape: fromBatchShape, eval: batchToSpace, exact: true},
		operator{name: "crop", params: in("x", "crop_height!", "crop_width!"), shape: cropShape, eval: crop, exact: true},
		operator{name: "reverse_sequence", params: in("x", "lengths!", "seq_axis", "batch_axis"), eval: reverseSequence, exact: true},
	)
}

// margins reads pad: two numbers for each of the last dimensions of x.
func (c *call) margins(x *value) (before, after [maxRank]int, err error) {
	p := c.intsIn(1)
	if len(p)%2 != 0 || len(p)/2 > x.rank {
		return before, after, fmt.Errorf("pad holds %d numbers for x of rank %d", len(p), x.rank)
	}
	for k := range len(p) / 2 {
		b, a := p[2*k], p[2*k+1]
		if b < 0 || a < 0 || b > maxElements || a > maxElements {
			return before, after, fmt.Errorf("pad is %d and %d for dimension %d", b, a, k)
		}
		d := x.rank - len(p)/2 + k
		before[d], after[d] = int(b), int(a)
	}
	return before, after, nil
}

func padShape(c *call) error {
	x := c.in(0)
	before, after, err := c.margins(x)
	if err != nil {
		return err
	}
	dims := x.dims
	for d := range x.rank {
		dims[d] += before[d] + after[d]
	}
	return c.out(0).setShape(dims[:x.rank]...)
}

// pad surrounds x by a constant, by its own mirror image (the border not
// repeated), or by its border.
func pad(c *call) error {
	x, out := c.in(0), c.out(0)
	before, after, err := c.margins(x)
	if err != nil {
		return err
	}
	mode, err := c.textIn(2, "constant")
	if err != nil {
		return err
	}
	for d, n := range x.shape() {
		m := max(before[d], after[d])
		if mode == "reflect" && m > 0 && m > n-1 || mode == "replicate" && m > 0 && n == 0 {
			return fmt.Errorf("%d elements of %s do not fit dimension %d of %d", m, mode, d, n)
		}
	}
	c.newOut(0)
	switch mode {
	case "constant":
		if err := c.padConstant(); err != nil {
			return err
		}
		w := c.nest()
		w.denseStrides(0, out.shape())
		for d := range x.rank {
			w.at[0] += before[d] * w.stride[0][d]
		}
		c.place(&w, x, x.rank)
	case "reflect", "replicate":
		if out.repr == reprI32 {
			mirror(&c.fr.poller, out, out.i, c.i32(x), x, &before, mode == "reflect")
		} else {
			mirror(&c.fr.poller, out, out.f, c.f32(x), x, &before, mode == "reflect")
		}
	default:
		return fmt.Errorf("mode %q is unknown", mode)
	}
	return nil
}

// padConstant fills the output with constant_val.
func (c *call) padConstant() error {
	out := c.out(0)
	if out.repr == reprF32 {
		v, err := c.floatIn(3, 0)
		if err != nil {
			return err
		}
		setAll(&c.fr.poller, out.f[:out.len()], v)
		return nil
	}
	v, err := c.intIn(3, 0)
	if err != nil {
		return err
	}
	setAll(&c.fr.poller, out.i[:out.len()], wrap(int64(v), out.dt))
	return nil
}

// mirror fills every element of out from the element of x that a mirror at the
// border (reflect) or the border itself shows.
func mirror[T any](p *poller, out *value, dst, src []T, x *value, before *[maxRank]int, reflect bool) {
	var idx [maxRank]int
	work := counter{p: p}
	for k := range out.len() {
		work.add(4)
		at := 0
		for d := range x.rank {
			n := x.dims[d]
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
		for d := x.rank - 1; d >= 0; d-- {
			if idx[d]++; idx[d] < out.dims[d] {
				break
			}
			idx[d] = 0
		}
	}
}

// image checks that x is [batch, channels, height, width] and reads the factor,
// operand 1.
func (c *call) image() (n, ch, h, w, f int, err error) {
	x := c.in(0)
	if x.rank != 4 {
		return 0, 0, 0, 0, 0, fmt.Errorf("x has rank %d where 4 is expected", x.rank)
	}
	if f, err = c.intIn(1, 1); err != nil {
		return 0, 0, 0, 0, 0, err
	}
	if f < 1 || f > 1<<14 {
		return 0, 0, 0, 0, 0, fmt.Errorf("%s is %d", c.name(1), f)
	}
	return x.dims[0], x.dims[1], x.dims[2], x.dims[3], f, nil
}

// unfoldShape is [n, C/f², H·f, W·f].
func unfoldShape(c *call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	if ch%(f*f) != 0 {
		return fmt.Errorf("%d channels do not divide into blocks of %d by %d", ch, f, f)
	}
	return c.out(0).setShape(n, ch/(f*f), h*f, w*f)
}

// foldShape is [n, C·f², H/f, W/f].
func foldShape(c *call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	if h%f != 0 || w%f != 0 {
		return fmt.Errorf("%d by %d does not divide into blocks of %d by %d", h, w, f, f)
	}
	return c.out(0).setShape(n, ch*f*f, h/f, w/f)
}

// rearrange copies x, seen as dims, to output 0 with its dimensions in another
// order: dimension d of the result is dimension order[d] of dims.
func (c *call) rearrange(dims, order [6]int) error {
	x := c.in(0)
	from, w := nest{}, c.nest()
	from.denseStrides(1, dims[:])
	var to [6]int
	for d, o := range order {
		to[d] = dims[o]
		w.stride[1][d] = from.stride[1][o]
	}
	w.denseStrides(0, to[:])
	if c.floatOut(0) {
		src := c.f32(x)
		dst := c.newF32(0)
		if w.start(to[:], 2) {
			copyRows(&w, dst, src)
		}
		return nil
	}
	src := c.i32(x)
	dst := c.newI32(0)
	if w.start(to[:], 2) {
		copyRows(&w, dst, src)
	}
	return nil
}

// depthToSpace reads the channels as [block row, block column, channel].
func depthToSpace(c *call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, f, f, ch / (f * f), h, w}, [6]int{0, 3, 4, 1, 5, 2})
}

// pixelShuffle reads the channels as [channel, block row, block column].
func pixelShuffle(c *call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, ch / (f * f), f, f, h, w}, [6]int{0, 1, 4, 2, 5, 3})
}

// spaceToDepth undoes depthToSpace.
func spaceToDepth(c *call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, ch, h / f, f, w / f, f}, [6]int{0, 3, 5, 1, 2, 4})
}

// pixelUnshuffle undoes pixelShuffle.
func pixelUnshuffle(c *call) error {
	n, ch, h, w, f, err := c.image()
	if err != nil {
		return err
	}
	return c.rearrange([6]int{n, ch, h / f, f, w / f, f}, [6]int{0, 1, 3, 5, 2, 4})
}

// blocks are the operands of space_to_batch and batch_to_space: the size of a
// block and what is added to or cut from each border.
type blocks struct{ bh, bw, top, bottom, left, right int }

func (c *call) blocks() (b blocks, err error) {
	size, border := c.intsIn(1), c.intsIn(2)
	if c.in(0).rank != 4 || len(size) != 2 || len(border) != 4 {
		return b, fmt.Errorf("rank %d, %d block sizes and %d border sizes where 4, 2 and 4 are expected", c.in(0).rank, len(size), len(border))
	}
	for _, v := range border {
		if v < 0 || v > maxElements {
			return b, fmt.Errorf("a border is %d", v)
		}
	}
	if size[0] < 1 || size[1] < 1 || size[0] > 1<<14 || size[1] > 1<<14 {
		return b, fmt.Errorf("blocks are %d by %d", size[0], size[1])
	}
	return blocks{int(size[0]), int(size[1]), int(border[0]), int(border[1]), int(border[2]), int(border[3])}, nil
}

func toBatchShape(c *call) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	x := c.in(0)
	h, w := x.dims[2]+b.top+b.bottom, x.dims[3]+b.left+b.right
	if h%b.bh != 0 || w%b.bw != 0 {
		return fmt.Errorf("%d by %d does not divide into blocks of %d by %d", h, w, b.bh, b.bw)
	}
	return c.out(0).setShape(x.dims[0]*b.bh*b.bw, x.dims[1], h/b.bh, w/b.bw)
}

func fromBatchShape(c *call) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	x := c.in(0)
	h, w := x.dims[2]*b.bh-b.top-b.bottom, x.dims[3]*b.bw-b.left-b.right
	if x.dims[0]%(b.bh*b.bw) != 0 {
		return fmt.Errorf("batch of %d does not divide into blocks of %d by %d", x.dims[0], b.bh, b.bw)
	}
	return c.out(0).setShape(x.dims[0]/(b.bh*b.bw), x.dims[1], h, w)
}

// spaceToBatch spreads the places of each block over the batch; the border is
// zero.
func spaceToBatch(c *call) error { return c.exchangeBlocks(c.out(0), c.in(0), true) }

// batchToSpace undoes spaceToBatch.
func batchToSpace(c *call) error { return c.exchangeBlocks(c.in(0), c.out(0), false) }

// exchangeBlocks moves the elements of x to output 0. many is the one of the two
// with the larger batch, space the other.
func (c *call) exchangeBlocks(many, space *value, spread bool) error {
	b, err := c.blocks()
	if err != nil {
		return err
	}
	out := c.out(0)
	f, i := c.either(c.in(0))
	c.newOut(0)
	if (f == nil) != (out.repr == reprI32) {
		return errTypes
	}
	if f == nil {
		exchange(&c.fr.poller, out.i, i, many, space, b, spread)
	} else {
		exchange(&c.fr.poller, out.f, f, many, space, b, spread)
	}
	return nil
}

// errTypes is the fault of a program whose result is of another kind than x.
var errTypes = fmt.Errorf("the result's type does not go with x")

// exchange pairs the elements of many (the batch of blocks) with those of space
// and copies in the direction asked for.
func exchange[T any](p *poller, dst, src []T, many, space *value, b blocks, toMany bool) {
	n, ch, h, w := space.dims[0], space.dims[1], space.dims[2], space.dims[3]
	at := 0
	work := counter{p: p}
	for m := range many.dims[0] {
		block := m / max(n, 1)
		for k := range ch {
			for r := range many.dims[2] {
				for q := range many.dims[3] {
					work.add(4)
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
func (c *call) cropWindow(x *value) (w window, err error) {
	rows, cols := c.intsIn(1), c.intsIn(2)
	if x.rank < 2 || len(rows) != 2 || len(cols) != 2 {
		return w, fmt.Errorf("rank %d, %d and %d border sizes where at least 2, 2 and 2 are expected", x.rank, len(rows), len(cols))
	}
	for d, n := range x.shape() {
		w.step[d], w.count[d] = 1, n
	}
	for k, cut := range [2][]int32{rows, cols} {
		d := x.rank - 2 + k
		b, a := int(cut[0]), int(cut[1])
		if b < 0 || a < 0 || b+a > x.dims[d] {
			return w, fmt.Errorf("%d and %d cannot be cut from dimension %d of %d", b, a, d, x.dims[d])
		}
		w.begin[d], w.count[d] = b, x.dims[d]-b-a
	}
	return w, nil
}

func cropShape(c *call) error {
	x := c.in(0)
	w, err := c.cropWindow(x)
	if err != nil {
		return err
	}
	return c.out(0).setShape(w.count[:x.rank]...)
}

func crop(c *call) error {
	x := c.in(0)
	w, err := c.cropWindow(x)
	if err != nil {
		return err
	}
	return c.cutCopy(x, &w)
}

// reverseSequence turns round the first lengths[b] elements along seq_axis for
// every index b of batch_axis.
func reverseSequence(c *call) error {
	x, lengths := c.in(0), c.intsIn(1)
	seq, err := c.axisIn(2, 0, x)
	if err != nil {
		return err
	}
	batch, err := c.axisIn(3, 0, x)
	if err != nil {
		return err
	}
	if len(lengths) != x.dims[batch] {
		return fmt.Errorf("%d lengths for dimension %d of %d", len(lengths), batch, x.dims[batch])
	}
	for _, n := range lengths {
		if n < 0 || int(n) > x.dims[seq] {
			return fmt.Errorf("length %d is outside dimension %d of %d", n, seq, x.dims[seq])
		}
	}
	f, i := c.either(x)
	c.newOut(0)
	out := c.out(0)
	if (f == nil) != (out.repr == reprI32) {
		return errTypes
	}
	if f == nil {
		turnLanes(&c.fr.poller, out.i, i, x, lengths, seq, batch)
	} else {
		turnLanes(&c.fr.poller, out.f, f, x, lengths, seq, batch)
	}
	return nil
}

func turnLanes[T any](p *poller, dst, src []T, x *value, lengths []int32, seq, batch int) {
	inSeq, inBatch := x.span(seq+1, x.rank), x.span(batch+1, x.rank)
	work := counter{p: p}
	for k := range x.len() {
		work.add(4)
		s, b := k/inSeq%x.dims[seq], k/inBatch%x.dims[batch]
		from := k
		if n := int(lengths[b]); s < n {
			from = k + (n-1-2*s)*inSeq
		}
		dst[k] = src[from]
	}
}
