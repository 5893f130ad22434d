package weight

import (
	"fmt"
	"math/bits"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// bitmask is a packed run of bits with quick counting. Bit i is bit i%8 of byte
// i/8. Padding bits behind bit n-1 may hold anything; byteAt hides them. It is
// never changed after newBitmask and may be read by any number of goroutines.
type bitmask struct {
	data []byte
	n    int
	// before[k] is the number of ones before byte k*maskStep. The last entry is
	// the number of all ones.
	before []int
}

// maskStep is how many bytes one count stands for: counts take an eighth of the mask's
// memory, and a look-up reads a cache line at most.
const maskStep = 64

// newBitmask reads a mask of n bits. The last count stands for the whole mask,
// so that ones needs no sum. It goes through the mask once, at load. data is
// referred to, and may be mapped.
func newBitmask(p *array.Poller, data []byte, n int) (*bitmask, error) {
	if n < 0 || len(data) < (n+7)/8 {
		return nil, fmt.Errorf("mask of %d bits holds %d bytes", n, len(data))
	}
	m := &bitmask{data: data[:(n+7)/8], n: n, before: make([]int, n/(8*maskStep)+2)}
	ones := 0
	work := array.Counter{Poller: p}
	for k := range m.data {
		work.Add(1)
		if k%maskStep == 0 {
			m.before[k/maskStep] = ones
		}
		ones += bits.OnesCount8(m.byteAt(k))
	}
	for k := (len(m.data) + maskStep - 1) / maskStep; k < len(m.before); k++ {
		m.before[k] = ones
	}
	return m, nil
}

// byteAt returns byte k without the padding bits after the last one.
func (m *bitmask) byteAt(k int) byte {
	b := m.data[k]
	if end := m.n - 8*k; end < 8 {
		b &= 1<<end - 1
	}
	return b
}

// ones returns the number of ones. It is the number of elements of the tensor
// that are stored.
func (m *bitmask) ones() int { return m.before[len(m.before)-1] }

// rank returns the number of ones before bit p: the place of the value of p
// among those that are stored. p may be any position; behind the end the answer
// is the number of all ones. It reads up to 63 bytes beyond the count.
func (m *bitmask) rank(p int) int {
	if p >= m.n {
		return m.ones()
	}
	byteIndex := p / 8
	r := m.before[byteIndex/maskStep]
	for k := byteIndex / maskStep * maskStep; k < byteIndex; k++ {
		r += bits.OnesCount8(m.data[k])
	}
	return r + bits.OnesCount8(m.data[byteIndex]&(1<<(p%8)-1))
}

// next returns the first one at or after bit p, or n. With rank once and next
// from there on, a run is read without counting for each element.
func (m *bitmask) next(p int) int {
	if p >= m.n {
		return m.n
	}
	k := p / 8
	b := m.byteAt(k) &^ (1<<(p%8) - 1)
	for b == 0 {
		k++
		if k >= len(m.data) {
			return m.n
		}
		b = m.byteAt(k)
	}
	return 8*k + bits.TrailingZeros8(b)
}

// selectBit returns the position of one number k, or n. It is rank the other
// way round: a binary search among the counts, then a walk over one step.
// Numbers count from 0.
func (m *bitmask) selectBit(k int) int {
	lo, hi := 0, len(m.before)-1
	for lo < hi { // last step whose count before it is at most k
		mid := (lo + hi + 1) / 2
		if m.before[mid] <= k {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	left := k - m.before[lo]
	for b := lo * maskStep; b < len(m.data); b++ {
		x := m.byteAt(b)
		c := bits.OnesCount8(x)
		if left >= c {
			left -= c
			continue
		}
		for ; left > 0; left-- { // drops the lowest one
			x &= x - 1
		}
		return 8*b + bits.TrailingZeros8(x)
	}
	return m.n
}
