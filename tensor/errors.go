package tensor

import (
	"errors"
	"fmt"
)

// The reasons for which an operation fails. An error of this package wraps one
// of them; its text names the operation and the shapes or types at fault.
var (
	// ErrShape: a shape, rank or axis does not fit the operation, or a tensor
	// would pass [MaxRank] or [MaxBytes].
	ErrShape = errors.New("shape does not fit")
	// ErrDType: the operation is not defined for an element type, or two
	// operands have different ones.
	ErrDType = errors.New("element type does not fit")
	// ErrIndex: an index, a range or a count lies outside of a dimension.
	ErrIndex = errors.New("index out of range")
	// ErrValue: the value of an element or of a parameter does not fit, such
	// as a probability below zero.
	ErrValue = errors.New("value does not fit")
	// ErrNotContiguous: the elements are not one row-major run of memory. Use
	// [Tensor.Contiguous] or [Values].
	ErrNotContiguous = errors.New("tensor is not contiguous")
	// ErrInvalid: the tensor is nil or was not made by this package.
	ErrInvalid = errors.New("invalid tensor")
)

var errNil = fmt.Errorf("tensor: %w", ErrInvalid)

// failed returns a tensor that carries err.
func failed(err error) *Tensor { return &Tensor{err: err} }

// Failed returns a tensor that carries err, for functions that promise a tensor
// and have none to give. A nil err gives [ErrInvalid].
func Failed(err error) *Tensor {
	if err == nil {
		err = ErrInvalid
	}
	return failed(err)
}

// fail returns a tensor that carries a new error of the operation op.
func fail(op string, sentinel error, format string, args ...any) *Tensor {
	return failed(opError(op, sentinel, format, args...))
}

func opError(op string, sentinel error, format string, args ...any) error {
	return fmt.Errorf("tensor: %s: %s: %w", op, fmt.Sprintf(format, args...), sentinel)
}

// firstErr returns the error that the first invalid one of ts carries.
func firstErr(ts ...*Tensor) error {
	for _, t := range ts {
		if err := t.Err(); err != nil {
			return err
		}
	}
	return nil
}
