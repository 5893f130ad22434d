package modelgen

import (
	"context"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// The names of the features, those of the Core ML conversion of Mistral 7B that
// other packages followed.
const (
	inputIDs   = "inputIds"
	causalMask = "causalMask"
	keyCache   = "keyCache"
	valueCache = "valueCache"
	newKeys    = "presentKeys"
	newValues  = "presentValues"
	logits     = "logits"
	unknown    = mil.Unknown
	f16        = dtype.Float16
	f32        = dtype.Float32
	i32        = dtype.Int32
	boolean    = dtype.Bool
)

// graph builds the program of one function. Values that run through the layers are
// [batch, tokens, width], or [batch, width, 1, tokens] where linear layers are
// convolutions; heads are [batch, heads, tokens, head dimension] in both.
type graph struct {
	*Model
	*Form
	f     dtype.Type // of weights and results
	batch int
	b     *mil.Builder
	src   Source
	store *Store
	// listing says that only the weights are wanted: tables are left empty.
	listing bool
	err     error // the first failure to get a weight; building goes on, so that code reads as a graph

	ids, mask    *mil.Value
	types        *mil.Value // of an encoder's tokens
	keys, values cache
	// past and end are the first and last+1 position of what is fed, as scalars
	// and as vectors of one.
	past, end, past1, end1 *mil.Value
	turns                  map[*Rotary]turn   // the cosines and sines of the fed positions
	zeros                  map[int]*mil.Value // biases, by length: all layers share them
	windows                map[int]*mil.Value // masks, by width
	numbers                map[int]*mil.Value // lists of the first numbers, by length
}

func newGraph(m *Model, f *Form, s *Store, src Source) *graph {
	return &graph{
		Model: m, Form: f, f: f.float(), batch: f.batch(), b: s.Builder, src: src, store: s,
		turns: map[*Rotary]turn{}, zeros: map[int]*mil.Value{}, windows: map[int]*mil.Value{}, numbers: map[int]*mil.Value{},
	}
}

// build adds all operations, in the order in which a converted model has them:
// names and order are what drivers and people know such packages by. Anonymous
// constants get names of the builder's.
func (g *graph) build(ctx context.Context) error {
	b := g.b
	if g.Encoder != nil {
		g.encoderInputs()
	} else {
		g.inputs()
		g.positions()
	}
	g.rotations()

	emb := g.weight(Weight{Role: Embedding, Layer: NoLayer, Name: "emb_weight", Rows: g.Vocab, Cols: g.Hidden})
	x := g.embedded(b.Op("gather", "x", mil.TensorType(g.f, g.batch, unknown, g.Hidden), mil.Args{
		"x": emb, "indices": g.ids, "axis": b.Int("", 0), "batch_dims": b.Int("", 0), "validate_indices": b.Bool("", false),
	}))
	for l := range g.Layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		x = g.layer(l, x)
		if g.err != nil {
			return g.err
		}
	}
	if g.Encoder != nil {
		g.encoderHead(x)
		return g.err
	}
	if g.LastLogits {
		x = g.last(x)
	}
	g.head(x, emb)
	g.giveCaches()
	return g.err
}

// learnedPositions takes the rows of the fed tokens from a table of positions. Of several
// texts the shorter ones begin behind padding, each at a place of its own: there the
// position is the number of tokens before that the mask lets a token see.
func (g *graph) learnedPositions(table *mil.Value) *mil.Value {
	b := g.b
	if g.batch == 1 {
		return b.Op("slice_by_index", "positions_rows", mil.TensorType(g.f, unknown, g.Hidden), mil.Args{
			"x": table, "begin": g.join("positions_begin", g.past1, b.Ints("", 0)),
			"end": g.join("positions_end", g.end1, b.Ints("", g.Hidden)), "end_mask": b.Bools("", false, true),
		})
	}
	seen := b.Op("greater", "positions_seen", mil.TensorType(boolean, g.mask.Type.Shape...), mil.Args{
		"x": g.mask, "y": b.Float("", g.mask.Type.DType, -1),
	})
	tokens := mil.TensorType(i32, g.batch, unknown)
	count := b.Op("reduce_sum", "positions_count", tokens, mil.Args{
		"x": g.cast("positions_ones", seen, i32), "axes": b.Ints("", 1, 3), "keep_dims": b.Bool("", false),
	})
	before := b.Op("sub", "positions_before", tokens, mil.Args{"x": count, "y": b.Int("", 1)})
	// Padding sees nothing.
	places := b.Op("maximum", "positions_places", tokens, mil.Args{"x": before, "y": b.Int("", 0)})
	return g.pick("positions_rows", table, places, 0, g.batch, unknown, g.Hidden)
}

