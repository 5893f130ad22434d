package op_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// table is a constant that is decoded where it is read, as compressed weights are:
// element k is ten times k.
type table struct{}

func (table) Decode(dst []float32, start int) {
	for k := range dst {
		dst[k] = float32(10 * (start + k))
	}
}

// stored is such a constant of a shape.
func stored(shape ...int) *array.Value {
	v := value(dtype.Float32, shape)
	v.Repr, v.Stored = array.ReprWeight, table{}
	return v
}

// numpy.take(x, indices, axis), and with batch dimensions that of each batch.
func TestGather(t *testing.T) {
	x := counting(3, 2)
	testExamples(t, []example{
		{
			name: "rows in any order, and twice", op: "gather",
			in: operands{"x": x, "indices": ints(2, 0, 2)}, want: f32(dims{3, 2}, 4, 5, 0, 1, 4, 5),
		},
		{
			name: "columns", op: "gather",
			in: operands{"x": x, "indices": ints(1), "axis": whole(1)}, want: f32(dims{3, 1}, 1, 3, 5),
		},
		{
			name: "axes count from the end too", op: "gather",
			in: operands{"x": x, "indices": ints(1, 0), "axis": whole(-1)}, want: f32(dims{3, 2}, 1, 0, 3, 2, 5, 4),
		},
		{
			name: "the dimensions of the indices take the place of the axis", op: "gather",
			in: operands{"x": x, "indices": i32(dims{1, 2}, 1, 0)}, want: f32(dims{1, 2, 2}, 2, 3, 0, 1),
		},
		{
			name: "one index without a dimension takes the axis out", op: "gather", view: true,
			in: operands{"x": x, "indices": whole(1)}, want: f32(dims{2}, 2, 3),
		},
		{
			name: "one index with dimensions keeps them", op: "gather", view: true,
			in: operands{"x": x, "indices": i32(dims{1, 1}, 2)}, want: f32(dims{1, 1, 2}, 4, 5),
		},
		{
			name: "batches have their own indices", op: "gather",
			in:   operands{"x": counting(2, 3), "indices": i32(dims{2, 2}, 2, 0, 1, 1), "axis": whole(1), "batch_dims": whole(1)},
			want: f32(dims{2, 2}, 2, 0, 4, 4),
		},
		{
			name: "batches with a dimension before the axis", op: "gather",
			in:   operands{"x": counting(2, 2, 2), "indices": i32(dims{2, 1}, 1, 0), "axis": whole(2), "batch_dims": whole(1)},
			want: f32(dims{2, 2, 1}, 1, 3, 4, 6),
		},
		{
			name: "one of repeated heads", op: "gather", view: true,
			in: operands{"x": repeated(counting(1, 2, 1, 2), 2), "indices": whole(2), "axis": whole(1)}, want: f32(dims{1, 1, 2}, 2, 3),
		},
		{name: "no indices", op: "gather", in: operands{"x": x, "indices": ints()}, want: f32(dims{0, 2})},
		{
			name: "rows of binary16", op: "gather",
			in: operands{"x": f16(dims{2, 2}, 1, 2, 3, 4), "indices": ints(1, 1)}, want: f16(dims{2, 2}, 3, 4, 3, 4),
		},
		{
			name: "rows of a compressed table", op: "gather",
			in: operands{"x": stored(3, 2), "indices": ints(2, 1)}, want: f32(dims{2, 2}, 40, 50, 20, 30),
		},
		{
			name: "columns of a compressed table", op: "gather",
			in: operands{"x": stored(3, 2), "indices": ints(1, 0), "axis": whole(1)}, want: f32(dims{3, 2}, 10, 0, 30, 20, 50, 40),
		},
		{
			name: "one row of a compressed table", op: "gather",
			in: operands{"x": stored(3, 2), "indices": ints(1)}, want: f32(dims{1, 2}, 20, 30),
		},
		{
			name: "integers stay integers", op: "gather",
			in: operands{"x": i32(dims{2}, 1<<24+1, 7), "indices": ints(0, 1, 0)}, want: i32(dims{3}, 1<<24+1, 7, 1<<24+1),
		},
		{
			name: "an axis that is not there is refused", op: "gather",
			in: operands{"x": x, "indices": ints(0), "axis": whole(2)}, refused: "axis 2 is outside rank 2",
		},
		{
			name: "batch dimensions behind the axis are refused", op: "gather",
			in: operands{"x": x, "indices": i32(dims{3, 1}, 0, 0, 0), "batch_dims": whole(1)}, refused: "batch_dims 1 does not fit axis 0",
		},
		{
			name: "batches of another number are refused", op: "gather",
			in: operands{"x": x, "indices": i32(dims{2, 1}, 0, 0), "axis": whole(1), "batch_dims": whole(1)}, refused: "do not share 1 batch dimensions",
		},
	})
}

