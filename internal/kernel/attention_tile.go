package kernel

import "math"

// attnSeen is the range of keys of a block that each attnSub rows of a tile see.
type attnSeen [attnMost / attnSub][2]int

// seen returns them, and the range that holds all of them.
func (a *Attention) seen(r attnRows, b int) (each attnSeen, lo, hi int) {
	lo = attnBlock
	for i := 0; i < r.n; i += attnSub {
		from, to := a.visible(attnRows{r.kv, r.first + i, min(attnSub, r.n-i)}, b)
		each[i/attnSub] = [2]int{from, to}
		if from < to {
			lo, hi = min(lo, from), max(hi, to)
		}
	}
	return each, lo, hi
}

// overSub calls do for each attnSub rows of a tile that see some of a block: they begin
// i rows further on than the tile does.
func (s *attnSeen) overSub(r attnRows, do func(part attnRows, i, lo, hi int)) {
	for i := 0; i < r.n; i += attnSub {
		if lo, hi := s[i/attnSub][0], s[i/attnSub][1]; lo < hi {
			do(attnRows{r.kv, r.first + i, min(attnSub, r.n-i)}, i, lo, hi)
		}
	}
}

// tile computes some rows of one key head: block by block, each of them for some rows
// at a time.
func (w *attnWork) tile(r attnRows) {
	w.queries(r)
	if w.a.Round {
		w.roundTile(r)
		return
	}
	w.clearSums(r.n)
	for b := range w.a.plan.blocks {
		if stops(w.a.Stop) {
			return
		}
		seen, lo, hi := w.a.seen(r, b)
		if lo >= hi {
			continue
		}
		w.prepareKeys(r.kv, r.n, b, lo, hi)
		w.prepareValues(r.kv, r.n, b, lo, hi)
		seen.overSub(r, func(part attnRows, i, lo, hi int) {
			w.scores(w.s, w.q[i*w.depth:], part.n, lo, hi)
			var peaks, sums [attnSub]float32
			w.weighRows(part, w.s, lo, hi, peaks[:], sums[:])
			w.sums(w.out, w.s, part.n, lo, hi)
			w.joinRows(i, part.n, peaks[:], sums[:])
		})
	}
	dv := w.a.ValueDim
	for i := range r.n {
		w.finish(r.kv, r.first+i, w.all[i*dv:(i+1)*dv], w.weight[i], func(all []float32) {
			w.carefulRow(all, r.kv, r.first+i)
		})
	}
}

func (w *attnWork) clearSums(n int) {
	clear(w.all[:n*w.a.ValueDim])
	for i := range n {
		w.peaks[i], w.weight[i] = float32(math.Inf(-1)), 0
	}
}

// joinRows is joinBlock for n rows of a tile from row i on, whose block's sums are in out.
func (w *attnWork) joinRows(i, n int, peaks, sums []float32) {
	var scales [2 * attnSub]float32
	old, add := scales[:n], scales[n:2*n]
	for j, peak := range w.peaks[i : i+n] {
		most := max(peak, peaks[j])
		w.peaks[i+j] = most
		old[j], add[j] = peak-most, peaks[j]-most
		if isNegInf(most) {
			old[j], add[j] = most, most
		}
	}
	Exp(scales[:2*n], scales[:2*n])
	dv := w.a.ValueDim
	for j, o := range old {
		joinSums(w.all[(i+j)*dv:(i+j+1)*dv], w.out[j*dv:(j+1)*dv], o, add[j])
		w.weight[i+j] = fma32(sums[j], add[j], float32(w.weight[i+j]*o))
	}
}

// joinBlock adds a block to the sums of a row so far: both are scaled to the larger of
// their maxima. A block without a score above -Inf adds nothing but the NaN that its
// weights' sum may be.
func joinBlock(all []float32, peak, weight *float32, out []float32, blockPeak, blockWeight float32) {
	most := max(*peak, blockPeak)
	old, add := scaleTo(*peak, most), scaleTo(blockPeak, most)
	joinSums(all, out, old, add)
	*weight = fma32(blockWeight, add, float32(*weight*old))
	*peak = most
}

// scaleTo is exp(peak-most), and 0 where there is no peak.
func scaleTo(peak, most float32) float32 {
	switch {
	case isNegInf(peak):
		return 0
	case peak-most == 0: // as exp32 has it, which takes longer
		return 1
	}
	return exp32(peak - most)
}

