//go:build !noasm

package kernel

import "math/bits"

// formOfKeys chooses how the keys are read for so many rows: turning them pays from more
// than a few on. Direct kernels take whole
// groups of lanes, one chunk of them, and no fewer keys than they have in a group.
func (w *attnWork) formOfKeys(rows, keys int) attnForm {
	a := w.a
	switch {
	case !useAsm || a.HeadDim == 0:
		return wideForm(rows)
	case rows <= attnFew && keys >= directKeys && a.KCol == 1 && a.HeadDim == w.depth && w.depth <= chunkCols:
		return attnDirect
	}
	return attnPanels
}

// formOfValues does so for values.
func (w *attnWork) formOfValues(rows int) attnForm {
	a := w.a
	if useAsm && rows <= attnFew && a.VCol == 1 && (useAVX512 || a.ValueDim%8 == 0) && a.ValueDim > 0 {
		return attnDirect
	}
	return wideForm(rows)
}

// directKeys is the least number of keys for direct kernels.
const directKeys = 4

// directScores goes through the keys, some at a time for all rows.
func (w *attnWork) directScores(s, q []float32, n, lo, hi int) {
	near := hi - lo
	if n > mostDirect() {
		near = nearKeys
	}
	for k := lo; k < hi; k += near {
		keys := min(near, hi-k)
		if keys < directKeys {
			k, keys = hi-directKeys, directKeys
		}
		for i := 0; i < n; i += mostDirect() {
			w.directRows(s[i*w.lds+k:], q[i*w.depth:], min(mostDirect(), n-i), k, keys)
		}
	}
}

// mostDirect is how many rows a direct kernel takes.
func mostDirect() int {
	if useAVX512 {
		return 4
	}
	return 3
}

// directRows multiplies up to mostDirect rows by keys from key k on. The last group
// of keys may overlap the one before it.
func (w *attnWork) directRows(s, q []float32, n, k, keys int) {
	group, stride, lds := 4, w.depth, w.lds
	switch {
	case !useAVX512 && n > 1:
		group = 2
	case useAVX512 && n < 3:
		if group = 16 / n; group > keys {
			// One row at a time, as if it were four times the same.
			for i := range n {
				w.directCall(s[i*lds:], q[i*w.depth:], 4, 0, 0, 4, k, keys)
			}
			return
		}
	}
	w.directCall(s, q, n, stride, lds, group, k, keys)
}

// directCall calls a kernel for whole groups and for the last one.
func (w *attnWork) directCall(s, q []float32, n, stride, lds, group, k, keys int) {
	whole := keys / group
	w.directKernel(s, q, n, stride, lds, k, whole, group)
	if keys%group != 0 {
		last := keys - group
		w.directKernel(s[last:], q, n, stride, lds, k+last, 1, group)
	}
}

// directKernel checks the lengths and calls the kernel.
func (w *attnWork) directKernel(s, q []float32, n, stride, lds, k, groups, group int) {
	a, d, at := w.a, w.depth, w.keyAt(k)
	_, _ = s[(n-1)*lds+groups*group-1], q[(n-1)*stride+d-1]
	end := at + (groups*group-1)*a.KRow + d - 1
	if a.K16 != nil {
		_ = a.K16[end]
		if useAVX512 {
			attnScoresF16AVX512(n, &q[0], 4*stride, &a.K16[at], 2*a.KRow, &s[0], 4*lds, groups, d/lanes, fetchOfRows(a.KRow, d))
		} else {
			attnScoresF16AVX2(n, &q[0], 4*stride, &a.K16[at], 2*a.KRow, &s[0], 4*lds, groups, d/lanes, fetchOfRows(a.KRow, d))
		}
		return
	}
	_ = a.K32[end]
	if useAVX512 {
		attnScoresF32AVX512(n, &q[0], 4*stride, &a.K32[at], 4*a.KRow, &s[0], 4*lds, groups, d/lanes, fetchOfRows(a.KRow, d))
	} else {
		attnScoresF32AVX2(n, &q[0], 4*stride, &a.K32[at], 4*a.KRow, &s[0], 4*lds, groups, d/lanes, fetchOfRows(a.KRow, d))
	}
}

// How many bytes ahead of what is multiplied keys and values are fetched, where the
// processor wants lines from afar and where from nearby.
const (
	attnFarAhead  = 8192
	attnNearAhead = 3072
)

// fetchOfRows says how many bytes ahead rows of d elements are fetched, 0 for not at all:
// those are that lie one behind the other.
func fetchOfRows(row, d int) int {
	switch {
	case row != d:
		return 0
	case fetchAhead == fetchNear:
		return attnNearAhead
	}
	return attnFarAhead
}

// fetchOfValues does so for columns of values, of so many bytes each. Where it takes
// several passes over some values for all columns, each fetches what its like reads of the
// next ones.
func (w *attnWork) fetchOfValues(cols, size int) int {
	dv := w.a.ValueDim
	fetch := fetchOfRows(w.a.VRow, dv)
	if fetch == attnNearAhead && cols < dv {
		return nearKeys * dv * size
	}
	return fetch
}

