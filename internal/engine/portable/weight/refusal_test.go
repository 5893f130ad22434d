package weight

import (
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/mil"
)

// operation makes a constexpr operation of stored operands by hand: no verifier looks at
// it, as none looks at the numbers in a real one.
func operation(typ string, operands map[string]*mil.Const) *mil.Op {
	o := &mil.Op{Type: typ, Outputs: []*mil.Value{result("w", dtype.Float16)}}
	switch {
	case typ == "constexpr_affine_dequantize" || typ == "constexpr_cast":
		o.Outputs[0].Type.DType = dtype.Float32
	case strings.Contains(typ, "_sparse") && !strings.Contains(typ, "sparse_to_dense"):
		o.Outputs = []*mil.Value{result("mask", dtype.UInt1), result("w", dtype.Float16)}
	}
	for name, c := range operands {
		o.Inputs = append(o.Inputs, mil.Argument{Name: name, Values: []*mil.Value{{Type: mil.TensorType(c.DType, c.Shape...), Const: c}}})
	}
	return o
}

// result is a result of any shape.
func result(name string, t dtype.Type) *mil.Value {
	return &mil.Value{Name: name, Type: mil.Type{DType: t, Variadic: true}}
}

// packed is a constant of integers.
func packed(t *testing.T, typ dtype.Type, shape []int, v ...int) *mil.Const {
	t.Helper()
	data, err := mil.PackInts(typ, v)
	if err != nil {
		t.Fatal(err)
	}
	return &mil.Const{DType: typ, Shape: shape, Data: data}
}

// numbers is a constant of floating-point numbers.
func numbers(t *testing.T, typ dtype.Type, shape []int, v ...float32) *mil.Const {
	t.Helper()
	data, err := mil.PackFloats(typ, v)
	if err != nil {
		t.Fatal(err)
	}
	return &mil.Const{DType: typ, Shape: shape, Data: data}
}

// operands are those of operations that decode, for tests to damage.
func operands(t *testing.T, typ string) map[string]*mil.Const {
	f16, f32 := dtype.Float16, dtype.Float32
	switch typ {
	case "constexpr_affine_dequantize":
		return map[string]*mil.Const{
			"quantized_data": packed(t, dtype.Int8, []int{2, 3}, 1, 2, 3, 4, 5, 6),
			"scale":          numbers(t, f32, []int{2}, 10, 100), "zero_point": packed(t, dtype.Int8, nil, 1), "axis": packed(t, dtype.Int32, nil, 0),
		}
	case "constexpr_blockwise_shift_scale":
		return map[string]*mil.Const{
			"data": packed(t, dtype.UInt4, []int{2, 4}, 0, 1, 2, 3, 12, 13, 14, 15), "scale": numbers(t, f16, []int{2, 2}, 1, 2, 3, 4),
			"offset": packed(t, dtype.UInt4, []int{2, 2}, 0, 1, 2, 15),
		}
	case "constexpr_lut_to_dense":
		return map[string]*mil.Const{
			"indices": packed(t, dtype.UInt1, []int{2, 2}, 0, 1, 1, 0), "lut": numbers(t, f16, []int{2, 1, 2, 1}, 5, 6, 7, 8),
		}
	case "flat":
		return map[string]*mil.Const{
			"indices": packed(t, dtype.UInt8, []int{1}, 0b0110), "lut": numbers(t, f16, []int{2}, 5, 6), "shape": packed(t, dtype.UInt32, []int{2}, 2, 2),
		}
	case "vectors":
		return map[string]*mil.Const{
			"indices": packed(t, dtype.UInt1, []int{2, 2}, 0, 1, 1, 0), "lut": numbers(t, f16, []int{1, 1, 2, 2}, 1, 2, 3, 4),
			"vector_axis": packed(t, dtype.Int32, nil, 0),
		}
	case "constexpr_sparse_to_dense":
		return map[string]*mil.Const{
			"mask": packed(t, dtype.UInt1, []int{2, 3}, 1, 0, 0, 0, 1, 1), "nonzero_data": numbers(t, f16, []int{3}, 7, 8, 9),
		}
	case "constexpr_lut_to_sparse":
		return map[string]*mil.Const{
			"indices_mask": packed(t, dtype.UInt1, []int{2, 2}, 1, 0, 0, 1), "indices_nonzero_data": packed(t, dtype.UInt1, []int{2}, 1, 0),
			"lut": numbers(t, f16, []int{1, 1, 2, 1}, 5, 6),
		}
	case "constexpr_sparse_blockwise_shift_scale":
		return map[string]*mil.Const{
			"data_mask": packed(t, dtype.UInt1, []int{2, 2}, 1, 0, 0, 1), "nonzero_data": packed(t, dtype.Int8, []int{2}, 3, -4),
			"scale": numbers(t, f16, []int{2, 1}, 10, 100),
		}
	}
	return map[string]*mil.Const{"source_val": numbers(t, f16, []int{2}, 1, 2)}
}

