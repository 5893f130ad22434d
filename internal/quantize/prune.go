package quantize

import (
	"context"
	"math"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
)

// keep returns 1 for each weight that stays and is not zero, else 0.
func (p Prune) keep(ctx context.Context, t *Tensor) ([]byte, error) {
	if err := finite(t.Values); err != nil {
		return nil, err
	}
	mask := make([]byte, len(t.Values))
	switch p.Mode {
	case ByThreshold:
		zeros := keepAbove(mask, t.Values, t.Values, as(t.float(), p.Threshold))
		if float64(zeros)/float64(len(mask)) < p.Least {
			return nil, unfit("%d of %d weights are zero", zeros, len(mask))
		}
	case BySparsity:
		return mask, p.keepShare(t, mask)
	case ByRatio:
		return mask, p.keepRatio(ctx, t, mask)
	}
	return mask, ctx.Err()
}

// as rounds a number to the type that a weight is computed with.
func as(t dtype.Type, x float64) float32 {
	if t == dtype.Float32 {
		return float32(x)
	}
	return dtype.Float16ToFloat32(half(x))
}

// half rounds to fp16 once: what float32 cannot hold is made odd first, so that the
// second rounding knows of it.
func half(x float64) uint16 {
	f := float32(x)
	if wide := float64(f); wide != x && !math.IsInf(wide, 0) {
		b := math.Float32bits(f)
		if math.Abs(wide) > math.Abs(x) {
			b-- // toward zero
		}
		f = math.Float32frombits(b | 1)
	}
	return dtype.Float32ToFloat16(f)
}

// keepAbove marks the weights whose size is above a limit and that are not zero. It
// returns how many are not marked.
func keepAbove(mask []byte, values, sizes []float32, limit float32) (zeros int) {
	for i, v := range values {
		if abs32(sizes[i]) > limit && v != 0 {
			mask[i] = 1
		} else {
			zeros++
		}
	}
	return zeros
}

// keepShare marks all but the smallest share of the weights.
func (p Prune) keepShare(t *Tensor, mask []byte) error {
	sizes := t.Values
	if p.Block > 0 {
		if len(t.Shape) < 2 || len(t.Shape) > 5 {
			return unfit("blocks of neighbours in shape %v", t.Shape)
		}
		if n := t.Shape[p.Dim]; float64(p.Block) > float64(n)/2 {
			return unfit("blocks of %d in %d channels", p.Block, n)
		}
		sizes = blockSizes(t, p.Block, p.Dim)
	}
	limit := float32(-1)
	switch q := p.Sparsity * 100; {
	case q == 100:
		return nil
	case q != 0:
		limit = quantile(t.float(), sizes, q/100)
	}
	keepAbove(mask, t.Values, sizes, limit)
	return nil
}

// quantile returns a quantile of magnitudes as NumPy interpolates it.
func quantile(float dtype.Type, values []float32, q float64) float32 {
	at := float64(len(values)-1) * q
	first := int(math.Floor(at))
	a, b := neighbours(values, first)
	part := at - float64(first)
	step := float64(rounding(float)(b - a))
	x := float64(a) + float64(step*part)
	if part >= 0.5 {
		x = float64(b) - float64(step*(1-part))
	}
	return as(float, x)
}

// neighbours returns the magnitudes at the places i and i+1 of their order. Bits of
// floats are ordered as their magnitudes are, so that counting the upper ones finds
// the few whose lower ones matter.
func neighbours(values []float32, i int) (a, b float32) {
	counts := make([]int, 1<<16)
	for _, v := range values {
		counts[math.Float32bits(v)<<1>>16]++
	}
	find := func(i int) float32 {
		before, bin := 0, 0
		for before+counts[bin] <= i {
			before += counts[bin]
			bin++
		}
		var same []uint32
		for _, v := range values {
			if u := math.Float32bits(v) &^ (1 << 31); u<<1>>16 == uint32(bin) {
				same = append(same, u)
			}
		}
		slices.Sort(same)
		return math.Float32frombits(same[i-before])
	}
	return find(i), find(min(i+1, len(values)-1))
}

