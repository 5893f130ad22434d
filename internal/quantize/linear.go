package quantize

import (
	"context"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
)

// blockSizes returns the sizes of the blocks along each axis, 0 for a whole one.
func (l Linear) blockSizes(t *Tensor) []int {
	if l.Blocks != nil {
		return l.Blocks
	}
	sizes := make([]int, len(t.Shape))
	set := func(axis, n int) {
		if axis < len(sizes) {
			sizes[axis] = n
		}
	}
	switch l.grain() {
	case PerChannel:
		set(t.Out, 1)
	case PerBlock:
		set(t.In, l.size())
		set(t.Out, 1)
	}
	return sizes
}

// limits returns the least and the largest code.
func (l Linear) limits() (lo, hi float32) {
	n := float32(int(1) << l.Type.Bits())
	hi = n - 1
	if l.Type.IsSigned() {
		lo, hi = -n/2, n/2-1
	}
	if l.mode() == Symmetric { // as many codes below zero as above
		if l.Type.IsSigned() {
			lo++
		} else {
			hi--
		}
	}
	return lo, hi
}

// quantized is a tensor of codes with their scales.
type quantized struct {
	codes  []byte
	scale  []float32
	offset []byte // nil without offsets
	shape  []int  // of scales
}

// linear finds the codes of a dense tensor.
func linear(ctx context.Context, t *Tensor, l Linear) (*quantized, error) {
	sizes := l.blockSizes(t)
	g, err := gridOf(t.Shape, sizes)
	if err != nil {
		return nil, err
	}
	low, high, err := ranges(ctx, t, g)
	if err != nil {
		return nil, err
	}
	q := &quantized{codes: make([]byte, len(t.Values)), scale: low, shape: cellShape(t.Shape, sizes)}
	coders := make([]coder, g.total)
	for i := range coders {
		coders[i] = l.coder(t.float(), low[i], high[i])
		q.scale[i] = coders[i].scale
	}
	if l.mode() == Asymmetric || !l.Type.IsSigned() {
		q.offset = make([]byte, g.total)
		for i := range q.offset {
			q.offset[i] = byte(int8OrNone(coders[i].zero))
		}
	}
	err = parallel(ctx, t.Threads, len(t.Values), grainOf, func(lo, hi int) {
		g.runs(lo, hi, func(lo, hi, cell int) { coders[cell].code(q.codes[lo:hi], t.Values[lo:hi]) })
	})
	return q, err
}

// ranges returns the least and the largest value of each cell.
func ranges(ctx context.Context, t *Tensor, g *grid) (low, high []float32, err error) {
	low, high = make([]float32, g.total), make([]float32, g.total)
	inf := float32(math.Inf(1))
	for i := range low {
		low[i], high[i] = inf, -inf
	}
	bad := make([]uint32, g.total) // the bits of the largest magnitude
	visit := func(lo, hi, cell int) {
		a, b, m := span(t.Values[lo:hi])
		low[cell], high[cell], bad[cell] = min(low[cell], a), max(high[cell], b), max(bad[cell], m)
	}
	if block := g.blocks[0]; len(g.dims) == 1 && block < 1<<16 {
		// Each cell lies in one piece: cells can be shared out.
		err = parallel(ctx, t.Threads, g.total, max(grainOf/block, 1), func(lo, hi int) {
			g.runs(lo*block, hi*block, visit)
		})
	} else {
		err = parallel(ctx, 1, len(t.Values), grainOf, func(lo, hi int) { g.runs(lo, hi, visit) })
	}
	if err == nil && slices.Max(bad) >= 0x7f800000 {
		err = finite(t.Values)
	}
	return low, high, err
}

// span returns the least and the largest of values and the bits of the largest
// magnitude, by which infinities and what is no number show.
func span(values []float32) (low, high float32, magnitude uint32) {
	low, high = values[0], values[0]
	for _, v := range values {
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
		magnitude = max(magnitude, math.Float32bits(v)&0x7fffffff)
	}
	return low, high, magnitude
}

// coder finds the codes of one cell. least and most bound the code before the offset
// is added.
type coder struct {
	scale, zero float32
	least, most float32
	lo, hi      float32
	half, plain bool
}

// coder computes scale and offset from the range of a cell, each operation rounded to
// the type of the weight.
func (l Linear) coder(float dtype.Type, low, high float32) coder {
	round := rounding(float)
	lo, hi := l.limits()
	c := coder{lo: lo, hi: hi, half: float == dtype.Float16}
	if l.mode() == Symmetric {
		high = max(abs32(low), abs32(high))
		low = -high
	} else {
		low, high = min(0, low), max(0, high)
	}
	width := round(high - low)
	c.scale = round(width / (hi - lo))
	switch {
	case l.mode() == Asymmetric:
		// The code of 0. Without a width it is no number, and so are the codes.
		shift := round(round(lo*high) - round(hi*low))
		c.zero = float32(math.RoundToEven(float64(round(shift / width))))
		c.zero = clip(c.zero, lo, hi)
	case !l.Type.IsSigned():
		c.zero = float32(math.Floor(float64(hi / 2)))
	}
	c.least, c.most = lo-c.zero, hi-c.zero
	c.plain = c.scale > 0 && c.scale <= math.MaxFloat32 && c.zero == c.zero
	return c
}

// code finds codes: the nearest multiple of the scale, ties to the even one, after the
// quotient was rounded to the type of the weight.
func (c *coder) code(codes []byte, values []float32) {
	if !c.plain {
		c.codeOdd(codes, values)
		return
	}
	codes = codes[:len(values)]
	scale, least, most, zero := c.scale, c.least, c.most, int32(c.zero)
	// Adding and subtracting this rounds to an integer, ties to even. What is too small
	// to be a normal number of fp16 becomes 0 however it is rounded before.
	const magic = 1.5 * (1 << 23)
	if !c.half {
		for i, v := range values {
			q := min(max(v/scale, least), most)
			codes[i] = byte(int32(math.Float32bits(q+magic)) + zero)
		}
		return
	}
	for i, v := range values {
		b := math.Float32bits(v / scale)
		q := math.Float32frombits((b + 0xfff + b>>13&1) &^ 0x1fff)
		if q < least {
			q = least
		}
		if q > most {
			q = most
		}
		codes[i] = byte(int32(math.Float32bits(q+magic)) + zero)
	}
}

// codeOdd finds codes where the scale is 0 or infinite, or the offset no number: then
// a code may be no number either, which is stored as 0.
func (c *coder) codeOdd(codes []byte, values []float32) {
	for i, v := range values {
		q := v / c.scale
		if c.half {
			q = round16(q)
		}
		q = float32(math.RoundToEven(float64(q))) + c.zero
		codes[i] = byte(int8OrNone(clip(q, c.lo, c.hi)))
	}
}

// int8OrNone converts a code of at most 8 bits. What is no number becomes 0.
func int8OrNone(x float32) int32 {
	if x != x {
		return 0
	}
	return int32(x)
}

// clip is min(max(x, lo), hi), and what is no number stays so.
func clip(x, lo, hi float32) float32 {
	if x < lo {
		return lo
	}
	if x > hi {
		return hi
	}
	return x
}

func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
