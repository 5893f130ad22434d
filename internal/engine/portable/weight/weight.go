package weight

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/mil"
)

// Weight is a compressed constant: the result of a constexpr operator. It stays
// as stored; what reads it decodes the elements that it needs.
type Weight struct {
	Shape  []int
	dt     dtype.Type
	format string
	bytes  int // stored bytes behind it
	cost   int // operations that run for one element
	node   node
	round  bool // arithmetic Faithful: every decoded element is rounded to dt
	Fast   bool // arithmetic Fast: products may quantise their input
}

// node is a constant expression over stored bytes. read decodes elements start
// to start+len(dst) in row-major order. It may be called from any number of
// goroutines.
type node interface {
	read(dst []float32, start int)
}

// Decode writes elements start to start+len(dst) to dst.
func (w *Weight) Decode(dst []float32, start int) { w.node.read(dst, start) }

// Len returns the number of elements.
func (w *Weight) Len() int {
	n, _ := dtype.Count(w.Shape)
	return n
}

// Matrix returns the weight as a matrix of its first dimension by all others,
// in the fastest form that its layout allows.
func (w *Weight) Matrix(p *array.Poller) (kernel.Mat, error) {
	rows, cols := 1, w.Len()
	if len(w.Shape) > 0 && w.Shape[0] > 0 {
		rows = w.Shape[0]
		cols /= rows
	}
	switch n := w.node.(type) {
	case *quantNode:
		if m := n.matrix(p, w, rows, cols); m != nil {
			return m, nil
		}
	case *lutNode:
		if m := n.matrix(p, w, rows, cols, nil); m != nil {
			return m, nil
		}
	}
	read := w.node.read
	return kernel.NewDecoded(rows, cols, w.format, w.bytes, func(dst []float32, r int) {
		read(dst[:cols], r*cols)
	})
}

// readAll decodes the first len(dst) elements.
func readAll(p *array.Poller, n node, dst []float32) {
	p.PiecesOf(len(dst), array.DecodeEvery, func(lo, hi int) { n.read(dst[lo:hi], lo) })
}

// planar reports whether a shape is two-dimensional but for trailing ones, as a
// linear's or a 1x1 convolution's weight is.
func planar(shape []int) bool {
	for k, d := range shape {
		if k > 1 && d != 1 {
			return false
		}
	}
	return len(shape) >= 2
}

// constNode reads stored numbers.
type constNode struct {
	c *mil.Const
}