// embedded does to the embeddings what the model does before its layers.
func (g *graph) embedded(x *mil.Value) *mil.Value {
	switch {
	case g.Encoder != nil:
		x = g.summed(x)
	case g.Positions > 0:
		table := g.weight(Weight{Role: Positions, Layer: NoLayer, Name: "positions_weight", Rows: g.Model.Positions, Cols: g.Hidden})
		x = g.add("x_positioned", x, g.learnedPositions(table))
	}
	if g.WideResidual {
		x = g.cast("x_fp32", x, f32)
	}
	x = g.times("x_scaled", x, g.EmbeddingScale)
	if !g.Conv {
		return x
	}
	t := mil.TensorType(x.Type.DType, g.batch, g.Hidden, unknown)
	turned := g.b.Op("transpose", "x_turned", t, mil.Args{"x": x, "perm": g.b.Ints("", 0, 2, 1)})
	return g.expand("x_channels", turned, g.stream(x.Type.DType, g.Hidden), 2)
}

// stream is the type of what runs through the layers.
func (g *graph) stream(t dtype.Type, width int) mil.Type {
	if g.Conv {
		return mil.TensorType(t, g.batch, width, 1, unknown)
	}
	return mil.TensorType(t, g.batch, unknown, width)
}

// last keeps the last token.
func (g *graph) last(x *mil.Value) *mil.Value {
	b, axis := g.b, g.Form.tokens()
	rank := len(x.Type.Shape)
	begin, end, mask := make([]int, rank), make([]int, rank), make([]bool, rank)
	for i := range mask {
		mask[i] = true
	}
	begin[axis] = -1
	first := make([]bool, rank)
	for i := range first {
		first[i] = i != axis
	}
	return b.Op("slice_by_index", "x_last", withDim(x.Type, axis, 1), mil.Args{
		"x": x, "begin": b.Ints("", begin...), "end": b.Ints("", end...), "begin_mask": b.Bools("", first...), "end_mask": b.Bools("", mask...),
	})
}

// head makes the logits.
func (g *graph) head(x, emb *mil.Value) {
	b := g.b
	h := g.norm(&g.FinalNorm, Weight{Role: FinalNorm, Layer: NoLayer}, "norm", x, g.f)
	w := Weight{Role: Head, Layer: NoLayer, Name: "head_weight", Rows: g.Vocab, Cols: g.Hidden, Conv: g.Conv}
	weight, bias := emb, w
	switch {
	case !g.Tied:
		weight = g.weight(w)
	case g.Conv:
		w.Role, w.Name = Embedding, "emb_weight"
		weight = g.weight(w)
	}
	y := g.linear("head", h, weight, g.bias(bias, "head_bias", g.HeadBias))
	if g.Conv {
		t := mil.TensorType(g.f, g.batch, g.Vocab, y.Type.Shape[3])
		flat := b.Op("squeeze", "head_flat", t, mil.Args{"x": y, "axes": b.Ints("", 2)})
		y = b.Op("transpose", "head_rows", mil.TensorType(g.f, g.batch, y.Type.Shape[3], g.Vocab), mil.Args{"x": flat, "perm": b.Ints("", 0, 2, 1)})
	}
	b.Output(logits, g.capped("logits", g.times("logits_scaled", y, g.LogitScale), g.LogitCap))
}

