package mil

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/milpb"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// encoder makes messages of a program. Constants that belong into a weight file
// go to blobs as they are met. stored is shared by all functions of a program:
// a LoRA package has one base model and several functions over it, and the base
// is to be in the file once.
type encoder struct {
	blobs *modelpkg.Writer
	// The number of the function that is being written.
	opset  int
	stored map[blobKey]uint64
}

// blobKey recognises content that several functions share, so that it is
// written once: the address, length and type of its bytes. Two weights of equal
// content at different addresses are written twice.
type blobKey struct {
	data   *byte
	length int
	dtype  dtype.Type
}

// opsetNumber returns 8 for CoreML8. CoreML5 is the first operator set of ML
// programs (iOS 15); the forms of constexpr operations depend on the number. A
// number above 8 is accepted: its set is taken to store things as CoreML8 does.
func opsetNumber(opset string) (int, error) {
	var n int
	if _, err := fmt.Sscanf(opset, "CoreML%d", &n); err != nil || n < 5 || fmt.Sprintf("CoreML%d", n) != opset {
		return 0, bad(ErrStructure, "operator set %q is not known", opset)
	}
	return n, nil
}

// program makes the message of a whole program. Functions keep their order, so
// that the same program gives the same bytes.
func (e *encoder) program(p *Program) (*milpb.Program, error) {
	m := &milpb.Program{Version: max(1, p.Version)}
	m.Attributes = attributeMessages(p.Attributes)
	for _, f := range p.Functions {
		fm, err := e.function(f)
		if err != nil {
			return nil, err
		}
		m.Functions = append(m.Functions, milpb.NamedFunction{Name: f.Name, Function: fm})
	}
	return m, nil
}

// attributeMessages is stringAttributes the other way round: entries whose name
// has a dot form a dictionary. Keys are sorted, as Go's maps have no order.
// Entries of one dictionary follow each other, since the keys are sorted.
func attributeMessages(attributes map[string]string) []milpb.NamedValue {
	text := typeMessage(Type{DType: dtype.String})
	var out []milpb.NamedValue
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		name, entry, ok := strings.Cut(key, ".")
		if !ok {
			out = append(out, milpb.NamedValue{Name: key, Value: textValue(attributes[key])})
			continue
		}
		if len(out) == 0 || out[len(out)-1].Name != name || out[len(out)-1].Value.Immediate.Dictionary == nil {
			out = append(out, milpb.NamedValue{Name: name, Value: &milpb.Value{
				Type:      &milpb.ValueType{Dictionary: &milpb.DictionaryType{Key: text, Value: text}},
				Immediate: &milpb.ImmediateValue{Dictionary: &milpb.DictionaryValue{}},
			}})
		}
		d := out[len(out)-1].Value.Immediate.Dictionary
		d.Pairs = append(d.Pairs, milpb.KeyValue{Key: textValue(entry), Value: textValue(attributes[key])})
	}
	return out
}

// function makes the message of a function. The format allows several
// specializations of its body for different operator sets; no converter writes
// more than the one it is for.
func (e *encoder) function(f *Function) (*milpb.Function, error) {
	var err error
	if e.opset, err = opsetNumber(f.Opset); err != nil {
		return nil, &Error{Function: f.Name, Err: err}
	}
	// Found out before anything is written: whether a constant is an operation
	// of its own depends on all who use it.
	inlined := onlyConstexprUses(f.Body)
	body, err := e.block(f.Body, inlined)
	if err != nil {
		return nil, &Error{Function: f.Name, Err: err}
	}
	inputs, err := namedTypes(f.Inputs)
	if err != nil {
		return nil, &Error{Function: f.Name, Err: err}
	}
	return &milpb.Function{
		Inputs: inputs,
		Opset:  f.Opset,
		Blocks: []milpb.NamedBlock{{Opset: f.Opset, Block: body}},
	}, nil
}

// onlyConstexprUses finds the constants that nothing but constexpr operations
// use. Packages store these in place of the operand and not as operations. A
// constant that something else uses too stays an operation, and is repeated in
// place for the constexpr ones; in the weight file it lies once.
func onlyConstexprUses(b *Block) map[*Value]bool {
	uses := map[*Value]bool{}
	var walk func(b *Block)
	walk = func(b *Block) {
		for _, op := range b.Ops {
			for _, a := range op.Inputs {
				for _, v := range a.Values {
					// Once false, a use stays false.
					if seen, ok := uses[v]; v.Const != nil && (!ok || seen) {
						uses[v] = isConstexpr(op)
					}
				}
			}
			for _, nested := range op.Blocks {
				walk(nested)
			}
		}
		for _, v := range b.Outputs {
			uses[v] = false
		}
	}
	walk(b)
	return uses
}

