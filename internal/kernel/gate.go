package kernel

// Gate is activation(gate)·up, the middle of a gated feed-forward block (Shazeer, "GLU
// Variants Improve Transformer").
type Gate struct {
	Activation Activation
	// Round rounds the activation to binary16 before it is multiplied.
	Round bool
}

// Apply stores activation(gate)·up in dst, which may be gate.
func (g *Gate) Apply(dst, gate, up []float32) {
	gate, up = gate[:len(dst)], up[:len(dst)]
	done := len(dst) &^ 15
	if done == 0 || !g.asm(dst, 0, gate, up, 0, done, 1, false) {
		done = 0
	}
	dst, gate, up = dst[done:], gate[done:], up[done:]
	g.Activation.apply(dst, gate)
	if g.Round {
		RoundF16(dst)
	}
	Mul(dst, dst, up)
}

// rows is Apply for rows of n numbers: those of gate and up are ld apart, those of dst ldd.
// half rounds operands and results to binary16; the operands are lost.
func (g *Gate) rows(dst []float32, ldd int, gate, up []float32, ld, n, rows int, half bool) {
	if rows <= 0 || n <= 0 || n%16 == 0 && g.asm(dst, ldd, gate, up, ld, n, rows, half) {
		return
	}
	for r := range rows {
		to, a, b := dst[r*ldd:][:n], gate[r*ld:][:n], up[r*ld:][:n]
		if half {
			RoundF16(a)
			RoundF16(b)
		}
		g.Apply(to, a, b)
		if half {
			RoundF16(to)
		}
	}
}

// asm is rows for multiples of 16, and reports whether there is a kernel.
func (g *Gate) asm(dst []float32, ldd int, gate, up []float32, ld, n, rows int, half bool) bool {
	return g.Activation == SiluActivation && !g.Round && gateRowsAsm(dst, ldd, gate, up, ld, n, rows, half)
}

// pairsLen is the memory for the two products of a chunk of n vectors' results, of which
// there are so many. What is before them is never touched: a product stores row r at r.
func pairsLen(results, n, chunk int) int { return results + 2*n*chunk }

// gated computes results lo to hi-1: both products in memory of the worker's own, which
// stays in its cache, and the gate from there.
func (t *MatMulTask) gated(c *Concat, lo, hi, worker int) {
	n, all := hi-lo, t.results()
	gate := t.pairs[worker][all-lo:] // its row lo is at the number of results
	up := gate[t.N*n:]
	t.product(c.parts[0], gate, n, lo, hi, worker)
	t.product(c.parts[1], up, n, lo, hi, worker)
	t.Gate.rows(t.Dst[t.first*t.Ldd+lo:], t.Ldd, gate[lo:], up[lo:], n, n, t.N, t.RoundOut)
}
