package op_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/testutil"
)

// An operator needs no plan and no program to run: an Env with a slot for each
// operand and result, and a Binding that says which is which. The tests of this
// folder write one operation each as an example, and testExamples runs it.

// dims is a shape.
type dims = []int

type (
	// operands are the operands of an operation, by name.
	operands map[string]*array.Value
	// results are the results of an operation.
	results []*array.Value
)

// example is an operation on known operands and what comes of it.
type example struct {
	name  string
	op    string
	def   *op.Operator   // of an operator that no program names; op is empty then
	data  any            // of such a step
	opset int            // 0: 8, which is iOS18
	list  []*array.Value // the values of an operator that takes any number of them
	in    operands
	// constant names the operands that the program has as constants.
	constant []string
	// want is the result, of the type that the program declares for it; more are the
	// results after the first. One that is nil is not looked at.
	want *array.Value
	more results
	// view says that the results lie in the memory of an operand, not in a copy.
	view bool
	// within is how far a result may be off, in parts of what is wanted and of half the
	// largest number of the result; 0 is 1e-6, the last bits of float32.
	within float64
	// refused is a part of the error; then nothing else is wanted. It has to come before
	// the work: a prediction that fails later has written to states. late says that it
	// need not, because a program like that is refused when it is loaded.
	refused string
	late    bool
}

// value makes a dense value.
func value(dt dtype.Type, shape dims) *array.Value {
	v := &array.Value{DType: dt}
	if err := v.SetShape(shape...); err != nil {
		panic(err)
	}
	return v
}

// f32 is a float32 value.
func f32(shape dims, x ...float32) *array.Value {
	v := value(dtype.Float32, shape)
	v.Repr, v.F32 = array.ReprF32, x
	return v
}

// f16 is a value that lies in memory as binary16.
func f16(shape dims, x ...float32) *array.Value {
	v := value(dtype.Float16, shape)
	v.Repr = array.ReprF16
	for _, x := range x {
		v.F16 = append(v.F16, dtype.Float32ToFloat16(x))
	}
	return v
}

// integers is a value of an integer type, or of booleans as 0 and 1.
func integers(dt dtype.Type, shape dims, x ...int32) *array.Value {
	v := value(dt, shape)
	v.Repr, v.I32 = array.ReprI32, x
	return v
}

// i32 is an int32 value.
func i32(shape dims, x ...int32) *array.Value { return integers(dtype.Int32, shape, x...) }

// bools is a value of booleans.
func bools(shape dims, x ...int32) *array.Value { return integers(dtype.Bool, shape, x...) }

// ints is a vector of int32, as axes, strides and the like are.
func ints(x ...int32) *array.Value { return i32(dims{len(x)}, x...) }

// num, whole, flag and text are single values.
func num(x float32) *array.Value { return f32(nil, x) }
func whole(x int32) *array.Value { return i32(nil, x) }
func flag(b bool) *array.Value {
	if b {
		return bools(nil, 1)
	}
	return bools(nil, 0)
}

func text(s string) *array.Value {
	v := value(dtype.String, nil)
	v.Repr, v.Text = array.ReprText, []string{s}
	return v
}

// counting is a float32 value of the numbers 0, 1, 2 and so on.
func counting(shape ...int) *array.Value {
	v := f32(shape)
	v.F32 = make([]float32, v.Len())
	for k := range v.F32 {
		v.F32[k] = float32(k)
	}
	return v
}

// strided shows the elements of v in memory of another order, with gaps, so that
// they are no longer dense.
func strided(v *array.Value) *array.Value {
	w := *v
	if !v.Dense || v.Rank == 0 || v.Len() < 2 || v.Repr == array.ReprText || v.Repr == array.ReprWeight {
		return &w
	}
	size := 3
	for d := range v.Rank { // the first dimension is the innermost
		w.Stride[d], w.Repeat[d] = size, 1
		size *= v.Dims[d]
	}
	w.UpdateDense()
	w.F32, w.F16, w.I32 = spreadOut(v, &w, v.F32, size), spreadOut(v, &w, v.F16, size), spreadOut(v, &w, v.I32, size)
	return &w
}

