package op

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tensor"
)

func TestMarksOfOperandsSayHowTheyAreRead(t *testing.T) {
	got := in("x*", "weight*!", "bias", "axis!", "epsilon.")
	want := []Param{
		{Name: "x", Raw: true, Required: true},
		{Name: "weight", Raw: true, Required: true},
		{Name: "bias"},
		{Name: "axis", Required: true},
		{Name: "epsilon", Single: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("operands are %+v, want %+v", got, want)
	}
}

func TestEveryRowIsComplete(t *testing.T) {
	for name, o := range Table {
		if o.Name != name || o.Eval == nil || len(o.Params) == 0 {
			t.Errorf("%s: name %s, %d operands, eval %v", name, o.Name, len(o.Params), o.Eval != nil)
		}
		if o.Shape == nil && o.Results != nil && o.Results.Least > 1 {
			t.Errorf("%s has several results and no rule for their shapes", name)
		}
		if least, most := o.ResultCount(); least > most || most < 1 {
			t.Errorf("%s has %d to %d results", name, least, most)
		}
		if o.Random && o.Rowwise != nil {
			t.Errorf("%s is random and row-wise", name)
		}
		for texts := range o.Texts {
			if !slices.ContainsFunc(o.Params, func(p Param) bool { return p.Name == texts }) {
				t.Errorf("%s has texts for %s, which is no operand", name, texts)
			}
		}
	}
}

func TestTwoRowsOfOneNameAreAMistake(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a second row of relu was accepted")
		}
	}()
	add(Operator{Name: "relu"})
}

func TestKnownOperators(t *testing.T) {
	for _, name := range []string{"const", "relu", "read_state", "while_loop", "constexpr_lut_to_dense"} {
		if !Known(name) {
			t.Errorf("%s is not known", name)
		}
	}
	for _, name := range []string{"", "rms_norm", "linears", "constexpr_nothing"} {
		if Known(name) {
			t.Errorf("%s is known, which no program may name", name)
		}
	}
}

// Operands of these names are texts wherever operators have them: each needs a list.
func TestEveryOperandThatChoosesFromTextsHasAList(t *testing.T) {
	names := []string{
		"mode", "pad_type", "sampling_mode", "padding_mode", "coordinates_mode", "interpolation_mode", "box_coordinate_mode",
		"direction", "activation", "recurrent_activation", "cell_activation", "dtype", "output_dtype", "output_indices_dtype", "quantization_type",
	}
	for name, o := range Table {
		for _, p := range o.Params {
			if slices.Contains(names, p.Name) && o.Texts[p.Name] == nil {
				t.Errorf("%s: operand %s has no list of texts", name, p.Name)
			}
		}
	}
}

// setupOf is a step of an operator whose operands are the constants given; nil is
// for an operand that is computed.
func setupOf(name string, operands ...*array.Value) *Setup {
	s := &Setup{Step: &Binding{Def: Lookup(name)}, Constant: func(slot int32) *array.Value { return operands[slot] }}
	for k := range operands {
		s.Step.In = append(s.Step.In, int32(k))
	}
	return s
}

func floatConst(dims ...int) *array.Value {
	v := &array.Value{DType: dtype.Float32, Repr: array.ReprF32, Dense: true}
	v.Rank = copy(v.Dims[:], dims)
	v.F32 = make([]float32, v.Len())
	return v
}

func boolConst(b int32) *array.Value {
	return &array.Value{DType: dtype.Bool, Repr: array.ReprI32, Dense: true, I32: []int32{b}}
}

func TestWhichOperatorsWorkRowByRow(t *testing.T) {
	for _, test := range []struct {
		step *Setup
		k    int
		ok   bool
	}{
		{setupOf("linear", nil, floatConst(3, 4)), 0, true},
		{setupOf("linear", nil, nil), 0, false},
		{setupOf("matmul", nil, floatConst(3, 4)), 0, true},
		{setupOf("matmul", nil, floatConst(3, 4), boolConst(1)), 0, false},
		{setupOf("matmul", nil, floatConst(2, 3, 4)), 0, false},
		{setupOf("mul", nil, floatConst(4)), 0, true},
		{setupOf("mul", floatConst(), nil), 1, true},
		{setupOf("mul", nil, nil), 0, false},
		{setupOf("add", nil, floatConst(2, 4)), 0, false},
		{setupOf("cast", nil), 0, true},
	} {
		k, ok := test.step.Step.Def.Rowwise(test.step)
		if ok != test.ok || ok && k != test.k {
			t.Errorf("%s: operand %d, %v, want %d, %v", test.step.Step.Def.Name, k, ok, test.k, test.ok)
		}
	}
	for _, name := range []string{"softmax", "transpose", "reduce_sum", "reshape"} {
		if Lookup(name).Rowwise != nil {
			t.Errorf("%s mixes rows", name)
		}
	}
}

