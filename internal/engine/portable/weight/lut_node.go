package weight

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
)

// lutNode looks indices up in tables: one table for each block of the indices.
// Tables lie row-major by block, each of size entries of v numbers. With
// vectors of length v each index stands for v consecutive elements along axis.
type lutNode struct {
	indices *mil.Const
	lut     node
	table16 *mil.Const // the table where it is stored as binary16
	grid    grid       // indices' shape to the tables'
	size    int        // entries of a table
	v, axis int
	out     []int // shape of the result
	// where, when not nil, is the mask of a sparse result; mask is that of the
	// indices, which are stored for its ones alone. Positions of elements count
	// in the dense result, those of indices among the ones of mask.
	where, mask *bitmask
}

// read looks the elements up. For a sparse result start counts the stored
// values, not the dense positions.
func (n *lutNode) read(dst []float32, start int) {
	if n.where != nil {
		p := n.where.selectBit(start)
		for k := range dst {
			dst[k] = n.element(p)
			p = n.where.next(p + 1)
		}
		return
	}
	for k := range dst {
		dst[k] = n.element(start + k)
	}
}

// element returns the element at position p of the dense result: which index,
// which table, and the entry. All of it is computed anew for each, which is
// slow and right for every layout; those that matter have a form in matrix. An
// index cannot be larger than its table: lookup has compared its width with the
// entries.
func (n *lutNode) element(p int) float32 {
	part := 0
	if n.v > 1 {
		p, part = n.split(p)
	}
	table, _ := n.grid.at(p)
	if n.mask != nil {
		p = n.mask.rank(p)
	}
	code := mil.IntAt(n.indices.Data, n.indices.DType, p)
	return readOne(n.lut, (table*n.size+code)*n.v+part)
}

// split turns a position of the result into one of the indices and the part of
// the vector. The result is n.v times as long along axis; dimensions inside of
// it are the same for both. With v of 1 it would return p and 0.
func (n *lutNode) split(p int) (index, part int) {
	inner := 1
	for _, d := range n.out[n.axis+1:] {
		inner *= d
	}
	at := p / inner % n.out[n.axis]
	outer := p / inner / n.out[n.axis]
	return (outer*(n.out[n.axis]/n.v)+at/n.v)*inner + p%inner, at % n.v
}

// matrix returns the form that the kernels read as stored, or nil. scales, when
// not nil, holds a factor for each row. A nil result is no error: the weight is
// then decoded row by row.
func (n *lutNode) matrix(p *array.Poller, w *Weight, rows, cols int, scales *mil.Const) kernel.Mat {
	if n.where != nil || n.v != 1 || !planar(w.Shape) || !planar(n.grid.coarse) {
		return nil
	}
	// Tables along rows and along columns.
	gr, gc := n.grid.coarse[0], n.grid.coarse[1]
	entries := gr * gc * n.size
	c := kernel.LUTConfig{
		Rows: rows, Cols: cols, Bits: n.indices.DType.Bits(), Indices: n.indices.Data,
		RowGroup: rows / gr, ColGroup: cols / gc, Round: w.round,
	}
	// Kernels read a table of halves where it lies. One of another form is copied, where
	// it is small beside the indices; a table for every few elements is not.
	switch {
	case n.table16 != nil:
		c.Table16 = array.Halves(n.table16.Data[:2*entries])
	case entries <= rows*cols/4: // a quarter of the memory that the decoded matrix takes
		c.Table32 = make([]float32, entries)
		readAll(p, n.lut, c.Table32)
	default:
		return nil
	}
	if scales != nil {
		var ok bool
		if c.Scale16, c.Scale32, ok = factorsOf(scales, rows); !ok {
			return nil
		}
	}
	m, err := kernel.NewLUT(c)
	if err != nil {
		return nil
	}
	return m
}
