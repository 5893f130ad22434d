package quantize

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// kmeans finds the entries with the least sum of squared distances. Of single numbers
// it is the least there is; of vectors a local one. round gives the numbers that an
// entry can be. With sparse, zeros count for nothing. weights say how much each number
// counts; nil is alike, as all vectors do. budget is how much is tried for vectors.
func kmeans(values, weights []float32, vector, bits, budget int, sparse bool, round func(float64) float64) ([]float32, []byte) {
	if vector > 1 {
		return kmeansVectors(values, vector, 1<<bits, budget, round)
	}
	points := weigh(values, sparse)
	if weights != nil {
		points = weighBy(values, weights)
	}
	centers := cluster(points, 1<<bits, round)
	entries := make([]float32, 1<<bits)
	for i, c := range centers {
		entries[i] = float32(c)
	}
	return entries, nearest(values, centers)
}

// points are different numbers in rising order with how often each occurs.
type points struct {
	x, w []float64
}

// weigh counts the different values.
func weigh(values []float32, sparse bool) *points {
	sorted := make([]uint32, 0, len(values))
	for _, v := range values {
		if sparse && v == 0 {
			continue
		}
		b := math.Float32bits(v + 0) // -0 is 0
		if b>>31 != 0 {
			b = ^b // negative numbers in rising order, below the others
		} else {
			b |= 1 << 31
		}
		sorted = append(sorted, b)
	}
	sortBits(sorted)
	p := &points{}
	for i := 0; i < len(sorted); {
		n := i
		for i < len(sorted) && sorted[i] == sorted[n] {
			i++
		}
		b := sorted[n]
		if b>>31 != 0 {
			b &^= 1 << 31
		} else {
			b = ^b
		}
		p.x = append(p.x, float64(math.Float32frombits(b)))
		p.w = append(p.w, float64(i-n))
	}
	return p
}

// weighBy is weigh where each value has a weight of its own.
func weighBy(values, weights []float32) *points {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	p := &points{}
	for _, i := range order {
		x := float64(values[i])
		if n := len(p.x); n == 0 || p.x[n-1] != x {
			p.x, p.w = append(p.x, x), append(p.w, 0)
		}
		p.w[len(p.w)-1] += float64(weights[i])
	}
	// What counts for nothing would divide by zero.
	for i, w := range p.w {
		p.w[i] = max(w, math.SmallestNonzeroFloat32)
	}
	return p
}

// sortBits sorts by the upper 19 bits and then the lower 13, by counting. Numbers of
// fp16 have no other lower bits than all zeros or all ones, which then is quick.
func sortBits(list []uint32) {
	if len(list) < 1<<10 {
		slices.Sort(list)
		return
	}
	const low = 13
	lows := [2]bool{}
	for _, b := range list {
		switch b & (1<<low - 1) {
		case 0:
			lows[0] = true
		case 1<<low - 1:
			lows[1] = true
		default:
			slices.Sort(list)
			return
		}
	}
	counts := make([]int32, 1<<(32-low))
	for _, b := range list {
		counts[b>>low]++
	}
	at := 0
	for hi, n := range counts {
		// The lower bits follow from the sign, which is among the upper ones.
		b := uint32(hi) << low
		if b>>31 == 0 {
			b |= 1<<low - 1
		}
		for range n {
			list[at] = b
			at++
		}
	}
}

// cluster returns at most k centers in rising order, without the sum of weighted
// squared distances being larger than it must.
func cluster(p *points, k int, round func(float64) float64) []float64 {
	n := len(p.x)
	if n <= k {
		return slices.Clone(p.x)
	}
	s := newSums(p)
	var bounds []int
	if n <= exactRounding {
		// Where the values lie as close as the numbers that an entry can be, the
		// rounding of entries decides.
		bounds = s.partition(k, func(i, j int) float64 { return s.roundedCost(i, j, round) }, false)
	} else {
		bounds = s.partition(k, s.cost, true)
	}
	centers := make([]float64, 0, k)
	for i := range k {
		centers = append(centers, round(s.mean(bounds[i], bounds[i+1])))
	}
	return s.refine(p, centers, round)
}

// exactRounding is the number of different values up to which the rounding of entries
// takes part in the search, which then takes the square of the number.
const exactRounding = 384

// sums are sums over the first points: weights, and weighted values and squares, of
// values from which the middle was subtracted for the sake of precision.
type sums struct {
	middle    float64
	w, wx, xx []float64
}

func newSums(p *points) *sums {
	n := len(p.x)
	s := &sums{w: make([]float64, n+1), wx: make([]float64, n+1), xx: make([]float64, n+1)}
	total := 0.0
	for i, x := range p.x {
		s.middle += x * p.w[i]
		total += p.w[i]
	}
	s.middle /= total
	for i := range p.x {
		x, w := p.x[i]-s.middle, p.w[i]
		s.w[i+1] = s.w[i] + w
		s.wx[i+1] = s.wx[i] + float64(w*x)
		s.xx[i+1] = s.xx[i] + float64(float64(w*x)*x)
	}
	return s
}

