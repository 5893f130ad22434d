package kernel

import "math"

// attnWork is a worker's memory for the shapes of a call, and what it does with it.
type attnWork struct {
	a *Attention
	// depth is the columns of a query in memory: HeadDim and zeros up to whole lanes.
	depth int
	// q are queries, depth apart. Behind the last one are zeros that make up whole tiles
	// of the micro-kernels.
	q []float32
	// s are scores and then weights, lds apart.
	s   []float32
	lds int
	// keys and values are those of block b of a key head from key lo to hi, as the
	// kernels want them that run.
	keys, values []float32
	keyForm      attnForm
	valueForm    attnForm
	kv, b        int
	// out are sums over a block; all, peaks and weight are those of the blocks so far:
	// the sums, the maxima of the scores and the sums of the weights.
	out, all      []float32
	peaks, weight []float32
	// tmp is the micro-kernels' own.
	tmp []float32

	size int
}

// attnForm is how keys or values are read.
type attnForm int

const (
	attnWide   attnForm = iota // as rows of float32
	attnNear                   // the same, widened a few at a time where they are used
	attnDirect                 // where they lie
	attnPanels                 // as panels of turned keys
)

// nearKeys is how many keys few rows are taken through at a time: 64 of 128 elements are
// 32 KiB as float32, and as halves they stay in the first cache for more rows than a
// kernel takes.
const nearKeys = 64

// attnPad is how many rows more than there are a micro-kernel may take.
const attnPad = 8

// attnTmp is the length of tmp: four levels of 16 vectors of 16 lanes.
const attnTmp = 4 * 16 * lanes

// layout cuts scratch, or only counts it where it is nil.
func (a *Attention) layout(scratch []float32, p attnPlan) attnWork {
	w := attnWork{a: a, depth: paddedTo(a.HeadDim, lanes), lds: attnBlock}
	cut := func(n int) (part []float32) {
		if w.size += n; scratch != nil {
			part, scratch = scratch[:n], scratch[n:]
		}
		return part
	}
	rows := p.step + attnPad
	sub := rows
	if !p.split {
		sub = min(rows, attnSub)
	}
	w.q = cut(rows * w.depth)
	if a.Round && !p.split {
		w.lds = p.blocks * attnBlock
		w.s = cut(rows * w.lds)
	} else {
		w.s = cut(sub * w.lds)
	}
	w.keys = cut(attnBlock * w.depth)
	w.values = cut(attnBlock * a.ValueDim)
	w.out = cut(sub * a.ValueDim)
	w.all = cut(rows * a.ValueDim)
	w.peaks, w.weight = cut(rows), cut(rows)
	w.tmp = cut(attnTmp)
	return w
}

// paddedTo returns the next multiple of a number.
func paddedTo(n, to int) int { return (n + to - 1) / to * to }

// queries copies those of some rows, so that they are equally far apart.
func (w *attnWork) queries(r attnRows) {
	a, d := w.a, w.a.HeadDim
	for i := range r.n {
		h, q := a.where(r.kv, r.first+i)
		row := w.q[i*w.depth : (i+1)*w.depth]
		copy(row[:d], a.Q[h*a.QHead+q*a.QRow:][:d])
		clear(row[d:])
	}
	clear(w.q[r.n*w.depth : (r.n+attnPad)*w.depth])
}

// prepareKeys brings keys lo to hi-1 of a block to the form that is the fastest for so
// many rows.
func (w *attnWork) prepareKeys(kv, rows, b, lo, hi int) {
	w.kv, w.b, w.keyForm = kv, b, w.formOfKeys(rows, hi-lo)
	switch at := w.keyAt(lo); w.keyForm {
	case attnPanels:
		w.turn(lo, hi)
	case attnWide:
		a := w.a
		widen(w.keys[lo*w.depth:], w.depth, a.K16, a.K32, at, a.KRow, a.KCol, hi-lo, a.HeadDim)
	case attnNear, attnDirect:
	}
}

// keyAt is where key k of the block begins.
func (w *attnWork) keyAt(k int) int {
	return w.kv*w.a.KHead + (w.b*attnBlock+k)*w.a.KRow
}

// valueAt is where its value begins.
func (w *attnWork) valueAt(k int) int {
	return w.kv*w.a.VHead + (w.b*attnBlock+k)*w.a.VRow
}

// prepareValues does for values what prepareKeys does for keys.
func (w *attnWork) prepareValues(kv, rows, b, lo, hi int) {
	a := w.a
	w.kv, w.b, w.valueForm = kv, b, w.formOfValues(rows)
	if w.valueForm == attnWide {
		widen(w.values[lo*a.ValueDim:], a.ValueDim, a.V16, a.V32, w.valueAt(lo), a.VRow, a.VCol, hi-lo, a.ValueDim)
	}
}

// scores stores the products of n queries and keys lo to hi-1. What is behind hi in
// memory, up to the end of the block, may be overwritten, and so may some rows behind
// the last one.
func (w *attnWork) scores(s, q []float32, n, lo, hi int) {
	switch w.keyForm {
	case attnDirect:
		w.directScores(s, q, n, lo, hi)
	case attnPanels:
		w.panelScores(s, q, n, lo, hi)
	case attnWide:
		w.wideScores(s[lo:], q, n, w.keys[lo*w.depth:], hi-lo)
	case attnNear:
		a := w.a
		for k := lo; k < hi; k += nearKeys {
			keys := min(nearKeys, hi-k)
			widen(w.keys, w.depth, a.K16, a.K32, w.keyAt(k), a.KRow, a.KCol, keys, a.HeadDim)
			w.wideScores(s[k:], q, n, w.keys, keys)
		}
	}
}

