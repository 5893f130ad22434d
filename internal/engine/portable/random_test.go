package portable

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// generator builds random programs whose every operation is right, so that they
// run: elementwise operators, views, slices, joins, products, states and nested
// blocks over whatever was made before.
type generator struct {
	*rand.Rand
	b      *mil.Builder
	values []*mil.Value
	states []*mil.Value
	inputs []*mil.Value
	outs   int
	depth  int
}

// shape draws a shape of at most 24 elements.
func (g *generator) shape() []int {
	return slices.Clone([][]int{{4}, {2, 3}, {3, 2}, {2, 2}, {1, 4}, {2, 1, 3}, {2, 2, 3}, {1, 2, 2, 3}, {6}, {1}, {4, 4}}[g.IntN(11)])
}

func (g *generator) floating() dtype.Type {
	return []dtype.Type{dtype.Float16, dtype.Float32}[g.IntN(2)]
}

func randomProgram(seed uint64) (*mil.Function, error) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 3)), b: mil.NewBuilder("main", "CoreML8")}
	for k := range 1 + g.IntN(3) {
		dt := []dtype.Type{dtype.Float16, dtype.Float32, dtype.Float16, dtype.Int32}[g.IntN(4)]
		v := g.b.Input(fmt.Sprintf("in%d", k), dt, g.shape()...)
		g.inputs, g.values = append(g.inputs, v), append(g.values, v)
	}
	for k := range g.IntN(3) {
		dt := []dtype.Type{dtype.Float16, dtype.Float16, dtype.Float32, dtype.Int32}[g.IntN(4)]
		g.states = append(g.states, g.b.State(fmt.Sprintf("state%d", k), dt, g.shape()...))
	}
	for range 3 + g.IntN(22) {
		g.grow()
	}
	for range 1 + g.IntN(4) {
		g.b.Output(fmt.Sprintf("out%d", g.outs), g.any())
		g.outs++
	}
	return g.b.Function()
}

// any draws a value, a recent one more often than not.
func (g *generator) any() *mil.Value {
	if n := len(g.values); g.IntN(3) > 0 && n > 4 {
		return g.values[n-1-g.IntN(4)]
	}
	return g.values[g.IntN(len(g.values))]
}

func (g *generator) like(t mil.Type) *mil.Value {
	var fit []*mil.Value
	for _, v := range g.values {
		if v.Type.DType == t.DType && slices.Equal(v.Type.Shape, t.Shape) {
			fit = append(fit, v)
		}
	}
	if len(fit) == 0 {
		return g.constant(t.DType, t.Shape)
	}
	return fit[g.IntN(len(fit))]
}

func (g *generator) constant(t dtype.Type, shape []int) *mil.Value {
	n, _ := dtype.Count(shape)
	if !t.IsFloat() {
		v := make([]int, n)
		for k := range v {
			v[k] = g.IntN(7) - 3
		}
		return g.b.IntTensor("", t, shape, v...)
	}
	v := make([]float32, n)
	for k := range v {
		v[k] = float32(g.IntN(33)-16) / 8
	}
	return g.b.Floats("", t, shape, v...)
}

func (g *generator) op(name string, t dtype.Type, shape []int, args mil.Args) *mil.Value {
	v := g.b.Op(name, "", mil.TensorType(t, shape...), args)
	g.values = append(g.values, v)
	return v
}

