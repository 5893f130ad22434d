package op

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/engine/portable/weight"
	"github.com/gocoreml/coreml/internal/mil"
)

// Operator is a row of the table.
type Operator struct {
	Name string
	// Params are the operands in the order in which the definition reads them.
	Params []Param
	// Shape sets the shape of every output from the inputs. It runs before eval
	// in every prediction. Nil: the result has the shape of operand 0.
	Shape func(c *Call) error
	// Eval computes the outputs.
	Eval func(c *Call) error
	// Texts are the operands that choose from texts, with those that there are. A
	// program with another one is refused when it is loaded.
	Texts Texts
	// Declared, which may be nil, looks at the types that a program declares for the
	// operation, once its texts are known to be right.
	Declared func(o *mil.Op) error
	// View says that output 0 may share the memory of operand 0.
	View bool
	// Exact says that the outputs hold only values that were read or that are
	// already of the declared type, so that no rounding is needed.
	Exact bool
	// Check, which may be nil, finds operands that Eval would refuse and Shape does
	// not look at. A rehearsal calls it where it does not call Eval: see Check.
	Check func(c *Call) error
	// ShapeOnly says that eval looks at the shapes of its operands alone.
	ShapeOnly bool
	// Random says that the outputs differ from prediction to prediction.
	Random bool
	// Results bounds the number of results; nil: there is one.
	Results *Bounds
	// Dictionary says that a result may be declared as a dictionary.
	Dictionary bool
	// Folding is what decides whether the operator is computed while the plan is
	// made, where its operands are constants.
	Folding FoldCost
	// Rowwise, which may be nil, returns the operand whose rows (the index of the
	// last dimension but one) the operator turns into rows one by one; false when
	// the step is not of that kind.
	Rowwise func(s *Setup) (k int, ok bool)
	// Note is what is worth knowing before a model is converted for this engine.
	Note string
	// Prepare looks at constant operands once, when the plan is made, and returns what
	// the step knows of them from then on; dataOf gives it to shape and eval.
	Prepare func(s *Setup) (any, error)
	// Local makes what a step keeps from prediction to prediction.
	Local func() any
}

// Texts are lists of texts by the name of the operand that chooses from them.
type Texts map[string][]string

// Bounds are the least and the greatest of a number of things.
type Bounds struct{ Least, Most int }

// ResultCount returns the least and the greatest number of results that an
// operation of the operator can have.
func (o *Operator) ResultCount() (least, most int) {
	if o.Results == nil {
		return 1, 1
	}
	return o.Results.Least, o.Results.Most
}

// FoldCost says how the work of an operator grows.
type FoldCost uint8

const (
	// CostElements grows with the elements read and written.
	CostElements FoldCost = iota
	// CostProduct grows with the product of operands and results.
	CostProduct
	// CostUnbounded depends on numbers in the program. Such operators are left to
	// the prediction, which can be cancelled.
	CostUnbounded
)

// Param is an operand of an operator.
type Param struct {
	Name string
	// Raw operands are read in any representation; all others are dense float32
	// or int32 when they are constants. Run-time values are converted by the
	// accessors of Call in either case.
	Raw bool
	// Required operands are never absent. The first one always is.
	Required bool
	// Single operands hold one value. See Check.
	Single bool
}

// in lists operand names. A name may be followed by marks: * for raw, ! for
// required, . for single.
func in(names ...string) []Param {
	ps := make([]Param, len(names))
	for k, n := range names {
		name := strings.TrimRight(n, "*!.")
		marks := n[len(name):]
		ps[k] = Param{
			Name: name, Raw: strings.Contains(marks, "*"),
			Required: k == 0 || strings.Contains(marks, "!"),
			Single:   strings.Contains(marks, "."),
		}
	}
	return ps
}

// Table holds every operator that the engine knows, by name. Families add their
// rows at start.
var Table = map[string]*Operator{}

// add enters rows into the table. Two rows of one name are a mistake in the
// program text, found when any test runs.
func add(rows ...Operator) {
	for k := range rows {
		r := &rows[k]
		if Table[r.Name] != nil {
			panic(fmt.Sprintf("op: operator %s has two rows", r.Name))
		}
		Table[r.Name] = r
	}
}

// Lookup returns the row of an operator, also of those on states and with blocks,
// or nil.
func Lookup(name string) *Operator {
	for _, rows := range []map[string]*Operator{Table, StateOps, BlockOps} {
		if d := rows[name]; d != nil {
			return d
		}
	}
	return nil
}

// Known reports whether the engine runs operators of that name.
func Known(name string) bool {
	return name == "const" || Lookup(name) != nil || weight.IsOperator(name)
}
