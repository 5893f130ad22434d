//go:build !noasm

package kernel

// tapRows is the most rows that the kernels take at a time.
const tapRows = 6

// mulAsm is Mul on blocks of rows and 16, 4 or 1 columns. A block of columns is multiplied
// by all rows before the next one, so that what it reads of b stays in the cache.
func (t *Taps) mulAsm(dst []float32, ldd int, a []float32, lda int, b []float32, m, n int, acc bool) bool {
	if !useAsm {
		return false
	}
	add := 0
	if acc {
		add = 1
	}
	most := evenly(m, tapRows)
	for j := 0; j < n; {
		cols := 1
		switch {
		case n-j >= 16:
			cols = 16
		case n-j >= 4:
			cols = 4
		}
		for i := 0; i < m; i += most {
			d, s, rows := &dst[i*ldd+j], &a[i*lda], min(m-i, most)
			switch cols {
			case 16:
				taps16NEON(rows, d, 4*ldd, s, 4*lda, &b[j], &t.at[0], len(t.at), add)
			case 4:
				taps4NEON(rows, d, 4*ldd, s, 4*lda, &b[j], &t.at[0], len(t.at), add)
			default:
				taps1NEON(rows, d, 4*ldd, s, 4*lda, &b[j], &t.at[0], len(t.at), add)
			}
		}
		j += cols
	}
	return true
}
