package op

// Convolutions, transposed ones and pools move a kernel over an input. Here is what they
// share: the geometry, in three dimensions whatever the rank, and how it is cut into
// boxes of results that are computed from a small copy of the input.

// slideAxis is one dimension of a kernel that slides over an input. At place o its tap k
// sees element o·step + base + k·apart, which may lie outside of the input's size: there
// is padding. Dimensions that an operator lacks have one of everything.
type slideAxis struct {
	size        int // elements of the input
	taps        int // of the kernel
	step        int // from place to place
	base, apart int
	places      int // results
}

// oneOf is an axis that is not there.
var oneOf = slideAxis{size: 1, taps: 1, step: 1, places: 1}

// Elements that lie a step apart are brought together, so that the places of one tap
// see neighbours: element e is number floor(e/step) of those of its remainder. What the
// taps see is of some remainders only, which repeat from tap to tap.

// period is the number of remainders that the taps have before they repeat.
func (a *slideAxis) period() int { return a.step / gcd(a.apart, a.step) }

// remainders is the number of them that there are.
func (a *slideAxis) remainders() int { return min(a.period(), a.taps) }

// remainder is that of tap k, and first which number among its like the tap sees at
// place 0.
func (a *slideAxis) remainder(k int) int { return modulo(a.base+k*a.apart, a.step) }
func (a *slideAxis) first(k int) int     { return floorDiv(a.base+k*a.apart, a.step) }

// least and most bound first.
func (a *slideAxis) least() int { return min(a.first(0), a.first(a.taps-1)) }
func (a *slideAxis) most() int  { return max(a.first(0), a.first(a.taps-1)) }

// inside reports whether no place sees padding.
func (a *slideAxis) inside() bool {
	last := (a.places-1)*a.step + a.base
	return min(a.base, a.base+(a.taps-1)*a.apart) >= 0 && max(last, last+(a.taps-1)*a.apart) < a.size
}

// slide is a kernel that slides over an input, and the size of the boxes of places that
// are computed together.
type slide struct {
	axis [maxSpatial]slideAxis
	taps int // of all dimensions

	box    [maxSpatial]int // places of a box in each dimension
	boxes  [maxSpatial]int // number of boxes
	room   [maxSpatial]int // elements that a whole box sees of each remainder
	volume int             // elements of the copy for one channel

	direct bool // the input is read where it lies
	gather bool // the copy has a row for every tap
	flat   bool // rows of places are computed as one, with what lies between them
}

// The sizes of boxes: places for products of many rows and of few, which have less to do
// for each, and elements of the copy of one channel.
const (
	boxPlaces     = 512
	boxPlacesFew  = 4096
	boxFewRows    = 16
	boxMostVolume = 1 << 17
)

// placesFor is the number of places of a box for products of rows results at a time.
func placesFor(rows int) int {
	if rows < boxFewRows {
		return boxPlacesFew
	}
	return boxPlaces
}

// plan chooses boxes of at most so many places for products of rows results at a time.
func (s *slide) plan(rows, most int) {
	s.taps = 1
	for d := range s.axis {
		s.taps *= s.axis[d].taps
	}
	s.direct, s.gather = s.readable(rows), false
	s.cut(most)
	if !s.direct && (s.volume > boxMostVolume || s.volume > 2*s.taps*s.box[0]*s.box[1]*s.box[2]) {
		s.gather = true
		s.cut(min(most, boxPlaces))
	}
}

// readable reports whether the input needs no copy: nothing is padded, and places that
// follow one another see neighbours. Copies pay for large kernels, whose taps share
// them, and where channels lie a power of two apart: those compete for a cache's lines.
func (s *slide) readable(rows int) bool {
	plane := 1
	for d := range s.axis {
		if s.axis[d].step != 1 || !s.axis[d].inside() {
			return false
		}
		plane *= s.axis[d].size
	}
	return plane%1024 != 0 && (s.taps == 1 || rows < boxFewRows)
}

