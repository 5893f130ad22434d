package portable

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/testutil"
)

// goldenTensor is a tensor of the recorded cases of package op. Infinities and NaN
// are strings.
type goldenTensor struct {
	Type  string `json:"type"`
	Shape []int  `json:"shape"`
	Data  []any  `json:"data"`
	Text  string `json:"text"`
}

type goldenCase struct {
	Op     string                  `json:"op"`
	Opset  int                     `json:"opset"`
	Note   string                  `json:"note"`
	Inputs map[string]goldenTensor `json:"inputs"`
	Params map[string]goldenTensor `json:"params"`
	Want   []goldenTensor          `json:"want"`
}

func (g *goldenCase) name(k int) string {
	return strings.TrimSpace(fmt.Sprintf("%s %d %s", g.Op, k, g.Note))
}

// goldenCases reads the cases that package op tests its operators with.
func goldenCases(t testing.TB, file string) []goldenCase {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cs []goldenCase
	if err := json.Unmarshal(raw, &cs); err != nil {
		t.Fatal(err)
	}
	return cs
}

const (
	goldenOps    = "op/testdata/ops.json"
	goldenLayers = "op/testdata/layers.json"
)

var goldenTypes = map[string]dtype.Type{
	"fp32": dtype.Float32, "fp16": dtype.Float16, "int32": dtype.Int32, "bool": dtype.Bool,
	"int8": dtype.Int8, "uint8": dtype.UInt8, "int16": dtype.Int16, "uint16": dtype.UInt16,
}

func (g goldenTensor) floats() []float32 {
	f := make([]float32, len(g.Data))
	for k, v := range g.Data {
		switch v := v.(type) {
		case float64:
			f[k] = float32(v)
		case string:
			switch v {
			case "inf":
				f[k] = float32(math.Inf(1))
			case "-inf":
				f[k] = float32(math.Inf(-1))
			default:
				f[k] = float32(math.NaN())
			}
		}
	}
	return f
}

// form is how a case is given to the engine.
type form struct {
	constant bool // the inputs are constants, so the whole program is folded
	strided  bool // the inputs come through a transpose and are views
	half     bool // fp32 becomes fp16
}

func (f form) dtype(g goldenTensor) dtype.Type {
	if t := goldenTypes[g.Type]; !f.half || t != dtype.Float32 {
		return t
	}
	return dtype.Float16
}

// feeding is an input of a program and what it is given.
type feeding struct {
	name string
	val  array.Value
}

