//go:build !noasm

package kernel

// mulNN512 is mulNN on blocks of 6 rows and 32 columns. The last columns are
// masked inside the kernel.
func mulNN512(dst []float32, ldd int, a []float32, lda, m int, b []float32, ldb, n, k, acc int) {
	for j := 0; j < n; j += 32 {
		for i := 0; i < m; i += 6 {
			nnAVX512(min(m-i, 6), &dst[i*ldd+j], 4*ldd, &a[i*lda], 4*lda, &b[j], 4*ldb, k, acc, min(n-j, 32))
		}
	}
}
