package mil_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/milpb"
)

// dims makes dimensions of the given kinds.
func dims(kinds ...milpb.DimensionKind) []milpb.Dimension {
	list := make([]milpb.Dimension, len(kinds))
	for i, k := range kinds {
		list[i] = milpb.Dimension{Kind: k, Size: 3}
	}
	return list
}

// typeOf reads a program that declares an input of the type.
func typeOf(m *milpb.ValueType) (mil.Type, error) {
	p, err := mil.FromProto(program([]milpb.NamedValueType{{Name: "x", Type: m}}, nil), nil)
	if err != nil {
		return mil.Type{}, err
	}
	return p.Functions[0].Inputs[0].Type, nil
}

func TestTypesAreReadInEveryForm(t *testing.T) {
	fixed := tensor(milpb.Float16, 1, 3)
	tensorOf := func(rank int64, d ...milpb.Dimension) *milpb.ValueType {
		return &milpb.ValueType{Tensor: &milpb.TensorType{DataType: milpb.Float16, Rank: rank, Dimensions: d}}
	}
	for _, c := range []struct {
		name string
		m    *milpb.ValueType
		want string
	}{
		{"a tensor", fixed, "tensor<fp16, [1, 3]>"},
		{"a scalar", tensor(milpb.Int32), "tensor<int32, []>"},
		{"an open dimension", tensorOf(2, dims(milpb.ConstantDimension, milpb.UnknownDimension)...), "tensor<fp16, [3, ?]>"},
		{"an open rank", tensorOf(-1), "tensor<fp16, [...]>"},
		{"any number of dimensions", tensorOf(-1, dims(milpb.ConstantDimension, milpb.VariadicDimension)...), "tensor<fp16, [3...]>"},
		{"a state", &milpb.ValueType{State: &milpb.StateType{Wrapped: fixed}}, "state<tensor<fp16, [1, 3]>>"},
		{"a list", &milpb.ValueType{List: &milpb.ListType{Type: fixed}}, "list<tensor<fp16, [1, 3]>>"},
		{"a list of what is not said", &milpb.ValueType{List: &milpb.ListType{}}, "list<tensor<invalid, []>>"},
		{"a tuple", &milpb.ValueType{Tuple: &milpb.TupleType{}}, "tuple"},
		{"a dictionary", &milpb.ValueType{Dictionary: &milpb.DictionaryType{Key: tensor(milpb.String)}}, "dictionary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := typeOf(c.m)
			if err != nil || got.String() != c.want {
				t.Errorf("%v, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestTypesThatAreIncompleteAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		m    *milpb.ValueType
		want string
	}{
		{"none", nil, "it is missing"},
		{"an empty one", &milpb.ValueType{}, "it is empty"},
		{"a state of nothing", &milpb.ValueType{State: &milpb.StateType{}}, "a state must wrap a tensor"},
		{"a state of a list", &milpb.ValueType{State: &milpb.StateType{Wrapped: &milpb.ValueType{List: &milpb.ListType{}}}}, "a state must wrap a tensor"},
		{"an element type that is not known", tensor(99, 2), "element type 99 is not known"},
		{"a dimension without a size", &milpb.ValueType{Tensor: &milpb.TensorType{DataType: milpb.Float16, Rank: 1, Dimensions: dims(milpb.UnsetDimension)}}, "dimension without a size"},
		{"a rank that is another than the dimensions", &milpb.ValueType{Tensor: &milpb.TensorType{DataType: milpb.Float16, Rank: 2, Dimensions: dims(milpb.ConstantDimension)}}, "rank 2 with 1 dimensions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := typeOf(c.m); !errors.Is(err, mil.ErrType) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one that says %q", err, c.want)
			}
		})
	}
}

// stored reads a program with one constant and returns that.
func stored(typ *milpb.ValueType, v *milpb.Value) (*mil.Const, error) {
	p, err := mil.FromProto(program(nil, []string{"c"}, constant("c", typ, v)), nil)
	if err != nil {
		return nil, err
	}
	return p.Functions[0].Body.Outputs[0].Const, nil
}

