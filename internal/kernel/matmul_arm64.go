//go:build !noasm

package kernel

// mulNTAsm is mulNT on 4 rows and up to 5 vectors at a time and one chunk. A group of
// fewer rows names its last row several times and drops the results. NEON has no
// masked stores, so such a group is stored beside and copied.
func mulNTAsm(dst []float32, ldd int, x []float32, ldx, n int, w []float32, ldw, m, k int, acc bool) {
	if k%lanes != 0 {
		mulNTPadded(dst, ldd, x, ldx, n, w, ldw, m, k, acc)
		return
	}
	add := 0
	if acc {
		add = 1
	}
	var half [2 * 5 * 4 * 4]float32
	for r := 0; r < m; r += 4 {
		w0 := r * ldw
		last := (m - 1) * ldw
		w1, w2, w3 := min(w0+ldw, last), min(w0+2*ldw, last), min(w0+3*ldw, last)
		for t := 0; t < n; {
			vectors := ntVectors(n - t)
			if m-r >= 4 {
				ntNEON(vectors, &dst[t*ldd+r], 4*ldd, &x[t*ldx], 4*ldx, &w[w0], &w[w1], &w[w2], &w[w3], k, add, &half[0])
			} else {
				var few [5 * 4]float32
				ntNEON(vectors, &few[0], 16, &x[t*ldx], 4*ldx, &w[w0], &w[w1], &w[w2], &w[w3], k, 0, &half[0])
				for i := range vectors {
					for j, v := range few[4*i : 4*i+m-r] {
						if acc {
							v += dst[(t+i)*ldd+r+j]
						}
						dst[(t+i)*ldd+r+j] = v
					}
				}
			}
			t += vectors
		}
	}
}

// mulNTPadded is mulNTAsm for a depth that does not end with a group of lanes: rows and
// vectors are copied, a few at a time, and zeros follow them.
func mulNTPadded(dst []float32, ldd int, x []float32, ldx, n int, w []float32, ldw, m, k int, acc bool) {
	var rows [4 * chunkCols]float32
	var vectors [5 * chunkCols]float32
	depth := (k + lanes - 1) / lanes * lanes
	copyRows := func(to, from []float32, ld, count int) {
		for i := range count {
			copy(to[i*depth:], from[i*ld:i*ld+k])
		}
	}
	for t := 0; t < n; t += 5 {
		nt := min(5, n-t)
		copyRows(vectors[:], x[t*ldx:], ldx, nt)
		for r := 0; r < m; r += 4 {
			mr := min(4, m-r)
			copyRows(rows[:], w[r*ldw:], ldw, mr)
			mulNTAsm(dst[t*ldd+r:], ldd, vectors[:], depth, nt, rows[:], depth, mr, depth, acc)
		}
	}
}

// ntVectors splits n vectors evenly: 9 are 5 and 4, 6 are 3 and 3. A last call
// of one vector would use the registers badly.
func ntVectors(n int) int {
	if n <= 5 {
		return n
	}
	parts := (n + 4) / 5
	return (n + parts - 1) / parts
}

// mulNNAsm is mulNN on blocks of 6 rows and 16, 4 or 1 columns.
func mulNNAsm(dst []float32, ldd int, a []float32, lda, m int, b []float32, ldb, n, k int, acc bool) {
	add := 0
	if acc {
		add = 1
	}
	for j := 0; j < n; {
		cols := 1
		switch {
		case n-j >= 16:
			cols = 16
		case n-j >= 4:
			cols = 4
		}
		for i := 0; i < m; i += 6 {
			d, s, rows := &dst[i*ldd+j], &a[i*lda], min(m-i, 6)
			switch cols {
			case 16:
				nn16NEON(rows, d, 4*ldd, s, 4*lda, &b[j], 4*ldb, k, add)
			case 4:
				nn4NEON(rows, d, 4*ldd, s, 4*lda, &b[j], 4*ldb, k, add)
			default:
				nn1NEON(rows, d, 4*ldd, s, 4*lda, &b[j], 4*ldb, k, add)
			}
		}
		j += cols
	}
}
