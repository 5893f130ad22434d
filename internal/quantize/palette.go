package quantize

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
)

// indexTypes are the types of indices by their bits.
var indexTypes = map[int]dtype.Type{
	1: dtype.UInt1, 2: dtype.UInt2, 3: dtype.UInt3, 4: dtype.UInt4, 6: dtype.UInt6, 8: dtype.UInt8,
}

// table is a palette, or one for each group of channels, with the indices into it.
type table struct {
	entries   []float32
	shape     []int // of the entries: a group along its axis, then the entries and their elements
	axis      int
	index     dtype.Type
	codes     []byte
	codeShape []int
}

// groups is how a tensor's channels are taken together: outer by channels by inner
// elements, size channels to a group, vector of them to an entry.
type groups struct {
	outer, channels, inner, size, vector, axis int
}

func (p Palette) groups(t *Tensor) (*groups, error) {
	g := &groups{axis: t.Out, vector: p.vector(), outer: 1, inner: 1}
	if p.Axis > 0 {
		g.axis = p.Axis - 1
	}
	if g.axis >= len(t.Shape) {
		return nil, unfit("no axis %d in shape %v", g.axis, t.Shape)
	}
	for _, n := range t.Shape[:g.axis] {
		g.outer *= n
	}
	for _, n := range t.Shape[g.axis+1:] {
		g.inner *= n
	}
	g.channels = t.Shape[g.axis]
	g.size = g.channels
	if p.grain() == PerGroup {
		g.size = p.size()
	}
	if len(t.Values) == 0 || g.channels%g.size != 0 || g.size%g.vector != 0 {
		return nil, unfit("%d channels in groups of %d, vectors of %d", g.channels, g.size, g.vector)
	}
	return g, nil
}

// budget is how much is tried for the vectors of each group.
func (p Palette) budget(t *Tensor) int {
	g, err := p.groups(t)
	if err != nil {
		return groupWork
	}
	return max(groupWork, vectorWork/(g.channels/g.size))
}

// gather returns the vectors of a group one after the other.
func (g *groups) gather(values []float32, group int) []float32 {
	v := g.vector
	out := make([]float32, 0, g.outer*g.size*g.inner)
	for o := range g.outer {
		piece := values[(o*g.channels+group*g.size)*g.inner:][:g.size*g.inner]
		if v == 1 {
			out = append(out, piece...)
			continue
		}
		for c := 0; c < g.size; c += v {
			for i := range g.inner {
				for k := range v {
					out = append(out, piece[(c+k)*g.inner+i])
				}
			}
		}
	}
	return out
}

// scatter puts a group's indices where they belong.
func (g *groups) scatter(codes, group []byte, number int) {
	n := g.size / g.vector * g.inner
	for o := range g.outer {
		at := (o*g.channels + number*g.size) / g.vector * g.inner
		copy(codes[at:at+n], group[o*n:])
	}
}

// fitter makes the palette of one group: 1<<bits entries, each of some elements, and
// the index of each vector.
// weights say how much the error of each number counts; nil is alike.
type fitter func(values, weights []float32, vector, bits int) (entries []float32, codes []byte)

// palette finds the palettes of a tensor. In a sparse one zeros are not stored, and
// k-means does not spend an entry on them. weights say how much the error of each number
// counts for k-means of single numbers; nil is alike.
func palette(ctx context.Context, t *Tensor, weights []float32, p Palette, sparse bool) (*table, error) {
	float := t.float()
	round := func(x float64) float64 { return float64(as(float, x)) }
	var fit fitter
	switch p.mode() {
	case Uniform:
		fit = func(v, _ []float32, _, bits int) ([]float32, []byte) { return uniform(float, v, bits) }
	case Unique:
		fit = unique
	default:
		fit = func(v, w []float32, vector, bits int) ([]float32, []byte) {
			return kmeans(v, w, vector, bits, p.budget(t), sparse, round)
		}
	}
	return tables(ctx, t, weights, p, fit)
}

// integerPalette is palette for codes of 8 bits, whose entries are such codes.
func integerPalette(ctx context.Context, t *Tensor, p Palette) (*table, error) {
	fit := fitter(unique)
	switch p.mode() {
	case Uniform:
		fit = func(v, _ []float32, _, bits int) ([]float32, []byte) { return uniformIntegers(v, bits) }
	case KMeans:
		fit = func(v, _ []float32, vector, bits int) ([]float32, []byte) {
			return kmeans(v, nil, vector, bits, p.budget(t), false, math.RoundToEven)
		}
	}
	return tables(ctx, t, nil, p, fit)
}

// tables fits each group by itself, in parallel.
func tables(ctx context.Context, t *Tensor, weights []float32, p Palette, fit fitter) (*table, error) {
	g, err := p.groups(t)
	if err != nil {
		return nil, err
	}
	if err := finite(t.Values); err != nil {
		return nil, err
	}
	count := g.channels / g.size
	bits := p.Bits
	if p.mode() == Unique {
		if bits, err = uniqueBits(ctx, t, g, count); err != nil {
			return nil, err
		}
	}
	width := g.vector << bits
	out := &table{
		entries: make([]float32, count*width), axis: g.axis, index: indexTypes[bits],
		codes: make([]byte, len(t.Values)/g.vector), codeShape: slices.Clone(t.Shape),
	}
	out.codeShape[g.axis] /= g.vector
	out.shape = make([]int, len(t.Shape)+2)
	for i := range out.shape {
		out.shape[i] = 1
	}
	out.shape[g.axis] = count
	out.shape[len(t.Shape)], out.shape[len(t.Shape)+1] = 1<<bits, g.vector
	err = parallel(ctx, t.Threads, count, 1, func(lo, hi int) {
		for n := lo; n < hi && ctx.Err() == nil; n++ {
			var counts []float32
			if weights != nil {
				counts = g.gather(weights, n)
			}
			entries, codes := fit(g.gather(t.Values, n), counts, g.vector, bits)
			copy(out.entries[n*width:], entries)
			g.scatter(out.codes, codes, n)
		}
	})
	return out, err
}

