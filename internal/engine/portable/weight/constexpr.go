package weight

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/mil"
)

// constexprs are the operators that decode a compressed constant. Each turns its
// operands into nodes; operands may be results of other constexprs.
var constexprs map[string]func(x *constexpr) ([]*Weight, error)

func init() {
	constexprs = map[string]func(x *constexpr) ([]*Weight, error){
		"constexpr_affine_dequantize":            (*constexpr).affine,
		"constexpr_blockwise_shift_scale":        (*constexpr).blockwise,
		"constexpr_cast":                         (*constexpr).cast,
		"constexpr_lut_to_dense":                 (*constexpr).lutToDense,
		"constexpr_lut_to_sparse":                (*constexpr).lutToSparse,
		"constexpr_sparse_to_dense":              (*constexpr).sparseToDense,
		"constexpr_sparse_blockwise_shift_scale": (*constexpr).sparseBlockwise,
	}
}

// IsOperator reports whether op is an operator that decodes a constant.
func IsOperator(op string) bool { return strings.HasPrefix(op, "constexpr_") && constexprs[op] != nil }

// New makes the results of a constexpr operation. known holds those of
// earlier ones.
func New(p *array.Poller, op *mil.Op, known map[*mil.Value]*Weight, round bool) ([]*Weight, error) {
	f := constexprs[op.Type]
	if f == nil {
		return nil, array.ErrUnsupported
	}
	x := &constexpr{Poller: p, op: op, known: known, round: round}
	ws, err := f(x)
	if err != nil {
		return nil, err
	}
	if len(ws) != len(op.Outputs) {
		return nil, fmt.Errorf("has %d results where %d are expected", len(op.Outputs), len(ws))
	}
	for _, w := range ws {
		if w.cost = x.cost + 1; w.cost > maxCost {
			return nil, fmt.Errorf("more than %d constexpr operations feed it", maxCost)
		}
		if n, ok := dtype.Count(w.Shape); !ok || n > array.MaxElements {
			return nil, fmt.Errorf("shape %v is too large", w.Shape)
		}
	}
	return ws, checkTypes(op, ws)
}

// constexpr is the work area of one operation.
type constexpr struct {
	*array.Poller
	op    *mil.Op
	known map[*mil.Value]*Weight
	round bool
	bytes int
	cost  int // of the operands
}

// maxCost bounds the operations behind one element: where operands share an
// operation it counts for each of them, as it runs for each.
const maxCost = 64

// operand returns the stored or computed operand of that name as a node; nil
// when it is absent.
func (x *constexpr) operand(name string) (n node, shape []int, dt dtype.Type, err error) {
	v := x.op.Input(name)
	if v == nil {
		return nil, nil, 0, nil
	}
	if w := x.known[v]; w != nil {
		x.bytes += w.bytes
		x.cost += w.cost
		return w.node, w.Shape, w.dt, nil
	}
	c, err := x.stored(name)
	if err != nil {
		return nil, nil, 0, err
	}
	return constNode{c}, c.Shape, c.DType, nil
}

// stored returns an operand that must be a constant in the file, checked for
// length.
func (x *constexpr) stored(name string) (*mil.Const, error) {
	v := x.op.Input(name)
	if v == nil {
		return nil, fmt.Errorf("operand %s is missing", name)
	}
	c := v.Const
	if c == nil {
		return nil, fmt.Errorf("operand %s is not a constant", name)
	}
	n, ok := dtype.Count(c.Shape)
	if !ok || n > array.MaxElements {
		return nil, fmt.Errorf("operand %s: shape %v is too large", name, c.Shape)
	}
	need, ok := c.DType.PackedLen(n)
	if !ok || len(c.Data) < need {
		return nil, fmt.Errorf("operand %s: %d elements of %v in %d bytes", name, n, c.DType, len(c.Data))
	}
	x.bytes += need
	return c, nil
}

// constOf returns the constant behind a node, or nil.
func constOf(n node) *mil.Const {
	if c, ok := n.(constNode); ok {
		return c.c
	}
	return nil
}

// result makes the result of the operation.
func (x *constexpr) result(shape []int, dt dtype.Type, format string, n node) *Weight {
	return &Weight{Shape: shape, dt: dt, format: format, bytes: x.bytes, node: n, round: x.rounds(dt)}
}

// rounds reports whether computed elements of the type are to be rounded.
func (x *constexpr) rounds(dt dtype.Type) bool { return x.round && dt == dtype.Float16 }