// grow adds an operation.
func (g *generator) grow() {
	x := g.any()
	switch g.IntN(22) {
	case 0, 1:
		g.elementwise(x)
	case 2:
		name := []string{"relu", "abs", "square", "sigmoid", "clip"}[g.IntN(5)]
		if !x.Type.DType.IsFloat() {
			name = "abs"
		}
		args := mil.Args{"x": x}
		if name == "clip" {
			args["alpha"], args["beta"] = g.b.Float("", x.Type.DType, -1), g.b.Float("", x.Type.DType, 1)
		}
		g.op(name, x.Type.DType, x.Type.Shape, args)
	case 3:
		t, text := dtype.Float16, "fp16"
		switch g.IntN(3) {
		case 0:
			t, text = dtype.Float32, "fp32"
		case 1:
			t, text = dtype.Int32, "int32"
		}
		g.op("cast", t, x.Type.Shape, mil.Args{"x": x, "dtype": g.b.Text("", text)})
	case 4, 5:
		g.reshape(x)
	case 6, 7:
		g.transpose(x)
	case 8, 9:
		g.slice(x)
	case 10:
		g.join(x)
	case 11:
		g.split(x)
	case 12:
		g.product(x)
	case 13:
		g.reduce(x)
	case 14:
		g.update(x)
	case 15, 16:
		g.read()
	case 17, 18:
		g.write()
	case 19:
		g.gather(x)
	case 20:
		g.blocks()
	case 21:
		if g.IntN(2) == 0 {
			g.op("identity", x.Type.DType, x.Type.Shape, mil.Args{"x": x})
		} else {
			g.values = append(g.values, g.constant(g.floating(), g.shape()))
		}
	}
}

func (g *generator) elementwise(x *mil.Value) {
	y := g.like(x.Type)
	if g.IntN(3) == 0 {
		y = g.constant(x.Type.DType, nil)
	}
	if g.IntN(2) == 0 {
		x, y = y, x
	}
	shape := x.Type.Shape
	if len(shape) == 0 {
		shape = y.Type.Shape
	}
	g.op([]string{"add", "mul", "sub", "maximum"}[g.IntN(4)], x.Type.DType, shape, mil.Args{"x": x, "y": y})
}

func (g *generator) reshape(x *mil.Value) {
	shape := slices.Clone(x.Type.Shape)
	switch g.IntN(4) {
	case 0:
		n, _ := dtype.Count(shape)
		shape = []int{n}
		if n%2 == 0 {
			shape = []int{n / 2, 2}
		}
	case 1:
		if len(shape) < 6 {
			at := g.IntN(len(shape) + 1)
			g.op("expand_dims", x.Type.DType, slices.Insert(shape, at, 1), mil.Args{"x": x, "axes": g.b.Ints("", at)})
			return
		}
	case 2:
		if at := slices.Index(shape, 1); at >= 0 && len(shape) > 1 {
			g.op("squeeze", x.Type.DType, slices.Delete(shape, at, at+1), mil.Args{"x": x, "axes": g.b.Ints("", at)})
			return
		}
	default:
		slices.Reverse(shape)
	}
	g.op("reshape", x.Type.DType, shape, mil.Args{"x": x, "shape": g.b.Ints("", shape...)})
}

func (g *generator) transpose(x *mil.Value) {
	perm := g.Perm(len(x.Type.Shape))
	shape := make([]int, len(perm))
	for d, p := range perm {
		shape[d] = x.Type.Shape[p]
	}
	if len(perm) > 0 {
		g.op("transpose", x.Type.DType, shape, mil.Args{"x": x, "perm": g.b.Ints("", perm...)})
	}
}

// window draws begin, end and stride inside a shape, and the window's shape.
func (g *generator) window(shape []int) (begin, end, stride, size []int) {
	for _, n := range shape {
		lo := g.IntN(n)
		hi := lo + 1 + g.IntN(n-lo)
		s := 1 + g.IntN(2)
		begin, end, stride, size = append(begin, lo), append(end, hi), append(stride, s), append(size, (hi-lo+s-1)/s)
	}
	return begin, end, stride, size
}

func (g *generator) slice(x *mil.Value) {
	if len(x.Type.Shape) == 0 {
		return
	}
	begin, end, stride, size := g.window(x.Type.Shape)
	g.op("slice_by_index", x.Type.DType, size, mil.Args{
		"x": x, "begin": g.b.Ints("", begin...), "end": g.b.Ints("", end...), "stride": g.b.Ints("", stride...),
	})
}

