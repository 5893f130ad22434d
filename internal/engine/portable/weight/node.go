package weight

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
)

// node is a constant expression over stored bytes. read decodes elements start
// to start+len(dst) in row-major order; the caller keeps within the elements
// that there are. It may be called from any number of goroutines, so a node
// keeps nothing between two calls.
type node interface {
	read(dst []float32, start int)
}

// constNode reads stored numbers.
type constNode struct {
	c *mil.Const
}

// read decodes stored numbers. Every type is widened to float32: integers of up
// to 24 bits exactly, the rest rounded.
func (n constNode) read(dst []float32, start int) {
	data, t := n.c.Data, n.c.DType
	switch t {
	case dtype.Float16:
		// Stored constants are aligned in the file to 64 bytes, and so in
		// memory. The length is compared, and nothing is decoded beyond the
		// constant.
		if h := array.Halves(data); start+len(dst) <= len(h) {
			kernel.F16ToF32(dst, h[start:start+len(dst)])
		}
	case dtype.Int4, dtype.UInt4:
		readNibbles(dst, data, start, t == dtype.Int4)
	default:
		for k := range dst {
			dst[k] = mil.FloatAt(data, t, start+k)
		}
	}
}

// readNibbles decodes numbers of four bits, the low half of a byte first.
// Element k of the tensor lies in byte k/2: even ones in bits 0 to 3, odd ones
// in bits 4 to 7.
func readNibbles(dst []float32, data []byte, start int, signed bool) {
	for k := range dst {
		at := start + k
		q := int8(data[at/2]>>(at%2*4)) & 15
		if signed {
			q = q << 4 >> 4 // carries bit 3 into the sign
		}
		dst[k] = float32(q)
	}
}

// repeatNode is one number for every element. It stands for a scalar where a
// vector is wanted.
type repeatNode struct{ x float32 }

// read gives the one number for every element.
func (n repeatNode) read(dst []float32, _ int) {
	for k := range dst {
		dst[k] = n.x
	}
}

// readOne reads one element. The usual nodes answer without a buffer, which
// would escape to the heap. It is called for each scale or table entry.
func readOne(n node, at int) float32 {
	switch n := n.(type) {
	case constNode:
		return mil.FloatAt(n.c.Data, n.c.DType, at)
	case repeatNode:
		return n.x
	}
	var e [1]float32
	n.read(e[:], at)
	return e[0]
}

// readAll decodes the first len(dst) elements. It goes piece by piece, so that
// a context which ends is noticed.
func readAll(p *array.Poller, n node, dst []float32) {
	p.PiecesOf(len(dst), array.DecodeEvery, func(lo, hi int) { n.read(dst[lo:hi], lo) })
}
