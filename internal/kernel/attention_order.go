package kernel

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
)

// What attention computes of one block, as every instruction set has it.

// wideScores stores the products of n queries and some widened keys.
func (w *attnWork) wideScores(s, q []float32, n int, keys []float32, count int) {
	d := w.a.HeadDim
	if useAsm && d > 0 {
		for c := 0; c < d; c += chunkCols {
			mulNT(s, w.lds, q[c:], w.depth, n, keys[c:], w.depth, count, min(chunkCols, d-c), c > 0)
		}
		return
	}
	for i := range n {
		for k := range count {
			s[i*w.lds+k] = dotOrdered(q[i*w.depth:][:d], keys[k*w.depth:][:d])
		}
	}
}

// maskScores makes scores s·scale+mask, each step rounded, and returns the greatest that
// is not NaN. -Inf in the mask overrides the score.
func maskScores(s, mask []float32, scale float32) (peak float32) {
	done := 0
	peak = float32(math.Inf(-1))
	if useAsm {
		if done = len(s) &^ (lanes - 1); done > 0 {
			peak = attnMaskAsm(s[:done], mask, scale)
		}
	}
	for i := done; i < len(s); i++ {
		v := float32(s[i] * scale)
		if mask != nil {
			v = masked(v, mask[i])
		}
		if s[i] = v; v > peak {
			peak = v
		}
	}
	return peak
}

// masked adds a mask to a score.
func masked(v, m float32) float32 {
	if isNegInf(m) {
		return m
	}
	return v + m
}

// roundScores does what maskScores does by operations that each store fp16, as the
// product before them does.
func roundScores(s, mask []float32, scale float32) (peak float32) {
	done := 0
	peak = float32(math.Inf(-1))
	if useAsm {
		if done = len(s) &^ (lanes - 1); done > 0 {
			peak = attnMaskRoundAsm(s[:done], mask, scale)
		}
	}
	for i := done; i < len(s); i++ {
		v := dtype.RoundFloat16(dtype.RoundFloat16(s[i]) * scale)
		if mask != nil {
			v = dtype.RoundFloat16(masked(v, mask[i]))
		}
		if s[i] = v; v > peak {
			peak = v
		}
	}
	return peak
}

// shareOf makes weights their shares of a sum, whose inverse is inv, rounded to halves.
func shareOf(s []float32, inv float32) {
	done := 0
	if useAsm {
		if done = len(s) &^ 7; done > 0 {
			attnShareAsm(s[:done], inv)
		}
	}
	for i := done; i < len(s); i++ {
		s[i] = dtype.RoundFloat16(s[i] * inv)
	}
}

// expLanes replaces whole groups of lanes by exp(s-shift) and returns the sum: element i
// goes to lane i%lanes, and the lanes are added by halves.
func expLanes(s []float32, shift float32) float32 {
	if useAsm {
		return attnExpAsm(s, shift)
	}
	var l [lanes]float32
	for i, v := range s {
		s[i] = exp32(v - shift)
		l[i%lanes] += s[i]
	}
	return sumLanes(&l)
}

// attnProduct stores the product of n rows of weights and k values of d columns, or adds
// it: each sum is a chain of fused products over the keys.
func attnProduct(out []float32, ldo int, s []float32, lds, n int, v []float32, ldv, d, k int, add bool) {
	if useAsm {
		mulNN(out, ldo, s, lds, n, v, ldv, d, k, add)
		return
	}
	for i := range n {
		row := out[i*ldo : i*ldo+d]
		if !add {
			clear(row)
		}
		for c := range k {
			addWeighted(row, s[i*lds+c], v[c*ldv:c*ldv+d])
		}
	}
}

// addWeighted adds a·x to y, each step fused.
func addWeighted(y []float32, a float32, x []float32) {
	var all [lanes]float32
	for i := range all {
		all[i] = a
	}
	for ; len(y) >= lanes && len(x) >= lanes; y, x = y[lanes:], x[lanes:] {
		fmaLanes((*[lanes]float32)(y), &all, (*[lanes]float32)(x))
	}
	for i := range y {
		y[i] = fma32(a, x[i], y[i])
	}
}

// joinSums makes y the sum of y·a, rounded, and x·b, fused. 0 is added to the first,
// so that a sum scaled down to -0 is none: keys of no weight then change no sign.
func joinSums(y, x []float32, a, b float32) {
	done := 0
	x = x[:len(y)]
	if useAsm {
		if done = len(y) &^ 7; done > 0 {
			attnJoinAsm(y[:done], x, a, b)
		}
	}
	for i := done; i < len(y); i++ {
		y[i] = fma32(x[i], b, float32(y[i]*a)+0)
	}
}

// element returns an element of keys or values.
func element(h []uint16, f []float32, at int) float32 {
	if h != nil {
		return dtype.Float16ToFloat32(h[at])
	}
	return f[at]
}
