//go:build !noasm

package kernel

// tailMasks gives, at index lanes-n, masks of n leading lanes of 16.
var tailMasks = [2 * lanes]uint32{
	^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0),
	^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0),
}

// laneMask returns a mask of n lanes of 16.
func laneMask(n int) *uint32 { return &tailMasks[lanes-n] }

// mulNTAsm is mulNT on 4 rows at a time and one chunk. A group of fewer rows names its
// last row several times and masks the results. No row beyond the last is read, and
// nothing is written beyond it.
func mulNTAsm(dst []float32, ldd int, x []float32, ldx, n int, w []float32, ldw, m, k int, acc bool) {
	var tail, rows *uint32
	if k%lanes != 0 {
		// The columns after the last whole group of lanes; AVX-512 makes its own
		// mask of k.
		tail = laneMask(k % lanes)
	}
	add := 0
	if acc {
		add = 1
	}
	for r := 0; r < m; r += 4 {
		w0 := r * ldw
		w1, w2, w3 := w0+ldw, w0+2*ldw, w0+3*ldw
		if m-r < 4 {
			rows = laneMask(m - r)
			last := (m - 1) * ldw
			w1, w2, w3 = min(w1, last), min(w2, last), last
		}
		if useAVX512 {
			nt4AVX512(&dst[r], 4*ldd, &x[0], 4*ldx, n, &w[w0], &w[w1], &w[w2], &w[w3], k, rows, add)
			continue
		}
		nt4AVX2(&dst[r], 4*ldd, &x[0], 4*ldx, n, &w[w0], &w[w1], &w[w2], &w[w3], k, tail, rows, add)
	}
}

// mulNNAsm is mulNN on blocks of 6 rows and 16 columns. Strides are in bytes
// for the kernels, hence the 4s.
func mulNNAsm(dst []float32, ldd int, a []float32, lda, m int, b []float32, ldb, n, k int, acc bool) {
	add := 0
	if acc {
		add = 1
	}
	if useAVX512 {
		mulNN512(dst, ldd, a, lda, m, b, ldb, n, k, add)
		return
	}
	for j := 0; j < n; {
		cols := min(n-j, 16)
		if cols < 16 {
			cols = min(cols, 8)
		}
		for i := 0; i < m; i += 6 {
			d, s := &dst[i*ldd+j], &a[i*lda]
			if cols == 16 {
				nn16AVX2(min(m-i, 6), d, 4*ldd, s, 4*lda, &b[j], 4*ldb, k, add)
			} else {
				nn8AVX2(min(m-i, 6), d, 4*ldd, s, 4*lda, &b[j], 4*ldb, k, add, laneMask(cols))
			}
		}
		j += cols
	}
}
