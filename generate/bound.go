package generate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// functionSource gives the functions and files that a driver names.
type functionSource interface {
	// function returns a function of a package; empty names mean the package that
	// was opened and its default function.
	function(ctx context.Context, pkg, name string) (predictor, *coreml.Description, error)
	// table maps the file of a table of embeddings.
	table(r *Role) (*storage.Bytes, error)
}

// boundStage is a stage whose features have a use.
type boundStage struct {
	caches      []cache
	state       int // the lane's state of that number, or -1
	snapshot    []string
	cursorState string
	// answers says that the stage runs only where logits are wanted, on the row of
	// the last token.
	answers bool
}

// cache is an input and the output that takes its place in the next prediction.
type cache struct {
	in, out   string
	dtype     tensor.DType
	shape     []int
	recurrent bool
	shift     int // the axis along which outputs move the cache, 0 for none
}

// boundFunction is a function of a stage. A function that takes one token as well
// as several serves both.
type boundFunction struct {
	stage, index int // index counts the functions of all stages
	model        predictor
	steps        *joiner
	inputs       []boundInput
	outputs      []coreml.FeatureDescription
	constants    coreml.Features
	lastRow      map[string]int // asks a prediction for one row of the logits
}

// boundInput is an input that is written for each prediction.
type boundInput struct {
	f    *coreml.FeatureDescription
	role Role
	base []int // the shape, but for the axes below
	// query is the axis with one place for each token of the prediction, and total
	// that with one for each token so far; -1 for none.
	query, total int
	from         int // the stage that an output comes from
	views        *constantViews
	table        *storage.Bytes
	pictures     bool // the rows of pictures take the places of placeholders
}

// shape writes the input's shape in a prediction of q tokens after past.
func (in *boundInput) shape(dst []int, past, q int) []int {
	dst = append(dst[:0], in.base...)
	if in.query >= 0 {
		dst[in.query] = q
	}
	if in.total >= 0 {
		dst[in.total] = past + q
	}
	return dst
}

// written reports whether a lane writes the input itself.
func (in *boundInput) written() bool { return in.role.Role != RoleOutput && in.role.Role != RoleCache }

// bindFunction finds a use for every input of a function. Stages before it are
// bound already.
func (b *boundModel) bindFunction(ctx context.Context, src functionSource, stage int, s *Stage, name string) (*boundFunction, error) {
	m, desc, err := src.function(ctx, s.Package, name)
	if err != nil {
		return nil, err
	}
	fn := &boundFunction{stage: stage, index: b.functions, model: m, steps: newJoiner(m), outputs: desc.Outputs, constants: coreml.Features{}}
	b.functions++
	for i := range desc.Inputs {
		f := &desc.Inputs[i]
		role, ok := s.Inputs[f.Name]
		if !ok {
			continue // optional: the driver was checked
		}
		if role.Role == RoleConstant {
			if err := fn.fillConstant(ctx, f, role.Value); err != nil {
				return nil, err
			}
			continue
		}
		in, err := bindInput(f, role)
		if err != nil {
			return nil, err
		}
		in.pictures = b.takesPictures(stage, f.Name)
		switch role.Role {
		case RoleOutput:
			if in.from = b.stageWith(role.Output, stage); in.from < 0 {
				return nil, driverErrorf(inputField(stage, f.Name), "no earlier stage has an output %q", role.Output)
			}
		case RoleEmbeddings:
			if in.table, err = src.table(&role); err != nil {
				return nil, &DriverError{Field: inputField(stage, f.Name) + ".file", Reason: err.Error(), Err: err}
			}
			b.tables = append(b.tables, in.table)
		case RoleTokens:
			b.tokens = f
		}
		fn.inputs = append(fn.inputs, in)
	}
	return fn, nil
}

// stageWith returns the last stage before one that has an output, or -1.
func (b *boundModel) stageWith(output string, before int) int {
	for i := before - 1; i >= 0; i-- {
		for _, fn := range b.stageFunctions(i) {
			if slices.ContainsFunc(fn.outputs, func(f coreml.FeatureDescription) bool { return f.Name == output }) {
				return i
			}
		}
	}
	return -1
}

