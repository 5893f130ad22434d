package tensor_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

// at returns the element of a row-major array at an index that belongs to a
// shape of at least its rank, by the definition of broadcasting: axes are
// matched from the last one, and an axis of size 1 is always read at 0.
func at(data []int64, shape, index []int) int64 {
	flat := 0
	for i, d := range shape {
		j := index[len(index)-len(shape)+i]
		if d == 1 {
			j = 0
		}
		flat = flat*d + j
	}
	return data[flat]
}

// indices returns all indices of a shape in row-major order.
func indices(shape []int) [][]int {
	all := [][]int{{}}
	for _, d := range shape {
		var next [][]int
		for _, prefix := range all {
			for i := range d {
				next = append(next, append(slices.Clone(prefix), i))
			}
		}
		all = next
	}
	return all
}

func TestBroadcastingFollowsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		shape := make([]int, r.IntN(5))
		for i := range shape {
			shape[i] = r.IntN(4) + r.IntN(2)
		}
		// Two operands that broadcast to shape: axes dropped in front, some 1.
		operand := func(full bool) ([]int, []int64, *tensor.Tensor) {
			s := slices.Clone(shape)
			if !full {
				s = s[r.IntN(len(s)+1):]
				for i := range s {
					if r.IntN(2) == 0 {
						s[i] = 1
					}
				}
			}
			n := 1
			for _, d := range s {
				n *= d
			}
			data := make([]int64, n)
			for i := range data {
				data[i] = r.Int64N(100) - 50
			}
			x := tensor.FromSlice(data, s...)
			if r.IntN(2) == 0 {
				x = disguise(x)
			}
			return s, data, x
		}
		sa, da, a := operand(true)
		sb, db, b := operand(false)
		if r.IntN(2) == 0 {
			sa, da, a, sb, db, b = sb, db, b, sa, da, a
		}
		var sums []int64
		var less []bool
		for _, index := range indices(shape) {
			x, y := at(da, sa, index), at(db, sb, index)
			sums, less = append(sums, x-y), append(less, x < y)
		}
		for _, d := range []tensor.DType{tensor.Int64, tensor.Int8, tensor.Float16, tensor.Float32, tensor.Float64} {
			want(t, a.To(d).Sub(b.To(d)).To(tensor.Int64), shape, sums...)
			want(t, a.To(d).Less(b.To(d)), shape, less...)
		}
		if t.Failed() {
			t.Fatalf("shapes %v and %v", sa, sb)
		}
	}
}

func TestSlicesFollowTheirDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		rows, cols := r.IntN(6)+1, r.IntN(6)+1
		x := tensor.Arange(int32(0), int32(rows*cols), 1).Reshape(rows, cols)
		if r.IntN(2) == 0 {
			x = disguise(x)
		}
		pick := func(dim int) (tensor.Range, []int32) {
			from := r.IntN(dim + 1)
			to := from + r.IntN(dim+1-from)
			step := r.IntN(3) + 1
			var positions []int32
			for i := from; i < to; i += step {
				positions = append(positions, int32(i))
			}
			if r.IntN(2) == 0 && from < dim && from > 0 {
				from -= dim
			}
			return tensor.Span(from, to).By(step), positions
		}
		first, is := pick(rows)
		second, js := pick(cols)
		var elements []int32
		for _, i := range is {
			for _, j := range js {
				elements = append(elements, i*int32(cols)+j)
			}
		}
		want(t, x.Slice(first, second), []int{len(is), len(js)}, elements...)
		if t.Failed() {
			t.Fatalf("[%v, %v] of %d by %d", first, second, rows, cols)
		}
	}
}

