package mil

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// readPipeline makes one program of the programs of a pipeline: its function main runs
// them one after the other. What one gives is what a later one takes by that name, and
// the pipeline's own inputs are there from the beginning.
func readPipeline(ctx context.Context, pkg *modelpkg.Package, budget *int) (*Program, error) {
	iface, err := pkg.FunctionInterface("")
	if err != nil {
		return nil, err
	}
	j := &joiner{function: &Function{Name: iface.Name, Body: &Block{}}, values: map[string]*Value{}, taken: map[string]bool{}, given: map[string]bool{}}
	// These names are the pipeline's own, so that no value inside of it may have them.
	for i := range iface.Input {
		j.given[iface.Input[i].Name], j.taken[iface.Input[i].Name] = true, true
	}
	for i := range iface.Output {
		j.taken[iface.Output[i].Name] = true
	}
	program := &Program{Version: 1, Functions: []*Function{j.function}, Attributes: map[string]string{}}
	for i, stage := range pkg.Stages() {
		p, err := read(ctx, stage, budget)
		if err != nil {
			return nil, stageError(i, err)
		}
		f := p.Function(stage.DefaultFunction())
		if f == nil {
			return nil, stageError(i, bad(ErrStructure, "it has no default function"))
		}
		if i == 0 {
			j.function.Opset, program.Version, program.Attributes = f.Opset, p.Version, p.Attributes
		}
		if err := j.add(i, f); err != nil {
			return nil, stageError(i, err)
		}
	}
	for i := range iface.Output {
		if err := j.output(iface.Output[i].Name); err != nil {
			return nil, err
		}
	}
	return program, verify(ctx, program, false)
}

func stageError(i int, err error) error { return fmt.Errorf("model %d of the pipeline: %w", i, err) }

// joiner makes one function of several.
type joiner struct {
	function *Function
	given    map[string]bool   // the pipeline's inputs
	values   map[string]*Value // by the names that the models exchange them under
	taken    map[string]bool   // names of values
	stage    int
	now      map[*Value]*Value // what a parameter of the stage stands for
}

// add appends the operations of a model's function.
func (j *joiner) add(stage int, f *Function) error {
	j.stage, j.now = stage, map[*Value]*Value{}
	for _, v := range f.Inputs {
		if err := j.parameter(v); err != nil {
			return err
		}
	}
	// Before the values are renamed: the names are those that others know.
	results := map[string]*Value{}
	for _, v := range f.Body.Outputs {
		results[v.Name] = j.resolve(v)
	}
	j.block(f.Body, f.Opset)
	j.function.Body.Ops = append(j.function.Body.Ops, f.Body.Ops...)
	for name, v := range results {
		j.values[name] = v
	}
	return nil
}

// parameter finds what a parameter is bound to: what a model before gives by its name, or
// an input or a state of the pipeline.
func (j *joiner) parameter(v *Value) error {
	name := v.Name
	if have := j.values[name]; have != nil {
		bound, err := j.adapt(have, v)
		j.now[v] = bound
		return err
	}
	if v.Type.Kind != State && !j.given[name] {
		return bad(ErrUndefined, "it takes %s, which neither the pipeline nor a model before it gives", Quote(name))
	}
	if v.Type.Kind == State {
		j.taken[name] = true
	}
	j.values[name] = v
	j.function.Inputs = append(j.function.Inputs, v)
	return nil
}

