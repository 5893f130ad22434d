package tensor

import "unsafe"

// elems returns the memory of t as elements of E, whose size is t's.
func elems[E any](t *Tensor) []E {
	return unsafe.Slice((*E)(unsafe.Pointer(unsafe.SliceData(t.data))), len(t.data)/t.dtype.Size())
}

// walker visits a tensor's elements in row-major order, in runs of equal
// stride. Neighbouring dimensions that lie in memory as one are merged, so a
// contiguous tensor and a repeated scalar are one run each.
type walker struct {
	shape   [MaxRank]int
	strides [MaxRank]int
	index   [MaxRank]int
	rank    int // at least 1
	off     int
}

func (w *walker) init(t *Tensor) {
	w.rank, w.off = 0, t.offset
	for i, d := range t.shape {
		if d == 1 {
			continue
		}
		s := t.strides[i]
		if k := w.rank - 1; k >= 0 && w.strides[k] == s*d {
			w.shape[k] *= d
			w.strides[k] = s
			continue
		}
		w.shape[w.rank], w.strides[w.rank], w.index[w.rank] = d, s, 0
		w.rank++
	}
	if w.rank == 0 {
		w.shape[0], w.strides[0], w.index[0] = 1, 1, 0
		w.rank = 1
	}
}

// avail returns how many elements the current run still has.
func (w *walker) avail() int { return w.shape[w.rank-1] - w.index[w.rank-1] }

// stride returns the distance between neighbours in a run.
func (w *walker) stride() int { return w.strides[w.rank-1] }

// take moves on by n elements, at most avail, and returns where they began.
func (w *walker) take(n int) int {
	start := w.off
	i := w.rank - 1
	w.index[i] += n
	w.off += n * w.strides[i]
	for i > 0 && w.index[i] == w.shape[i] {
		w.off += w.strides[i-1] - w.shape[i]*w.strides[i]
		w.index[i] = 0
		i--
		w.index[i]++
	}
	return start
}

// copyBits copies src to dst, which have as many elements, all as wide as W,
// and do not overlap.
func copyBits[W uint8 | uint16 | uint32 | uint64](dst, src *Tensor) {
	var dw, sw walker
	dw.init(dst)
	sw.init(src)
	d, s := elems[W](dst), elems[W](src)
	ds, ss := dw.stride(), sw.stride()
	for left := dst.length; left > 0; {
		n := min(dw.avail(), sw.avail())
		left -= n
		di, si := dw.take(n), sw.take(n)
		switch {
		case ds == 1 && ss == 1:
			copy(d[di:di+n], s[si:si+n])
		case ds == 1:
			for i := range d[di : di+n] {
				d[di+i] = s[si]
				si += ss
			}
		default:
			for range n {
				d[di] = s[si]
				di += ds
				si += ss
			}
		}
	}
}

// copyElements copies src to dst, which have the same type and as many
// elements and do not overlap.
func copyElements(dst, src *Tensor) {
	switch size := dst.dtype.Size(); {
	case dst.length == 0:
	case dst.contiguous && src.contiguous:
		n := dst.length * size
		copy(dst.data[dst.offset*size:][:n], src.data[src.offset*size:][:n])
	case size == 1:
		copyBits[uint8](dst, src)
	case size == 2:
		copyBits[uint16](dst, src)
	case size == 4:
		copyBits[uint32](dst, src)
	default:
		copyBits[uint64](dst, src)
	}
}