func TestSlicesOutsideOfAnAxisAreErrors(t *testing.T) {
	x := tensor.New(tensor.Float32, 5, 2)
	for _, r := range []tensor.Range{
		tensor.At(5), tensor.At(-6), tensor.At(-10), tensor.At(math.MaxInt), tensor.At(math.MinInt),
		tensor.Span(0, 6), tensor.Span(-6, 2), tensor.Span(3, 2), tensor.Span(math.MinInt, math.MaxInt),
		tensor.From(6), tensor.Until(-6), tensor.All().By(0), tensor.All().By(-1), tensor.At(0).By(0),
	} {
		if got := x.Slice(r); got.Err() == nil {
			t.Errorf("%v gave %v", r, got)
		} else {
			wantErr(t, got, tensor.ErrIndex)
		}
	}
	wantErr(t, x.Slice(tensor.All(), tensor.All(), tensor.All()), tensor.ErrShape)
	wantErr(t, x.Slice(tensor.Rest(), tensor.Rest()), tensor.ErrShape)
	wantErr(t, x.Slice(slices.Repeat([]tensor.Range{tensor.NewAxis()}, tensor.MaxRank)...), tensor.ErrShape)
	want[float32](t, x.Slice(tensor.From(5)), []int{0, 2})
	want[float32](t, x.Slice(tensor.Span(2, 2).By(math.MaxInt)), []int{0, 2})
	want(t, x.Slice(tensor.All().By(math.MaxInt)), []int{1, 2}, float32(0), 0)
}

func TestIntegerArithmeticNeverPanicsAndRoundsDown(t *testing.T) {
	lo := int32(math.MinInt32)
	x := tensor.Vector[int32](7, -7, 7, -7, 5, lo, lo, 0)
	y := tensor.Vector[int32](2, 2, -2, -2, 0, -1, 0, -3)
	want(t, x.Div(y), []int{8}, int32(3), -4, -4, 3, 0, lo, 0, 0)
	want(t, x.Mod(y), []int{8}, int32(1), 1, -1, -1, 0, 0, 0, 0)
	wide := tensor.Vector[int64](math.MinInt64, math.MinInt64)
	want(t, wide.Div(tensor.Vector[int64](-1, 0)), []int{2}, int64(math.MinInt64), 0)
	want(t, wide.Mod(tensor.Vector[int64](-1, 0)), []int{2}, int64(0), 0)
	want(t, tensor.Vector[uint8](250).Add(tensor.Vector[uint8](10)), []int{1}, uint8(4))
	want(t, tensor.Vector[int8](-128).Neg(), []int{1}, int8(-128))
	want(t, tensor.Vector[int8](-128).Abs(), []int{1}, int8(-128))
	base := tensor.Vector[int32](2, 1, -1, -1, 0, -3)
	want(t, base.Pow(tensor.Vector[int32](-1, -5, -2, -3, -1, 3)), []int{6}, int32(0), 1, 1, -1, 0, -27)
}

func TestFloatArithmeticOnHalfsIsRoundedOnce(t *testing.T) {
	// 2048 + 1 lies between two halfs and is rounded to even; 60000 + 60000
	// is beyond the range.
	x := tensor.Vector(tensor.HalfOf(2048), tensor.HalfOf(60000))
	y := tensor.Vector(tensor.HalfOf(1), tensor.HalfOf(60000))
	want(t, x.Add(y).To(tensor.Float32), []int{2}, float32(2048), float32(math.Inf(1)))
	// Half a million halfs of 0.1 add up in a wider type.
	sum := tensor.Fill(tensor.Float16, 0.1, 1000).Sum(nil, false)
	want(t, sum.To(tensor.Float32), nil, float32(100))
}

func TestNumbersThatAreNotFiniteAreFound(t *testing.T) {
	x := tensor.Vector(1, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1))
	for _, d := range []tensor.DType{tensor.Float16, tensor.Float32, tensor.Float64} {
		want(t, x.To(d).IsNaN(), []int{5}, false, true, false, false, false)
		want(t, x.To(d).IsFinite(), []int{5}, true, false, false, false, true)
	}
	want(t, tensor.Vector[int8](1, -128).IsFinite(), []int{2}, true, true)
	want(t, tensor.Vector(false).IsNaN(), []int{1}, false)
}

func TestSoftmaxOfAMaskedRowIsNaN(t *testing.T) {
	inf := float32(math.Inf(1))
	x := tensor.FromSlice([]float32{-inf, -inf, -inf, 0, 1e30, 1e30}, 3, 2)
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
		p := values[float32](t, x.To(d).Softmax(1))
		if p[0] == p[0] || p[1] == p[1] || !slices.Equal(p[2:], []float32{0, 1, 0.5, 0.5}) {
			t.Errorf("%v: %v", d, p)
		}
	}
	wantErr(t, tensor.New(tensor.Int32, 2).Softmax(0), tensor.ErrDType)
	want[float32](t, tensor.New(tensor.Float32, 2, 0).Softmax(1), []int{2, 0})
}