// carefulRow computes the sums of one row again, without the values whose weight is 0.
func (w *attnWork) carefulRow(all []float32, kv, row int) {
	a := w.a
	r := attnRows{kv, row, 1}
	var peak, weight float32 = float32(math.Inf(-1)), 0
	clear(all)
	w.queries(r)
	for b := range a.plan.blocks {
		lo, hi := a.visible(r, b)
		if lo >= hi {
			continue
		}
		w.prepareKeys(kv, 1, b, lo, hi)
		w.scores(w.s, w.q, 1, lo, hi)
		p, sum := w.weigh(r, 0, w.s, lo, hi)
		w.carefulSum(w.out[:a.ValueDim], w.s, b, lo, hi)
		joinBlock(all, &peak, &weight, w.out[:a.ValueDim], p, sum)
	}
}

// roundTile is tile with the roundings of separate operations. A weight needs the
// maximum and the sum of its whole row, so that all scores are kept and there are three
// passes over the blocks: for the scores, for the sums of the weights, and for those of
// the values.
func (w *attnWork) roundTile(r attnRows) {
	a, dv := w.a, w.a.ValueDim
	w.clearSums(r.n)
	w.overBlocks(r, func(b, lo, hi int) { w.prepareKeys(r.kv, r.n, b, lo, hi) }, func(part attnRows, s []float32, i, lo, hi int) {
		w.scores(s, w.q[i*w.depth:], part.n, lo, hi)
		for j := range part.n {
			peak, _ := w.weigh(part, j, s[j*w.lds:], lo, hi)
			w.peaks[i+j] = max(w.peaks[i+j], peak)
		}
	})
	w.overBlocks(r, nil, func(part attnRows, s []float32, i, lo, hi int) {
		for j := range part.n {
			w.weight[i+j] += expLanes(s[j*w.lds+lo:j*w.lds+paddedTo(hi, lanes)], shiftOf(w.peaks[i+j]))
		}
	})
	w.overBlocks(r, func(b, lo, hi int) { w.prepareValues(r.kv, r.n, b, lo, hi) }, func(part attnRows, s []float32, i, lo, hi int) {
		for j := range part.n {
			shareOf(s[j*w.lds+lo:j*w.lds+paddedTo(hi, lanes)], 1/w.weight[i+j])
		}
		w.sums(w.out, s, part.n, lo, hi)
		for j := range part.n {
			joinSums(w.all[(i+j)*dv:(i+j+1)*dv], w.out[j*dv:(j+1)*dv], 1, 1)
		}
	})
	if stops(a.Stop) {
		return
	}
	for i := range r.n {
		w.finish(r.kv, r.first+i, w.all[i*dv:(i+1)*dv], w.weight[i], func(all []float32) {
			first := i / attnSub * attnSub
			w.carefulWeights(all, w.s[i*w.lds:], attnRows{r.kv, r.first + first, min(attnSub, r.n-first)})
		})
	}
}

// overBlocks goes through the blocks that some row of a tile sees, after what prepares
// them, with the scores of each attnSub rows in a block.
func (w *attnWork) overBlocks(r attnRows, prepare func(b, lo, hi int), do func(part attnRows, s []float32, i, lo, hi int)) {
	for b := range w.a.plan.blocks {
		if stops(w.a.Stop) {
			return
		}
		seen, lo, hi := w.a.seen(r, b)
		if lo >= hi {
			continue
		}
		if prepare != nil {
			prepare(b, lo, hi)
		}
		seen.overSub(r, func(part attnRows, i, lo, hi int) { do(part, w.s[i*w.lds+b*attnBlock:], i, lo, hi) })
	}
}

// carefulWeights sums the values of a row by its weights, but for those of weight 0. Its
// weights are those of the keys that the rows of part see.
func (w *attnWork) carefulWeights(all, s []float32, part attnRows) {
	out := w.out[:w.a.ValueDim]
	w.kv = part.kv
	clear(all)
	for b := range w.a.plan.blocks {
		if lo, hi := w.a.visible(part, b); lo < hi {
			w.carefulSum(out, s[b*attnBlock:], b, lo, hi)
			joinSums(all, out, 1, 1)
		}
	}
}
