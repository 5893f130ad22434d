package weight

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/mil"
)

// constexprs are the operators that decode a compressed constant. Each turns
// its operands into nodes; operands may be results of other constexprs.
// affine_dequantize, cast, lut_to_dense and sparse_to_dense came with iOS16.
// The last two changed their form with iOS18, which brought the others.
var constexprs = map[string]func(x *constexpr) ([]*Weight, error){
	"constexpr_affine_dequantize":            (*constexpr).affine,
	"constexpr_blockwise_shift_scale":        (*constexpr).blockwise,
	"constexpr_cast":                         (*constexpr).cast,
	"constexpr_lut_to_dense":                 (*constexpr).lutToDense,
	"constexpr_lut_to_sparse":                (*constexpr).lutToSparse,
	"constexpr_sparse_to_dense":              (*constexpr).sparseToDense,
	"constexpr_sparse_blockwise_shift_scale": (*constexpr).sparseBlockwise,
}

// IsOperator reports whether op is an operator that decodes a constant.
func IsOperator(op string) bool { return constexprs[op] != nil }

// New makes the results of a constexpr operation. known holds those of earlier
// ones. Constants are checked here against their declared sizes, so that
// reading a weight needs no check. round is set for arithmetic Faithful.
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
	// What follows holds for every operator, whatever its operands say.
	if len(ws) != len(op.Outputs) {
		return nil, fmt.Errorf("has %d results where %d are expected", len(op.Outputs), len(ws))
	}
	for _, w := range ws {
		// Each link may decode all that lies behind it again.
		if w.cost = x.cost + 1; w.cost > maxCost {
			return nil, fmt.Errorf("more than %d constexpr operations feed it", maxCost)
		}
		if n, ok := dtype.Count(w.Shape); !ok || n > array.MaxElements {
			return nil, fmt.Errorf("shape %v is too large", w.Shape)
		}
	}
	return ws, checkTypes(op, ws)
}

// constexpr is the work area of one operation. It lives for one call of New.
type constexpr struct {
	*array.Poller
	op    *mil.Op
	known map[*mil.Value]*Weight // results of earlier operations
	round bool                   // arithmetic Faithful
	bytes int                    // stored, of the operands seen so far
	cost  int                    // of the operands
}

// maxCost bounds the operations behind one element: where operands share an
// operation it counts for each of them, as it runs for each. Two for each of the 16
// operations that the verifier lets follow each other would be 65,536; converters
// chain three.
const maxCost = 64

// operand returns the stored or computed operand of that name as a node; nil
// when it is absent. The number of bytes and the cost of what it returns are
// added to those of the operation.
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
// length. Its data may be longer than needed, never shorter.
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

// axis reads an operand that names one of rank dimensions, from the end when it
// is negative; the first when it is absent. One that is not stored counts as
// absent.
func (x *constexpr) axis(name string, rank int) (int, error) {
	axis := 0
	if v := x.op.Input(name); v != nil && v.Const != nil {
		var err error
		if axis, err = v.Const.Int(); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	if axis < 0 {
		axis += rank
	}
	if axis < 0 || axis >= rank {
		return 0, fmt.Errorf("%s %d is outside rank %d", name, axis, rank)
	}
	return axis, nil
}

// constOf returns the constant behind a node, or nil. Forms that kernels read
// as stored need the constant; nodes alone can only be decoded.
func constOf(n node) *mil.Const {
	if c, ok := n.(constNode); ok {
		return c.c
	}
	return nil
}

// result makes the result of the operation. format is for listings only.
func (x *constexpr) result(shape []int, dt dtype.Type, format string, n node) *Weight {
	return &Weight{Shape: shape, dt: dt, format: format, bytes: x.bytes, node: n, round: x.rounds(dt)}
}

// rounds reports whether computed elements of the type are to be rounded. fp32
// results are computed in fp32 and need no rounding.
func (x *constexpr) rounds(dt dtype.Type) bool { return x.round && dt == dtype.Float16 }

// cast reads binary16 as float32. It is exact, so nothing is rounded.
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
