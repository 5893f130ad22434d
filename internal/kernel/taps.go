package kernel

// Taps are the rows of a product that all lie in one slice, each from an offset of its
// own: those that a convolution multiplies by its weight. A run of the input is the row
// of one channel and one place of the kernel, and begins further on for the next place,
// so the rows overlap and need no copy. A Taps is reusable and serves one call at a time.
type Taps struct {
	at   []int // in bytes, as the kernels want them
	most int   // the largest offset, in elements
}

// floatBytes is the size of a float32.
const floatBytes = 4

// Reset removes all rows.
func (t *Taps) Reset() { t.at, t.most = t.at[:0], 0 }

// Grow makes room for n rows in all, so that Add need not.
func (t *Taps) Grow(n int) {
	if cap(t.at) < n {
		t.at = append(make([]int, 0, n), t.at...)
	}
}

// Add adds the row that begins at element offset, which is not negative.
func (t *Taps) Add(offset int) {
	t.at = append(t.at, floatBytes*offset)
	t.most = max(t.most, offset)
}

// Repeat adds all rows once more for each of times-1 others, step elements further on
// every time.
func (t *Taps) Repeat(times, step int) {
	n := len(t.at)
	for i := n; i < n*times; i++ {
		t.at = append(t.at, t.at[i-n]+floatBytes*step)
	}
	if n > 0 {
		t.most += max(0, times-1) * step
	}
}

// Len returns the number of rows.
func (t *Taps) Len() int { return len(t.at) }

// Mul computes dst[i*ldd+j] = Σ_c a[i*lda+c]·b[at_c+j] for m rows of a, n columns and all
// rows of t, added to dst when acc is set. A result is one chain of fused multiply-adds,
// in the order in which the rows were added, from 0 or from what dst holds: it depends
// neither on m and n nor, with acc, on where the rows were parted.
func (t *Taps) Mul(dst []float32, ldd int, a []float32, lda int, b []float32, m, n int, acc bool) {
	if m <= 0 || n <= 0 {
		return
	}
	k := len(t.at)
	if k == 0 {
		if !acc {
			zeroRows(dst, ldd, m, 0, n)
		}
		return
	}
	// The last elements used: an index beyond a slice panics here, not in assembly.
	_, _, _ = dst[(m-1)*ldd+n-1], a[(m-1)*lda+k-1], b[t.most+n-1]
	if t.mulAsm(dst, ldd, a, lda, b, m, n, acc) {
		return
	}
	for i := range m {
		d := dst[i*ldd : i*ldd+n]
		if !acc {
			clear(d)
		}
		for c, at := range t.at {
			fmaRow(d, a[i*lda+c], b[at/floatBytes:][:n])
		}
	}
}
