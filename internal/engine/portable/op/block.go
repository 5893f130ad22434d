package op

import (
	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// BlockOps are the operators that run nested blocks. They have no definition here: the
// engine runs the steps of their blocks, which only it has. cond has a block for either
// answer; while_loop has one that says whether to go on and one that is gone through. The
// blocks' results, which a program may have any number of, become theirs.
var BlockOps = map[string]*Operator{
	"cond":       {Name: "cond", Params: in("pred"), Exact: true, Results: &Bounds{0, array.MaxElements}, Note: "runs one of two blocks"},
	"while_loop": {Name: "while_loop", Params: in("loop_vars*"), Exact: true, Results: &Bounds{0, array.MaxElements}, Note: "at most 16,777,216 iterations"},
}