func (x *constexpr) blockwise() ([]*Weight, error) {
	data, shape, ddt, err := x.operand("data")
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, fmt.Errorf("operand data is missing")
	}
	q, dt, err := x.scaled(data, shape)
	if err != nil {
		return nil, err
	}
	q.codes = constOf(data)
	if q.codes != nil && ddt.IsFloat() {
		q.codes = nil
	}
	q.lut, _ = data.(*lutNode)
	format := fmt.Sprintf("%v%s", ddt, blockText(q.grid))
	if q.lut != nil {
		format = fmt.Sprintf("lut%d + scale", q.lut.indices.DType.Bits())
	}
	return []*Weight{x.result(shape, dt, format, q)}, nil
}

// scaled makes scale·(data-offset) over data of the given dense shape.
func (x *constexpr) scaled(data node, shape []int) (*quantNode, dtype.Type, error) {
	scale, sshape, dt, err := x.operand("scale")
	if err != nil {
		return nil, 0, err
	}
	if scale == nil {
		return nil, 0, fmt.Errorf("operand scale is missing")
	}
	g, err := newGrid(shape, sshape)
	if err != nil {
		return nil, 0, fmt.Errorf("scale: %w", err)
	}
	q := &quantNode{data: data, scale: scale, grid: g, round: x.rounds(dt), scales: constOf(scale)}
	off, oshape, _, err := x.operand("offset")
	if err != nil {
		return nil, 0, err
	}
	if off != nil {
		if n, _ := dtype.Count(oshape); n != product(sshape) {
			return nil, 0, fmt.Errorf("offset of shape %v for a scale of shape %v", oshape, sshape)
		}
		q.offset, q.offsets = off, constOf(off)
	}
	return q, dt, nil
}

// product multiplies the dimensions of a shape.
func product(shape []int) int {
	n, _ := dtype.Count(shape)
	return n
}

// blockText names the blocks of a grid: per tensor, per channel, /32.
func blockText(g grid) string {
	for d := len(g.shape) - 1; d >= 0; d-- {
		if g.coarse[d] > 1 && g.block[d] > 1 {
			return fmt.Sprintf("/%d", g.block[d])
		}
	}
	if product(g.coarse) == 1 {
		return " per tensor"
	}
	return " per channel"
}

// affine is the form of targets up to iOS17: scale·(q-zero_point) with scalars
// or vectors along axis.
func (x *constexpr) affine() ([]*Weight, error) {
	c, err := x.stored("quantized_data")
	if err != nil {
		return nil, err
	}
	scale, err := x.stored("scale")
	if err != nil {
		return nil, err
	}
	axis := 0
	if v := x.op.Input("axis"); v != nil && v.Const != nil {
		if axis, err = v.Const.Int(); err != nil {
			return nil, fmt.Errorf("axis: %w", err)
		}
	}
	if axis < 0 {
		axis += len(c.Shape)
	}
	if axis < 0 || axis >= len(c.Shape) {
		return nil, fmt.Errorf("axis %d is outside rank %d", axis, len(c.Shape))
	}
	coarse := make([]int, len(c.Shape))
	for d := range coarse {
		coarse[d] = 1
	}
	vector := func(k *mil.Const) (*mil.Const, error) {
		n := k.Len()
		if n != 1 && n != c.Shape[axis] {
			return nil, fmt.Errorf("vector of %d for axis of %d", n, c.Shape[axis])
		}
		if n > 1 {
			coarse[axis] = n
		}
		return k, nil
	}
	if scale, err = vector(scale); err != nil {
		return nil, fmt.Errorf("scale: %w", err)
	}
	zero, err := x.stored("zero_point")
	if err == nil {
		zero, err = vector(zero)
	}
	if err != nil {
		return nil, fmt.Errorf("zero_point: %w", err)
	}
	g, err := newGrid(c.Shape, coarse)
	if err != nil {
		return nil, err
	}
	q := &quantNode{
		data: constNode{c}, grid: g, round: x.rounds(scale.DType), codes: c,
		scale: spread(scale, product(coarse)), offset: spread(zero, product(coarse)),
		scales: scale, offsets: zero,
	}
	if scale.Len() != product(coarse) || zero.Len() != product(coarse) {
		q.scales = nil // a scalar beside a vector: the plain path
	}
	return []*Weight{x.result(c.Shape, scale.DType, c.DType.String()+blockText(g), q)}, nil
}

// spread reads a constant, repeating its one element when more are wanted.
func spread(c *mil.Const, n int) node {
	if c.Len() == n {
		return constNode{c}
	}
	return repeatNode{mil.FloatAt(c.Data, c.DType, 0)}
}

type repeatNode struct{ x float32 }

// read gives the one number for every element.
func (n repeatNode) read(dst []float32, _ int) {
	for k := range dst {
		dst[k] = n.x
	}
}

// cast reads binary16 as float32.
func (x *constexpr) cast() ([]*Weight, error) {
	src, shape, _, err := x.operand("source_val")
	if err != nil {
		return nil, err
	}
	if src == nil {
		return nil, fmt.Errorf("operand source_val is missing")
	}
	return []*Weight{x.result(shape, dtype.Float32, "fp16", src)}, nil
}