// What an index below zero means changed with iOS17; one beyond the end is always
// refused.
func TestIndicesOutside(t *testing.T) {
	x, coordinates := counting(3), i32(dims{1, 1}, -1)
	for _, operator := range []struct {
		name    string
		indices *array.Value
		want    *array.Value
	}{
		{"gather", ints(-1, 0), f32(dims{2}, 2, 0)},
		{"gather", whole(-1), num(2)},
		{"gather_along_axis", ints(-1, 0), f32(dims{2}, 2, 0)},
		{"gather_nd", coordinates, f32(dims{1}, 2)},
	} {
		in := operands{"x": x, "indices": operator.indices}
		checked := operands{"x": x, "indices": operator.indices, "validate_indices": flag(true)}
		testExamples(t, []example{
			{name: operator.name + " counts from the end up to iOS16", op: operator.name, opset: 6, in: in, want: operator.want},
			{name: operator.name + " refuses negative indices from iOS17 on", op: operator.name, opset: 7, in: in, refused: "index -1 is outside a dimension of 3"},
			{name: operator.name + " counts constant ones from the end all the same", op: operator.name, in: in, constant: []string{"indices"}, want: operator.want},
			{
				name: operator.name + " does not where it is to validate them", op: operator.name,
				in: checked, constant: []string{"indices"}, refused: "index -1 is outside a dimension of 3",
			},
		})
	}
	testExamples(t, []example{
		{name: "three of three", op: "gather", opset: 6, in: operands{"x": x, "indices": ints(3)}, refused: "index 3 is outside a dimension of 3"},
		{name: "four from the end of three", op: "gather", opset: 6, in: operands{"x": x, "indices": ints(-4)}, refused: "index -4 is outside"},
		{name: "a dimension of none has no index", op: "gather", in: operands{"x": f32(dims{0}), "indices": ints(0)}, refused: "index 0 is outside a dimension of 0"},
	})
}

// numpy.take_along_axis.
func TestGatherAlongAxis(t *testing.T) {
	x := counting(2, 3)
	testExamples(t, []example{
		{
			name: "every element is looked up in its own column", op: "gather_along_axis",
			in: operands{"x": x, "indices": i32(dims{1, 3}, 1, 0, 1)}, want: f32(dims{1, 3}, 3, 1, 5),
		},
		{
			name: "or in its own row", op: "gather_along_axis",
			in:   operands{"x": x, "indices": i32(dims{2, 4}, 2, 2, 0, 1, 0, 0, 0, 2), "axis": whole(1)},
			want: f32(dims{2, 4}, 2, 2, 0, 1, 3, 3, 3, 5),
		},
		{
			name: "integers stay integers", op: "gather_along_axis",
			in: operands{"x": i32(dims{2}, 1<<24+1, 7), "indices": ints(1, 0)}, want: i32(dims{2}, 7, 1<<24+1),
		},
		{name: "indices of another rank are refused", op: "gather_along_axis", in: operands{"x": x, "indices": ints(0)}, refused: "indices have rank 1, x 2"},
		{
			name: "other dimensions must be the same", op: "gather_along_axis",
			in: operands{"x": x, "indices": i32(dims{1, 2}, 0, 0)}, refused: "do not fit x of shape [2 3] along axis 0",
		},
	})
}

// The last dimension of the indices holds coordinates, as in TensorFlow's gather_nd.
func TestGatherND(t *testing.T) {
	x := counting(2, 3)
	testExamples(t, []example{
		{name: "elements", op: "gather_nd", in: operands{"x": x, "indices": i32(dims{2, 2}, 1, 2, 0, 1)}, want: f32(dims{2}, 5, 1)},
		{name: "rows", op: "gather_nd", in: operands{"x": x, "indices": i32(dims{2, 1}, 1, 0)}, want: f32(dims{2, 3}, 3, 4, 5, 0, 1, 2)},
		{name: "everything, by no coordinates", op: "gather_nd", in: operands{"x": x, "indices": i32(dims{2, 0})}, want: f32(dims{2, 2, 3}, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5)},
		{
			name: "batches have their own coordinates", op: "gather_nd",
			in: operands{"x": x, "indices": i32(dims{2, 2, 1}, 0, 2, 1, 1), "batch_dims": whole(1)}, want: f32(dims{2, 2}, 0, 2, 4, 4),
		},
		{
			name: "integers stay integers", op: "gather_nd",
			in: operands{"x": i32(dims{2}, 1<<24+1, 7), "indices": i32(dims{1, 1}, 0)}, want: i32(dims{1}, 1<<24+1),
		},
		{name: "more coordinates than dimensions are refused", op: "gather_nd", in: operands{"x": x, "indices": i32(dims{1, 3}, 0, 0, 0)}, refused: "too deep for x of rank 2"},
		{name: "an index without a dimension holds none", op: "gather_nd", in: operands{"x": x, "indices": whole(0)}, refused: "do not hold coordinates"},
		{
			name: "batches of another number are refused", op: "gather_nd",
			in: operands{"x": x, "indices": i32(dims{1, 2, 1}, 0, 0), "batch_dims": whole(1)}, refused: "do not share 1 batch dimensions",
		},
	})
}