func TestPositionsOfEqualElementsComeInOrder(t *testing.T) {
	nan := float32(math.NaN())
	x := tensor.Vector[float32](1, 3, 3, 1, 2)
	want(t, x.ArgMax(0), nil, int32(1))
	want(t, x.ArgMin(-1), nil, int32(0))
	want(t, x.ArgSort(0, true), []int{5}, int32(1), 2, 4, 0, 3)
	v, i := x.TopK(4, 0)
	want(t, v, []int{4}, float32(3), 3, 2, 1)
	want(t, i, []int{4}, int32(1), 2, 4, 0)
	y := tensor.Vector(1, nan, 5, nan)
	want(t, y.ArgMax(0), nil, int32(1))
	want(t, y.ArgMin(0), nil, int32(1))
	_, i = y.TopK(3, 0)
	want(t, i, []int{3}, int32(1), 3, 2)
	want(t, tensor.Vector(false, true, true).ArgMax(0), nil, int32(1))
}

func TestTopKOfALongRowEqualsASort(t *testing.T) {
	x := tensor.RandomNormal(tensor.Float16, 0, 1, 5, 3, 5000)
	order := x.ArgSort(1, true)
	for _, k := range []int{1, 2, 50, 5000} {
		v, i := x.TopK(k, 1)
		first := order.Slice(tensor.All(), tensor.Until(k))
		want(t, i, []int{3, k}, values[int32](t, first)...)
		want(t, v, []int{3, k}, values[tensor.Half](t, x.GatherAlong(first, 1))...)
	}
}

func TestLongRowsReduceLikeShortOnes(t *testing.T) {
	// More elements than pass through a buffer at a time, in odd layouts.
	x := tensor.Arange[int32](0, 3*2500, 1).Reshape(2500, 3)
	for _, d := range []tensor.DType{tensor.Int32, tensor.Int64, tensor.Float32, tensor.Float64} {
		y := x.To(d).Transpose()
		want(t, y.Sum([]int{1}, false).To(tensor.Int32), []int{3}, int32(2499*2500/2*3), 2499*2500/2*3+2500, 2499*2500/2*3+5000)
		want(t, y.Max([]int{1}, true).To(tensor.Int32), []int{3, 1}, int32(7497), 7498, 7499)
		want(t, y.ArgMax(1), []int{3}, int32(2499), 2499, 2499)
		want(t, y.Slice(tensor.At(1)).CumulativeSum(0).Slice(tensor.At(-1)).To(tensor.Int32), nil, int32(2499*2500/2*3+2500))
		want(t, y.Add(y).Sub(y).Sub(y).NotEqual(y.Scalar(0)).Any(nil, false), nil, false)
	}
}

func TestMatMulOfLargeMatricesEqualsItsDefinition(t *testing.T) {
	const m, k, n = 7, 150, 1100 // beyond one tile in both directions
	r := rand.New(rand.NewPCG(5, 6))
	a, b := make([]int32, m*k), make([]int32, k*n)
	for i := range a {
		a[i] = r.Int32N(9) - 4
	}
	for i := range b {
		b[i] = r.Int32N(9) - 4
	}
	c := make([]int32, m*n)
	for i := range m {
		for j := range n {
			for p := range k {
				c[i*n+j] += a[i*k+p] * b[p*n+j]
			}
		}
	}
	for _, d := range []tensor.DType{tensor.Int32, tensor.Float32, tensor.Float64, tensor.Float16, tensor.Int16} {
		x, y := tensor.FromSlice(a, m, k).To(d), tensor.FromSlice(b, k, n).To(d)
		columns := y.Transpose().Contiguous().Transpose() // column-major memory
		for _, right := range []*tensor.Tensor{y, columns, disguise(y)} {
			want(t, x.MatMul(right).To(tensor.Int32), []int{m, n}, c...)
			want(t, disguise(x).MatMul(right).To(tensor.Int32), []int{m, n}, c...)
		}
	}
	want[float32](t, tensor.New(tensor.Float32, 2, 0).MatMul(tensor.New(tensor.Float32, 0, 2)), []int{2, 2}, 0, 0, 0, 0)
}

