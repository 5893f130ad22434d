package portable

import (
	"fmt"
	"strings"
)

// operator is a row of the table.
type operator struct {
	name string
	// params are the operands in the order in which the definition reads them.
	params []param
	// shape sets the shape of every output from the inputs. It runs before eval
	// in every prediction. Nil: the result has the shape of operand 0.
	shape func(c *call) error
	// eval computes the outputs.
	eval func(c *call) error
	// view says that output 0 may share the memory of operand 0.
	view bool
	// exact says that the outputs hold only values that were read or that are
	// already of the declared type, so that no rounding is needed.
	exact bool
	// check, which may be nil, finds operands that eval would refuse. A rehearsal
	// calls it where it does not call eval.
	check func(c *call) error
	// shapeOnly says that eval looks at the shapes of its operands alone.
	shapeOnly bool
	// random says that the outputs differ from prediction to prediction.
	random bool
	// prepare looks at constant operands once, when the plan is made.
	prepare func(p *plan, st *step) error
	// local makes what a step keeps from prediction to prediction in one frame.
	local func() any
}

// param is an operand of an operator.
type param struct {
	name string
	// raw operands are read in any representation; all others are dense float32
	// or int32 when they are constants. Run-time values are converted by the
	// accessors of call in either case.
	raw bool
	// required operands are never absent. The first one always is.
	required bool
}

// in lists operand names. A name may be followed by marks: * for raw, ! for
// required.
func in(names ...string) []param {
	ps := make([]param, len(names))
	for k, n := range names {
		name := strings.TrimRight(n, "*!")
		marks := n[len(name):]
		ps[k] = param{
			name: name, raw: strings.Contains(marks, "*"),
			required: k == 0 || strings.Contains(marks, "!"),
		}
	}
	return ps
}

// table holds every operator that the engine knows, by name. Families add their
// rows at start.
var table = map[string]*operator{}

// add enters rows into the table. Two rows of one name are a mistake in the
// program text, found when any test runs.
func add(rows ...operator) {
	for k := range rows {
		r := &rows[k]
		if table[r.name] != nil {
			panic(fmt.Sprintf("portable: operator %s has two rows", r.name))
		}
		table[r.name] = r
	}
}

// known reports whether the engine runs operators of that name.
func known(name string) bool {
	switch name {
	case "const", "read_state", "write_state", "cond", "while_loop":
		return true
	}
	return table[name] != nil || isConstexpr(name)
}
