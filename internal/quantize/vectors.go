package quantize

import (
	"math"
	"math/rand/v2"
)

// How much is tried for palettes of vectors, whose best one cannot be found: starts
// from centers that a generator of fixed seed chooses, on at most so many vectors;
// rounds of moving centers; and the work of all starts, in distances, for all groups of
// a weight together and at least for each.
const (
	vectorStarts = 64
	vectorSample = 1 << 13
	vectorRounds = 200
	vectorWork   = 1 << 26
	groupWork    = 1 << 22
)

// kmeansVectors finds entries of several elements each. The same vectors give the same
// entries. It starts several times, keeps the best start, and moves centers until no
// vector changes its center.
func kmeansVectors(values []float32, width, k, budget int, round func(float64) float64) ([]float32, []byte) {
	n := len(values) / width
	entries := make([]float32, k*width)
	if places := distinct(values, width); len(places) <= k {
		for i, at := range places {
			copy(entries[i*width:], values[at:at+width])
		}
		return entries, nearestVectors(values, entries[:len(places)*width], width)
	}
	sample := values
	if n > vectorSample {
		sample = make([]float32, 0, vectorSample*width)
		for i := range vectorSample {
			at := i * n / vectorSample * width
			sample = append(sample, values[at:at+width]...)
		}
	}
	rnd := rand.New(rand.NewPCG(uint64(n), uint64(k)))
	var best []float64
	least, work := math.Inf(1), 0
	for start := 0; start < vectorStarts && (start < 6 || work < budget); start++ {
		centers := startVectors(sample, width, k, rnd)
		m := mover{values: sample, width: width, centers: centers}
		if cost := m.settle(); cost < least {
			least, best = cost, centers
		}
		work += m.work
	}
	if len(sample) < len(values) {
		m := mover{values: values, width: width, centers: best}
		m.settle()
	}
	for i, c := range best {
		entries[i] = float32(round(c))
	}
	return entries, nearestVectors(values, entries, width)
}

// startVectors chooses centers among the vectors: each the best of some that are drawn
// with probabilities that grow with the distance from those chosen before.
func startVectors(values []float32, width, k int, rnd *rand.Rand) []float64 {
	n := len(values) / width
	centers := make([]float64, 0, k*width)
	take := func(i int) {
		for _, v := range values[i*width : (i+1)*width] {
			centers = append(centers, float64(v))
		}
	}
	take(rnd.IntN(n))
	far := make([]float64, n)
	for i := range far {
		far[i] = squared(values[i*width:(i+1)*width], centers)
	}
	tries := 2 + int(math.Log(float64(k)))
	for len(centers) < k*width {
		total := 0.0
		for _, d := range far {
			total += d
		}
		best, least, bestFar := -1, math.Inf(1), []float64(nil)
		for range tries {
			i, x := 0, rnd.Float64()*total
			for ; i < n-1 && x >= far[i]; i++ {
				x -= far[i]
			}
			center := make([]float64, width)
			for j, v := range values[i*width : (i+1)*width] {
				center[j] = float64(v)
			}
			now, sum := make([]float64, n), 0.0
			for j := range now {
				now[j] = min(far[j], squared(values[j*width:(j+1)*width], center))
				sum += now[j]
			}
			if sum < least {
				best, least, bestFar = i, sum, now
			}
		}
		take(best)
		far = bestFar
	}
	return centers
}

// squared is the squared distance of a vector from a center.
func squared(v []float32, center []float64) float64 {
	sum := 0.0
	for i, x := range v {
		d := float64(x) - center[i]
		sum += float64(d * d)
	}
	return sum
}

// mover moves the centers of vectors. of is the center of each vector, work the number
// of distances that were computed.
type mover struct {
	values  []float32
	width   int
	centers []float64
	of      []int
	counts  []float64
	work    int
}

