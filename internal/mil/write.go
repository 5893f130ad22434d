package mil

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
)

// Write makes a package of a program at the path dir, where nothing may lie
// yet. With a nil description, Describe's is used. Nothing is left at dir when
// it fails.
func Write(dir string, p *Program, description *milpb.ModelDescription) error {
	w, err := modelpkg.Create(dir)
	if err != nil {
		return err
	}
	return WriteTo(w, p, description)
}

// WriteTo finishes a package that has been started, whose weight file may hold
// the content of constants that Builder.Stored made. It discards the package
// when it fails. The Writer is of no use afterwards.
func WriteTo(w *modelpkg.Writer, p *Program, description *milpb.ModelDescription) error {
	m, err := guardedModel(w, p, description)
	if err != nil {
		return errors.Join(err, w.Discard())
	}
	return w.Finish(m)
}

// guardedModel is encodeModel for constants that may lie in mapped files. A
// program that was read from a package and is written again has its weights
// there.
func guardedModel(w *modelpkg.Writer, p *Program, description *milpb.ModelDescription) (m *milpb.Model, err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	return encodeModel(w, p, description)
}

// encodeModel makes the message of the whole file. The specification version is
// the least that knows all operator sets of the program, so that a package runs
// on every system that can run it. The weights are written on the way, before
// the model file.
func encodeModel(w *modelpkg.Writer, p *Program, description *milpb.ModelDescription) (*milpb.Model, error) {
	if err := verify(context.Background(), p, true); err != nil {
		return nil, err
	}
	m := &milpb.Model{Description: description, Type: milpb.TypeMLProgram}
	var err error
	if description == nil {
		if m.Description, err = Describe(p, ""); err != nil {
			return nil, err
		}
	}
	for _, f := range p.Functions {
		n, err := opsetNumber(f.Opset)
		if err != nil {
			return nil, &Error{Function: f.Name, Err: err}
		}
		m.SpecificationVersion = max(m.SpecificationVersion, opsetSpec(n))
	}
	e := &encoder{blobs: w, stored: map[blobKey]uint64{}}
	if m.Program, err = e.program(p); err != nil {
		return nil, err
	}
	return m, nil
}

// Describe derives the interface of a program from its types: multi-arrays in
// and out, and states. An open dimension of an input takes any size from 1 on.
// A program whose only function is main is described as Core ML's versions
// before iOS18 know it; any other has a list of functions, of which def, or
// main, or the first is the default. In the file the description is a part of
// its own, and it has to agree with the program.
func Describe(p *Program, def string) (*milpb.ModelDescription, error) {
	d := &milpb.ModelDescription{Metadata: &milpb.Metadata{}}
	for _, f := range p.Functions {
		fd, err := describeFunction(f)
		if err != nil {
			return nil, err
		}
		d.Functions = append(d.Functions, *fd)
	}
	if len(d.Functions) == 1 && d.Functions[0].Name == "main" {
		main := d.Functions[0]
		d.Functions = nil
		d.Input, d.Output, d.State = main.Input, main.Output, main.State
		return d, nil
	}
	switch {
	case def != "":
		if p.Function(def) == nil {
			return nil, fmt.Errorf("%w: %q", modelpkg.ErrFunction, def)
		}
		d.DefaultFunctionName = def
	case p.Function("main") != nil:
		d.DefaultFunctionName = "main"
	case len(p.Functions) > 0:
		d.DefaultFunctionName = p.Functions[0].Name
	}
	return d, nil
}

// describeFunction makes the description that a package needs of a function,
// for programs that come without one. Inputs and states are told apart by their
// kind, and keep their order.
func describeFunction(f *Function) (*milpb.FunctionDescription, error) {
	d := &milpb.FunctionDescription{Name: f.Name}
	for _, v := range f.Inputs {
		feature, err := describeValue(v, true)
		if err != nil {
			return nil, &Error{Function: f.Name, Name: v.Name, Err: err}
		}
		if v.Type.Kind == State {
			d.State = append(d.State, feature)
		} else {
			d.Input = append(d.Input, feature)
		}
	}
	for _, v := range f.Body.Outputs {
		feature, err := describeValue(v, false)
		if err != nil {
			return nil, &Error{Function: f.Name, Name: v.Name, Err: err}
		}
		d.Output = append(d.Output, feature)
	}
	return d, nil
}

// arrayTypes are the element types that can cross a model's boundary: what
// MLMultiArray holds. A program may compute in other types inside; a cast at
// the boundary is the converter's business.
var arrayTypes = map[dtype.Type]milpb.ArrayDataType{
	dtype.Float16: milpb.ArrayFloat16,
	dtype.Float32: milpb.ArrayFloat32,
	dtype.Float64: milpb.ArrayDouble,
	dtype.Int8:    milpb.ArrayInt8,
	dtype.Int32:   milpb.ArrayInt32,
}

// describeValue makes the description of an input, output or state. What a program
// leaves open becomes a range from 1 to no bound, with 1 for the default shape: Core ML
// wants every range to have a default.
func describeValue(v *Value, input bool) (milpb.FeatureDescription, error) {
	array := &milpb.ArrayFeatureType{DataType: arrayTypes[v.Type.DType]}
	kind := milpb.MultiArrayFeature
	if v.Type.Kind == State {
		kind = milpb.StateFeature
	}
	f := milpb.FeatureDescription{Name: v.Name, Type: &milpb.FeatureType{Kind: kind, Array: array}}
	if array.DataType == 0 || v.Type.Kind != Tensor && v.Type.Kind != State {
		return f, bad(ErrType, "%v cannot be an input or output of a model", v.Type)
	}
	if v.Type.Variadic {
		if input {
			return f, bad(ErrType, "an input of unknown rank cannot be described")
		}
		return f, nil
	}
	open := false
	var ranges []milpb.SizeRange
	for _, n := range v.Type.Shape {
		r := milpb.SizeRange{Lower: uint64(max(n, 1)), Upper: int64(n)}
		if n == Unknown {
			open, n = true, 1
		}
		// -1 for Upper is how the format writes no bound, and so Unknown needs
		// no case of its own.
		array.Shape = append(array.Shape, int64(n))
		ranges = append(ranges, r)
	}
	switch {
	case open && input:
		array.Ranges = ranges
	case open:
		array.Shape = nil // coremltools leaves the shape of such an output out
	case len(array.Shape) == 0:
		array.Shape = []int64{1} // scalars cross the boundary as vectors of one
	}
	return f, nil
}