// weight asks the source for a weight. After a failure it returns a value that
// may be passed on, and the package is not finished.
func (g *graph) weight(w Weight) *mil.Value {
	if w.Type == dtype.Invalid {
		w.Type = g.f
	}
	if g.err == nil {
		v, err := g.src.Weight(g.store, w)
		if err == nil {
			return v
		}
		g.err = fmt.Errorf("weight %s: %w", w.Name, err)
	}
	return g.b.Float16s(w.Name, []int{0})
}

// dim returns a dimension of a value as a scalar. The value is known only when
// the model runs.
func (g *graph) dim(name string, v *mil.Value, k int) *mil.Value {
	shape := g.b.Op("shape", name+"_shape", mil.TensorType(i32, len(v.Type.Shape)), mil.Args{"x": v})
	return g.b.Op("gather", name, mil.TensorType(i32), mil.Args{
		"x": shape, "indices": g.b.Int("", k), "axis": g.b.Int("", 0), "batch_dims": g.b.Int("", 0),
		"validate_indices": g.b.Bool("", false),
	})
}

// positions finds where the fed tokens lie: the mask is as wide as the text. So
// the program needs no input for the position: its end is the mask's width, and
// its beginning that less the number of tokens.
func (g *graph) positions() {
	b := g.b
	g.end = g.dim("end", g.mask, 3)
	n := g.dim("count", g.ids, 1)
	g.past = b.Op("sub", "past", mil.TensorType(i32), mil.Args{"x": g.end, "y": n})
	g.past1 = g.expand("past_vector", g.past, mil.TensorType(i32, 1), 0)
	g.end1 = g.expand("end_vector", g.end, mil.TensorType(i32, 1), 0)
}

// expand adds dimensions of one.
func (g *graph) expand(name string, v *mil.Value, t mil.Type, axes ...int) *mil.Value {
	return g.b.Op("expand_dims", name, t, mil.Args{"x": v, "axes": g.b.Ints("", axes...)})
}

// join puts int32 vectors one behind the other.
func (g *graph) join(name string, parts ...*mil.Value) *mil.Value {
	n := 0
	for _, p := range parts {
		n += p.Type.Shape[0]
	}
	return g.b.Op("concat", name, mil.TensorType(i32, n), mil.Args{
		"values": mil.Values(parts), "axis": g.b.Int("", 0), "interleave": g.b.Bool("", false),
	})
}

// cast changes the element type, where it is another one.
func (g *graph) cast(name string, v *mil.Value, t dtype.Type) *mil.Value {
	if v.Type.DType == t {
		return v
	}
	names := map[dtype.Type]string{f16: "fp16", f32: "fp32", i32: "int32"}
	typ := v.Type
	typ.DType = t
	return g.b.Op("cast", name, typ, mil.Args{"x": v, "dtype": g.b.Text("", names[t])})
}

// add is the sum of two values, of the type of the first.
func (g *graph) add(name string, x, y *mil.Value) *mil.Value {
	return g.b.Op("add", name, x.Type, mil.Args{"x": x, "y": y})
}

// times multiplies by a constant, where that changes anything.
func (g *graph) times(name string, x *mil.Value, by float64) *mil.Value {
	if by == 0 || math.Abs(by-1) < 1e-12 {
		return x
	}
	return g.b.Op("mul", name, x.Type, mil.Args{"x": x, "y": g.b.Float("", x.Type.DType, float32(by))})
}

// capped bounds a value smoothly: limit * tanh(x / limit).
func (g *graph) capped(name string, x *mil.Value, limit float64) *mil.Value {
	if limit == 0 {
		return x
	}
	small := g.times(name+"_over_cap", x, 1/limit)
	return g.times(name+"_capped", g.b.Op("tanh", name+"_tanh", x.Type, mil.Args{"x": small}), limit)
}

// withDim returns a type with another size of one dimension.
func withDim(t mil.Type, axis, n int) mil.Type {
	u := mil.TensorType(t.DType, t.Shape...)
	u.Shape[axis] = n
	return u
}
