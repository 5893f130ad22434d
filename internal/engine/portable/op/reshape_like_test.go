package op_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/mil"
)

// reshapedLike runs a reshape_like over references of the given shapes. Its begins, ends
// and masks are read from the operation, which a builder makes.
func reshapedLike(t *testing.T, x *array.Value, refs []dims, begins, ends []int, masks []bool) (*array.Value, error) {
	t.Helper()
	b := mil.NewBuilder("main", "CoreML8")
	args := mil.Args{}
	var list results
	var values, begin, end, mask mil.Values
	for k, shape := range refs {
		list = append(list, counting(shape...))
		values = append(values, b.Input("ref"+string(rune('a'+k)), dtype.Float32, shape...))
	}
	for _, n := range begins {
		begin = append(begin, b.Int("", n))
	}
	for _, n := range ends {
		end = append(end, b.Int("", n))
	}
	for _, m := range masks {
		mask = append(mask, b.Bool("", m))
	}
	args["ref_tensors"], args["begins"], args["ends"], args["end_masks"] = values, begin, end, mask
	args["x"] = b.Input("x", x.DType, x.Shape()...)
	b.Output("y", b.Op("reshape_like", "y", mil.TensorType(x.DType, x.Len()), args))
	fn, err := b.Function()
	if err != nil {
		t.Fatal(err)
	}
	c := bind(t, &example{op: "reshape_like", list: list, in: operands{"x": x}, want: value(x.DType, nil)}, forms[0])
	ops := fn.Body.Ops
	c.Step.Op = ops[len(ops)-1]
	if err := once(c); err != nil {
		return nil, err
	}
	return &c.Env.Values[c.Step.Out[0]], nil
}

func TestReshapeLike(t *testing.T) {
	for _, tc := range []struct {
		name         string
		x            *array.Value
		refs         []dims
		begins, ends []int
		masks        []bool
		want         dims
		refused      string
	}{
		{
			name: "parts of two shapes are joined", x: counting(24),
			refs: []dims{{2, 5}, {7, 3, 4}}, begins: []int{0, 1}, ends: []int{1, 3}, masks: []bool{false, false}, want: dims{2, 3, 4},
		},
		{
			name: "bounds count from the end, and a mask goes on to the end", x: counting(24),
			refs: []dims{{2, 5}, {7, 3, 4}}, begins: []int{0, -2}, ends: []int{1, 0}, masks: []bool{false, true}, want: dims{2, 3, 4},
		},
		{
			name: "a part may be empty", x: counting(6),
			refs: []dims{{2, 3}, {9}}, begins: []int{0, 1}, ends: []int{2, 0}, masks: []bool{false, false}, want: dims{2, 3},
		},
		{
			name: "bounds outside are cut off", x: counting(6),
			refs: []dims{{2, 3}}, begins: []int{-9}, ends: []int{9}, masks: []bool{false}, want: dims{2, 3},
		},
		{
			name: "integers", x: ints(1, 2), refs: []dims{{1, 2}}, begins: []int{0}, ends: []int{2}, masks: []bool{false}, want: dims{1, 2},
		},
		{
			name: "another number of elements is refused", x: counting(5),
			refs: []dims{{2, 3}}, begins: []int{0}, ends: []int{2}, masks: []bool{false}, refused: "x of shape [5] does not fit shape [2 3]",
		},
		{
			name: "bounds for another number of references are refused", x: counting(6),
			refs: []dims{{2, 3}}, begins: []int{0, 0}, ends: []int{2}, masks: []bool{false},
			refused: "1 reference tensors have 2 begins, 1 ends and 1 masks",
		},
		{
			name: "a ninth dimension is refused", x: counting(1),
			refs: []dims{{1, 1, 1, 1, 1}, {1, 1, 1, 1}}, begins: []int{0, 0}, ends: []int{0, 0}, masks: []bool{true, true},
			refused: "the result has more than 8 dimensions",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			y, err := reshapedLike(t, tc.x, tc.refs, tc.begins, tc.ends, tc.masks)
			switch {
			case tc.refused != "":
				if err == nil || !strings.Contains(err.Error(), tc.refused) {
					t.Errorf("error is %v, want one that says %q", err, tc.refused)
				}
			case err != nil:
				t.Error(err)
			case !slices.Equal(y.Shape(), tc.want) || !slices.Equal(y.F32, tc.x.F32) || !slices.Equal(y.I32, tc.x.I32):
				t.Errorf("%v %v of shape %v, want shape %v", y.F32, y.I32, y.Shape(), tc.want)
			}
		})
	}
}
