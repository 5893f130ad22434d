package kernel

// Rows are rows of numbers: row r begins at Of[r*Apart].
type Rows struct {
	Of    []float32
	Apart int
}

// row returns n numbers of row r.
func (s Rows) row(r, n int) []float32 { return s.Of[r*s.Apart:][:n] }

// RotateRows is [Rotate] for rows of n numbers, each by its own row of cos and of sin. Those
// of dst lie one behind the other. All slices are long enough for rows of them.
func RotateRows(dst []float32, n, rows int, x, cos, sin Rows, round bool) {
	if rows <= 0 || n <= 0 {
		return
	}
	dst = dst[:rows*n]
	// The last row of each is there: assembly looks at nothing.
	for _, from := range [...]Rows{x, cos, sin} {
		_ = from.row(rows-1, n)
	}
	if !round && n%2 == 0 && rotateAsm(dst, n/2, rows, x, cos, sin) {
		return
	}
	for r := range rows {
		Rotate(dst[r*n:(r+1)*n], x.row(r, n), cos.row(r, n), sin.row(r, n), round)
	}
}

// Rotate stores x·cos + rotated(x)·sin in dst for one head, where rotated(x) is
// the second half of x negated, then the first: rotary position embedding as in
// Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding",
// in the order of elements that Llama's weights have. All four slices have the
// same even length; dst may not be x. round rounds both products to binary16,
// as operations that store fp16 do; the sum is left to the caller. Both
// products are rounded to float32 before they are added, with and without
// round.
func Rotate(dst, x, cos, sin []float32, round bool) {
	h := len(dst) / 2
	lo, hi := x[:h], x[h:2*h]
	a, b := dst[:h], dst[h:2*h]
	cosLo, cosHi, sinLo, sinHi := cos[:h], cos[h:2*h], sin[:h], sin[h:2*h]
	if round {
		rotateRounded(dst, x, cos, sin)
		return
	}
	for i := range lo {
		// The conversions keep the products from being fused into the sums, which
		// would make the result depend on the processor.
		a[i] = float32(lo[i]*cosLo[i]) - float32(hi[i]*sinLo[i])
		b[i] = float32(hi[i]*cosHi[i]) + float32(lo[i]*sinHi[i])
	}
}

// rotateRounded is Rotate with rounded products, some elements at a time. The
// buffers are on the stack. -1 times x is exact, so negating before the product
// changes no bit.
func rotateRounded(dst, x, cos, sin []float32) {
	const some = 64
	h := len(dst) / 2
	var rotated, negated [some]float32
	Mul(dst, x[:len(dst)], cos[:len(dst)])
	RoundF16(dst)
	for i := 0; i < h; i += some {
		n := min(some, h-i)
		Scale(negated[:n], x[h+i:h+i+n], -1)
		Mul(rotated[:n], negated[:n], sin[i:i+n])
		RoundF16(rotated[:n])
		Add(dst[i:i+n], dst[i:i+n], rotated[:n])
		Mul(rotated[:n], x[i:i+n], sin[h+i:h+i+n])
		RoundF16(rotated[:n])
		Add(dst[h+i:h+i+n], dst[h+i:h+i+n], rotated[:n])
	}
}
