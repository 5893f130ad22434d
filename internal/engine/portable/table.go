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
	// results bounds the number of results; nil: there is one.
	results *bounds
	// dictionary says that a result may be declared as a dictionary.
	dictionary bool
	// folding is what decides whether the operator is computed while the plan is
	// made, where its operands are constants.
	folding foldCost
	// rowwise, which may be nil, returns the operand whose rows (the index of the
	// last dimension but one) the operator turns into rows one by one; false when
	// the step is not of that kind.
	rowwise func(s *setup) (k int, ok bool)
	// note is what is worth knowing before a model is converted for this engine.
	note string
	// prepare looks at constant operands once, when the plan is made, and returns what
	// the step knows of them from then on; dataOf gives it to shape and eval.
	prepare func(s *setup) (any, error)
	// local makes what a step keeps from prediction to prediction in one frame.
	local func() any
}

// bounds are the least and the greatest of a number of things.
type bounds struct{ least, most int }

// resultCount returns the least and the greatest number of results that an
// operation of the operator can have.
func (o *operator) resultCount() (least, most int) {
	if o.results == nil {
		return 1, 1
	}
	return o.results.least, o.results.most
}

// foldCost says how the work of an operator grows.
type foldCost uint8

const (
	// costElements grows with the elements read and written.
	costElements foldCost = iota
	// costProduct grows with the product of operands and results.
	costProduct
	// costUnbounded depends on numbers in the program. Such operators are left to
	// the prediction, which can be cancelled.
	costUnbounded
)

// setup is what an operator sees of one step while the plan is made: which of its
// operands are constants.
type setup struct {
	load     *poller
	step     *binding
	constant func(slot int32) *value // nil where the slot is none
}

// in returns operand k when it is a constant, else nil.
func (s *setup) in(k int) *value {
	if s.absent(k) {
		return nil
	}
	return s.constant(s.step.in[k])
}

// absent reports whether operand k is not there at all.
func (s *setup) absent(k int) bool { return k >= len(s.step.in) || s.step.in[k] < 0 }

// drop makes operand k absent.
func (s *setup) drop(k int) {
	if !s.absent(k) {
		s.step.in[k] = -1
	}
}

// isFalse reports whether the boolean operand k is absent or the constant false.
func (s *setup) isFalse(k int) bool {
	v := s.in(k)
	return s.absent(k) || v != nil && v.len() == 1 && v.repr == reprI32 && v.i[0] == 0
}

// isTrue reports whether the boolean operand k is the constant true.
func (s *setup) isTrue(k int) bool {
	v := s.in(k)
	return v != nil && v.repr == reprI32 && len(v.i) == 1 && v.i[0] != 0
}

// Answers to rowwise.
func firstOperand(*setup) (int, bool)     { return 0, true }
func constantWeight(s *setup) (int, bool) { return 0, s.in(1) != nil }

// constantMatrix is of matmul, whose x must lie as it is.
func constantMatrix(s *setup) (int, bool) {
	y := s.in(1)
	return 0, y != nil && y.rank == 2 && s.isFalse(2)
}

// constantScale is of element-wise operators of two operands of which one is a
// constant that all rows share.
func constantScale(s *setup) (int, bool) {
	for k := range 2 {
		if v := s.in(k); v != nil && (v.len() == 1 || v.rank == 1) {
			return 1 - k, true
		}
	}
	return 0, false
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

// lookup returns the row of an operator, also of those on states and with blocks,
// or nil.
func lookup(name string) *operator {
	for _, rows := range []map[string]*operator{table, stateOps, blockOps} {
		if d := rows[name]; d != nil {
			return d
		}
	}
	return nil
}

// known reports whether the engine runs operators of that name.
func known(name string) bool {
	return name == "const" || lookup(name) != nil || isConstexpr(name)
}