// lutToDense covers both forms. Up to iOS17 the indices are a flat run of bytes
// with the shape beside them; from iOS18 on they carry type and shape.
func (x *constexpr) lutToDense() ([]*Weight, error) {
	indices, err := x.stored("indices")
	if err != nil {
		return nil, err
	}
	if x.op.Input("shape") != nil {
		return x.flatLUT(indices)
	}
	n, dt, err := x.lookup(indices, indices.Shape)
	if err != nil {
		return nil, err
	}
	return []*Weight{x.result(n.out, dt, n.format(), n)}, nil
}

func (n *lutNode) format() string {
	f := fmt.Sprintf("lut%d", n.indices.DType.Bits())
	if n.v > 1 {
		f += fmt.Sprintf(" vector %d", n.v)
	}
	return f + blockText(n.grid)
}

func (x *constexpr) flatLUT(indices *mil.Const) ([]*Weight, error) {
	lut, err := x.stored("lut")
	if err != nil {
		return nil, err
	}
	shape, err := x.shapeOperand()
	if err != nil {
		return nil, err
	}
	codes := map[int]dtype.Type{2: dtype.UInt1, 4: dtype.UInt2, 8: dtype.UInt3, 16: dtype.UInt4, 64: dtype.UInt6, 256: dtype.UInt8}
	t := codes[lut.Len()]
	need, ok := t.PackedLen(product(shape))
	if !ok || len(indices.Data) < need {
		return nil, fmt.Errorf("table of %d entries and %d bytes of indices for shape %v", lut.Len(), len(indices.Data), shape)
	}
	ones := make([]int, len(shape))
	for d := range ones {
		ones[d] = 1
	}
	g, err := newGrid(shape, ones)
	if err != nil {
		return nil, err
	}
	n := &lutNode{
		indices: &mil.Const{DType: t, Shape: shape, Data: indices.Data}, lut: constNode{lut},
		grid: g, size: lut.Len(), v: 1, out: shape,
	}
	if lut.DType == dtype.Float16 {
		n.table16 = lut
	}
	return []*Weight{x.result(shape, lut.DType, n.format(), n)}, nil
}

// shapeOperand reads the operand shape of the forms up to iOS17.
func (x *constexpr) shapeOperand() ([]int, error) {
	c, err := x.stored("shape")
	if err != nil {
		return nil, err
	}
	shape, err := c.Ints()
	if err != nil {
		return nil, fmt.Errorf("shape: %w", err)
	}
	if n, ok := dtype.Count(shape); !ok || n > array.MaxElements {
		return nil, fmt.Errorf("shape %v is too large", shape)
	}
	return shape, nil
}

// lookup makes the table look-up for indices of the given dense shape.
func (x *constexpr) lookup(indices *mil.Const, shape []int) (*lutNode, dtype.Type, error) {
	lut, ls, dt, err := x.operand("lut")
	if err != nil {
		return nil, 0, err
	}
	if lut == nil || len(ls) != len(shape)+2 {
		return nil, 0, fmt.Errorf("table of shape %v for indices of shape %v", ls, shape)
	}
	k := len(shape)
	if bits := indices.DType.Bits(); indices.DType.IsSigned() || bits == 0 || bits > 8 || ls[k] != 1<<bits || ls[k+1] < 1 {
		return nil, 0, fmt.Errorf("table of %d entries for indices of type %v", ls[k], indices.DType)
	}
	g, err := newGrid(shape, ls[:k])
	if err != nil {
		return nil, 0, fmt.Errorf("lut: %w", err)
	}
	n := &lutNode{indices: indices, lut: lut, grid: g, size: ls[k], v: ls[k+1], out: shape}
	if c := constOf(lut); c != nil && c.DType == dtype.Float16 {
		n.table16 = c
	}
	if n.v > 1 {
		if err := x.vector(n, shape); err != nil {
			return nil, 0, err
		}
	}
	return n, dt, nil
}

// vector sets the axis along which each index stands for several elements.
func (x *constexpr) vector(n *lutNode, shape []int) error {
	v := x.op.Input("vector_axis")
	if v == nil || v.Const == nil {
		return fmt.Errorf("operand vector_axis is missing")
	}
	axis, err := v.Const.Int()
	if err != nil {
		return fmt.Errorf("vector_axis: %w", err)
	}
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis >= len(shape) || n.v > array.MaxElements {
		return fmt.Errorf("vector_axis %d is outside rank %d", axis, len(shape))
	}
	n.axis = axis
	n.out = append([]int(nil), shape...)
	n.out[axis] *= n.v
	if c, ok := dtype.Count(n.out); !ok || c > array.MaxElements {
		return fmt.Errorf("shape %v is too large", n.out)
	}
	return nil
}