func TestALinearsConstantWeightBecomesAMatrix(t *testing.T) {
	s := setupOf("linear", nil, floatConst(3, 4), floatConst(3))
	data, err := Lookup("linear").Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	s.Step.Data = data
	if m := s.Step.Matrix(); m == nil || m.Rows() != 3 || m.Cols() != 4 {
		t.Errorf("the matrix is %v", m)
	}
	if s.Step.In[2] != -1 {
		t.Error("a bias of zeros was kept")
	}
	if data, err := Lookup("linear").Prepare(setupOf("linear", nil, nil)); data != nil || err != nil {
		t.Errorf("a weight that is computed: %v, %v", data, err)
	}
	if _, err := Lookup("linear").Prepare(setupOf("linear", nil, floatConst(0, 4))); err == nil {
		t.Error("a weight of no rows was accepted")
	}
}

// callOf is a call of an operator with operands in slots 0 and so on and its result
// behind them.
func callOf(name string, operands ...array.Value) *Call {
	e := &Env{}
	n := len(operands)
	e.Init(n+1, n+1, 1)
	step := &Binding{Def: Lookup(name), Out: []int32{int32(n)}, State: -1}
	for k, v := range operands {
		v.Slot = int32(k)
		e.Values[k], e.BufferOf[k] = v, int32(k)
		step.In, step.List = append(step.In, int32(k)), append(step.List, int32(k))
	}
	e.Values[n].DType, e.BufferOf[n] = operands[0].DType, int32(n)
	if step.Def.Local != nil {
		e.Locals[0] = step.Def.Local()
	}
	return &Call{Env: e, Step: step}
}

func TestAStepRunsWithoutAPlan(t *testing.T) {
	x := *floatConst(2, 2)
	x.F32 = []float32{1, 2, 3, 1e5}
	c := callOf("add", x, x)
	run := func() {
		if err := errors.Join(Shape(c), Eval(c)); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if got := c.out(0); !slices.Equal(got.Shape(), []int{2, 2}) || !slices.Equal(got.F32[:4], []float32{2, 4, 6, 2e5}) {
		t.Errorf("the sum is %v of shape %v", got.F32, got.Shape())
	}
	if n := testutil.Allocs(50, run); n != 0 {
		t.Errorf("a step allocates %v times", n)
	}
	c.Env.Values[2].DType = dtype.Float16
	run()
	if got := c.out(0).F32[3]; !math.IsInf(float64(got), 1) {
		t.Errorf("as fp16 the last sum is %v", got)
	}
}

func TestErrorsOfStepsSayWhatIsWrong(t *testing.T) {
	c := callOf("add", *floatConst(2), *floatConst(3))
	if err := Shape(c); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("shapes that do not fit: %v", err)
	}
	if err := AsValue(array.ErrUnsupported); errors.Is(err, tensor.ErrValue) {
		t.Error("what is not supported was blamed on the values")
	}
}

func TestMemoryIsCountedAndLimited(t *testing.T) {
	defer func(old int) { MaxArena = old }(MaxArena)
	MaxArena = 1 << 10
	var e Env
	e.Init(1, 0, 0)
	e.BufferOf[0] = -1
	first := e.Buffer(0, 100)
	if again := e.Buffer(0, 50); &again[0] != &first[0] {
		t.Error("a smaller buffer is another one")
	}
	kept := reuse(&e, []float64(nil), 10)
	if again := reuse(&e, kept, 5); &again[0] != &kept[0] {
		t.Error("scratch memory is not used again")
	}
	defer func() {
		if _, ok := recover().(ArenaError); !ok {
			t.Error("the limit was passed")
		}
	}()
	e.Buffer(0, 1<<11)
}

func TestAReadOfUnknownContentIsNotAnError(t *testing.T) {
	x := *floatConst(2)
	x.Forget()
	c := callOf("relu", x)
	ok, err := c.Attempt(Eval)
	if ok || err != nil {
		t.Errorf("an attempt without content: %v, %v", ok, err)
	}
	if ok, err := c.Attempt(Shape); !ok || err != nil {
		t.Errorf("its shape: %v, %v", ok, err)
	}
}