// directSums goes through the values, some at a time for all rows and columns: the sums
// go on where they were.
func (w *attnWork) directSums(out, s []float32, n, lo, hi int) {
	dv := w.a.ValueDim
	near := hi - lo
	if n > mostDirect() || dv > 64 {
		near = nearKeys
	}
	for k := lo; k < hi; k += near {
		keys := min(near, hi-k)
		for i := 0; i < n; i += mostDirect() {
			rows := min(mostDirect(), n-i)
			for c := 0; c < dv; {
				cols := min(dv-c, 64)
				if !useAVX512 {
					if cols = 32; dv-c < 32 {
						cols = 8
					}
				}
				w.sumKernel(out[i*dv+c:], s[i*w.lds+k:], rows, k, c, cols, keys, k > lo)
				c += cols
			}
		}
	}
}

// sumKernel checks the lengths and calls the kernel.
func (w *attnWork) sumKernel(out, s []float32, n, k, c, cols, keys int, add bool) {
	a := w.a
	dv, at, acc := a.ValueDim, w.valueAt(k)+c, 0
	if add {
		acc = 1
	}
	_, _ = out[(n-1)*dv+cols-1], s[(n-1)*w.lds+keys-1]
	end := at + (keys-1)*a.VRow + cols - 1
	if a.V16 != nil {
		_ = a.V16[end]
		v, fetch := &a.V16[at], w.fetchOfValues(cols, 2)
		switch {
		case useAVX512:
			attnValuesF16AVX512(n, &s[0], 4*w.lds, v, 2*a.VRow, &out[0], 4*dv, keys, acc, fetch, cols)
		case cols == 32:
			attnValues32F16AVX2(n, &s[0], 4*w.lds, v, 2*a.VRow, &out[0], 4*dv, keys, acc, fetch)
		default:
			attnValues8F16AVX2(n, &s[0], 4*w.lds, v, 2*a.VRow, &out[0], 4*dv, keys, acc, fetch)
		}
		return
	}
	_ = a.V32[end]
	v, fetch := &a.V32[at], w.fetchOfValues(cols, 4)
	switch {
	case useAVX512:
		attnValuesF32AVX512(n, &s[0], 4*w.lds, v, 4*a.VRow, &out[0], 4*dv, keys, acc, fetch, cols)
	case cols == 32:
		attnValues32F32AVX2(n, &s[0], 4*w.lds, v, 4*a.VRow, &out[0], 4*dv, keys, acc, fetch)
	default:
		attnValues8F32AVX2(n, &s[0], 4*w.lds, v, 4*a.VRow, &out[0], 4*dv, keys, acc, fetch)
	}
}

// panelKeys is the number of keys of a panel.
func panelKeys() int {
	if useAVX512 {
		return 2 * lanes
	}
	return lanes
}

// turn makes panels of keys lo to hi-1: of each column the keys of a panel side by side,
// in chunks of columns, each in the order of panelColumn. What is missing of the last
// panel is left as it is, and of the last group of columns it is 0.
func (w *attnWork) turn(lo, hi int) {
	wide := panelKeys()
	for k := lo; k < hi; k += 8 {
		panel := w.keys[k/wide*wide*w.depth+k%wide:]
		for c := 0; c < w.depth; c += chunkCols {
			w.turnChunk(panel[c*wide:], wide, k, min(8, hi-k), c, min(w.depth-c, chunkCols)/lanes)
		}
	}
}

// turnChunk turns n keys of a panel, in steps of 16 columns from a column on.
func (w *attnWork) turnChunk(panel []float32, wide, k, n, column, steps int) {
	a, done := w.a, 0
	if n == 8 && a.KCol == 1 {
		done = min(max(a.HeadDim-column, 0)&^(lanes-1), steps*lanes)
	}
	if done > 0 {
		at := w.keyAt(k) + column
		end := at + 7*a.KRow + done - 1
		_ = panel[(steps*lanes-1)*wide+7]
		if a.K16 != nil {
			_ = a.K16[end]
			attnTurnF16AVX2(&panel[0], 4*wide, 4*wide*steps, &a.K16[at], 2*a.KRow, done/lanes)
		} else {
			_ = a.K32[end]
			attnTurnF32AVX2(&panel[0], 4*wide, 4*wide*steps, &a.K32[at], 4*a.KRow, done/lanes)
		}
	}
	for c := done; c < steps*lanes; c++ {
		turned := panel[panelColumn(c, steps)*wide:][:n]
		for i := range turned {
			turned[i] = 0
			if column+c < a.HeadDim {
				turned[i] = element(a.K16, a.K32, w.keyAt(k+i)+(column+c)*a.KCol)
			}
		}
	}
}

// panelColumn is where a column of a chunk is in a panel: lanes are in the order in which
// their sums are joined, that of 4 bits turned around, and each has its columns of all
// steps.
func panelColumn(c, steps int) int {
	return int(bits.Reverse8(uint8(c%lanes))>>4)*steps + c/lanes
}

