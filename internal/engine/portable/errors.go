package portable

import "github.com/gocoreml/coreml/internal/engine/portable/plan"

// OpError is an error at an operation of a program.
type OpError = plan.OpError