func (g *generator) update(x *mil.Value) {
	if len(x.Type.Shape) == 0 {
		return
	}
	begin, end, stride, size := g.window(x.Type.Shape)
	if g.IntN(3) == 0 { // the whole of it, so that it may be replaced by itself
		for d, n := range x.Type.Shape {
			begin[d], end[d], stride[d], size[d] = 0, n, 1, n
		}
	}
	g.op("slice_update", x.Type.DType, x.Type.Shape, mil.Args{
		"x": x, "update": g.like(mil.TensorType(x.Type.DType, size...)),
		"begin": g.b.Ints("", begin...), "end": g.b.Ints("", end...), "stride": g.b.Ints("", stride...),
	})
}

func (g *generator) join(x *mil.Value) {
	if len(x.Type.Shape) == 0 {
		return
	}
	shape := slices.Clone(x.Type.Shape)
	n, _ := dtype.Count(shape)
	if n > 64 {
		return
	}
	at := g.IntN(len(shape))
	if g.IntN(3) == 0 {
		reps := make([]int, len(shape))
		for d := range reps {
			reps[d] = 1
		}
		reps[at] = 2
		shape[at] *= 2
		g.op("tile", x.Type.DType, shape, mil.Args{"x": x, "reps": g.b.Ints("", reps...)})
		return
	}
	vs := mil.Values{x}
	for range g.IntN(3) {
		vs = append(vs, g.like(x.Type))
	}
	if g.IntN(3) == 0 && len(shape) < 6 {
		g.op("stack", x.Type.DType, slices.Insert(shape, at, len(vs)), mil.Args{"values": vs, "axis": g.b.Int("", at)})
		return
	}
	shape[at] *= len(vs)
	g.op("concat", x.Type.DType, shape, mil.Args{"values": vs, "axis": g.b.Int("", at), "interleave": g.b.Bool("", false)})
}

func (g *generator) split(x *mil.Value) {
	shape := slices.Clone(x.Type.Shape)
	for at, n := range shape {
		if n%2 == 0 {
			shape[at] = n / 2
			t := mil.TensorType(x.Type.DType, shape...)
			g.values = append(g.values, g.b.MultiOp("split", "", []mil.Type{t, t},
				mil.Args{"x": x, "num_splits": g.b.Int("", 2), "axis": g.b.Int("", at)})...)
			return
		}
	}
}

func (g *generator) product(x *mil.Value) {
	s := x.Type.Shape
	if len(s) < 2 || !x.Type.DType.IsFloat() {
		return
	}
	r := len(s)
	if g.IntN(2) == 0 {
		shape := slices.Clone(s)
		shape[r-1] = 3
		g.op("linear", x.Type.DType, shape, mil.Args{
			"x": x, "weight": g.constant(x.Type.DType, []int{3, s[r-1]}), "bias": g.constant(x.Type.DType, []int{3}),
		})
		return
	}
	y := g.like(x.Type) // x·yᵀ
	shape := slices.Clone(s)
	shape[r-1] = s[r-2]
	g.op("matmul", x.Type.DType, shape, mil.Args{"x": x, "y": y, "transpose_x": g.b.Bool("", false), "transpose_y": g.b.Bool("", true)})
}

func (g *generator) reduce(x *mil.Value) {
	if len(x.Type.Shape) == 0 || !x.Type.DType.IsFloat() {
		return
	}
	at := g.IntN(len(x.Type.Shape))
	if g.IntN(2) == 0 {
		g.op("softmax", x.Type.DType, x.Type.Shape, mil.Args{"x": x, "axis": g.b.Int("", at)})
		return
	}
	shape := slices.Clone(x.Type.Shape)
	shape[at] = 1
	g.op([]string{"reduce_sum", "reduce_mean", "reduce_max"}[g.IntN(3)], x.Type.DType, shape,
		mil.Args{"x": x, "axes": g.b.Ints("", at), "keep_dims": g.b.Bool("", true)})
}

