package quantize

import (
	"math"
	"math/rand/v2"
)

// How much is tried for palettes of vectors, whose best one cannot be found: starts
// from centers that a generator of fixed seed chooses, on at most so many vectors, and
// rounds of moving centers.
const (
	vectorStarts = 6
	vectorSample = 1 << 13
	vectorRounds = 200
)

// kmeansVectors finds entries of several elements each. The same vectors give the same
// entries. It starts several times, keeps the best start, and moves centers until no
// vector changes its center.
func kmeansVectors(values []float32, width, k int, round func(float64) float64) ([]float32, []byte) {
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
	least := math.Inf(1)
	for range vectorStarts {
		centers := startVectors(sample, width, k, rnd)
		if cost := moveVectors(sample, width, centers); cost < least {
			least, best = cost, centers
		}
	}
	moveVectors(values, width, best)
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

// moveVectors moves each center to the mean of its vectors, again and again until none
// changes its center, and returns the sum of squared distances. A center without
// vectors goes to the vector that is farthest from its own.
func moveVectors(values []float32, width int, centers []float64) float64 {
	n, k := len(values)/width, len(centers)/width
	of := make([]int, n)
	sums, counts := make([]float64, len(centers)), make([]float64, k)
	total := 0.0
	for r := range vectorRounds {
		changed := r == 0
		clear(sums)
		clear(counts)
		total = 0
		worst, worstAt := -1.0, 0
		for i := range n {
			v := values[i*width : (i+1)*width]
			best, at := math.Inf(1), 0
			for c := range k {
				if d := squared(v, centers[c*width:(c+1)*width]); d < best {
					best, at = d, c
				}
			}
			if of[i] != at {
				of[i], changed = at, true
			}
			total += best
			if best > worst {
				worst, worstAt = best, i
			}
			counts[at]++
			for j, x := range v {
				sums[at*width+j] += float64(x)
			}
		}
		if !changed {
			break
		}
		for c := range k {
			for j := range width {
				if counts[c] > 0 {
					centers[c*width+j] = sums[c*width+j] / counts[c]
				} else {
					centers[c*width+j] = float64(values[worstAt*width+j])
				}
			}
			if counts[c] == 0 {
				worstAt = (worstAt + 1) % n // another one for the next such center
			}
		}
	}
	return total
}

// nearestVectors returns for each vector the place of the nearest entry.
func nearestVectors(values, entries []float32, width int) []byte {
	centers := make([]float64, len(entries))
	for i, x := range entries {
		centers[i] = float64(x)
	}
	codes := make([]byte, len(values)/width)
	for i := range codes {
		v := values[i*width : (i+1)*width]
		best := math.Inf(1)
		for c := range len(centers) / width {
			if d := squared(v, centers[c*width:(c+1)*width]); d < best {
				best, codes[i] = d, byte(c)
			}
		}
	}
	return codes
}
