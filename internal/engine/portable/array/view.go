package array

// Span multiplies dimensions from..to of v.
func (v *Value) Span(from, to int) int {
	n := 1
	for d := from; d < to; d++ {
		n *= v.Dims[d]
	}
	return n
}

// Walkable reports whether v's elements lie at plain strides, so that a nest can walk
// them: a repetition is more than strides can say.
func (v *Value) Walkable() bool {
	for d := range v.Rank {
		if v.Repeat[d] != 1 {
			return false
		}
	}
	return true
}

// ShapeCopy returns the dimensions for an error, so that the shape of a healthy
// value never escapes to the heap.
func (v *Value) ShapeCopy() []int { return append([]int(nil), v.Shape()...) }

// Regroup finds strides and repeats that show strided v under other dimensions.
// It pairs the shortest runs of dimensions that hold the same number of elements
// on either side, merges v's run into one dimension and splits that into the
// wanted ones. It reports false where a run cannot be merged or split.
func (v *Value) Regroup(dims []int, stride, repeat *[MaxRank]int) bool {
	for d := range dims {
		stride[d], repeat[d] = 0, 1
	}
	if v.Len() == 0 {
		return true
	}
	from, to := 0, 0
	for from < v.Rank || to < len(dims) {
		f, t := from, to
		nf, nt := 1, 1
		if f < v.Rank {
			nf, f = v.Dims[f], f+1
		}
		if t < len(dims) {
			nt, t = dims[t], t+1
		}
		for nf != nt {
			switch {
			case nf < nt && f < v.Rank:
				nf, f = nf*v.Dims[f], f+1
			case nf > nt && t < len(dims):
				nt, t = nt*dims[t], t+1
			default:
				return false
			}
		}
		s, r, ok := v.merge(from, f)
		if !ok || !split(dims[to:t], stride[to:t], repeat[to:t], s, r) {
			return false
		}
		from, to = f, t
	}
	return true
}

// merge describes dimensions from..to of v as a single one. Going outward, a dimension
// joins those inside where its stride goes on from their end; where they show one element
// over and over, they add to how often its elements are repeated.
func (v *Value) merge(from, to int) (stride, repeat int, ok bool) {
	n, s, r := 1, 0, 1
	for d := to - 1; d >= from; d-- {
		nd, sd, rd := v.Dims[d], v.Stride[d], v.Repeat[d]
		switch {
		case nd == 1:
		case n == 1:
			n, s, r = nd, sd, rd
		case s == 0:
			// The inner dimensions show one element: the outer one repeats it.
			n, s, r = n*nd, sd, rd*n
		case rd == 1 && n%r == 0 && sd == n/r*s:
			n *= nd
		default:
			return 0, 0, false
		}
	}
	return s, r, true
}

// split spreads a single dimension over several. Going outward, a dimension that divides
// the repetition shows one element; one that is a multiple of it shows the rest. Any other
// would need a repetition that begins in the midst of an element's.
func split(dims, stride, repeat []int, s, r int) bool {
	if s == 0 {
		r = 1
	}
	for d := len(dims) - 1; d >= 0; d-- {
		n := dims[d]
		switch {
		case n == 1:
			stride[d], repeat[d] = 0, 1
		case n%r == 0:
			stride[d], repeat[d] = s, r
			s, r = n/r*s, 1
		case r%n == 0:
			stride[d], repeat[d] = 0, 1
			r /= n
		default:
			return false
		}
	}
	return true
}