// blockSizes gives each weight the size of its block: the root of the sum of squares
// along an axis, all of it in the weight's type. A block at the end may be short.
func blockSizes(t *Tensor, block, dim int) []float32 {
	round := rounding(t.float())
	inner := 1
	for _, n := range t.Shape[dim+1:] {
		inner *= n
	}
	n := t.Shape[dim]
	sizes := make([]float32, len(t.Values))
	square := func(i int) float32 { return round(t.Values[i] * t.Values[i]) }
	// NumPy adds along the axis that is nearest in memory in float32, eight sums at a
	// time, and along any other one after the other in the type itself.
	near := inner == 1 || dim == 1
	for outer := range len(t.Values) / max(n*inner, 1) {
		for i := range inner {
			base := outer*n*inner + i
			for lo := 0; lo < n; lo += block {
				hi := min(lo+block, n)
				var sum float32
				if near && t.float() == dtype.Float16 {
					sum = round(pairwise(block, func(k int) float32 {
						if lo+k >= hi {
							return 0
						}
						return square(base + (lo+k)*inner)
					}))
				} else {
					for k := lo; k < hi; k++ {
						sum = round(sum + square(base+k*inner))
					}
				}
				size := round(float32(math.Sqrt(float64(sum))))
				for k := lo; k < hi; k++ {
					sizes[base+k*inner] = size
				}
			}
		}
	}
	return sizes
}

// pairwise adds n numbers in NumPy's order.
func pairwise(n int, at func(int) float32) float32 {
	switch {
	case n < 8:
		var sum float32
		for i := range n {
			sum += at(i)
		}
		return sum
	case n <= 128:
		var r [8]float32
		for i := range r {
			r[i] = at(i)
		}
		i := 8
		for ; i < n-n%8; i += 8 {
			for k := range r {
				r[k] += at(i + k)
			}
		}
		sum := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
		for ; i < n; i++ {
			sum += at(i)
		}
		return sum
	default:
		half := n / 2
		half -= half % 8
		return pairwise(half, at) + pairwise(n-half, func(i int) float32 { return at(half + i) })
	}
}

// keepRatio marks all but the N smallest of each M neighbours along an axis. The last
// neighbours are filled up with zeros, which count among the smallest.
func (p Prune) keepRatio(ctx context.Context, t *Tensor, mask []byte) error {
	if len(t.Shape) < 2 || len(t.Shape) > 5 {
		return unfit("%d of %d neighbours in shape %v", p.N, p.M, t.Shape)
	}
	n := t.Shape[p.Dim]
	if float64(p.M) > float64(n)/2 {
		return unfit("%d of %d neighbours in %d channels", p.N, p.M, n)
	}
	inner := 1
	for _, d := range t.Shape[p.Dim+1:] {
		inner *= d
	}
	return parallel(ctx, t.Threads, len(t.Values)/n, max(grainOf/n, 1), func(lo, hi int) {
		sizes, order := make([]float32, p.M), make([]int, p.M)
		for line := lo; line < hi; line++ {
			base := line/inner*n*inner + line%inner
			for first := 0; first < n; first += p.M {
				for k := range p.M {
					sizes[k], order[k] = 0, k
					if at := base + (first+k)*inner; first+k < n {
						sizes[k] = abs32(t.Values[at])
						if sizes[k] != 0 {
							mask[at] = 1
						}
					}
				}
				argsort(order, sizes)
				for _, k := range order[:p.N] {
					if first+k < n {
						mask[base+(first+k)*inner] = 0
					}
				}
			}
		}
	})
}

// argsort orders places by their values as NumPy's default sort does. Of equal values
// it decides by its steps which comes first, so those are followed: the median of
// three, and insertion for 16 and fewer.
func argsort(order []int, values []float32) {
	less := func(i, j int) bool { return values[order[i]] < values[order[j]] }
	swap := func(i, j int) { order[i], order[j] = order[j], order[i] }
	lo, hi := 0, len(order)-1
	var stack [][2]int
	for {
		for hi-lo > 16 {
			mid := lo + (hi-lo)/2
			if less(mid, lo) {
				swap(mid, lo)
			}
			if less(hi, mid) {
				swap(hi, mid)
			}
			if less(mid, lo) {
				swap(mid, lo)
			}
			pivot := values[order[mid]]
			i, j := lo, hi-1
			swap(mid, j)
			for {
				for i++; values[order[i]] < pivot; i++ {
				}
				for j--; pivot < values[order[j]]; j-- {
				}
				if i >= j {
					break
				}
				swap(i, j)
			}
			swap(i, hi-1)
			if i-lo < hi-i {
				stack = append(stack, [2]int{i + 1, hi})
				hi = i - 1
			} else {
				stack = append(stack, [2]int{lo, i - 1})
				lo = i + 1
			}
		}
		for i := lo + 1; i <= hi; i++ {
			place, j := order[i], i
			for ; j > lo && values[place] < values[order[j-1]]; j-- {
				order[j] = order[j-1]
			}
			order[j] = place
		}
		if len(stack) == 0 {
			return
		}
		last := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		lo, hi = last[0], last[1]
	}
}