// cut takes as many places as the last dimension has, then of those before it, until
// there are enough, in boxes of the same size but for the last.
func (s *slide) cut(most int) {
	s.volume = 1
	for d := maxSpatial - 1; d >= 0; d-- {
		a := &s.axis[d]
		n := min(max(1, most), a.places)
		s.boxes[d] = (a.places + n - 1) / n
		s.box[d] = (a.places + s.boxes[d] - 1) / s.boxes[d]
		most /= s.box[d]
		if s.room[d] = s.box[d] + a.most() - a.least(); s.direct {
			s.room[d] = a.size
		}
		s.volume = volumeOf(s.volume, volumeOf(a.remainders(), s.room[d]))
	}
	// Places are computed 32 at a time: what is between two rows may cost nothing.
	row := s.box[maxSpatial-1]
	s.flat = s.gather || s.room[maxSpatial-1] <= (row+31)/32*32
}

// volumeOf is a·b, or a number above boxMostVolume where it is more than that: sizes in
// a program may be such that their product overflows.
func volumeOf(a, b int) int {
	if a > boxMostVolume || b > boxMostVolume {
		return boxMostVolume + 1
	}
	return min(a*b, boxMostVolume+1)
}

// sizes returns the elements of a channel of the input and of the result.
func (s *slide) sizes() (elements, places int) {
	elements, places = 1, 1
	for d := range s.axis {
		elements *= s.axis[d].size
		places *= s.axis[d].places
	}
	return elements, places
}

// slideBox is one box of places and how it is computed.
type slideBox struct {
	from, n [maxSpatial]int
	// In the copy and among the sums, rows and planes of places are so far apart.
	row, plane       int
	sumRow, sumPlane int
}

// at returns box number k.
func (s *slide) at(k int) (b slideBox) {
	for d := maxSpatial - 1; d >= 0; d-- {
		b.from[d] = k % s.boxes[d] * s.box[d]
		k /= s.boxes[d]
		b.n[d] = min(s.box[d], s.axis[d].places-b.from[d])
	}
	b.row, b.plane = s.room[2], s.room[1]*s.room[2]
	if s.gather {
		b.row, b.plane = b.n[2], b.n[1]*b.n[2]
	}
	b.sumRow = b.n[2]
	if s.flat {
		b.sumRow = b.row
	}
	b.sumPlane = b.sumRow * b.n[1]
	return b
}

// count is the number of boxes.
func (s *slide) count() int { return s.boxes[0] * s.boxes[1] * s.boxes[2] }

// sums is the memory for the sums of one result over a box.
func (s *slide) sums() int {
	row := s.box[2]
	if s.flat && !s.gather {
		row = s.room[2]
	}
	return s.box[0] * s.box[1] * row
}

// runs calls f for the runs of places that are computed as one: where each begins in the
// copy and among the sums, and how many there are.
func (b *slideBox) runs(s *slide, f func(x, sum, n int)) {
	switch {
	case s.gather:
		f(0, 0, b.n[0]*b.n[1]*b.n[2])
	case s.flat:
		for d := range b.n[0] {
			f(d*b.plane, d*b.sumPlane, (b.n[1]-1)*b.row+b.n[2])
		}
	default:
		for d := range b.n[0] {
			for h := range b.n[1] {
				f(d*b.plane+h*b.row, d*b.sumPlane+h*b.sumRow, b.n[2])
			}
		}
	}
}

// offset returns where the run of tap k begins in the copy of a channel, which with
// gather has the taps from first on.
func (s *slide) offset(b *slideBox, k, first int) int {
	if s.gather {
		return (k - first) * b.n[0] * b.n[1] * b.n[2]
	}
	at, number, size := 0, 0, 1
	var tap [maxSpatial]int
	for d := maxSpatial - 1; d >= 0; d-- {
		tap[d] = k % s.axis[d].taps
		k /= s.axis[d].taps
	}
	for d := range s.axis {
		a := &s.axis[d]
		at = at*s.room[d] + a.first(tap[d]) - a.least()
		number = number*a.remainders() + tap[d]%a.period()
		size *= s.room[d]
	}
	return number*size + at
}

// origin returns where in a channel that is read where it lies the box begins.
func (s *slide) origin(b *slideBox) (at int) {
	for d := range s.axis {
		at = at*s.axis[d].size + b.from[d] + s.axis[d].least()
	}
	return at
}

// floorDiv is a/b rounded down, for b above 0, and modulo what is left.
func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func modulo(a, b int) int { return a - floorDiv(a, b)*b }

// gcd is the greatest number that divides both; b is above 0.
func gcd(a, b int) int {
	if a < 0 {
		a = -a
	}
	for a != 0 {
		a, b = b%a, a
	}
	return b
}