// adapt makes of a value what a parameter takes: arrays cross from one model to the other
// with their element type converted, and a scalar as a vector of one.
func (j *joiner) adapt(have, want *Value) (*Value, error) {
	from, to := have.Type, want.Type
	differ := bad(ErrType, "%s is %v where %v is taken", Quote(want.Name), from, to)
	if from.Kind != to.Kind || from.Kind == State && (from.DType != to.DType || !slices.Equal(from.Shape, to.Shape)) {
		return nil, differ
	}
	if from.Kind != Tensor {
		return have, nil
	}
	if from.DType != to.DType {
		if from.DType == dtype.String || to.DType == dtype.String {
			return nil, differ
		}
		cast := Type{DType: to.DType, Shape: from.Shape, Variadic: from.Variadic}
		have = j.insert("cast", want.Name, cast, have, Argument{Name: "dtype", Values: []*Value{textConst(to.DType.String())}})
	}
	if compatible(from, to) {
		return have, nil
	}
	n, ok := dtype.Count(from.Shape)
	if m, fixed := dtype.Count(to.Shape); !ok || !fixed || n != m || n != 1 {
		return nil, differ
	}
	return j.insert("reshape", want.Name, to, have, Argument{Name: "shape", Values: []*Value{shapeConst(to.Shape)}}), nil
}

// insert appends an operation on x, with one other operand.
func (j *joiner) insert(typ, name string, t Type, x *Value, other Argument) *Value {
	v := &Value{Name: j.unique(name), Type: t}
	v.Producer = &Op{Type: typ, Name: v.Name, Inputs: []Argument{other, {Name: "x", Values: []*Value{x}}}, Outputs: []*Value{v}}
	sortArguments(v.Producer.Inputs)
	j.function.Body.Ops = append(j.function.Body.Ops, v.Producer)
	return v
}

// textConst and shapeConst are constants that stand in the place of an operand.
func textConst(s string) *Value {
	return &Value{Type: Type{DType: dtype.String}, Const: &Const{DType: dtype.String, Strings: []string{s}}}
}

func shapeConst(shape []int) *Value {
	c := &Const{DType: dtype.Int32, Shape: []int{len(shape)}}
	for _, n := range shape {
		c.Data = binary.LittleEndian.AppendUint32(c.Data, uint32(n))
	}
	return &Value{Type: Type{DType: c.DType, Shape: c.Shape}, Const: c}
}

// block gives the values of a block names that no other model's have, and puts what the
// parameters stand for in their place.
func (j *joiner) block(b *Block, opset string) {
	for _, v := range b.Inputs {
		v.Name = j.unique(v.Name)
	}
	for _, op := range b.Ops {
		if op.Opset == "" && opset != j.function.Opset {
			op.Opset = opset
		}
		for _, a := range op.Inputs {
			for k, v := range a.Values {
				a.Values[k] = j.resolve(v)
				if v.Name == "" {
					j.move(v.Const)
				}
			}
		}
		for _, nested := range op.Blocks {
			j.block(nested, opset)
		}
		for _, v := range op.Outputs {
			v.Name = j.unique(v.Name)
			j.move(v.Const)
		}
	}
	for k, v := range b.Outputs {
		b.Outputs[k] = j.resolve(v)
	}
}

// resolve returns what a value stands for.
func (j *joiner) resolve(v *Value) *Value {
	if bound := j.now[v]; bound != nil {
		return bound
	}
	return v
}

// move says where a constant's weight file lies, seen from the pipeline.
func (j *joiner) move(c *Const) {
	const root = "@model_path/"
	if c == nil || c.Blob == "" {
		return
	}
	if rest, ok := strings.CutPrefix(c.Blob, root); ok {
		c.Blob = root + "model" + strconv.Itoa(j.stage) + "/" + rest
	}
}

// unique returns the name, or one with an ending where it is taken.
func (j *joiner) unique(name string) string {
	fresh := name
	for n := 1; j.taken[fresh]; n++ {
		fresh = name + "_" + strconv.Itoa(j.stage) + "_" + strconv.Itoa(n)
	}
	j.taken[fresh] = true
	return fresh
}

// output makes a value a result of the pipeline, under the name that the models know it by.
func (j *joiner) output(name string) error {
	v := j.values[name]
	if v == nil {
		return bad(ErrUndefined, "no model of the pipeline gives its output %s", Quote(name))
	}
	// A parameter keeps its name; one that goes through is known by it anyway.
	if v.Producer != nil {
		v.Name = name
	}
	j.function.Body.Outputs = append(j.function.Body.Outputs, v)
	return nil
}
