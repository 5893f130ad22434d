package array

import "errors"

// Errors of more than one room.

var (
	// ErrUnsupported is the error of an operator, or of a variant of one, that the
	// engine does not have.
	ErrUnsupported = errors.New("operator is not supported")
	// ErrShape is the error of operands whose shapes do not go together.
	ErrShape = errors.New("the shapes of the operands do not fit")
	// ErrFault is a mistake in the engine that was caught: an operand for which a
	// definition lacks a check.
	ErrFault = errors.New("internal fault")
)