// uniqueBits returns the least width of indices that suffices for the different
// vectors of each group.
func uniqueBits(ctx context.Context, t *Tensor, g *groups, count int) (int, error) {
	need := make([]int, count)
	err := parallel(ctx, t.Threads, count, 1, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			need[n] = len(distinct(g.gather(t.Values, n), g.vector))
		}
	})
	if err != nil {
		return 0, err
	}
	for _, bits := range paletteBits {
		if slices.Max(need) <= 1<<bits {
			return bits, nil
		}
	}
	return 0, unfit("more than 256 different values")
}

// distinct returns the places of the first of each different vector, in the order of
// the vectors, and stops when there are more than a palette can have.
func distinct(values []float32, vector int) []int {
	seen := map[string]struct{}{}
	var places []int
	key := make([]byte, 0, 4*vector)
	for i := 0; i < len(values); i += vector {
		key = key[:0]
		for _, v := range values[i : i+vector] {
			b := math.Float32bits(v + 0) // -0 is 0
			key = append(key, byte(b), byte(b>>8), byte(b>>16), byte(b>>24))
		}
		if _, ok := seen[string(key)]; !ok {
			seen[string(key)] = struct{}{}
			if places = append(places, i); len(places) > 256 {
				break
			}
		}
	}
	slices.SortFunc(places, func(a, b int) int { return slices.Compare(values[a:a+vector], values[b:b+vector]) })
	return places
}

// unique takes the different vectors as entries.
func unique(values, _ []float32, vector, bits int) ([]float32, []byte) {
	entries := make([]float32, vector<<bits)
	places := distinct(values, vector)
	for n, i := range places {
		copy(entries[n*vector:], values[i:i+vector])
	}
	codes := make([]byte, len(values)/vector)
	for c := range codes {
		v := values[c*vector:][:vector]
		n, ok := slices.BinarySearchFunc(places, v, func(i int, v []float32) int { return slices.Compare(values[i:i+vector], v) })
		if !ok {
			panic(fmt.Sprintf("vector %v is none of its own group", v))
		}
		codes[c] = byte(n)
	}
	return entries, codes
}

// uniform spreads entries evenly between the least and the largest value.
func uniform(float dtype.Type, values []float32, bits int) ([]float32, []byte) {
	round := rounding(float)
	low, high, _ := span(values)
	top := float32(int(1)<<bits - 1)
	width := round(high - low)
	step := float64(width) / float64(top) // NumPy divides a scalar of any type by an int in float64
	entries, codes := make([]float32, 1<<bits), make([]byte, len(values))
	for i := range entries {
		entries[i] = as(float, float64(float64(i)*step)+float64(low))
	}
	for i, v := range values {
		part := round(round(v-low) / width)
		codes[i] = byte(int8OrNone(float32(math.RoundToEven(float64(round(part * top))))))
	}
	return entries, codes
}

// uniformIntegers is uniform for codes: entries are cut to integers.
func uniformIntegers(values []float32, bits int) ([]float32, []byte) {
	low, high, _ := span(values)
	top := float64(int(1)<<bits - 1)
	width := float64(high) - float64(low)
	entries, codes := make([]float32, 1<<bits), make([]byte, len(values))
	for i := range entries {
		entries[i] = float32(math.Trunc(float64(float64(i)*(width/top)) + float64(low)))
	}
	for i, v := range values {
		if width > 0 {
			codes[i] = byte(math.RoundToEven(float64((float64(v) - float64(low)) / width * top)))
		}
	}
	return entries, codes
}

// channelScale divides a weight by the largest magnitude of each place along the axis
// of its output channels. squares are those of what each number is divided by: so much
// more does its error count in the end.
func channelScale(ctx context.Context, t *Tensor) (_ *Plane, values, squares []float32, err error) {
	if t.Out >= len(t.Shape) {
		return nil, nil, nil, unfit("no output channels in shape %v", t.Shape)
	}
	inner := 1
	for _, n := range t.Shape[t.Out+1:] {
		inner *= n
	}
	line := t.Shape[t.Out] * inner
	shape := slices.Clone(t.Shape)
	shape[t.Out] = 1
	scales := make([]float32, len(t.Values)/max(t.Shape[t.Out], 1))
	place := func(i int) int { return i/line*inner + i%inner }
	for i, v := range t.Values {
		scales[place(i)] = max(scales[place(i)], abs32(v))
	}
	for i, s := range scales {
		if s == 0 {
			scales[i] = 1
		}
	}
	round := rounding(t.float())
	values, squares = make([]float32, len(t.Values)), make([]float32, len(t.Values))
	if err := parallel(ctx, t.Threads, len(values), grainOf, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s := scales[place(i)]
			values[i], squares[i] = round(t.Values[i]/s), s*s
		}
	}); err != nil {
		return nil, nil, nil, err
	}
	data, err := packFloats(ctx, t.Threads, t.float(), scales)
	return &Plane{t.float(), shape, data}, values, squares, err
}