// operator is the operator of a form that operands knows.
func operator(form string) string {
	if form == "flat" || form == "vectors" {
		return "constexpr_lut_to_dense"
	}
	return form
}

// The numbers are worked out by hand from the definitions in coremltools'
// documentation of the operators.
func TestSmallWeightsDecodeToWhatIsWorkedOutByHand(t *testing.T) {
	for form, c := range map[string]struct {
		want   []float32
		shape  []int
		format string
	}{
		"constexpr_affine_dequantize":            {[]float32{0, 10, 20, 300, 400, 500}, []int{2, 3}, "int8 per channel"},
		"constexpr_blockwise_shift_scale":        {[]float32{0, 1, 2, 4, 30, 33, -4, 0}, []int{2, 4}, "uint4/2"},
		"constexpr_lut_to_dense":                 {[]float32{5, 6, 8, 7}, []int{2, 2}, "lut1 per channel"},
		"flat":                                   {[]float32{5, 6, 6, 5}, []int{2, 2}, "lut1 per tensor"},
		"vectors":                                {[]float32{1, 3, 2, 4, 3, 1, 4, 2}, []int{4, 2}, "lut1 vector 2 per tensor"},
		"constexpr_sparse_to_dense":              {[]float32{7, 0, 0, 0, 8, 9}, []int{2, 3}, "sparse fp16"},
		"constexpr_lut_to_sparse":                {[]float32{6, 5}, []int{2}, "sparse lut1 per tensor"},
		"constexpr_sparse_blockwise_shift_scale": {[]float32{30, -400}, []int{2}, "sparse int8 per channel"},
		"constexpr_cast":                         {[]float32{1, 2}, []int{2}, "fp16"},
	} {
		t.Run(form, func(t *testing.T) {
			ws, err := New(nil, operation(operator(form), operands(t, form)), nil, true)
			if err != nil {
				t.Fatal(err)
			}
			w := ws[len(ws)-1]
			got := make([]float32, w.Len())
			w.Decode(got, 0)
			if !slices.Equal(got, c.want) || !slices.Equal(w.Shape, c.shape) || w.format != c.format {
				t.Errorf("%v of shape %v as %s, want %v of %v as %s", got, w.Shape, w.format, c.want, c.shape, c.format)
			}
		})
	}
}

func TestOperandsThatDoNotFitAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, form string
		damage     func(t *testing.T, o map[string]*mil.Const)
		want       string
	}{
		{"data are missing", "constexpr_blockwise_shift_scale", func(_ *testing.T, o map[string]*mil.Const) { delete(o, "data") }, "operand data is missing"},
		{"the scale is missing", "constexpr_blockwise_shift_scale", func(_ *testing.T, o map[string]*mil.Const) { delete(o, "scale") }, "operand scale is missing"},
		{"the scale has another rank", "constexpr_blockwise_shift_scale", func(_ *testing.T, o map[string]*mil.Const) { o["scale"].Shape = []int{4} }, "scale: shapes [2 4] and [4] differ in rank"},
		{"the scale does not divide the data", "constexpr_blockwise_shift_scale", func(t *testing.T, o map[string]*mil.Const) {
			o["scale"] = numbers(t, dtype.Float16, []int{2, 3}, 1, 2, 3, 4, 5, 6)
		}, "scale: dimension 1 of [2 3] does not divide that of [2 4]"},
		{"there are fewer offsets than scales", "constexpr_blockwise_shift_scale", func(_ *testing.T, o map[string]*mil.Const) { o["offset"].Shape = []int{2, 1} }, "offset of shape [2 1] for a scale of shape [2 2]"},
		{"a constant is cut short", "constexpr_blockwise_shift_scale", func(_ *testing.T, o map[string]*mil.Const) { o["data"].Data = o["data"].Data[:3] }, "operand data: 8 elements of uint4 in 3 bytes"},
		{"a constant is too large for any memory", "constexpr_blockwise_shift_scale", func(_ *testing.T, o map[string]*mil.Const) { o["data"].Shape = []int{1 << 20, 1 << 20} }, "operand data: shape [1048576 1048576] is too large"},
		{"quantized data are missing", "constexpr_affine_dequantize", func(_ *testing.T, o map[string]*mil.Const) { delete(o, "quantized_data") }, "operand quantized_data is missing"},
		{"the axis lies outside", "constexpr_affine_dequantize", func(t *testing.T, o map[string]*mil.Const) { o["axis"] = packed(t, dtype.Int32, nil, 2) }, "axis 2 is outside rank 2"},
		{"the axis lies before the first", "constexpr_affine_dequantize", func(t *testing.T, o map[string]*mil.Const) { o["axis"] = packed(t, dtype.Int32, nil, -3) }, "axis -1 is outside rank 2"},
		{"the axis is no number", "constexpr_affine_dequantize", func(t *testing.T, o map[string]*mil.Const) { o["axis"] = numbers(t, dtype.Float16, nil, 0) }, "axis: constant of type fp16 is not an integer"},
		{"the scale is as long as another axis", "constexpr_affine_dequantize", func(t *testing.T, o map[string]*mil.Const) {
			o["scale"] = numbers(t, dtype.Float32, []int{3}, 1, 2, 3)
		}, "scale: vector of 3 for axis of 2"},
		{"the zero point is missing", "constexpr_affine_dequantize", func(_ *testing.T, o map[string]*mil.Const) { delete(o, "zero_point") }, "zero_point: operand zero_point is missing"},
		{"the zero point is as long as another axis", "constexpr_affine_dequantize", func(t *testing.T, o map[string]*mil.Const) {
			o["zero_point"] = packed(t, dtype.Int8, []int{3}, 1, 2, 3)
		}, "zero_point: vector of 3 for axis of 2"},
		{"the table is missing", "constexpr_lut_to_dense", func(_ *testing.T, o map[string]*mil.Const) { delete(o, "lut") }, "table of shape [] for indices of shape [2 2]"},
		{"the table has the rank of the indices", "constexpr_lut_to_dense", func(_ *testing.T, o map[string]*mil.Const) { o["lut"].Shape = []int{2, 2} }, "table of shape [2 2] for indices of shape [2 2]"},
		{"indices are wider than the table", "constexpr_lut_to_dense", func(t *testing.T, o map[string]*mil.Const) {
			o["indices"] = packed(t, dtype.UInt4, []int{2, 2}, 0, 1, 1, 0)
		}, "table of 2 entries for indices of type uint4"},
		{"indices are signed", "constexpr_lut_to_dense", func(t *testing.T, o map[string]*mil.Const) {
			o["indices"] = packed(t, dtype.Int4, []int{2, 2}, 0, 1, 1, 0)
		}, "for indices of type int4"},
		{"tables do not divide the indices", "constexpr_lut_to_dense", func(_ *testing.T, o map[string]*mil.Const) {
			o["lut"].Shape, o["indices"].Shape = []int{2, 1, 2, 1}, []int{1, 4}
		}, "lut: dimension 0 of [2 1] does not divide that of [1 4]"},
		{"vectors without an axis", "vectors", func(_ *testing.T, o map[string]*mil.Const) { delete(o, "vector_axis") }, "operand vector_axis is missing"},
		{"vectors along an axis that is not there", "vectors", func(t *testing.T, o map[string]*mil.Const) { o["vector_axis"] = packed(t, dtype.Int32, nil, 5) }, "vector_axis 5 is outside rank 2"},
		{"a table of a size that no index has", "flat", func(t *testing.T, o map[string]*mil.Const) {
			o["lut"] = numbers(t, dtype.Float16, []int{3}, 1, 2, 3)
		}, "table of 3 entries"},
		{"too few bytes of indices", "flat", func(t *testing.T, o map[string]*mil.Const) { o["shape"] = packed(t, dtype.UInt32, []int{2}, 3, 3) }, "table of 2 entries and 1 bytes of indices for shape [3 3]"},
		{"a shape that no memory holds", "flat", func(t *testing.T, o map[string]*mil.Const) {
			o["shape"] = packed(t, dtype.UInt32, []int{2}, 1<<20, 1<<20)
		}, "shape [1048576 1048576] is too large"},
		{"a shape that is no integer", "flat", func(t *testing.T, o map[string]*mil.Const) { o["shape"] = numbers(t, dtype.Float32, []int{1}, 4) }, "shape: constant of type fp32 is not an integer"},
		{"more values than ones", "constexpr_sparse_to_dense", func(t *testing.T, o map[string]*mil.Const) {
			o["nonzero_data"] = numbers(t, dtype.Float16, []int{4}, 1, 2, 3, 4)
		}, "4 values for a mask with 3 ones"},
		{"the mask is missing", "constexpr_sparse_to_dense", func(_ *testing.T, o map[string]*mil.Const) { delete(o, "mask") }, "operand mask is missing"},
		{"the mask is of bytes", "constexpr_sparse_to_dense", func(t *testing.T, o map[string]*mil.Const) { o["mask"] = packed(t, dtype.UInt8, []int{1}, 7) }, "operand mask is of type uint8"},
		{"the values are missing", "constexpr_sparse_to_dense", func(_ *testing.T, o map[string]*mil.Const) { delete(o, "nonzero_data") }, "operand nonzero_data is missing"},
		{"fewer indices than ones", "constexpr_lut_to_sparse", func(t *testing.T, o map[string]*mil.Const) {
			o["indices_nonzero_data"] = packed(t, dtype.UInt1, []int{1}, 1)
		}, "1 values for a mask with 2 ones"},
		{"sparse codes are missing", "constexpr_sparse_blockwise_shift_scale", func(_ *testing.T, o map[string]*mil.Const) { delete(o, "nonzero_data") }, "operand nonzero_data is missing"},
		{"the source is missing", "constexpr_cast", func(_ *testing.T, o map[string]*mil.Const) { delete(o, "source_val") }, "operand source_val is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := operands(t, c.form)
			c.damage(t, o)
			_, err := New(nil, operation(operator(c.form), o), nil, true)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestWhatIsNoConstexprOperationIsRefused(t *testing.T) {
	if IsOperator("linear") || IsOperator("constexpr_nonsense") || !IsOperator("constexpr_cast") {
		t.Error("other operators are taken for constexprs")
	}
	if _, err := New(nil, &mil.Op{Type: "constexpr_nonsense"}, nil, true); err != array.ErrUnsupported { //nolint:errorlint // as it is
		t.Errorf("error is %v", err)
	}
	o := operation("constexpr_cast", operands(t, "constexpr_cast"))
	o.Outputs = append(o.Outputs, &mil.Value{})
	if _, err := New(nil, o, nil, true); err == nil || !strings.Contains(err.Error(), "has 2 results where 1 are expected") {
		t.Errorf("error is %v", err)
	}
	o = operation("constexpr_cast", nil)
	o.Inputs = []mil.Argument{{Name: "source_val", Values: []*mil.Value{{Name: "x"}}}}
	if _, err := New(nil, o, nil, true); err == nil || !strings.Contains(err.Error(), "operand source_val is not a constant") {
		t.Errorf("error is %v", err)
	}
}

// Each link of a chain runs for every element; where both operands of each are the link
// before, the work doubles.
func TestAChainThatCostsTooMuchForAnElementIsRefused(t *testing.T) {
	known := map[*mil.Value]*Weight{}
	link := result("w", dtype.Float32)
	ws, err := New(nil, operation("constexpr_cast", map[string]*mil.Const{"source_val": numbers(t, dtype.Float16, []int{1}, 1)}), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	known[link] = ws[0]
	for n := 1; ; n++ {
		next := result("w", dtype.Float32)
		o := &mil.Op{Type: "constexpr_blockwise_shift_scale", Outputs: []*mil.Value{next}, Inputs: []mil.Argument{
			{Name: "data", Values: []*mil.Value{link}}, {Name: "scale", Values: []*mil.Value{link}},
		}}
		ws, err := New(nil, o, known, false)
		if err != nil {
			// 1, 3, 7, 15, 31, 63, 127: the seventh is above 64.
			if n != 6 || !strings.Contains(err.Error(), "more than 64 constexpr operations feed it") {
				t.Errorf("link %d: %v", n, err)
			}
			return
		}
		known[next], link = ws[0], next
	}
}

func TestMasksAreCountedAndSearched(t *testing.T) {
	// Ones at the multiples of 7, over several steps of the counts and with padding bits
	// set behind the end, which do not count.
	const n = 8*maskStep*2 + 13
	data := make([]byte, (n+7)/8)
	for p := range 8 * len(data) {
		if p%7 == 0 || p >= n {
			data[p/8] |= 1 << (p % 8)
		}
	}
	m, err := newBitmask(nil, data, n)
	if err != nil {
		t.Fatal(err)
	}
	if want := (n + 6) / 7; m.ones() != want {
		t.Errorf("%d ones, want %d", m.ones(), want)
	}
	for p := range n + 3 {
		if want := (min(p, n) + 6) / 7; m.rank(p) != want {
			t.Fatalf("%d ones before bit %d, want %d", m.rank(p), p, want)
		}
		if want := min((p+6)/7*7, n); m.next(p) != want {
			t.Fatalf("the one after bit %d is %d, want %d", p, m.next(p), want)
		}
	}
	for k := range m.ones() + 2 {
		if want := min(7*k, n); m.selectBit(k) != want {
			t.Fatalf("one number %d is bit %d, want %d", k, m.selectBit(k), want)
		}
	}
	if _, err := newBitmask(nil, data[:2], 17); err == nil || err.Error() != "mask of 17 bits holds 2 bytes" {
		t.Errorf("error is %v", err)
	}
}
