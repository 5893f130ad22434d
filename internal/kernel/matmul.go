package kernel

// MatMul computes dst = a·b for a [m,k] and b [k,n], or a·bᵀ for b [n,k] when
// transB is set. Rows are lda, ldb and ldd elements apart and contiguous
// inside. dst may not overlap a or b. A sum depends on the row of a and the column or row
// of b alone, and is the same in every variant.
func MatMul(dst []float32, ldd int, a []float32, lda int, b []float32, ldb int, transB bool, m, n, k int) {
	MatMulUntil(nil, dst, ldd, a, lda, b, ldb, transB, m, n, k)
}

// MatMulUntil is [MatMul] that returns early once stop says so. It asks for every
// tile of b, so a should not have more than some tens of rows.
func MatMulUntil(stop func() bool, dst []float32, ldd int, a []float32, lda int, b []float32, ldb int, transB bool, m, n, k int) {
	if m <= 0 || n <= 0 {
		return
	}
	if k <= 0 {
		zeroRows(dst, ldd, m, 0, n)
		return
	}
	if transB {
		matMulNT(stop, dst, ldd, a, lda, b, ldb, m, n, k)
		return
	}
	matMulNN(stop, dst, ldd, a, lda, b, ldb, m, n, k)
}

// matMulNT goes through b tile by tile and adds the sums of each tile to dst,
// from the second on.
func matMulNT(stop func() bool, dst []float32, ldd int, a []float32, lda int, b []float32, ldb int, m, n, k int) {
	for r := 0; r < n; r += tileRows {
		rows := min(tileRows, n-r)
		for c := 0; c < k; c += tileCols {
			if stops(stop) {
				return
			}
			kc := min(tileCols, k-c)
			for t := 0; t < m; t += tileTokens {
				mulNT(dst[t*ldd+r:], ldd, a[t*lda+c:], lda, min(tileTokens, m-t), b[r*ldb+c:], ldb, rows, kc, c > 0)
			}
		}
	}
}

// nnDepth is the depth of the slice of b that matMulNN keeps in the cache, nnCols
// the columns of it between two looks at stop.
const (
	nnDepth = 256
	nnCols  = 4096
)

// matMulNN walks b along its rows, which are dense.
func matMulNN(stop func() bool, dst []float32, ldd int, a []float32, lda int, b []float32, ldb int, m, n, k int) {
	for c := 0; c < k; c += nnDepth {
		kc := min(nnDepth, k-c)
		for j := 0; j < n; j += nnCols {
			if stops(stop) {
				return
			}
			mulNN(dst[j:], ldd, a[c:], lda, m, b[c*ldb+j:], ldb, min(nnCols, n-j), kc, c > 0)
		}
	}
}

// mulNT computes dst[t*ldd+r] = Σ_c x[t*ldx+c]·w[r*ldw+c] for n vectors, m rows
// and depth k, added to dst when acc is set. Chunks are counted from the first column
// that it is given.
func mulNT(dst []float32, ldd int, x []float32, ldx, n int, w []float32, ldw, m, k int, acc bool) {
	if n <= 0 || m <= 0 {
		return
	}
	if k <= 0 {
		if !acc {
			zeroRows(dst, ldd, n, 0, m)
		}
		return
	}
	// The last elements used: an index beyond a slice panics here, not in assembly.
	_, _, _ = dst[(n-1)*ldd+m-1], x[(n-1)*ldx+k-1], w[(m-1)*ldw+k-1]
	for c := 0; c < k; c += chunkCols {
		kc := min(chunkCols, k-c)
		if useAsm {
			mulNTAsm(dst, ldd, x[c:], ldx, n, w[c:], ldw, m, kc, acc || c > 0)
		} else {
			mulNTGo(dst, ldd, x[c:], ldx, n, w[c:], ldw, m, kc, acc || c > 0)
		}
	}
}

// mulNTGo is mulNT on one chunk.
func mulNTGo(dst []float32, ldd int, x []float32, ldx, n int, w []float32, ldw, m, k int, acc bool) {
	for r := range m {
		wr := w[r*ldw : r*ldw+k]
		for t := range n {
			s := dotChunk(wr, x[t*ldx:t*ldx+k])
			if acc {
				s += dst[t*ldd+r]
			}
			dst[t*ldd+r] = s
		}
	}
}

// mulNN computes dst[i*ldd+j] = Σ_c a[i*lda+c]·b[c*ldb+j] for m rows, n columns
// and depth k > 0, added to dst when acc is set. An element is one chain of fused
// products in the order of the rows of b, which goes on where acc is set.
func mulNN(dst []float32, ldd int, a []float32, lda, m int, b []float32, ldb, n, k int, acc bool) {
	if n <= 0 || m <= 0 || k <= 0 {
		return
	}
	_, _, _ = dst[(m-1)*ldd+n-1], a[(m-1)*lda+k-1], b[(k-1)*ldb+n-1]
	if useAsm {
		mulNNAsm(dst, ldd, a, lda, m, b, ldb, n, k, acc)
		return
	}
	for i := range m {
		d := dst[i*ldd : i*ldd+n]
		if !acc {
			clear(d)
		}
		for c := range k {
			fmaRow(d, a[i*lda+c], b[c*ldb:c*ldb+n])
		}
	}
}