// goldenBuilder writes the program of a case.
func goldenBuilder(g *goldenCase, f form) (*mil.Builder, []feeding) {
	b := mil.NewBuilder("main", fmt.Sprintf("CoreML%d", g.Opset))
	args, values := mil.Args{}, mil.Values{}
	var feeds []feeding
	for _, name := range slices.Sorted(maps.Keys(g.Inputs)) {
		v := goldenInput(b, name, g.Inputs[name], f, &feeds)
		if strings.HasPrefix(name, "values") {
			values = append(values, v)
			args["values"] = values
		} else {
			args[name] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(g.Params)) {
		switch p := g.Params[name]; {
		case p.Text != "":
			args[name] = b.Text("", p.Text)
		case goldenTypes[p.Type].IsFloat():
			args[name] = b.Floats("", f.dtype(p), p.Shape, p.floats()...)
		default:
			args[name] = b.IntTensor("", goldenTypes[p.Type], p.Shape, p.ints()...)
		}
	}
	results := make([]mil.Type, len(g.Want))
	for k, w := range g.Want {
		results[k] = mil.TensorType(f.dtype(w), w.Shape...)
	}
	for k, v := range b.MultiOp(g.Op, "result", results, args) {
		b.Output(fmt.Sprintf("out%d", k), v)
	}
	return b, feeds
}

// goldenProgram plans the program of a case.
func goldenProgram(t *testing.T, g *goldenCase, f form) (*plan.Plan, []feeding) {
	t.Helper()
	b, feeds := goldenBuilder(g, f)
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(t.Context(), fn, engine.ArithmeticFaithful, false)
	if err != nil {
		t.Fatal(err)
	}
	return p, feeds
}

func (g goldenTensor) ints() []int {
	i := make([]int, len(g.Data))
	for k, v := range g.floats() {
		i[k] = int(v)
	}
	return i
}

// goldenInput adds an input to the program in the wanted form.
func goldenInput(b *mil.Builder, name string, g goldenTensor, f form, feeds *[]feeding) *mil.Value {
	dt := f.dtype(g)
	if f.constant {
		if dt.IsFloat() {
			return b.Floats("", dt, g.Shape, g.floats()...)
		}
		return b.IntTensor("", dt, g.Shape, g.ints()...)
	}
	shape, data := g.Shape, g.floats()
	if !f.strided || len(shape) < 2 {
		*feeds = append(*feeds, feeding{name, feed(dt, shape, data)})
		return b.Input(name, dt, shape...)
	}
	turned := slices.Clone(shape)
	slices.Reverse(turned)
	perm := make([]int, len(shape))
	for d := range perm {
		perm[d] = len(perm) - 1 - d
	}
	*feeds = append(*feeds, feeding{name, feed(dt, turned, reversed(shape, data))})
	x := b.Input(name, dt, turned...)
	return b.Op("transpose", "", mil.TensorType(dt, shape...), mil.Args{"x": x, "perm": b.Ints("", perm...)})
}

// reversed lays data out with its dimensions in the opposite order.
func reversed(shape []int, data []float32) []float32 {
	out := make([]float32, len(data))
	for k := range data {
		at, rest, step := 0, k, 1
		idx := make([]int, len(shape))
		for d := len(shape) - 1; d >= 0; d-- {
			idx[d] = rest % shape[d]
			rest /= shape[d]
		}
		for d := range shape {
			at += idx[d] * step
			step *= shape[d]
		}
		out[at] = data[k]
	}
	return out
}

// feed makes the value of an input as the caller's memory would give it.
func feed(dt dtype.Type, shape []int, data []float32) array.Value {
	v := array.Value{DType: dt}
	if err := v.SetShape(shape...); err != nil {
		panic(err)
	}
	switch {
	case dt == dtype.Float16:
		v.Repr = array.ReprF16
		for _, x := range data {
			v.F16 = append(v.F16, dtype.Float32ToFloat16(x))
		}
	case dt.IsFloat():
		v.Repr, v.F32 = array.ReprF32, slices.Clone(data)
	default:
		v.Repr = array.ReprI32
		for _, x := range data {
			v.I32 = append(v.I32, int32(x))
		}
	}
	return v
}

// bindAll puts the inputs into a frame.
func bindAll(fr *frame, feeds []feeding) {
	for _, s := range fr.plan.Inputs {
		for _, b := range feeds {
			if fr.plan.Slots[s].Name == b.name {
				v := b.val
				v.Slot = s
				fr.Values[s] = v
			}
		}
	}
}

var forms = []struct {
	name string
	form form
}{
	{"with inputs", form{}},
	{"with constants", form{constant: true}},
	{"with views", form{strided: true}},
	{"in half precision", form{half: true}},
	{"with views in half precision", form{half: true, strided: true}},
}

// Package op runs the cases operator by operator. Here they go through a plan, which
// binds their inputs or, where those are constants, folds the whole program.
func TestProgramsOfOneOperationGiveTheGoldenResults(t *testing.T) {
	for k, g := range slices.Concat(goldenCases(t, goldenOps), goldenCases(t, goldenLayers)) {
		for _, fm := range forms[:2] {
			t.Run(g.name(k)+"/"+fm.name, func(t *testing.T) {
				p, feeds := goldenProgram(t, &g, fm.form)
				fr := newFrame(p, nil, 1)
				for range 2 { // the second run meets the buffers of the first
					bindAll(fr, feeds)
					if err := fr.run(t.Context()); err != nil {
						t.Fatal(err)
					}
					for j, w := range g.Want {
						checkGolden(t, fr, &fr.Values[p.Outputs[j]], w)
					}
				}
			})
		}
	}
}

func checkGolden(t *testing.T, fr *frame, got *array.Value, want goldenTensor) {
	t.Helper()
	if !slices.Equal(got.Shape(), want.Shape) {
		t.Fatalf("got shape %v, want %v", got.Shape(), want.Shape)
	}
	if got.DType.IsFloat() == got.IsInt() {
		t.Fatalf("a value of type %v is kept as %d", got.DType, got.Repr)
	}
	w := want.floats()
	scale := 0.0
	for _, x := range w {
		if !math.IsInf(float64(x), 0) {
			scale = max(scale, math.Abs(float64(x)))
		}
	}
	rel, abs := 3e-6, 1e-6*scale
	if !goldenTypes[want.Type].IsFloat() {
		rel, abs = 0, 0
	}
	for k, g := range fr.call.F32(got) {
		x, y := float64(g), float64(w[k])
		if x == y || x != x && y != y {
			continue
		}
		if !(math.Abs(x-y) <= rel*math.Abs(y)+abs) {
			t.Fatalf("element %d: got %v, want %v", k, g, w[k])
		}
	}
}

func TestOperatorsDoNotAllocateOnceShapesAreKnown(t *testing.T) {
	for k, g := range goldenCases(t, goldenOps) {
		for _, fm := range forms {
			if fm.form.constant || fm.form.half && g.Op == "cast" {
				continue
			}
			p, feeds := goldenProgram(t, &g, fm.form)
			fr := newFrame(p, nil, 1)
			bindAll(fr, feeds)
			ctx := t.Context()
			n := testutil.Allocs(2, func() {
				for _, s := range p.Inputs { // as a new prediction binds them
					fr.Values[s].Wide, fr.Values[s].Flat = nil, nil
				}
				if err := fr.run(ctx); err != nil {
					t.Fatal(err)
				}
			})
			if n != 0 {
				t.Errorf("%s %s: %v allocations", g.name(k), fm.name, n)
			}
		}
	}
}