// spreadOut moves the elements of dense v to where those of w lie.
func spreadOut[T any](v, w *array.Value, from []T, size int) []T {
	if from == nil {
		return nil
	}
	to := make([]T, size)
	for k, x := range from[:v.Len()] {
		at := 0
		for d := v.Rank - 1; d >= 0; d-- {
			at += k % v.Dims[d] * w.Stride[d]
			k /= v.Dims[d]
		}
		to[at] = x
	}
	return to
}

// form is how the operands of an example lie in memory.
type form struct {
	name string
	of   func(v *array.Value) *array.Value
}

var forms = []form{
	{"dense operands", func(v *array.Value) *array.Value { w := *v; return &w }},
	{"strided operands", strided},
}

// bind makes a step of an example.
func bind(t *testing.T, x *example, f form) *op.Call {
	t.Helper()
	def := x.def
	if def == nil {
		if def = op.Lookup(x.op); def == nil {
			t.Fatalf("there is no operator %s", x.op)
		}
	}
	step := &op.Binding{Def: def, State: -1, Data: x.data}
	var slots []array.Value
	var constant []bool
	add := func(v *array.Value, name string) int32 {
		fixed := slices.Contains(x.constant, name)
		if !fixed {
			v = f.of(v)
		}
		slots, constant = append(slots, *v), append(constant, fixed)
		return int32(len(slots) - 1)
	}
	known := 0
	for k, p := range def.Params {
		if k == 0 && x.list != nil {
			for _, v := range x.list {
				step.List = append(step.List, add(v, p.Name))
			}
			step.In = append(step.In, step.List[0])
			continue
		}
		v := x.in[p.Name]
		if v == nil {
			step.In = append(step.In, -1)
			continue
		}
		known++
		step.In = append(step.In, add(v, p.Name))
		if k == 0 {
			step.List = step.In
		}
	}
	if known != len(x.in) {
		t.Fatalf("%s has an operand that %s does not take", x.name, def.Name)
	}
	for _, v := range append(results{x.want}, x.more...) {
		out := array.Value{DType: dtype.Float32}
		if v != nil {
			out.DType = v.DType
		} else if len(slots) > 0 && slots[0].DType != dtype.String {
			out.DType = slots[0].DType
		}
		slots, constant = append(slots, out), append(constant, false)
		step.Out = append(step.Out, int32(len(slots)-1))
	}
	return &op.Call{Env: newEnv(t, step, slots, constant, x.opset), Step: step}
}

// newEnv makes what a step works with: its slots, each with a buffer of its own.
func newEnv(t *testing.T, step *op.Binding, slots []array.Value, constant []bool, opset int) *op.Env {
	t.Helper()
	e := &op.Env{}
	e.Init(len(slots), len(slots), 1)
	if e.Opset = opset; opset == 0 {
		e.Opset = 8
	}
	for k := range slots {
		slots[k].Slot = int32(k)
		e.Values[k], e.BufferOf[k], e.Constant[k] = slots[k], int32(k), constant[k]
	}
	if step.Def.Local != nil {
		e.Locals[0] = step.Def.Local()
	}
	if step.Def.Prepare != nil {
		data, err := step.Def.Prepare(&op.Setup{Step: step, Constant: func(slot int32) *array.Value {
			if !constant[slot] {
				return nil
			}
			return &e.Values[slot]
		}})
		if err != nil {
			t.Fatal(err)
		}
		step.Data = data
	}
	return e
}

// prepare runs what comes before the work of a step: its shapes and checks.
func prepare(c *op.Call) error {
	for _, s := range c.Step.Out {
		v := &c.Env.Values[s]
		v.Wide, v.Flat, v.Dense = nil, nil, true
	}
	if err := op.Shape(c); err != nil {
		return err
	}
	return op.Check(c)
}

// once runs a step as a prediction does.
func once(c *op.Call) error {
	if err := prepare(c); err != nil {
		return err
	}
	return op.Eval(c)
}