func TestValuesAreReadFromEveryField(t *testing.T) {
	for _, c := range []struct {
		name string
		typ  *milpb.ValueType
		v    milpb.TensorValue
		want []int
	}{
		{"integers of 32 bits", tensor(milpb.Int32, 2), milpb.TensorValue{Field: milpb.Ints, Data: []byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}}, []int{1, -1}},
		{"narrow integers in the field of 32 bits", tensor(milpb.Int8, 2), milpb.TensorValue{Field: milpb.Ints, Data: []byte{1, 0, 0, 0, 0x80, 0xff, 0xff, 0xff}}, []int{1, -128}},
		{"narrow integers in the field of 64 bits", tensor(milpb.UInt16, 1), milpb.TensorValue{Field: milpb.LongInts, Data: []byte{0xff, 0xff, 0, 0, 0, 0, 0, 0}}, []int{65535}},
		{"integers as raw bytes", tensor(milpb.Int8, 3), milpb.TensorValue{Field: milpb.Bytes, Data: []byte{1, 2, 0xff}}, []int{1, 2, -1}},
		{"packed bits as raw bytes", tensor(milpb.UInt1, 3), milpb.TensorValue{Field: milpb.Bytes, Data: []byte{0b101}}, []int{1, 0, 1}},
		{"truth values", tensor(milpb.Bool, 2), milpb.TensorValue{Field: milpb.Bools, Data: []byte{1, 0}}, []int{1, 0}},
		{"nothing at all", tensor(milpb.Int32, 0), milpb.TensorValue{}, []int{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := stored(c.typ, imm(c.typ, c.v))
			if err != nil {
				t.Fatal(err)
			}
			got, err := k.Ints()
			if err != nil || len(got) != len(c.want) {
				t.Fatalf("%v, %v, want %v", got, err, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("%v, want %v", got, c.want)
				}
			}
		})
	}
}