// stageFunctions returns the functions of a stage.
func (b *boundModel) stageFunctions(stage int) []*boundFunction {
	var out []*boundFunction
	for _, c := range b.chains() {
		if stage < len(c.fns) && !slices.Contains(out, c.fns[stage]) {
			out = append(out, c.fns[stage])
		}
	}
	return out
}

// inputField is the place of an input's role in a driver.
func inputField(stage int, name string) string {
	return fmt.Sprintf("stages.%d.inputs.%s", stage, name)
}

// fillConstant makes an input that is the same in every prediction.
func (fn *boundFunction) fillConstant(ctx context.Context, f *coreml.FeatureDescription, v float64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := tensor.Fill(f.DType, v, f.Shape...)
	if err := t.Err(); err != nil {
		return &DriverError{Field: "constants." + f.Name, Reason: err.Error(), Err: err}
	}
	fn.constants[f.Name] = coreml.MultiArray(t)
	return nil
}

// bindInput finds the axes of an input that depend on the number of tokens.
func bindInput(f *coreml.FeatureDescription, role Role) (boundInput, error) {
	n := axes.Rank(f)
	in := boundInput{f: f, role: role, base: make([]int, n), query: -1, total: -1, from: -1}
	size := int64(f.DType.Size())
	for axis := range n {
		in.base[axis], _ = axes.Bounds(f, axis)
		in.base[axis] = max(in.base[axis], 1)
	}
	in.query, in.total = tokenAxes(f, role)
	for axis, n := range in.base {
		if !in.written() || axis == in.query || axis == in.total {
			continue
		}
		if size > maxMaskBytes/int64(n) {
			return in, undetected("input %s is too large to be filled", f)
		}
		size *= int64(n)
	}
	// A mask of one token hides nothing, and one of all ones is the same for all.
	if in.total >= 0 {
		switch {
		case role.Role == RoleCausalMask && role.Window == 0 && !role.Ring:
			in.views = &constantViews{dtype: f.DType, base: in.base, axis: in.total, limit: maxContext}
		case role.Role == RoleAttentionMask:
			in.views = &constantViews{dtype: f.DType, base: in.base, axis: in.total, value: 1, limit: maxContext}
		}
	}
	return in, nil
}

// tokenAxes returns the axes of an input that have as many places as a prediction
// has tokens, and as there are tokens so far; -1 for none.
func tokenAxes(f *coreml.FeatureDescription, role Role) (query, total int) {
	n := axes.Rank(f)
	last, before := n-1, n-2
	flexible := func(axis int) bool { lo, hi := axes.Bounds(f, axis); return axis >= 0 && lo != hi }
	switch role.Role {
	case RoleTokens:
		return last, -1
	case RolePositions:
		return last, -1
	case RoleEmbeddings, RoleOutput, RoleCos, RoleSin:
		if role.Row == "last" || n < 2 {
			return -1, -1
		}
		_, wide := axes.Bounds(f, 1)
		_, row := axes.Bounds(f, before)
		_, places := axes.Bounds(f, last)
		if flexible(last) || n == 4 && row == 1 && wide > 1 && (places < wide || wide == role.Width) {
			return last, -1 // [1, width, 1, q]
		}
		return before, -1
	case RoleCausalMask:
		if flexible(last) {
			return before, last
		}
		return before, -1
	case RoleAttentionMask:
		if flexible(last) {
			return -1, last
		}
		return -1, -1
	case RoleUpdateMask:
		if n < 2 {
			return -1, -1
		}
		if _, hi := axes.Bounds(f, last); hi == 1 || flexible(last) {
			return last, -1
		}
		return before, -1
	}
	return -1, -1
}

// maskFill returns what a causal mask holds where a token may not look.
func (r *Role) maskFill() float64 {
	if r.Fill != nil {
		return *r.Fill
	}
	return math.Inf(-1)
}
