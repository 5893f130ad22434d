package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// BlockOps are the operators that run nested blocks.
var BlockOps = map[string]*Operator{
	"cond":       {Name: "cond", Params: in("pred"), Exact: true, Results: &Bounds{0, array.MaxElements}, Note: "runs one of two blocks"},
	"while_loop": {Name: "while_loop", Params: in("loop_vars*"), Exact: true, Results: &Bounds{0, array.MaxElements}, Note: "at most 16,777,216 iterations"},
}