func (g *generator) gather(x *mil.Value) {
	if len(x.Type.Shape) == 0 {
		return
	}
	shape := slices.Clone(x.Type.Shape)
	at := g.IntN(len(shape))
	idx := make([]int, 1+g.IntN(3))
	for k := range idx {
		idx[k] = g.IntN(shape[at])
	}
	shape[at] = len(idx)
	g.op("gather", x.Type.DType, shape, mil.Args{"x": x, "indices": g.b.Ints("", idx...), "axis": g.b.Int("", at), "validate_indices": g.b.Bool("", false)})
}

func (g *generator) state() *mil.Value {
	if len(g.states) == 0 {
		return nil
	}
	return g.states[g.IntN(len(g.states))]
}

// read reads a state and, as caches do, often writes an updated copy back. What
// else reads the state comes before, between and after.
func (g *generator) read() {
	s := g.state()
	if s == nil {
		return
	}
	v := g.op("read_state", s.Type.DType, s.Type.Shape, mil.Args{"input": s})
	between := func() {
		for range g.IntN(3) {
			switch g.IntN(5) {
			case 4: // an older read of the state
				old := g.like(s.Type)
				g.op("add", old.Type.DType, old.Type.Shape, mil.Args{"x": old, "y": g.constant(old.Type.DType, nil)})
			case 0:
				g.transpose(v)
			case 1:
				g.slice(v)
			case 2:
				g.op("read_state", s.Type.DType, s.Type.Shape, mil.Args{"input": s})
			case 3:
				g.elementwise(g.any())
			}
		}
	}
	if g.IntN(3) == 0 {
		return
	}
	between()
	g.update(v)
	u := g.values[len(g.values)-1]
	between()
	if g.IntN(4) > 0 {
		g.b.Do("write_state", "", mil.Args{"input": s, "data": u})
		between()
	}
}

func (g *generator) write() {
	if s := g.state(); s != nil {
		g.b.Do("write_state", "", mil.Args{"input": s, "data": g.like(mil.TensorType(s.Type.DType, s.Type.Shape...))})
	}
}

// blocks adds a cond, or a loop that gives its variables back in another order.
func (g *generator) blocks() {
	if g.depth > 1 {
		return
	}
	g.depth++
	defer func() { g.depth-- }()
	t := g.any().Type
	types := []mil.Type{mil.TensorType(t.DType, t.Shape...), mil.TensorType(t.DType, t.Shape...)}
	inside := func(in []*mil.Value) []*mil.Value {
		outer := slices.Clone(g.values)
		defer func() { g.values = outer }()
		g.values = append(slices.Clone(outer), in...)
		for range g.IntN(5) {
			g.grow()
		}
		return []*mil.Value{g.like(types[0]), g.like(types[1])}
	}
	var out []*mil.Value
	if g.IntN(2) == 0 {
		yes := g.b.Block(nil, inside)
		no := g.b.Block(nil, inside)
		out = g.b.MultiOp("cond", "", types, mil.Args{"pred": g.b.Bool("", g.IntN(2) == 0)}, yes, no)
	} else {
		times := g.IntN(4)
		all := append([]mil.Type{mil.TensorType(dtype.Int32)}, types...)
		test := g.b.Block(all, func(in []*mil.Value) []*mil.Value {
			return []*mil.Value{g.b.Op("less", "", mil.TensorType(dtype.Bool), mil.Args{"x": in[0], "y": g.b.Int("", times)})}
		})
		body := g.b.Block(all, func(in []*mil.Value) []*mil.Value {
			next := g.b.Op("add", "", mil.TensorType(dtype.Int32), mil.Args{"x": in[0], "y": g.b.Int("", 1)})
			if g.IntN(3) == 0 {
				return []*mil.Value{next, in[2], in[1]}
			}
			return append([]*mil.Value{next}, inside(in[1:])...)
		})
		first := mil.Values{g.b.Int("", 0), g.like(types[0]), g.like(types[1])}
		out = g.b.MultiOp("while_loop", "", all, mil.Args{"loop_vars": first}, test, body)[1:]
	}
	g.values = append(g.values, out...)
}