// settle moves centers until nothing gets better and returns the sum of squared
// distances: first each center to the mean of its vectors, then single vectors from
// center to center.
func (m *mover) settle() float64 {
	n, k := len(m.values)/m.width, len(m.centers)/m.width
	m.of, m.counts = make([]int, n), make([]float64, k)
	for r := 0; r < vectorRounds && m.assign(r == 0); r++ {
		m.center()
	}
	m.center()
	for r := 0; r < vectorRounds && m.exchange(); r++ {
	}
	total := 0.0
	for i := range n {
		total += squared(m.vector(i), m.at(m.of[i]))
	}
	return total
}

func (m *mover) vector(i int) []float32 { return m.values[i*m.width : (i+1)*m.width] }

func (m *mover) at(c int) []float64 { return m.centers[c*m.width : (c+1)*m.width] }

// assign gives each vector its nearest center and reports whether one changed.
func (m *mover) assign(changed bool) bool {
	n, k := len(m.of), len(m.counts)
	m.work += n * k
	clear(m.counts)
	for i := range n {
		at, _ := closest(m.vector(i), m.centers, m.width)
		if m.of[i] != at {
			m.of[i], changed = at, true
		}
		m.counts[at]++
	}
	return changed
}

// center moves each center to the mean of its vectors. One without vectors goes to the
// vector that is farthest from its own.
func (m *mover) center() {
	sums := make([]float64, len(m.centers))
	for i, c := range m.of {
		for j, x := range m.vector(i) {
			sums[c*m.width+j] += float64(x)
		}
	}
	for c, n := range m.counts {
		for j := range m.width {
			if n > 0 {
				m.centers[c*m.width+j] = sums[c*m.width+j] / n
			}
		}
	}
	for c, n := range m.counts {
		if n > 0 {
			continue
		}
		far, place := -1.0, 0
		for i, of := range m.of {
			if d := squared(m.vector(i), m.at(of)); d > far && m.counts[of] > 1 {
				far, place = d, i
			}
		}
		m.counts[m.of[place]]--
		m.of[place] = c
		m.counts[c] = 1
		for j, x := range m.vector(place) {
			m.centers[c*m.width+j] = float64(x)
		}
	}
}

// exchange moves vectors to other centers where the sum of squares gets less when both
// centers are moved with them. It reports whether one was moved.
func (m *mover) exchange() bool {
	moved := false
	m.work += len(m.of) * len(m.counts)
	for i := range m.of {
		a := m.of[i]
		na := m.counts[a]
		if na < 2 {
			continue
		}
		v := m.vector(i)
		gain := squared(v, m.at(a)) * na / (na - 1)
		best, to := gain*(1-1e-9), -1
		for b, nb := range m.counts {
			if b == a {
				continue
			}
			if d := squared(v, m.at(b)) * nb / (nb + 1); d < best {
				best, to = d, b
			}
		}
		if to < 0 {
			continue
		}
		nb := m.counts[to]
		for j, x := range v {
			m.centers[a*m.width+j] -= (float64(x) - m.centers[a*m.width+j]) / (na - 1)
			m.centers[to*m.width+j] += (float64(x) - m.centers[to*m.width+j]) / (nb + 1)
		}
		m.of[i], moved = to, true
		m.counts[a]--
		m.counts[to]++
	}
	return moved
}

// closest returns the nearest center of a vector and the squared distance.
func closest(v []float32, centers []float64, width int) (at int, least float64) {
	least = math.Inf(1)
	if width == 2 {
		x, y := float64(v[0]), float64(v[1])
		for c := 0; c+1 < len(centers); c += 2 {
			dx, dy := x-centers[c], y-centers[c+1]
			if d := float64(dx*dx) + float64(dy*dy); d < least {
				least, at = d, c/2
			}
		}
		return at, least
	}
	for c := 0; c < len(centers); c += width {
		if d := squared(v, centers[c:c+width]); d < least {
			least, at = d, c/width
		}
	}
	return at, least
}

// nearestVectors returns for each vector the place of the nearest entry.
func nearestVectors(values, entries []float32, width int) []byte {
	centers := make([]float64, len(entries))
	for i, x := range entries {
		centers[i] = float64(x)
	}
	codes := make([]byte, len(values)/width)
	for i := range codes {
		at, _ := closest(values[i*width:(i+1)*width], centers, width)
		codes[i] = byte(at)
	}
	return codes
}
