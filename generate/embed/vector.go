package embed

import "math"

// Dot returns the sum of the products of two vectors' numbers, NaN where their
// lengths differ.
func Dot(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	sum := 0.0
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// Cosine returns the cosine of the angle between two vectors: 1 for the same
// direction, 0 for directions that have nothing in common. It is 0 where a vector
// is zero and NaN where their lengths differ.
func Cosine(a, b []float32) float64 {
	over := math.Sqrt(Dot(a, a)) * math.Sqrt(Dot(b, b))
	if dot := Dot(a, b); over != 0 {
		return dot / over
	} else if math.IsNaN(dot) {
		return dot
	}
	return 0
}

// normalize brings a vector to length 1. One of zeros stays as it is.
func normalize(v []float32) {
	length := math.Sqrt(Dot(v, v))
	if length == 0 {
		return
	}
	for i, x := range v {
		v[i] = float32(float64(x) / length)
	}
}

// isFinite reports whether no number of a vector is a NaN or an infinity.
func isFinite(v []float32) bool {
	for _, x := range v {
		if x-x != 0 {
			return false
		}
	}
	return true
}
