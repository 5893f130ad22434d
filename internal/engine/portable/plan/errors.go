package plan

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/mil"
)

// OpError is an error at an operation of a program. The public package shows it as
// its own type, so that a caller can tell which operation to look at.
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
func (p *Plan) Fail(op *mil.Op, err error) error {
	return &OpError{Function: p.Function.Name, Op: op.Type, Name: op.Name, Err: err}
}