// mean returns the mean of the points i to j-1.
func (s *sums) mean(i, j int) float64 { return s.middle + (s.wx[j]-s.wx[i])/(s.w[j]-s.w[i]) }

// cost returns the sum of squared distances of the points i to j-1 from their mean.
func (s *sums) cost(i, j int) float64 {
	x := s.wx[j] - s.wx[i]
	return s.xx[j] - s.xx[i] - float64(x*x)/(s.w[j]-s.w[i])
}

// roundedCost is cost with the mean rounded.
func (s *sums) roundedCost(i, j int, round func(float64) float64) float64 {
	m := s.mean(i, j)
	d := round(m) - m
	return s.cost(i, j) + float64((s.w[j]-s.w[i])*float64(d*d))
}

// partition cuts the points into k runs with the least sum of costs and returns their
// borders. With monotone, the cut before the last run never moves back when points are
// added, as it is for squared distances from the mean, and halving finds all cuts.
func (s *sums) partition(k int, cost func(i, j int) float64, monotone bool) []int {
	n := len(s.w) - 1
	last, next := make([]float64, n+1), make([]float64, n+1)
	cuts := make([][]int32, k+1)
	for j := 1; j <= n; j++ {
		last[j] = cost(0, j)
	}
	last[0] = math.Inf(1)
	cuts[1] = make([]int32, n+1)
	for r := 2; r <= k; r++ {
		cuts[r] = make([]int32, n+1)
		l := layer{last: last, next: next, cuts: cuts[r], before: cuts[r-1], cost: cost}
		for j := range r {
			next[j] = math.Inf(1)
		}
		switch {
		case r == k:
			l.best(n, r-1, n-1)
		case monotone:
			l.halve(r, n, r-1, n-1)
		default:
			for j := r; j <= n; j++ {
				l.best(j, r-1, j-1)
			}
		}
		last, next = next, last
	}
	bounds := make([]int, k+1)
	bounds[k] = n
	for r := k; r > 1; r-- {
		bounds[r-1] = int(cuts[r][bounds[r]])
	}
	return bounds
}

// layer adds a run to the best partitions of all beginnings.
type layer struct {
	last, next   []float64
	cuts, before []int32
	cost         func(i, j int) float64
}

// best finds the cut before the last run of the first j points, from lo to hi. It is
// not before the cut of a partition with one run less.
func (l *layer) best(j, lo, hi int) int {
	best, at := math.Inf(1), lo
	for i := lo; i <= min(hi, j-1); i++ {
		if c := l.last[i] + l.cost(i, j); c < best {
			best, at = c, i
		}
	}
	l.next[j], l.cuts[j] = best, int32(at)
	return at
}

// halve finds the cuts of all beginnings of lo to hi points.
func (l *layer) halve(lo, hi, first, final int) {
	for lo <= hi {
		mid := (lo + hi) / 2
		at := l.best(mid, max(first, int(l.before[mid])), final)
		if mid-lo < hi-mid {
			l.halve(lo, mid-1, first, at)
			lo, first = mid+1, at
		} else {
			l.halve(mid+1, hi, at, final)
			hi, final = mid-1, at
		}
	}
}

// refine moves points to the nearest center and centers to the rounded means of their
// points as long as that makes the sum of squares less.
func (s *sums) refine(p *points, centers []float64, round func(float64) float64) []float64 {
	best := math.Inf(1)
	for {
		slices.Sort(centers)
		bounds := make([]int, len(centers)+1)
		bounds[len(centers)] = len(p.x)
		for i := 1; i < len(centers); i++ {
			middle := (centers[i-1] + centers[i]) / 2
			bounds[i] = sort.Search(len(p.x), func(n int) bool { return p.x[n] > middle })
		}
		total := 0.0
		moved := slices.Clone(centers)
		for i, c := range centers {
			if lo, hi := bounds[i], bounds[i+1]; lo < hi {
				m := s.mean(lo, hi)
				total += s.cost(lo, hi) + float64((s.w[hi]-s.w[lo])*float64((c-m)*(c-m)))
				moved[i] = round(m)
			}
		}
		if !(total < best) || slices.Equal(moved, centers) {
			return centers
		}
		best, centers = total, moved
	}
}

// nearest returns for each value the place of the nearest center, the lower of two.
func nearest(values []float32, centers []float64) []byte {
	codes := make([]byte, len(values))
	if len(centers) == 0 {
		return codes
	}
	middles := make([]float32, len(centers)-1)
	for i := range middles {
		// The largest float32 that is nearer to the lower one, or as near.
		m := (centers[i] + centers[i+1]) / 2
		f := float32(m)
		if float64(f) > m {
			f = math.Nextafter32(f, float32(math.Inf(-1)))
		}
		middles[i] = f
	}
	for i, v := range values {
		lo, hi := 0, len(middles)
		for lo < hi {
			mid := int(uint(lo+hi) >> 1)
			if cmp.Less(middles[mid], v) {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		codes[i] = byte(lo)
	}
	return codes
}
