package quantize

import (
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/kernel"
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

// mostInt4 is the largest weight of which twice is a number of fp16, and leastInt4 one whose
// scale is no smaller than [kernel.Int4Codes] takes it: weights beyond go the long way.
const (
	mostInt4  = 32752
	leastInt4 = 1e-5
)

// encodeInt4 makes symmetric codes of 4 bits of weights that are exact in fp16, a scale for
// each block. It reports the largest error and the sum of the squares, and false where a
// block needs the long way. It goes over some blocks at a time, which stay in the first
// cache between the passes.
func encodeInt4(values []float32, block int, codes []byte, scales []uint16) (largest float32, squares float64, ok bool) {
	const most = 64
	var room [most]float32
	some := min(max(most*32/block, 1), most)
	for from := 0; from < len(scales); from += some {
		to := min(from+some, len(scales))
		steps, v := room[:to-from], values[from*block:to*block]
		kernel.BlockPeaks(steps, v, block)
		if !int4Steps(steps, scales[from:to]) {
			return 0, 0, false
		}
		top, sum := kernel.Int4Codes(codes[from*block/2:to*block/2], v, steps, block)
		largest = max(largest, top)
		squares += float64(sum)
	}
	return largest, squares, true
}

// int4Steps makes scales of the largest magnitudes, and turns these into what weights are
// divided by: the scales, and anything but 0 where all weights are 0.
func int4Steps(peaks []float32, scales []uint16) bool {
	for i, most := range peaks {
		if most != 0 && !(most >= leastInt4 && most <= mostInt4) { // or is no number
			return false
		}
		// In fp16 arithmetic, as coremltools computes: (most - -most) / 14.
		peaks[i] = 2 * most / 14
	}
	kernel.F32ToF16(scales, peaks)
	kernel.F16ToF32(peaks, scales)
	for i, s := range scales {
		if s == 0 {
			peaks[i] = 1
		}
	}
	return true
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