// floatsOf runs an example and returns its first result.
func floatsOf(t *testing.T, x example) []float32 {
	t.Helper()
	c := bind(t, &x, forms[0])
	if err := once(c); err != nil {
		t.Fatal(err)
	}
	return c.F32(&c.Env.Values[c.Step.Out[0]])
}

// testExamples runs each example on dense operands and on strided ones, twice: the
// second time with the memory of the first, which holds other numbers then, and when it
// must allocate nothing.
func testExamples(t *testing.T, list []example) {
	t.Helper()
	for _, x := range list {
		t.Run(x.name, func(t *testing.T) {
			for _, f := range forms {
				c := bind(t, &x, f)
				if x.refused != "" {
					early := once
					if !x.late {
						early = prepare
					}
					if err := early(c); err == nil || !strings.Contains(err.Error(), x.refused) {
						t.Errorf("%s: error is %v, want one that says %q", f.name, err, x.refused)
					}
					continue
				}
				var err error
				run := func() { err = errors.Join(err, once(c)) }
				if run(); err != nil {
					t.Fatalf("%s: %v", f.name, err)
				}
				compare(t, c, &x, f.name)
				spoil(c)
				if n := testutil.Allocs(5, run); n != 0 || err != nil {
					t.Errorf("%s: a second run allocates %v times, error %v", f.name, n, err)
				}
				compare(t, c, &x, f.name+", again")
			}
		})
	}
}

// spoil fills the memory of a step's results: what an operator does not write shows in
// its next run.
func spoil(c *op.Call) {
	for _, s := range c.Step.Out {
		v := &c.Env.Values[s]
		if !v.Own {
			continue
		}
		for k := range v.F32 {
			v.F32[k] = nan
		}
		for k := range v.I32 {
			v.I32[k] = math.MinInt32 + 7
		}
	}
}

// compare looks at the results of a step.
func compare(t *testing.T, c *op.Call, x *example, how string) {
	t.Helper()
	for k, want := range append(results{x.want}, x.more...) {
		got := &c.Env.Values[c.Step.Out[k]]
		if x.view && got.Own {
			t.Errorf("%s: result %d is a copy", how, k)
		}
		switch {
		case want == nil:
		case !slices.Equal(got.Shape(), want.Shape()):
			t.Errorf("%s: result %d has shape %v, want %v", how, k, got.Shape(), want.Shape())
		case got.IsInt() == want.DType.IsFloat():
			t.Errorf("%s: result %d of type %v is kept as %d", how, k, want.DType, got.Repr)
		case !want.DType.IsFloat():
			if got, want := c.I32(got), want.I32; !slices.Equal(got, want) {
				t.Errorf("%s: result %d is %v, want %v", how, k, got, want)
			}
		default:
			compareFloats(t, how, k, c.F32(got), floats(want), x.within)
		}
	}
}

// floats returns the elements of a value in row-major order.
func floats(v *array.Value) []float32 {
	if v.Repr == array.ReprF32 && v.Dense {
		return v.F32
	}
	f := make([]float32, v.Len())
	v.Widen(nil, f)
	return f
}

// compareFloats allows a difference of one part in a million unless told otherwise.
func compareFloats(t *testing.T, how string, k int, got, want []float32, within float64) {
	t.Helper()
	if within == 0 {
		within = 1e-6
	}
	top := 0.0
	for _, x := range want {
		if a := math.Abs(float64(x)); !math.IsInf(a, 0) {
			top = max(top, a)
		}
	}
	for i, x := range got {
		a, b := float64(x), float64(want[i])
		if a == b || a != a && b != b || math.Abs(a-b) <= within*(math.Abs(b)+top/2) {
			continue
		}
		t.Errorf("%s: element %d of result %d is %v, want %v; all are %v, want %v", how, i, k, x, want[i], some(got), some(want))
		return
	}
}

// some returns the first of a list for an error.
func some(list []float32) []float32 { return list[:min(len(list), 24)] }