// block makes the message of a block; constants that are stored with their only
// users are left out of its operations.
func (e *encoder) block(b *Block, inlined map[*Value]bool) (*milpb.Block, error) {
	inputs, err := namedTypes(b.Inputs)
	if err != nil {
		return nil, err
	}
	m := &milpb.Block{Inputs: inputs}
	for _, op := range b.Ops {
		if op.Type == "const" && inlined[op.Outputs[0]] {
			continue
		}
		om, err := e.op(op, inlined)
		if err != nil {
			return nil, err
		}
		m.Operations = append(m.Operations, *om)
	}
	for _, v := range b.Outputs {
		m.Outputs = append(m.Outputs, v.Name)
	}
	return m, nil
}

// op makes the message of an operation. Its name is an attribute in the format,
// and so is the value of a const. From CoreML8 on the operands of constexpr
// operations are inputs with their constants in place.
func (e *encoder) op(op *Op, inlined map[*Value]bool) (*milpb.Operation, error) {
	place := func(err error) error { return fmt.Errorf("operation %s %q: %w", op.Type, op.Name, err) }
	if op.Opset != "" {
		return nil, place(bad(ErrStructure, "an operator set of its own can only be said in a text"))
	}
	outputs, err := namedTypes(op.Outputs)
	if err != nil {
		return nil, place(err)
	}
	m := &milpb.Operation{
		Type:       op.Type,
		Outputs:    outputs,
		Attributes: []milpb.NamedValue{{Name: "name", Value: textValue(op.Name)}},
	}
	if op.Type == "const" {
		v, err := e.value(op.Outputs[0])
		if err != nil {
			return nil, place(err)
		}
		m.Attributes = append(m.Attributes, milpb.NamedValue{Name: "val", Value: v})
		return m, nil
	}
	for _, a := range op.Inputs {
		arg := &milpb.Argument{}
		for _, v := range a.Values {
			// An operand is bound by name, or holds its constant itself.
			b := milpb.Binding{Name: v.Name}
			if v.Const != nil && (v.Name == "" || isConstexpr(op)) {
				var err error
				if b.Value, err = e.value(v); err != nil {
					return nil, place(err)
				}
				b.Name = ""
			}
			arg.Bindings = append(arg.Bindings, b)
		}
		// Before CoreML8 (iOS18) the operands of constexpr operations are attributes.
		if isConstexpr(op) && e.opset < 8 {
			if len(arg.Bindings) != 1 || arg.Bindings[0].Value == nil {
				return nil, place(bad(ErrStructure, "operand %s must be one constant before CoreML8", a.Name))
			}
			m.Attributes = append(m.Attributes, milpb.NamedValue{Name: a.Name, Value: arg.Bindings[0].Value})
			continue
		}
		m.Inputs = append(m.Inputs, milpb.NamedArgument{Name: a.Name, Argument: arg})
	}
	for _, b := range op.Blocks {
		bm, err := e.block(b, inlined)
		if err != nil {
			return nil, err
		}
		m.Blocks = append(m.Blocks, *bm)
	}
	return m, nil
}

// namedTypes declares values. Tuples cannot be declared: a Type does not say what
// they consist of.
func namedTypes(list []*Value) ([]milpb.NamedValueType, error) {
	var out []milpb.NamedValueType
	for _, v := range list {
		if v.Type.Kind == Tuple || v.Type.Kind == Dictionary && v.Type.DType == dtype.Invalid {
			return nil, fmt.Errorf("value %q: %w", v.Name, bad(ErrType, "a %v cannot be written", v.Type))
		}
		out = append(out, milpb.NamedValueType{Name: v.Name, Type: typeMessage(v.Type)})
	}
	return out, nil
}

// typeMessage writes a type. An unknown rank is -1, which is how coremltools
// writes a shape that is known at run time only. Of a list only the element's
// type is known; the length is left open.
func typeMessage(t Type) *milpb.ValueType {
	m := &milpb.TensorType{DataType: dataTypes[t.DType], Rank: int64(len(t.Shape))}
	for _, d := range t.Shape {
		dim := milpb.Dimension{Kind: milpb.UnknownDimension}
		if d != Unknown {
			dim = milpb.Dimension{Kind: milpb.ConstantDimension, Size: uint64(d)}
		}
		m.Dimensions = append(m.Dimensions, dim)
	}
	if t.Variadic {
		m.Rank = -1
	}
	tensor := &milpb.ValueType{Tensor: m}
	switch t.Kind {
	case State:
		return &milpb.ValueType{State: &milpb.StateType{Wrapped: tensor}}
	case Dictionary: // a classifier's: from its labels to probabilities
		key := typeMessage(Type{DType: t.DType})
		value := typeMessage(Type{DType: dtype.Float64})
		return &milpb.ValueType{Dictionary: &milpb.DictionaryType{Key: key, Value: value}}
	case List:
		return &milpb.ValueType{List: &milpb.ListType{Type: tensor, Length: &milpb.Dimension{Kind: milpb.UnknownDimension}}}
	default:
		return tensor
	}
}

// dataTypes is dtypes the other way round.
var dataTypes = func() map[dtype.Type]milpb.DataType {
	m := map[dtype.Type]milpb.DataType{}
	for number, t := range dtypes {
		m[t] = number
	}
	return m
}()