// panelScores multiplies each panel by all rows: 6 at a time, and with AVX2 4 where no
// more are left.
func (w *attnWork) panelScores(s, q []float32, n, lo, hi int) {
	wide := panelKeys()
	whole := n / 6 * 6
	for k := lo / wide * wide; k < hi; k += wide {
		panel := w.keys[k*w.depth : (k+wide)*w.depth]
		if whole > 0 {
			w.panelRows(s[k:], q, 6, whole/6, panel, wide)
		}
		if rest := n - whole; rest > 0 {
			rows := 6
			if rest <= 4 && !useAVX512 {
				rows = 4
			}
			w.panelRows(s[whole*w.lds+k:], q[whole*w.depth:], rows, 1, panel, wide)
		}
	}
}

// panelRows goes through the columns in chunks, whose sums are added in order.
func (w *attnWork) panelRows(s, q []float32, rows, groups int, panel []float32, wide int) {
	n := rows * groups
	_, _ = s[(n-1)*w.lds+wide-1], q[n*w.depth-1]
	w.panelKernel(rows, s, w.lds, q, panel, min(w.depth, chunkCols)/lanes, groups)
	for c := chunkCols; c < w.depth; c += chunkCols {
		for i := 0; i < n; i += rows {
			var more [6 * 2 * lanes]float32
			w.panelKernel(rows, more[:], wide, q[i*w.depth+c:], panel[c*wide:], min(w.depth-c, chunkCols)/lanes, 1)
			for j := range rows {
				line := s[(i+j)*w.lds:][:wide]
				Add(line, line, more[j*wide:(j+1)*wide])
			}
		}
	}
}

func (w *attnWork) panelKernel(rows int, s []float32, lds int, q, panel []float32, steps, groups int) {
	switch {
	case useAVX512:
		attnPanel6AVX512(&s[0], 4*lds, &q[0], 4*w.depth, &panel[0], &w.tmp[0], steps, groups)
	case rows == 6:
		attnPanel6AVX2(&s[0], 4*lds, &q[0], 4*w.depth, &panel[0], &w.tmp[0], steps, groups)
	default:
		attnPanel4AVX2(&s[0], 4*lds, &q[0], 4*w.depth, &panel[0], &w.tmp[0], steps, groups)
	}
}

// weighDirectly is weighRows by a kernel that does all of it, if there is one.
func (w *attnWork) weighDirectly(r attnRows, s []float32, lo, hi int, peaks, sums []float32) bool {
	if !useAsm || !useAVX512 {
		return false
	}
	a := w.a
	var added *float32
	var at [attnSplit]int
	if a.Mask != nil {
		added = &a.Mask[0]
		w.maskRows(r, w.b*attnBlock+lo, hi-lo, at[:r.n])
	}
	_, _, _ = s[(r.n-1)*w.lds+paddedTo(hi, lanes)-1], peaks[r.n-1], sums[r.n-1]
	attnWeighAVX512(&s[lo], 4*w.lds, r.n, added, &at[0], hi-lo, &peaks[0], &sums[0], a.Scale)
	return true
}

// maskRows says where the masks of rows are, for n keys from key k on.
func (w *attnWork) maskRows(r attnRows, k, n int, at []int) {
	a := w.a
	head, query := a.where(r.kv, r.first)
	for i := range at {
		at[i] = head*a.MaskHead + query*a.MaskRow + k
		_ = a.Mask[at[i]+n-1]
		if head++; head == (r.kv+1)*a.plan.group {
			head, query = r.kv*a.plan.group, query+1
		}
	}
}

// attnMaskAsm is maskScores for whole groups of lanes; mask may be longer.
func attnMaskAsm(s, mask []float32, scale float32) float32 {
	if mask == nil {
		return attnMaskAVX2(&s[0], nil, len(s), scale)
	}
	_ = mask[len(s)-1]
	return attnMaskAVX2(&s[0], &mask[0], len(s), scale)
}

// attnMaskRoundAsm is roundScores for whole groups of lanes.
func attnMaskRoundAsm(s, mask []float32, scale float32) float32 {
	if mask == nil {
		return attnMaskRoundAVX2(&s[0], nil, len(s), scale)
	}
	_ = mask[len(s)-1]
	return attnMaskRoundAVX2(&s[0], &mask[0], len(s), scale)
}

// attnShareAsm is shareOf for a multiple of 8.
func attnShareAsm(s []float32, inv float32) { attnShareAVX2(&s[0], len(s), inv) }

// attnExpAsm is expLanes.
func attnExpAsm(s []float32, shift float32) float32 {
	if useAVX512 {
		return attnExpAVX512(&s[0], len(s), shift)
	}
	return attnExpAVX2(&s[0], len(s), shift)
}

// attnJoinAsm is joinSums for a multiple of 8; x may be longer.
func attnJoinAsm(y, x []float32, a, b float32) {
	_ = x[len(y)-1]
	attnJoinAVX2(&y[0], &x[0], len(y), a, b)
}
