//go:build !noasm

package kernel

// mulNN512 is mulNN on blocks of 6 rows and 64 columns, and then of at most 32. The last
// columns are masked inside the kernel.
func mulNN512(dst []float32, ldd int, a []float32, lda, m int, b []float32, ldb, n, k, acc int) {
	for j := 0; j < n; {
		cols := min(n-j, 32)
		if n-j >= 64 {
			cols = 64
		}
		for i := 0; i < m; i += 6 {
			if cols == 64 {
				nn64AVX512(min(m-i, 6), &dst[i*ldd+j], 4*ldd, &a[i*lda], 4*lda, &b[j], 4*ldb, k, acc)
			} else {
				nnAVX512(min(m-i, 6), &dst[i*ldd+j], 4*ldd, &a[i*lda], 4*lda, &b[j], 4*ldb, k, acc, cols)
			}
		}
		j += cols
	}
}
