package plan

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/mil"
)

// OpError is an error at an operation of a program.
type OpError struct {
	Function, Op, Name string
	Err                error
}

// Error names the function, the operator and the operation.
func (e *OpError) Error() string {
	return fmt.Sprintf("function %s: %s %s: %v", mil.Plain(e.Function), mil.Plain(e.Op), mil.Quote(e.Name), e.Err)
}

// Unwrap returns what went wrong.
func (e *OpError) Unwrap() error { return e.Err }

// Fail wraps an error with the place where it happened.
func (pl *Plan) Fail(op *mil.Op, err error) error {
	return &OpError{Function: pl.Function.Name, Op: op.Type, Name: op.Name, Err: err}
}
