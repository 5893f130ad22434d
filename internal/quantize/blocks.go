package quantize

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Codes of 4 bits in blocks are what most models are converted to, and a large one has
// thousands of millions of them: this file makes the codes of linear, bit for bit, in a
// fraction of the time, and finds their errors on the way.

// quickBlock returns the size of the blocks of a form that Quick makes for matrices of
// fp16, 0 for any other.
func quickBlock(f Form, cols int) int {
	l := f.Linear
	size := l.size()
	if f.Palette.On || f.Prune.Mode != NoPruning || !l.quick() || l.grain() != PerBlock || l.Blocks != nil || cols%size != 0 {
		return 0
	}
	return size
}

// quick reports whether encodeInt4 makes these codes, for a weight of fp16.
func (l Linear) quick() bool {
	return l.Type == dtype.Int4 && l.mode() == Symmetric && l.size()%2 == 0
}

// mostInt4 is the largest weight of which twice is a number of fp16, leastInt4 one whose
// scale is not 0: weights beyond go the long way.
const (
	mostInt4  = 32752
	leastInt4 = 1e-5
)

// encodeInt4 makes symmetric codes of 4 bits of weights that are exact in fp16, a scale for
// each block. It reports the largest error and the sum of the squares, and false where a
// block needs the long way.
func encodeInt4(values []float32, block int, codes []byte, scales []uint16) (largest float32, squares float64, ok bool) {
	for i := range scales {
		v := values[i*block : (i+1)*block]
		top := uint32(0)
		for _, x := range v {
			top = max(top, math.Float32bits(x)&0x7fffffff)
		}
		out := codes[i*block/2 : (i+1)*block/2]
		if top == 0 {
			scales[i] = 0
			clear(out)
			continue
		}
		most := math.Float32frombits(top)
		if !(most >= leastInt4 && most <= mostInt4) { // or is no number
			return 0, 0, false
		}
		// In fp16 arithmetic, as coremltools computes: (most - -most) / 14.
		scales[i] = dtype.Float32ToFloat16(2 * most / 14)
		scale := dtype.Float16ToFloat32(scales[i])
		inverse, sum := 1/scale, float32(0)
		for k := range out {
			a, b := v[2*k], v[2*k+1]
			p, q := int4Code(a, scale, inverse), int4Code(b, scale, inverse)
			out[k] = byte(int32(p))&15 | byte(int32(q))<<4
			da, db := a-p*scale, b-q*scale
			sum += da*da + db*db
			largest = max(largest, abs32(da), abs32(db))
		}
		squares += float64(sum)
	}
	return largest, squares, true
}

// int4Code rounds v / scale to a code. By the product with the inverse, which is near
// enough unless the quotient lies about half way between two codes: there the quotient is
// rounded to fp16 first, which may make it a tie.
func int4Code(v, scale, inverse float32) float32 {
	const magic = 1.5 * (1 << 23) // adding and subtracting it rounds to an integer
	x := v * inverse
	r := (x + magic) - magic
	if abs32(x-r) > 0.5-1.0/128 {
		x = dtype.RoundFloat16(v / scale)
		r = (x + magic) - magic
	}
	return min(max(r, -7), 7)
}

// Quick is EncodeTensor with Compare for rows of a matrix of fp16, in one pass on the
// calling goroutine. It reports false for forms and values that go the long way.
func Quick(f Form, rows, cols int, values []float32) (*Encoded, Error, bool) {
	block := quickBlock(f, cols)
	if block == 0 || rows*cols != len(values) {
		return nil, Error{}, false
	}
	codes, scales := make([]byte, len(values)/2), make([]uint16, len(values)/block)
	largest, squares, ok := encodeInt4(values, block, codes, scales)
	if !ok {
		return nil, Error{}, false
	}
	return &Encoded{
		Type: dtype.Float16, Shape: []int{rows, cols},
		Codes: &Plane{Type: dtype.Int4, Shape: []int{rows, cols}, Data: codes},
		Scale: &Plane{Type: dtype.Float16, Shape: []int{rows, cols / block}, Data: dtype.HalfBytes(scales)},
	}, Error{Largest: float64(largest), RMS: math.Sqrt(squares / float64(max(len(values), 1)))}, true
}
