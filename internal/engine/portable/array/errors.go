package array

import (
	"errors"
)

var (
	ErrUnsupported = errors.New("operator is not supported")
	ErrShape       = errors.New("the shapes of the operands do not fit")
	// ErrFault is a mistake in the engine that was caught: an operand for which a
	// definition lacks a check.
	ErrFault = errors.New("internal fault")
)
