package quantize

import (
	"context"
	"math"
	"sync/atomic"

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
	codes  []byte // a code to a byte, or nil
	packed []byte // as a plane holds them, or nil
	scale  []float32
	offset []byte // nil without offsets
	shape  []int  // of scales
}

// linear finds the codes of a dense tensor. With pack, they may be packed at once.
func linear(ctx context.Context, t *Tensor, l Linear, pack bool) (*quantized, error) {
	sizes := l.blockSizes(t)
	g, err := gridOf(t.Shape, sizes)
	if err != nil {
		return nil, err
	}
	q := &quantized{scale: make([]float32, g.total), shape: cellShape(t.Shape, sizes)}
	if l.mode() == Asymmetric || !l.Type.IsSigned() {
		q.offset = make([]byte, g.total)
	}
	if block := g.blocks[0]; len(g.dims) == 1 && block < 1<<16 {
		return q, q.blockwise(ctx, t, l, block, pack && block*l.Type.Bits()%8 == 0)
	}
	coders, err := l.coders(ctx, t, g, q)
	if err != nil {
		return nil, err
	}
	q.codes = make([]byte, len(t.Values))
	return q, parallel(ctx, t.Threads, len(t.Values), grainOf, func(lo, hi int) {
		g.runs(lo, hi, func(lo, hi, cell int) { coders[cell].code(q.codes[lo:hi], t.Values[lo:hi]) })
	})
}

// blockwise is linear for blocks that lie one after the other, each of which then is
// read once from memory.
func (q *quantized) blockwise(ctx context.Context, t *Tensor, l Linear, block int, pack bool) error {
	bits := l.Type.Bits()
	if pack {
		q.packed = make([]byte, len(t.Values)*bits/8)
	} else {
		q.codes = make([]byte, len(t.Values))
	}
	var infinite atomic.Bool
	err := parallel(ctx, t.Threads, len(q.scale), max(grainOf/block, 1), func(lo, hi int) {
		if pack && l.quick() && t.float() == dtype.Float16 && q.quickly(t, block, lo, hi) {
			return
		}
		kept := make([]byte, block)
		k := l.kind(t.float())
		for cell := lo; cell < hi; cell++ {
			at := cell * block
			values := t.Values[at : at+block]
			low, high, ok := l.span(values)
			if !ok {
				infinite.Store(true)
				return
			}
			c := k.coder(low, high)
			q.set(cell, &c)
			if pack {
				c.code(kept, values)
				packRange(q.packed[at*bits/8:(at+block)*bits/8], kept, bits)
			} else {
				c.code(q.codes[at:at+block], values)
			}
		}
	})
	if infinite.Load() {
		return finite(t.Values)
	}
	return err
}

// quickly is blockwise for the cells lo to hi, where encodeInt4 makes their codes. It
// reports false where they go the long way, which then makes all of them.
func (q *quantized) quickly(t *Tensor, block, lo, hi int) bool {
	scales := make([]uint16, hi-lo)
	if _, _, ok := encodeInt4(t.Values[lo*block:hi*block], block, q.packed[lo*block/2:hi*block/2], scales); !ok {
		return false
	}
	for i, s := range scales {
		q.scale[lo+i] = dtype.Float16ToFloat32(s)
	}
	return true
}

// set keeps scale and offset of a cell.
func (q *quantized) set(cell int, c *coder) {
	q.scale[cell] = c.scale
	if q.offset != nil {
		q.offset[cell] = byte(int8OrNone(c.zero))
	}
}

// coders finds scale and offset of each cell, wherever its values lie.
func (l Linear) coders(ctx context.Context, t *Tensor, g *grid, q *quantized) ([]coder, error) {
	low, high := make([]float32, g.total), make([]float32, g.total)
	inf := float32(math.Inf(1))
	for i := range low {
		low[i], high[i] = inf, -inf
	}
	all := true
	err := parallel(ctx, 1, len(t.Values), grainOf, func(lo, hi int) {
		g.runs(lo, hi, func(lo, hi, cell int) {
			a, b, ok := l.span(t.Values[lo:hi])
			low[cell], high[cell] = min(low[cell], a), max(high[cell], b)
			all = all && ok
		})
	})
	if err == nil && !all {
		err = finite(t.Values)
	}
	coders := make([]coder, g.total)
	k := l.kind(t.float())
	for i := range coders {
		coders[i] = k.coder(low[i], high[i])
		q.set(i, &coders[i])
	}
	return coders, err
}