// sums stores the sums over keys lo to hi-1 of the values by n rows of weights.
func (w *attnWork) sums(out, s []float32, n, lo, hi int) {
	a, dv := w.a, w.a.ValueDim
	switch w.valueForm {
	case attnDirect:
		w.directSums(out, s, n, lo, hi)
	case attnNear:
		for k := lo; k < hi; k += nearKeys {
			keys := min(nearKeys, hi-k)
			widen(w.values, dv, a.V16, a.V32, w.valueAt(k), a.VRow, a.VCol, keys, dv)
			mulNN(out, dv, s[k:], w.lds, n, w.values, dv, dv, keys, k > lo)
		}
	default:
		mulNN(out, dv, s[lo:], w.lds, n, w.values[lo*dv:], dv, dv, hi-lo, false)
	}
}

// weighRows makes the scores of some rows a block's weights, relative to the block's
// maximum of each, and stores that and their sum; with Round it leaves them scores. The
// last group of lanes is filled up with weights of 0.
func (w *attnWork) weighRows(r attnRows, s []float32, lo, hi int, peaks, sums []float32) {
	if !w.a.Round && w.weighDirectly(r, s, lo, hi, peaks, sums) {
		return
	}
	for i := range r.n {
		peaks[i], sums[i] = w.weigh(r, i, s[i*w.lds:], lo, hi)
	}
}

// weigh does so for row i.
func (w *attnWork) weigh(r attnRows, i int, s []float32, lo, hi int) (peak, sum float32) {
	a := w.a
	mask := a.maskRow(r.kv, r.first+i, w.b*attnBlock+lo, hi-lo)
	end := paddedTo(hi, lanes)
	for k := hi; k < end; k++ {
		s[k] = float32(math.Inf(-1))
	}
	if a.Round {
		return roundScores(s[lo:hi], mask, a.Scale), 0
	}
	peak = maskScores(s[lo:hi], mask, a.Scale)
	return peak, expLanes(s[lo:end], shiftOf(peak))
}

// shiftOf is what is taken off scores whose maximum is peak. Where no score is above
// -Inf it is 0: their weights are 0 then, and those of NaN are NaN.
func shiftOf(peak float32) float32 {
	if isNegInf(peak) {
		return 0
	}
	return peak
}

// finish stores the result of a row from the sums of its values and of its weights.
// Values of weight 0 may have reached the sums as 0 times infinity: then the row is
// summed again, with care.
func (w *attnWork) finish(kv, row int, all []float32, sum float32, careful func(all []float32)) {
	a := w.a
	h, q := a.where(kv, row)
	dst := a.Dst[h*a.DstHead+q*a.DstRow:][:a.ValueDim]
	if !(sum > 0) {
		for i := range dst {
			dst[i] = float32(math.NaN())
		}
		return
	}
	// A sum that is finite is one of finite numbers, and others are looked at.
	if s := SumF32(all); s-s != 0 && !finite(all) {
		careful(all)
	}
	if !a.Round {
		Scale(dst, all, 1/sum)
		return
	}
	RoundF16(all)
	copy(dst, all)
}

// carefulSum sums the values of a block by the weights of one row, but for those whose
// weight is 0. It gives the same NaN or infinity again where a visible value is the
// cause.
func (w *attnWork) carefulSum(out, s []float32, b, lo, hi int) {
	a := w.a
	w.b = b
	clear(out)
	for k := lo; k < hi; k++ {
		if s[k] == 0 {
			continue
		}
		v := w.values[:a.ValueDim]
		widen(v, a.ValueDim, a.V16, a.V32, w.valueAt(k), a.VRow, a.VCol, 1, a.ValueDim)
		fmaRow(out, s[k], v)
	}
}

// widen stores n rows of d elements, from element at on, as float32 in rows that are ld
// apart. at, row and col count elements.
func widen(dst []float32, ld int, h []uint16, f []float32, at, row, col, n, d int) {
	switch {
	case f != nil:
		for i := range n {
			if line := dst[i*ld : i*ld+d]; col == 1 {
				copy(line, f[at+i*row:at+i*row+d])
			} else {
				for j := range line {
					line[j] = f[at+i*row+j*col]
				}
			}
		}
	case col == 1 && row == d && ld == d:
		F16ToF32(dst, h[at:at+n*d])
	case col == 1:
		for i := range n {
			F16ToF32(dst[i*ld:], h[at+i*row:at+i*row+d])
		}
	default:
		widenAcross(dst, ld, h, at, row, col, n, d)
	}
}

// wideForm is the form without kernels of attention's own.
func wideForm(rows int) attnForm {
	if rows <= attnFew {
		return attnNear
	}
	return attnWide
}

// widenAcross is widen for keys stored across, [HeadDim, Keys]: it reads along
// the keys, where the memory is dense, and writes across. n is at most attnBlock.
func widenAcross(dst []float32, ld int, h []uint16, at, row, col, n, d int) {
	var line [attnBlock]float32
	var half [attnBlock]uint16
	for j := range d {
		for i := range n {
			half[i] = h[at+i*row+j*col]
		}
		F16ToF32(line[:n], half[:n])
		for i := range n {
			dst[i*ld+j] = line[i]
		}
	}
}
