package weight

import (
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
)

// quantNode is scale·(data-offset) with one scale for each block. Scales and
// offsets have one shape, that of grid.coarse.
type quantNode struct {
	data, scale, offset node // offset nil: none
	grid                grid
	round               bool
	// where, when not nil, gives the dense position of element k: the data of a
	// sparse tensor are its nonzero elements alone.
	where *bitmask
	// What the operands are where they lie in the file as they are, which the forms that
	// kernels read ask for; nil where they are computed.
	codes, scales, offsets *mil.Const
	lut                    *lutNode
}

// read scales a run of elements of one block at a time. Rounding comes last and
// once, as the operator computes in the type of its scale. The order is that of
// the definition: the offset is subtracted first, then the product is rounded
// to float32, and with round to binary16. Kernels that read the codes as stored
// decode to the same bits.
func (n *quantNode) read(dst []float32, start int) {
	if n.where != nil {
		n.readSparse(dst, start)
		return
	}
	n.data.read(dst, start)
	for k := 0; k < len(dst); {
		at, run := n.grid.at(start + k)
		s, o := n.factors(at)
		end := min(k+run, len(dst))
		for ; k < end; k++ {
			dst[k] = s * (dst[k] - o)
		}
	}
	if n.round {
		kernel.RoundF16(dst)
	}
}

// readSparse is read where the elements are those of a sparse tensor: each has
// a place in the dense one, and its scale is the one of that place. start
// counts the stored values. Scale and offset are looked up for each of them.
func (n *quantNode) readSparse(dst []float32, start int) {
	n.data.read(dst, start)
	p := n.where.selectBit(start)
	for k := range dst {
		at, _ := n.grid.at(p)
		s, o := n.factors(at)
		dst[k] = s * (dst[k] - o)
		p = n.where.next(p + 1)
	}
	if n.round {
		kernel.RoundF16(dst)
	}
}

// factors returns scale and offset number at. Both may be compressed themselves.
func (n *quantNode) factors(at int) (scale, offset float32) {
	scale = readOne(n.scale, at)
	if n.offset != nil {
		offset = readOne(n.offset, at)
	}
	return scale, offset
}

// fastColumns is the least number of columns for which arithmetic Fast
// quantises inputs: shorter rows gain little by it, and the small models that
// have them lose most. It is a number of inputs of a product, and has no say in
// other arithmetics.
const fastColumns = 512

// matrix returns the form that the kernels read as stored, or nil. The kernels
// want a matrix whose blocks divide rows and columns; more dimensions are
// allowed where they are 1.
func (n *quantNode) matrix(p *array.Poller, w *Weight, rows, cols int) kernel.Mat {
	if n.where != nil || n.scales == nil || !planar(w.Shape) || !planar(n.grid.coarse) {
		return nil
	}
	sr, sc := n.grid.coarse[0], n.grid.coarse[1]
	if n.lut != nil { // the kernel scales rows of a palette, and nothing finer
		if sr == rows && sc == 1 && n.offset == nil {
			return n.lut.matrix(p, w, rows, cols, n.scales)
		}
		return nil
	}
	if n.codes == nil || (n.offset != nil && n.offsets == nil) {
		return nil
	}
	// From here on the codes lie in rows of blocks: what differs is passed on to the
	// kernel, which says whether it has a form for it.
	c := kernel.QuantConfig{
		Rows: rows, Cols: cols, Bits: n.codes.DType.Bits(), Signed: n.codes.DType.IsSigned(),
		Codes: n.codes.Data, RowBlock: rows / sr, ColBlock: cols / sc, Round: n.round,
		Fast: w.Fast && cols >= fastColumns,
	}
	var ok bool
	if c.Scale16, c.Scale32, ok = factorsOf(n.scales, sr*sc); !ok {
		return nil
	}
	if n.offsets != nil {
		if n.offsets.DType == n.codes.DType {
			c.OffsetCodes = n.offsets.Data
		} else { // offsets of another type than the codes: few, and decoded once
			c.Offset = make([]float32, sr*sc)
			readAll(p, n.offset, c.Offset)
		}
	}
	m, err := kernel.NewQuant(c)
	if err != nil { // a layout that no kernel takes: the decoded form does
		return nil
	}
	return m
}

// factorsOf returns n stored scales in the one of two types that kernels read.
// The memory is used where it lies: constants are aligned.
func factorsOf(c *mil.Const, n int) (half []uint16, single []float32, ok bool) {
	switch c.DType {
	case dtype.Float16:
		return array.Halves(c.Data[:2*n]), nil, true
	case dtype.Float32:
		return nil, array.Floats(c.Data[:4*n]), true
	}
	return nil, nil, false
}
