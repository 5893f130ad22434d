//go:build !noasm

package kernel

// The most rows that the kernels take at a time.
const (
	tapRows512 = 8
	tapRows    = 6
)

// mulAsm is Mul on blocks of rows and columns. A block of columns is multiplied by all
// rows before the next one, so that what it reads of b stays in the cache.
func (t *Taps) mulAsm(dst []float32, ldd int, a []float32, lda int, b []float32, m, n int, acc bool) bool {
	add := 0
	if acc {
		add = 1
	}
	switch {
	case useAVX512:
		t.mul512(dst, ldd, a, lda, b, m, n, add)
	case useAVX2:
		t.mul256(dst, ldd, a, lda, b, m, n, add)
	default:
		return false
	}
	return true
}

func (t *Taps) mul512(dst []float32, ldd int, a []float32, lda int, b []float32, m, n, add int) {
	rows, cols := evenly(m, tapRows512), 32
	if rows <= 2 {
		cols = 64
	}
	for j := 0; j < n; j += cols {
		for i := 0; i < m; i += rows {
			tapsAVX512(min(m-i, rows), &dst[i*ldd+j], 4*ldd, &a[i*lda], 4*lda, &b[j], &t.at[0], len(t.at), add, min(n-j, cols))
		}
	}
}

func (t *Taps) mul256(dst []float32, ldd int, a []float32, lda int, b []float32, m, n, add int) {
	rows := evenly(m, tapRows)
	for j := 0; j < n; {
		cols := min(n-j, 16)
		if cols < 16 {
			cols = min(cols, 8)
		}
		for i := 0; i < m; i += rows {
			d, s := &dst[i*ldd+j], &a[i*lda]
			if cols == 16 {
				taps16AVX2(min(m-i, rows), d, 4*ldd, s, 4*lda, &b[j], &t.at[0], len(t.at), add)
			} else {
				taps8AVX2(min(m-i, rows), d, 4*ldd, s, 4*lda, &b[j], &t.at[0], len(t.at), add, laneMask(cols))
			}
		}
		j += cols
	}
}
