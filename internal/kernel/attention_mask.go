package kernel

import "math"

// maskRow returns the mask of a row for n keys from key k on, nil where there is none.
func (a *Attention) maskRow(kv, r, k, n int) []float32 {
	if a.Mask == nil {
		return nil
	}
	h, q := a.where(kv, r)
	at := h*a.MaskHead + q*a.MaskRow + k
	return a.Mask[at : at+n]
}

// blockLen is the number of keys of block b.
func (a *Attention) blockLen(b int) int { return min(attnBlock, a.Keys-b*attnBlock) }

// visible returns the range of keys of block b, from its first key on, outside of which
// the mask hides all of them from all rows; lo is a multiple of attnAlign. Hidden keys
// are not read: of a causal prompt that is nearly half of the work, of a sliding
// window and of a cache that is not full the rest of it.
func (a *Attention) visible(r attnRows, b int) (lo, hi int) {
	n := a.blockLen(b)
	if a.Mask == nil {
		return 0, n
	}
	lo = n
	see := func(i int) {
		m := a.maskRow(r.kv, r.first+i, b*attnBlock, n)
		hi = max(hi, lastVisible(m, hi))
		lo = min(lo, firstVisible(m, lo))
	}
	// A causal mask shows most to the last row, and a window most to the first one:
	// the others then look at little more than what is visible already.
	see(r.n - 1)
	for i := 0; i < r.n-1 && (lo > 0 || hi < n); i++ {
		if i == 0 || a.otherMask(r, i) {
			see(i)
		}
	}
	if hi <= lo {
		return 0, 0
	}
	return lo / attnAlign * attnAlign, hi
}

// otherMask reports whether row i has another mask than the row before it.
func (a *Attention) otherMask(r attnRows, i int) bool {
	if a.MaskHead != 0 {
		return true
	}
	return a.MaskRow != 0 && (r.first+i)%a.plan.group == 0
}

// lastVisible returns the end of the keys that a mask shows, or least where that is
// further on.
func lastVisible(m []float32, least int) int {
	for end := len(m); end > least; {
		from := max(end-attnAlign, least)
		if !allHidden(m[from:end]) {
			for isNegInf(m[end-1]) {
				end--
			}
			return end
		}
		end = from
	}
	return least
}

// firstVisible returns the first key that a mask shows, or most where that comes
// first.
func firstVisible(m []float32, most int) int {
	for from := 0; from < most; {
		end := min(from+attnAlign, most)
		if !allHidden(m[from:end]) {
			for isNegInf(m[from]) {
				from++
			}
			return from
		}
		from = end
	}
	return most
}

// allHidden reports whether all of a mask is -Inf. NaN hides no key: a maximum leaves
// it out, and a sum does not.
func allHidden(m []float32) bool {
	if !isNegInf(m[0]) || !isNegInf(m[len(m)-1]) {
		return false
	}
	return isNegInf(MaxF32(m)) && isNegInf(SumF32(m))
}

// isNegInf compares in a way that NaN fails: a NaN in the mask hides no key.
func isNegInf(v float32) bool { return v < -math.MaxFloat32 }

// addMask adds mask to s; -Inf in the mask overrides the score. Without that
// +Inf or NaN in a hidden key's score would come through as NaN.
func addMask(s, mask []float32) {
	mask = mask[:len(s)]
	done := 0
	if useAsm {
		if done = len(s) &^ 7; done > 0 {
			addMaskAsm(&s[0], &mask[0], done)
		}
	}
	for i := done; i < len(s); i++ {
		if m := mask[i]; isNegInf(m) {
			s[i] = m
		} else {
			s[i] += m
		}
	}
}
