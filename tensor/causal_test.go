package tensor_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

// The masks of a prompt of three tokens and of the token that follows it.
func ExampleCausalMask() {
	fmt.Println(tensor.CausalMask(tensor.Float16, 3, 0, nil))
	fmt.Println(tensor.CausalMask(tensor.Float16, 1, 3, nil))
	// Output:
	// float16[1 1 3 3] [[[[0 -Inf -Inf] [0 0 -Inf] [0 0 0]]]]
	// float16[1 1 1 4] [[[[0 0 0 0]]]]
}

// A model that takes two tokens at a time over a cache of six places, of which
// each token sees three.
func ExampleCausalMask_window() {
	opts := &tensor.CausalMaskOptions{Window: 3, Width: 6}
	fmt.Println(tensor.CausalMask(tensor.Int32, 2, 3, opts))
	// Output:
	// int32[1 1 2 6] [[[[0 1 1 1 0 0] [0 0 1 1 1 0]]]]
}

func TestCausalMaskShowsWhatATokenMaySee(t *testing.T) {
	for _, dtype := range []tensor.DType{tensor.Bool, tensor.Int32, tensor.Float16, tensor.Float32, tensor.Float64} {
		for _, c := range []struct {
			q, past int
			o       *tensor.CausalMaskOptions
		}{
			{1, 0, nil},
			{4, 0, nil},
			{3, 5, nil},
			{3, 5, &tensor.CausalMaskOptions{Fill: -1e4}},
			{3, 5, &tensor.CausalMaskOptions{Window: 2}},
			{3, 5, &tensor.CausalMaskOptions{Window: 100}},
			{3, 0, &tensor.CausalMaskOptions{Rows: 5, Width: 8}},
			{2, 3, &tensor.CausalMaskOptions{Rows: 4, Width: 9, Window: 1, Fill: -65504}},
		} {
			t.Run(fmt.Sprintf("%v of %d after %d with %+v", dtype, c.q, c.past, c.o), func(t *testing.T) {
				var o tensor.CausalMaskOptions
				if c.o != nil {
					o = *c.o
				}
				rows, width := max(o.Rows, c.q), max(o.Width, c.past+c.q)
				seen, hidden := 1.0, 0.0
				if dtype.IsFloat() {
					seen, hidden = 0, o.Fill
					if hidden == 0 {
						hidden = math.Inf(-1)
					}
				}
				m := tensor.CausalMask(dtype, c.q, c.past, c.o)
				got, err := tensor.Values[float64](m)
				if err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprint(dtype, []int{1, 1, rows, width}); fmt.Sprint(m.DType(), m.Shape()) != want {
					t.Fatalf("the mask is %v %v, want %s", m.DType(), m.Shape(), want)
				}
				for i := range rows {
					at := c.past + min(i, c.q-1) // the token of the row
					for j := range width {
						want := hidden
						if j <= at && (o.Window == 0 || j > at-o.Window) {
							want = seen
						}
						if got[i*width+j] != want {
							t.Fatalf("row %d, column %d is %v, want %v", i, j, got[i*width+j], want)
						}
					}
				}
			})
		}
	}
}

func TestCausalMasksThatMakeNoSenseCarryAnError(t *testing.T) {
	huge := math.MaxInt
	for _, c := range []struct {
		q, past int
		o       tensor.CausalMaskOptions
		want    error
	}{
		{0, 0, tensor.CausalMaskOptions{}, tensor.ErrShape},
		{1, -1, tensor.CausalMaskOptions{}, tensor.ErrShape},
		{1, huge, tensor.CausalMaskOptions{}, tensor.ErrShape},
		{huge, 1, tensor.CausalMaskOptions{}, tensor.ErrShape},
		{1 << 20, 1 << 20, tensor.CausalMaskOptions{}, tensor.ErrShape},
		{2, 0, tensor.CausalMaskOptions{Rows: 1}, tensor.ErrShape},
		{2, 3, tensor.CausalMaskOptions{Width: 4}, tensor.ErrShape},
		{2, 3, tensor.CausalMaskOptions{Width: huge}, tensor.ErrShape},
		{2, 3, tensor.CausalMaskOptions{Window: -1}, tensor.ErrValue},
		{2, 3, tensor.CausalMaskOptions{Fill: 1}, tensor.ErrValue},
		{2, 3, tensor.CausalMaskOptions{Fill: math.NaN()}, tensor.ErrValue},
		{2, 3, tensor.CausalMaskOptions{Fill: -1e9}, tensor.ErrValue},
		{2, 3, tensor.CausalMaskOptions{Fill: -65520}, tensor.ErrValue},
		{2, 3, tensor.CausalMaskOptions{Fill: -1e-12}, tensor.ErrValue},
	} {
		if err := tensor.CausalMask(tensor.Float16, c.q, c.past, &c.o).Err(); !errors.Is(err, c.want) {
			t.Errorf("%d after %d with %+v gave %v, want %v", c.q, c.past, c.o, err, c.want)
		}
	}
	if err := tensor.CausalMask(tensor.DType(200), 1, 1, nil).Err(); err == nil {
		t.Error("a mask of no type was made")
	}
}

func TestAFillOfACausalMaskIsOneThatTheTypeHolds(t *testing.T) {
	for _, c := range []struct {
		dtype tensor.DType
		fill  float64
		want  string // in the error; empty: it fits
	}{
		{tensor.Float16, -1e4, ""},
		{tensor.Float16, -65504, ""},
		{tensor.Float16, math.Inf(-1), ""},
		{tensor.Float16, -1e9, "-65504"},
		{tensor.Float32, -1e9, ""},
		{tensor.Float32, -1e300, "-3.4028234663852886e+38"},
		{tensor.Float64, -1e300, ""},
		{tensor.Int32, -1e300, ""}, // which has no use for it
	} {
		err := tensor.CausalMask(c.dtype, 2, 0, &tensor.CausalMaskOptions{Fill: c.fill}).Err()
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v filled with %v gave %v, want an error with %q", c.dtype, c.fill, err, c.want)
		}
	}
}