func TestValuesThatContradictTheirTypeAreRefused(t *testing.T) {
	text := tensor(milpb.String, 2)
	list := &milpb.ValueType{List: &milpb.ListType{Type: tensor(milpb.Int32)}}
	element := *imm(tensor(milpb.Float32), milpb.TensorValue{Field: milpb.Floats, Data: make([]byte, 4)})
	for _, c := range []struct {
		name string
		typ  *milpb.ValueType
		v    *milpb.Value
		want string
	}{
		{"one text for two", text, imm(text, milpb.TensorValue{Field: milpb.Strings, Strings: []string{"a"}}), "1 strings for 2 elements"},
		{"texts for numbers", tensor(milpb.Int32, 1), imm(tensor(milpb.Int32, 1), milpb.TensorValue{Field: milpb.Strings, Strings: []string{"a"}}), "1 strings for 1 elements of int32"},
		{"raw bytes of another number", tensor(milpb.Int8, 3), imm(tensor(milpb.Int8, 3), milpb.TensorValue{Field: milpb.Bytes, Data: []byte{1}}), "1 bytes for 3 elements of int8"},
		{"no content", tensor(milpb.Int32, 1), imm(tensor(milpb.Int32, 1), milpb.TensorValue{}), "value has no content"},
		{"neither here nor there", tensor(milpb.Int32, 1), &milpb.Value{Type: tensor(milpb.Int32, 1)}, "value has no content"},
		{"an integer that is too large for its type", tensor(milpb.UInt8, 1), imm(tensor(milpb.UInt8, 1), milpb.TensorValue{Field: milpb.Ints, Data: []byte{0, 1, 0, 0}}), "element 0, 256, does not fit uint8"},
		{"a negative one without a sign", tensor(milpb.UInt8, 1), imm(tensor(milpb.UInt8, 1), milpb.TensorValue{Field: milpb.Ints, Data: []byte{0xff, 0xff, 0xff, 0xff}}), "does not fit uint8"},
		{"halves in the field of floats", tensor(milpb.Float16, 1), imm(tensor(milpb.Float16, 1), milpb.TensorValue{Field: milpb.Floats, Data: make([]byte, 4)}), "cannot be stored in field 1"},
		{"a value of open size", tensor(milpb.Int32, 1), imm(&milpb.ValueType{Tensor: &milpb.TensorType{DataType: milpb.Int32, Rank: 1, Dimensions: dims(milpb.UnknownDimension)}}, milpb.TensorValue{}), "has no fixed size"},
		{"a tuple", tensor(milpb.Int32, 1), &milpb.Value{Type: &milpb.ValueType{Tuple: &milpb.TupleType{}}}, "stored value of type tuple"},
		{"a list without elements", list, &milpb.Value{Type: list, Immediate: &milpb.ImmediateValue{}}, "list without elements"},
		{"a list of another element", list, &milpb.Value{Type: list, Immediate: &milpb.ImmediateValue{List: &milpb.ValueList{Values: []milpb.Value{element}}}}, "list element 0 has type"},
		{"a list of an element without a type", list, &milpb.Value{Type: list, Immediate: &milpb.ImmediateValue{List: &milpb.ValueList{Values: []milpb.Value{{}}}}}, "list element 0 is no tensor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := stored(c.typ, c.v); !errors.Is(err, mil.ErrConst) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestAListBecomesATensorWithOneMoreDimension(t *testing.T) {
	element := func(v byte) milpb.Value {
		return *imm(tensor(milpb.Int32), milpb.TensorValue{Field: milpb.Ints, Data: []byte{v, 0, 0, 0}})
	}
	list := &milpb.ValueType{List: &milpb.ListType{Type: tensor(milpb.Int32)}}
	k, err := stored(list, &milpb.Value{Type: list, Immediate: &milpb.ImmediateValue{List: &milpb.ValueList{Values: []milpb.Value{element(7), element(8)}}}})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := k.Ints(); err != nil || len(k.Shape) != 1 || k.Shape[0] != 2 || v[0] != 7 || v[1] != 8 {
		t.Errorf("%v of shape %v, %v", v, k.Shape, err)
	}
}

func TestAnOperationWithoutANameIsCalledAfterItsResult(t *testing.T) {
	p, err := mil.FromProto(program([]milpb.NamedValueType{{Name: "x", Type: tensor(milpb.Float16, 2)}}, []string{"y"}, relu("x", "y")), nil)
	if err != nil {
		t.Fatal(err)
	}
	op := p.Functions[0].Body.Ops[0]
	if op.Name != "y" || op.Input("x").Name != "x" || op.Input("nothing") != nil || op.Arg("nothing") != nil {
		t.Errorf("the operation is %+v", op)
	}
	if p.Function("main") == nil || p.Function("other") != nil {
		t.Error("functions are not found by their names")
	}
}

func TestAttributesOfAProgramAreReadByTheirNames(t *testing.T) {
	text := func(s string) *milpb.Value {
		return imm(tensor(milpb.String), milpb.TensorValue{Field: milpb.Strings, Strings: []string{s}})
	}
	m := program(nil, nil)
	m.Attributes = []milpb.NamedValue{
		{Name: "plain", Value: text("a")},
		{Name: "buildInfo", Value: &milpb.Value{Immediate: &milpb.ImmediateValue{Dictionary: &milpb.DictionaryValue{Pairs: []milpb.KeyValue{
			{Key: text("version"), Value: text("8.1")}, {Key: text("broken")},
		}}}}},
		{Name: "a number", Value: imm(tensor(milpb.Int32), milpb.TensorValue{Field: milpb.Ints, Data: make([]byte, 4)})},
		{Name: "nothing"},
	}
	p, err := mil.FromProto(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Attributes) != 2 || p.Attributes["plain"] != "a" || p.Attributes["buildInfo.version"] != "8.1" {
		t.Errorf("the attributes are %v", p.Attributes)
	}
}