func TestSamplesFollowTheirProbabilities(t *testing.T) {
	const n = 20000
	p := []float32{0.1, 0, 0.6, 0.1} // they need not add up to 1
	draws := values[int32](t, tensor.Vector(p...).Broadcast(n, 4).Sample(9))
	count := make([]float64, 4)
	for _, d := range draws {
		count[d]++
	}
	for i, c := range count {
		// Five standard deviations of a binomial distribution; none at zero.
		q := float64(p[i]) / 0.8
		if diff := math.Abs(c - q*n); diff > 5*math.Sqrt(n*q*(1-q)) {
			t.Errorf("position %d was drawn %v times of %d, probability %v", i, c, n, q)
		}
	}
	again := values[int32](t, tensor.Vector(p...).Broadcast(n, 4).Sample(9))
	other := values[int32](t, tensor.Vector(p...).Broadcast(n, 4).Sample(10))
	if !slices.Equal(draws, again) || slices.Equal(draws, other) {
		t.Error("the draws do not depend on the seed alone")
	}
	for name, x := range map[string]*tensor.Tensor{
		"zeros":        tensor.New(tensor.Float32, 3),
		"a negative":   tensor.Vector[float32](1, -0.5),
		"not a number": tensor.Vector(1, math.NaN()),
		"infinite":     tensor.Vector(1, math.Inf(1)),
		"nothing":      tensor.New(tensor.Float16, 2, 0),
	} {
		t.Run(name, func(t *testing.T) { wantErr(t, x.Sample(1), tensor.ErrValue) })
	}
}

func TestRandomNumbersHaveTheirDistribution(t *testing.T) {
	const n = 40000
	x := tensor.RandomNormal(tensor.Float64, 3, 2, 1, n)
	mean, _ := tensor.Item[float64](x.Mean(nil, false))
	variance, _ := tensor.Item[float64](x.Sub(x.Scalar(mean)).Square().Mean(nil, false))
	// Five standard errors: σ/√n of the mean and about σ²·√(2/n) of the variance.
	if math.Abs(mean-3) > 5*2/math.Sqrt(n) || math.Abs(variance-4) > 5*4*math.Sqrt(2.0/n) {
		t.Errorf("mean %v and variance %v of N(3, 2²)", mean, variance)
	}
	u := tensor.RandomUniform(tensor.Int8, -3, 4, 1, n)
	lo, _ := tensor.Item[int8](u.Min(nil, false))
	hi, _ := tensor.Item[int8](u.Max(nil, false))
	if lo != -3 || hi != 3 {
		t.Errorf("whole numbers from -3 to 4 lie between %d and %d", lo, hi)
	}
	wantErr(t, tensor.RandomUniform(tensor.Float32, 1, 0, 1, 2), tensor.ErrValue)
	wantErr(t, tensor.RandomUniform(tensor.Float32, math.Inf(-1), 0, 1, 2), tensor.ErrValue)
	wantErr(t, tensor.RandomUniform(tensor.Bool, 0, 1, 1, 2), tensor.ErrDType)
	wantErr(t, tensor.RandomNormal(tensor.Int32, 0, 1, 1, 2), tensor.ErrDType)
	wantErr(t, tensor.RandomNormal(tensor.Invalid, 0, 1, 1, 2), tensor.ErrDType)
}

func TestHalvesToFloat32IsExactForEveryHalf(t *testing.T) {
	all := make([]tensor.Half, 1<<16)
	for k := range all {
		all[k] = tensor.Half(k)
	}
	got := make([]float32, len(all)+1)
	got[len(all)] = 7
	tensor.HalvesToFloat32(got, all)
	for k, h := range all {
		if want := h.Float32(); got[k] != want && !(want != want && got[k] != got[k]) {
			t.Fatalf("half %#04x is %v, want %v", k, got[k], want)
		}
	}
	if got[len(all)] != 7 {
		t.Error("more was written than there are halves")
	}
	tensor.HalvesToFloat32(nil, nil)
}
