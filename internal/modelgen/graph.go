package modelgen

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// The names of the features, those of the Core ML conversion of Mistral 7B that
// other packages followed.
const (
	inputIDs   = "inputIds"
	causalMask = "causalMask"
	keyCache   = "keyCache"
	valueCache = "valueCache"
	logits     = "logits"
	opset      = "CoreML8"
	unknown    = mil.Unknown
	f16        = dtype.Float16
	f32        = dtype.Float32
	i32        = dtype.Int32
)

// Write makes a package of the source's weights at the path dir, where nothing
// may lie yet. It asks for one weight at a time. It gives up with ctx's error
// when ctx ends. The package appears at dir when all of it is written, and not
// at all after an error.
func Write(ctx context.Context, dir string, c *Config, src Source) error {
	if err := c.check(); err != nil {
		return err
	}
	if err := src.Check(c); err != nil {
		return err
	}
	w, err := modelpkg.Create(dir)
	if err != nil {
		return err
	}
	b := mil.NewBuilder("main", opset)
	g := &graph{Config: c, b: b, src: src, store: &Store{Builder: b, w: w}, zeros: map[int]*mil.Value{}}
	if err := g.build(ctx); err != nil {
		return errors.Join(err, w.Discard())
	}
	p, err := b.Program()
	if err != nil {
		return errors.Join(err, w.Discard())
	}
	d, err := c.describe(p)
	if err != nil {
		return errors.Join(err, w.Discard())
	}
	return mil.WriteTo(w, p, d)
}

// describe bounds the open dimensions by the context. A program has no bounds
// for open dimensions; an engine would else accept more tokens than the cache
// has room for.
func (c *Config) describe(p *mil.Program) (*milpb.ModelDescription, error) {
	d, err := mil.Describe(p, "")
	if err != nil {
		return nil, err
	}
	for i := range d.Input {
		a := d.Input[i].Type.Array
		for k := range a.Ranges {
			if a.Ranges[k].Upper < 0 {
				a.Ranges[k].Upper = int64(c.Context)
			}
		}
	}
	d.Metadata.ShortDescription = c.Description
	return d, nil
}

// graph builds the program. It serves one call of Write.
type graph struct {
	*Config
	b     *mil.Builder
	src   Source
	store *Store
	err   error // the first failure to get a weight; building goes on, so that code reads as a graph

	ids, mask, keys, values *mil.Value
	// past and end are the first and last+1 position of what is fed, as scalars
	// and as vectors of one.
	past, end, past1, end1 *mil.Value
	cos, sin               *mil.Value         // fp16 [1, 1, n, head dimension]
	zeros                  map[int]*mil.Value // biases, by length: all layers share them
}

// build adds all operations, in the order in which a converted model has them:
// names and order are what drivers and people know such packages by. Anonymous
// constants get names of the builder's.
func (g *graph) build(ctx context.Context) error {
	b := g.b
	g.ids = b.Input(inputIDs, i32, 1, unknown)
	g.mask = b.Input(causalMask, f16, 1, 1, unknown, unknown)
	g.keys = b.State(keyCache, f16, g.Layers, 1, g.KVHeads, g.Context, g.HeadDim)
	g.values = b.State(valueCache, f16, g.Layers, 1, g.KVHeads, g.Context, g.HeadDim)
	g.positions()
	g.rotation()

	emb := g.weight(Weight{Role: Embedding, Layer: NoLayer, Name: "emb_weight", Rows: g.Vocab, Cols: g.Hidden})
	x := b.Op("gather", "x", mil.TensorType(f16, 1, unknown, g.Hidden), mil.Args{
		"x": emb, "indices": g.ids, "axis": b.Int("", 0), "batch_dims": b.Int("", 0), "validate_indices": b.Bool("", false),
	})
	for l := range g.Layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		x = g.layer(l, x)
		if g.err != nil {
			return g.err
		}
	}
	head := emb
	if !g.Tied {
		head = g.weight(Weight{Role: Head, Layer: NoLayer, Name: "head_weight", Rows: g.Vocab, Cols: g.Hidden})
	}
	y := g.linear("head", g.norm(FinalNorm, NoLayer, "norm", x), head)
	b.Output(logits, y)
	return g.err
}

// weight asks the source for a weight. After a failure it returns a value that
// may be passed on, and the package is not finished.
func (g *graph) weight(w Weight) *mil.Value {
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

// expand adds a dimension of one.
func (g *graph) expand(name string, v *mil.Value, t mil.Type, axis int) *mil.Value {
	return g.b.Op("expand_dims", name, t, mil.Args{"x": v, "axes": g.b.Ints("", axis)})
}

// rotation makes the cosines and sines of the fed positions.
func (g *graph) rotation() {
	b, d := g.b, g.HeadDim
	if g.Rotary == Tables {
		g.cos = g.tableRows("cos", math.Cos)
		g.sin = g.tableRows("sin", math.Sin)
		return
	}
	// In fp32: a position of some thousands times a frequency has no digits to spare in
	// halves.
	freqs := make([]float32, d)
	for j := range freqs {
		freqs[j] = float32(g.frequency(j))
	}
	pos := b.Op("range_1d", "positions", mil.TensorType(i32, unknown), mil.Args{
		"start": g.past, "end": g.end, "step": b.Int("", 1),
	})
	column := g.expand("positions_column", pos, mil.TensorType(i32, unknown, 1), 1)
	wide := g.cast("positions_fp32", column, f32)
	angles := b.Op("mul", "angles", mil.TensorType(f32, unknown, d), mil.Args{
		"x": wide, "y": b.Float32s("frequencies", []int{1, d}, freqs...),
	})
	for _, f := range []struct {
		name string
		to   **mil.Value
	}{{"cos", &g.cos}, {"sin", &g.sin}} {
		v := b.Op(f.name, f.name+"_fp32", angles.Type, mil.Args{"x": angles})
		*f.to = g.cast(f.name, v, f16)
	}
}

// frequency returns the angle by which a position turns element j of a head.
// The halves of a head turn alike. It is RopeBase^(-2i/d) for pair i of d/2, as
// in the paper of RoFormer.
func (g *graph) frequency(j int) float64 {
	pair := j % (g.HeadDim / 2)
	return math.Pow(g.RopeBase, -2*float64(pair)/float64(g.HeadDim))
}

// tableRows takes the rows of the fed positions from a table for the whole context, which
// is computed in double precision and rounded once.
func (g *graph) tableRows(name string, f func(float64) float64) *mil.Value {
	b, d := g.b, g.HeadDim
	table := make([]float32, g.Context*d)
	for p := range g.Context {
		for j := range d {
			table[p*d+j] = float32(f(float64(p) * g.frequency(j)))
		}
	}
	t := mil.TensorType(f16, unknown, d)
	return b.Op("slice_by_index", name, t, mil.Args{
		"x":     b.Float16s(name+"_table", []int{g.Context, d}, table...),
		"begin": g.join(name+"_begin", g.past1, b.Ints("", 0)),
		"end":   g.join(name+"_end", g.end1, b.Ints("", d)),
	})
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

// cast changes the element type.
func (g *graph) cast(name string, v *mil.Value, t dtype.Type) *mil.Value {
	names := map[dtype.Type]string{f16: "fp16", f32: "fp32", i32: "int32"}
	typ := v.Type
	typ.DType = t
	return g.b.Op("cast", name, typ, mil.Args{"x": v, "dtype": g.b.Text("", names[t])})
}