// textValue is a string scalar in place. It is how names, dtypes and build
// information are stored.
func textValue(s string) *milpb.Value {
	return &milpb.Value{
		Type:      typeMessage(Type{DType: dtype.String}),
		Immediate: &milpb.ImmediateValue{Tensor: &milpb.TensorValue{Field: milpb.Strings, Strings: []string{s}}},
	}
}

// minBlobElements is the size from which coremltools moves a constant to the
// weight file: should_use_weight_file in its backend for ML Programs. Smaller
// ones are written in place, where a reader of the listing sees them.
const minBlobElements = 10

// value stores a constant: in the weight file, or in place. The offset is known
// only after the blob has been written, so the weight file is complete before
// the model file is begun.
func (e *encoder) value(v *Value) (*milpb.Value, error) {
	c := v.Const
	if v.Type.Kind == List {
		return listValue(v)
	}
	n := c.Len()
	m := &milpb.Value{Type: typeMessage(Type{DType: c.DType, Shape: c.Shape})}
	// It lies in the file already.
	if c.Data == nil && c.Blob != "" {
		m.Blob = &milpb.BlobFileValue{FileName: c.Blob, Offset: c.Offset}
		return m, nil
	}
	// By the place in memory and not by content: comparing weights byte by byte
	// would read all of them once more.
	if n >= minBlobElements && e.blobType(c.DType) {
		key := blobKey{data: &c.Data[0], length: len(c.Data), dtype: c.DType}
		offset, ok := e.stored[key]
		if !ok {
			var err error
			if offset, err = e.blobs.AddBlob(c.DType, n, c.Data); err != nil {
				return nil, err
			}
			e.stored[key] = offset
		}
		m.Blob = &milpb.BlobFileValue{FileName: modelpkg.WeightFileName, Offset: offset}
		return m, nil
	}
	m.Immediate = &milpb.ImmediateValue{Tensor: immediate(c)}
	return m, nil
}

// listValue stores a list in place, element by element. Elements of a list may
// not lie in the weight file.
func listValue(v *Value) (*milpb.Value, error) {
	c := v.Const
	if len(c.Shape) == 0 || c.Data == nil && c.Strings == nil && c.Len() > 0 {
		return nil, bad(ErrConst, "%v cannot be written", v.Type)
	}
	element := Type{DType: c.DType, Shape: c.Shape[1:]}
	list := &milpb.ValueList{}
	for i := range c.Shape[0] {
		part := &Const{DType: c.DType, Shape: element.Shape}
		if n := part.Len(); c.DType == dtype.String {
			part.Strings = c.Strings[i*n : (i+1)*n]
		} else {
			size := n * c.DType.Size()
			part.Data = c.Data[i*size : (i+1)*size]
		}
		list.Values = append(list.Values, milpb.Value{
			Type:      typeMessage(element),
			Immediate: &milpb.ImmediateValue{Tensor: immediate(part)},
		})
	}
	t := typeMessage(Type{Kind: List, DType: c.DType, Shape: element.Shape})
	t.List.Length = &milpb.Dimension{Kind: milpb.ConstantDimension, Size: uint64(c.Shape[0])}
	return &milpb.Value{Type: t, Immediate: &milpb.ImmediateValue{List: list}}, nil
}

// blobType reports whether constants of a type go to the weight file: more
// types do from CoreML8 on. The types are those that coremltools stores there;
// bool, string and 64-bit types have no code in weight files.
func (e *encoder) blobType(t dtype.Type) bool {
	switch t {
	case dtype.Float16, dtype.Float32, dtype.Int8, dtype.UInt8:
		return true
	case dtype.Bool, dtype.String, dtype.Float64, dtype.Int64, dtype.UInt64:
		return false
	default:
		return e.opset >= 8
	}
}

// immediate is the elements in the field that coremltools uses for their type.
func immediate(c *Const) *milpb.TensorValue {
	m := &milpb.TensorValue{Data: c.Data}
	switch c.DType {
	case dtype.String:
		return &milpb.TensorValue{Field: milpb.Strings, Strings: c.Strings}
	case dtype.Bool:
		m.Field = milpb.Bools
	case dtype.Float32:
		m.Field = milpb.Floats
	case dtype.Float64:
		m.Field = milpb.Doubles
	case dtype.Int32:
		m.Field = milpb.Ints
	case dtype.Int64:
		m.Field = milpb.LongInts
	// Widened, as the format has no field for 16 bits.
	case dtype.Int16, dtype.UInt16:
		m.Field, m.Data = milpb.Ints, nil
		for i := range c.Len() {
			m.Data = appendInt(m.Data, IntAt(c.Data, c.DType, i), 4)
		}
	default:
		m.Field = milpb.Bytes
	}
	return m
}

// opsetSpec is the lowest specification version that has an operator set:
// iOS15, whose set is CoreML5, is version 6. The two numbers have gone side by
// side since; the bound keeps a made-up set from overflowing.
func opsetSpec(opset int) int32 { return int32(min(opset, math.MaxInt32-1)) + 1 }