// read decodes stored numbers.
func (n constNode) read(dst []float32, start int) {
	data, t := n.c.Data, n.c.DType
	switch t {
	case dtype.Float16:
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
func readNibbles(dst []float32, data []byte, start int, signed bool) {
	for k := range dst {
		at := start + k
		q := int8(data[at/2]>>(at%2*4)) & 15
		if signed {
			q = q << 4 >> 4
		}
		dst[k] = float32(q)
	}
}

// grid maps a position in a dense shape to one in a shape whose dimensions
// divide it, as scales and tables lie: index i of a dimension maps to i/block.
type grid struct {
	shape, coarse, block []int
}

// newGrid checks that coarse divides shape.
func newGrid(shape, coarse []int) (grid, error) {
	if len(shape) != len(coarse) {
		return grid{}, fmt.Errorf("shapes %v and %v differ in rank", shape, coarse)
	}
	block := make([]int, len(shape))
	for d := range shape {
		if coarse[d] <= 0 || shape[d]%coarse[d] != 0 {
			return grid{}, fmt.Errorf("dimension %d of %v does not divide that of %v", d, coarse, shape)
		}
		block[d] = shape[d] / coarse[d]
	}
	return grid{shape, coarse, block}, nil
}

// at returns the coarse position of element p and the number of elements from p
// on that map to the same one in a row.
func (g *grid) at(p int) (coarse, run int) {
	run = 1
	mul := 1
	for d := len(g.shape) - 1; d >= 0; d-- {
		i := p % g.shape[d]
		p /= g.shape[d]
		if d == len(g.shape)-1 {
			run = g.block[d] - i%g.block[d]
		}
		coarse += i / g.block[d] * mul
		mul *= g.coarse[d]
	}
	return coarse, run
}

// quantNode is scale·(data-offset) with one scale for each block.
type quantNode struct {
	data, scale, offset node // offset nil: none
	grid                grid
	round               bool
	// where, when not nil, gives the dense position of element k: the data of a
	// sparse tensor are its nonzero elements alone.
	where *bitmask
	// of the fast forms
	codes, scales, offsets *mil.Const
	lut                    *lutNode
}

// read scales a run of elements of one block at a time.
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

// readSparse is read where the elements are those of a sparse tensor.
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

// factors returns scale and offset number at.
func (n *quantNode) factors(at int) (scale, offset float32) {
	scale = readOne(n.scale, at)
	if n.offset != nil {
		offset = readOne(n.offset, at)
	}
	return scale, offset
}

// readOne reads one element. The usual nodes answer without a buffer, which
// would escape to the heap.
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

// fastColumns is the least number of columns for which arithmetic Fast quantises
// inputs: shorter rows gain little by it, and the small models that have them
// lose most.
const fastColumns = 512

// matrix returns the form that the kernels read as stored, or nil.
func (n *quantNode) matrix(p *array.Poller, w *Weight, rows, cols int) kernel.Mat {
	if n.where != nil || n.scales == nil || !planar(w.Shape) || !planar(n.grid.coarse) {
		return nil
	}
	sr, sc := n.grid.coarse[0], n.grid.coarse[1]
	if n.lut != nil {
		if sr == rows && sc == 1 && n.offset == nil {
			return n.lut.matrix(p, w, rows, cols, n.scales)
		}
		return nil
	}
	if n.codes == nil || (n.offset != nil && n.offsets == nil) {
		return nil
	}
	c := kernel.QuantConfig{
		Rows: rows, Cols: cols, Bits: n.codes.DType.Bits(), Signed: n.codes.DType.IsSigned(),
		Codes: n.codes.Data, RowBlock: rows / sr, ColBlock: cols / sc, Round: n.round,
		Fast: w.Fast && cols >= fastColumns,
	}
	switch n.scales.DType {
	case dtype.Float16:
		c.Scale16 = array.Halves(n.scales.Data[:2*sr*sc])
	case dtype.Float32:
		c.Scale32 = array.Floats(n.scales.Data[:4*sr*sc])
	default:
		return nil
	}
	if n.offsets != nil {
		if n.offsets.DType == n.codes.DType {
			c.OffsetCodes = n.offsets.Data
		} else {
			c.Offset = make([]float32, sr*sc)
			readAll(p, n.offset, c.Offset)
		}
	}
	m, err := kernel.NewQuant(c)
	if err != nil {
		return nil
	}
	return m
}

// lutNode looks indices up in tables: one table for each block of the indices.
// With vectors of length v each index stands for v consecutive elements along
// axis.
type lutNode struct {
	indices *mil.Const
	lut     node
	table16 *mil.Const // the table where it is stored as binary16
	grid    grid       // indices' shape to the tables'
	size    int        // entries of a table
	v, axis int
	out     []int // shape of the result
	// where, when not nil, is the mask of a sparse result; mask is that of the
	// indices, which are stored for its ones alone.
	where, mask *bitmask
}

// read looks the elements up.
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

// element returns the element at position p of the dense result.
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
// the vector.
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
// not nil, holds a factor for each row.
func (n *lutNode) matrix(p *array.Poller, w *Weight, rows, cols int, scales *mil.Const) kernel.Mat {
	if n.where != nil || n.v != 1 || !planar(w.Shape) || !planar(n.grid.coarse) {
		return nil
	}
	gr, gc := n.grid.coarse[0], n.grid.coarse[1]
	entries := gr * gc * n.size
	c := kernel.LUTConfig{
		Rows: rows, Cols: cols, Bits: n.indices.DType.Bits(), Indices: n.indices.Data,
		RowGroup: rows / gr, ColGroup: cols / gc, Round: w.round,
	}
	switch {
	case n.table16 != nil:
		c.Table16 = array.Halves(n.table16.Data[:2*entries])
	case entries <= rows*cols/4:
		c.Table32 = make([]float32, entries)
		readAll(p, n.lut, c.Table32)
	default:
		return nil
	}
	if scales != nil {
		switch scales.DType {
		case dtype.Float16:
			c.Scale16 = array.Halves(scales.Data[:2*rows])
		case dtype.Float32:
			c.Scale32 = array.Floats(scales.Data[:4*rows])
		default:
			return nil
		}
	}
	m, err := kernel.NewLUT(c)
	if err != nil {
		return nil
	}
	return m
}

// sparseNode is zero where the mask is, else the next stored value.
type sparseNode struct {
	values node
	mask   *bitmask
}

// read puts the stored values in the places of the mask.
func (n *sparseNode) read(dst []float32, start int) {
	clear(dst)
	first := n.mask.rank(start)
	var buf [256]float32
	p := n.mask.next(start)
	for p < start+len(dst) {
		k := 0
		var at [256]int
		for p < start+len(dst) && k < len(buf) {
			at[k] = p
			k++
			p = n.mask.next(p + 1)
		}
		n.values.read(buf[:k], first)
		first += k
		for j := range k {
			dst[at[j]-start] = buf[j]
		}
	}
}
