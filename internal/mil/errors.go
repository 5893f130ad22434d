package mil

import (
	"errors"
	"fmt"
	"strings"
)

// The sorts of mistake, which Error wraps. A text beside them says what is
// wrong; the sort is for errors.Is.
var (
	// ErrUndefined means that an operand names nothing that is defined before it.
	ErrUndefined = errors.New("value is not defined before its use")
	// ErrDuplicate means that a name is defined twice.
	ErrDuplicate = errors.New("name is defined twice")
	// ErrType means that a type is missing, malformed or contradicts another.
	ErrType = errors.New("type does not agree")
	// ErrConst means that a stored value does not fit its type.
	ErrConst = errors.New("constant does not agree with its type")
	// ErrOperand means that an operand is none that its operator can have.
	ErrOperand = errors.New("operand does not go with the operator")
	// ErrStructure means that functions, blocks or operations are malformed.
	ErrStructure = errors.New("program is malformed")
)

// Error says where a program is malformed. All names come from the file and are
// quoted before they are shown.
type Error struct {
	// Function is the function's name.
	Function string
	// OpType and Op are the operation's type and name; empty for parameters and
	// outputs.
	OpType, Op string
	// Name is the value or operand; empty when the whole operation is meant.
	Name string
	Err  error

	at *Op // the operation itself, for who knows where it stands
}

// Error describes the failure and its place.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "function %s", Quote(e.Function))
	if e.OpType != "" {
		fmt.Fprintf(&b, ", operation %s %s", Plain(e.OpType), Quote(e.Op))
	}
	if e.Name != "" {
		fmt.Fprintf(&b, ", value %s", Quote(e.Name))
	}
	return b.String() + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// bad returns an error of the given sort with details. The sort comes first in
// the text, as callers read it.
func bad(sort error, format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{sort}, args...)...)
}