// span returns the least and the largest of values, of which symmetric codes need no
// more than the magnitude, and whether all are finite.
func (l Linear) span(values []float32) (low, high float32, ok bool) {
	if l.mode() == Symmetric {
		b := magnitude(values)
		high = math.Float32frombits(b)
		return -high, high, b < infinity
	}
	return span(values)
}

// infinity is the bits of the infinite float32; those of what is no number are above.
const infinity = 0x7f800000

// magnitude returns the bits of the largest magnitude.
func magnitude(values []float32) uint32 {
	var a, b, c, d uint32 // four, so that no comparison waits for another
	for ; len(values) >= 4; values = values[4:] {
		a = max(a, math.Float32bits(values[0])<<1)
		b = max(b, math.Float32bits(values[1])<<1)
		c = max(c, math.Float32bits(values[2])<<1)
		d = max(d, math.Float32bits(values[3])<<1)
	}
	for _, v := range values {
		a = max(a, math.Float32bits(v)<<1)
	}
	return max(a, b, c, d) >> 1
}

// span returns the least and the largest of values, and whether all are finite.
func span(values []float32) (low, high float32, ok bool) {
	// Integers that are ordered as the numbers are.
	order := func(v float32) int32 {
		b := int32(math.Float32bits(v))
		return b ^ int32(uint32(b>>31)>>1)
	}
	least, most := int32(math.MaxInt32), int32(math.MinInt32)
	for _, v := range values {
		o := order(v)
		least, most = min(least, o), max(most, o)
	}
	back := func(o int32) float32 { return math.Float32frombits(uint32(o ^ int32(uint32(o>>31)>>1))) }
	low, high = back(least), back(most)
	return low, high, magnitude([]float32{low, high}) < infinity
}

// coder finds the codes of one cell. least and most bound the code before the offset
// is added.
type coder struct {
	scale, zero float32
	least, most float32
	lo, hi      float32
	half, plain bool
}

// kind is what all coders of a weight have in common.
type kind struct {
	lo, hi, middle        float32
	symmetric, zero, half bool
}

func (l Linear) kind(float dtype.Type) kind {
	lo, hi := l.limits()
	return kind{
		lo: lo, hi: hi, middle: float32(math.Floor(float64(hi / 2))),
		symmetric: l.mode() == Symmetric, zero: !l.Type.IsSigned(), half: float == dtype.Float16,
	}
}

// round rounds to the type of the weight.
func (k *kind) round(x float32) float32 {
	if k.half {
		return round16(x)
	}
	return x
}

// coder computes scale and offset from the range of a cell, each operation rounded to
// the type of the weight.
func (k *kind) coder(low, high float32) coder {
	c := coder{lo: k.lo, hi: k.hi, half: k.half}
	if k.symmetric {
		high = max(abs32(low), abs32(high))
		low = -high
	} else {
		low, high = min(0, low), max(0, high)
	}
	width := k.round(high - low)
	c.scale = k.round(width / (k.hi - k.lo))
	switch {
	case !k.symmetric:
		// The code of 0. Without a width it is no number, and so are the codes.
		shift := k.round(k.round(k.lo*high) - k.round(k.hi*low))
		c.zero = float32(math.RoundToEven(float64(k.round(shift / width))))
		c.zero = clip(c.zero, k.lo, k.hi)
	case k.zero:
		c.zero = k.middle
	}
	c.least, c.most = k.lo-c.zero, k.hi-c.zero
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
	bottom, top := int32(least), int32(most)
	for i, v := range values {
		b := math.Float32bits(v / scale)
		if c.half {
			b = (b + 0xfff + b>>13&1) &^ 0x1fff
		}
		if b<<1 >= far<<1 { // beyond all codes, and beyond what the sum below rounds
			b = b&(1<<31) | far
		}
		q := int32(math.Float32bits(math.Float32frombits(b)+magic)) - int32(magicBits)
		codes[i] = byte(min(max(q, bottom), top) + zero)
	}
}

// far is the bits of 1024, and magicBits those of the number that rounds.
const (
	far       = 0x44800000
	magicBits = 0x4b400000
)

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
