package tensor

// Equal returns a Bool tensor of t == other, element by element, broadcast to
// a common shape. A NaN equals nothing.
func (t *Tensor) Equal(other *Tensor) *Tensor { return comparison(&equalOp, t, other) }

// NotEqual returns a Bool tensor of t != other.
func (t *Tensor) NotEqual(other *Tensor) *Tensor { return comparison(&notEqualOp, t, other) }

// Less returns a Bool tensor of t < other. A comparison with NaN is false.
func (t *Tensor) Less(other *Tensor) *Tensor { return comparison(&lessOp, t, other) }

// LessEqual returns a Bool tensor of t ≤ other.
func (t *Tensor) LessEqual(other *Tensor) *Tensor { return comparison(&lessEqualOp, t, other) }

// Greater returns a Bool tensor of t > other.
func (t *Tensor) Greater(other *Tensor) *Tensor { return comparison(&greaterOp, t, other) }

// GreaterEqual returns a Bool tensor of t ≥ other.
func (t *Tensor) GreaterEqual(other *Tensor) *Tensor { return comparison(&greaterEqualOp, t, other) }

// And returns t AND other for Bool tensors, broadcast to a common shape.
func (t *Tensor) And(other *Tensor) *Tensor { return logical(&andOp, t, other) }

// Or returns t OR other for Bool tensors.
func (t *Tensor) Or(other *Tensor) *Tensor { return logical(&orOp, t, other) }

// Xor returns t XOR other for Bool tensors.
func (t *Tensor) Xor(other *Tensor) *Tensor { return logical(&xorOp, t, other) }

// Not returns NOT t for a Bool tensor.
func (t *Tensor) Not() *Tensor {
	if err := t.Err(); err != nil {
		return failed(err)
	}
	return logical(&xorOp, t, Scalar(true))
}

// IsNaN returns a Bool tensor that is true where t is not a number.
func (t *Tensor) IsNaN() *Tensor { return t.NotEqual(t) }

// IsFinite returns a Bool tensor that is true where t is a finite number.
func (t *Tensor) IsFinite() *Tensor { return comparison(&finiteOp, t, t) }

var (
	equalOp        = compareOp{"equal", equal[int64], equal[float32], equal[float64]}
	notEqualOp     = compareOp{"not equal", notEqual[int64], notEqual[float32], notEqual[float64]}
	lessOp         = compareOp{"less", less[int64], less[float32], less[float64]}
	lessEqualOp    = compareOp{"less equal", lessEqual[int64], lessEqual[float32], lessEqual[float64]}
	greaterOp      = compareOp{"greater", flip(less[int64]), flip(less[float32]), flip(less[float64])}
	greaterEqualOp = compareOp{"greater equal", flip(lessEqual[int64]), flip(lessEqual[float32]), flip(lessEqual[float64])}
	finiteOp       = compareOp{"is finite", finite[int64], finite[float32], finite[float64]}

	andOp = compareOp{name: "and", i64: func(dst []uint8, a, b []int64) {
		for i := range dst {
			dst[i] = uint8(a[i] & b[i])
		}
	}}
	orOp = compareOp{name: "or", i64: func(dst []uint8, a, b []int64) {
		for i := range dst {
			dst[i] = uint8(a[i] | b[i])
		}
	}}
	xorOp = compareOp{name: "xor", i64: func(dst []uint8, a, b []int64) {
		for i := range dst {
			dst[i] = uint8(a[i] ^ b[i])
		}
	}}
)

// logical applies op to Bool tensors, whose elements are read as 0 and 1 whatever byte
// holds them.
func logical(op *compareOp, a, b *Tensor) *Tensor {
	if err := firstErr(a, b); err != nil {
		return failed(err)
	}
	if a.dtype != Bool || b.dtype != Bool {
		return fail(op.name, ErrDType, "%v and %v, both must be %v", a.dtype, b.dtype, Bool)
	}
	return comparison(op, a, b)
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

func equal[C compute](dst []uint8, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = bit(a[i] == b[i])
	}
}

func notEqual[C compute](dst []uint8, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = bit(a[i] != b[i])
	}
}

func less[C compute](dst []uint8, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = bit(a[i] < b[i])
	}
}

func lessEqual[C compute](dst []uint8, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = bit(a[i] <= b[i])
	}
}

// finite reports whether the difference of an element to itself is zero, which
// it is for neither infinities nor NaN.
func finite[C compute](dst []uint8, a, b []C) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = bit(a[i]-b[i] == 0)
	}
}

// flip makes a kernel of the comparison with its operands swapped: a > b is b < a, of NaN
// too, for which both are false. The negation of a ≤ b would be true there.
func flip[C compute](f func(dst []uint8, a, b []C)) func(dst []uint8, a, b []C) {
	return func(dst []uint8, a, b []C) { f(dst, b, a) }
}
