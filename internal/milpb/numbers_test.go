package milpb_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gocoreml/coreml/internal/milpb"
)

// msg joins fields; num, str, sub, f32 and f64 make one each, as the encoding of
// protobuf writes it. The numbers in the tests below are those of Core ML's schema:
// Model.proto, FeatureTypes.proto and MIL.proto.
func msg(fields ...[]byte) (b []byte) {
	for _, f := range fields {
		b = append(b, f...)
	}
	return b
}

func num(n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
}

func str(n protowire.Number, s string) []byte { return sub(n, []byte(s)) }

func sub(n protowire.Number, fields ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), msg(fields...))
}

// program and description are models with nothing but these.
func inProgram(fields ...[]byte) []byte { return sub(502, fields...) }

func inMain(fields ...[]byte) []byte {
	return inProgram(sub(2, str(1, "main"), sub(2, fields...)))
}

func described(fields ...[]byte) []byte { return sub(2, fields...) }

func input(typ ...[]byte) []byte { return described(sub(1, str(1, "x"), sub(3, typ...))) }

func programOf(p milpb.Program) *milpb.Model {
	return &milpb.Model{Type: milpb.TypeMLProgram, Program: &p}
}

func mainOf(f milpb.Function) *milpb.Model {
	return programOf(milpb.Program{Functions: []milpb.NamedFunction{{Name: "main", Function: &f}}})
}

func inputOf(t milpb.FeatureType) *milpb.Model {
	return &milpb.Model{Description: &milpb.ModelDescription{Input: []milpb.FeatureDescription{{Name: "x", Type: &t}}}}
}

func arrayOf(a milpb.ArrayFeatureType) *milpb.Model {
	return inputOf(milpb.FeatureType{Kind: milpb.MultiArrayFeature, Array: &a})
}

func imageOf(i milpb.ImageFeatureType) *milpb.Model {
	return inputOf(milpb.FeatureType{Kind: milpb.ImageFeature, Image: &i})
}

func typed(t milpb.ValueType) *milpb.Model {
	return mainOf(milpb.Function{Inputs: []milpb.NamedValueType{{Name: "x", Type: &t}}})
}

func inType(fields ...[]byte) []byte { return inMain(sub(1, str(1, "x"), sub(2, fields...))) }

func valued(v milpb.Value) *milpb.Model {
	return programOf(milpb.Program{Attributes: []milpb.NamedValue{{Name: "a", Value: &v}}})
}

func inValue(fields ...[]byte) []byte { return inProgram(sub(4, str(1, "a"), sub(2, fields...))) }

func TestEveryFieldHasTheNumberOfTheSchema(t *testing.T) {
	minus := uint64(math.MaxUint64)
	half := protowire.AppendFixed32(protowire.AppendTag(nil, 51, protowire.Fixed32Type), math.Float32bits(0.5))
	double := protowire.AppendFixed64(protowire.AppendTag(nil, 61, protowire.Fixed64Type), math.Float64bits(1e300))
	scalar := &milpb.ValueType{Tensor: &milpb.TensorType{DataType: milpb.Int32}}
	scalarType := sub(1, num(1, 23)) // a scalar's rank is 0 and not written
	for _, c := range []struct {
		name string
		m    *milpb.Model
		want []byte
	}{
		{"a specification version", &milpb.Model{SpecificationVersion: 9}, num(1, 9)},
		{"a model that can be trained", &milpb.Model{IsUpdatable: true}, num(10, 1)},
		{"a model of another type", &milpb.Model{Type: 500, Other: []byte{8, 1}}, sub(500, []byte{8, 1})},
		{"the names of a classifier's results", &milpb.Model{Description: &milpb.ModelDescription{PredictedFeatureName: "l", PredictedProbabilitiesName: "p"}}, described(str(11, "l"), str(12, "p"))},
		{"outputs and states", &milpb.Model{Description: &milpb.ModelDescription{
			Output: []milpb.FeatureDescription{{Name: "y"}}, State: []milpb.FeatureDescription{{Name: "s"}},
		}}, described(sub(10, str(1, "y")), sub(13, str(1, "s")))},
		{"functions and the default one", &milpb.Model{Description: &milpb.ModelDescription{
			Functions: []milpb.FunctionDescription{{
				Name: "f", Input: []milpb.FeatureDescription{{Name: "x"}}, Output: []milpb.FeatureDescription{{Name: "y"}},
				PredictedFeatureName: "l", PredictedProbabilitiesName: "p", State: []milpb.FeatureDescription{{Name: "s"}},
			}}, DefaultFunctionName: "f",
		}}, described(sub(20, str(1, "f"), sub(2, str(1, "x")), sub(3, str(1, "y")), str(4, "l"), str(5, "p"), sub(6, str(1, "s"))), str(21, "f"))},
		{"metadata", &milpb.Model{Description: &milpb.ModelDescription{Metadata: &milpb.Metadata{
			ShortDescription: "d", VersionString: "1", Author: "a", License: "l", UserDefined: []milpb.StringPair{{Key: "k", Value: "v"}},
		}}}, described(sub(100, str(1, "d"), str(2, "1"), str(3, "a"), str(4, "l"), sub(100, str(1, "k"), str(2, "v"))))},
		{"a description of a feature", &milpb.Model{Description: &milpb.ModelDescription{Input: []milpb.FeatureDescription{{Name: "x", ShortDescription: "d"}}}}, described(sub(1, str(1, "x"), str(2, "d")))},

		{"an integer", inputOf(milpb.FeatureType{Kind: milpb.Int64Feature}), input(sub(1))},
		{"a double that is optional", inputOf(milpb.FeatureType{Kind: milpb.DoubleFeature, Optional: true}), input(sub(2), num(1000, 1))},
		{"a string", inputOf(milpb.FeatureType{Kind: milpb.StringFeature}), input(sub(3))},
		{"a dictionary of integers", inputOf(milpb.FeatureType{Kind: milpb.DictionaryFeature, Dictionary: &milpb.DictionaryFeatureType{Key: milpb.Int64Feature}}), input(sub(6, sub(1)))},
		{"a dictionary of strings", inputOf(milpb.FeatureType{Kind: milpb.DictionaryFeature, Dictionary: &milpb.DictionaryFeatureType{Key: milpb.StringFeature}}), input(sub(6, sub(2)))},
		{"a sequence of strings", inputOf(milpb.FeatureType{Kind: milpb.SequenceFeature, Sequence: &milpb.SequenceFeatureType{
			Element: milpb.StringFeature, Size: &milpb.SizeRange{Lower: 1, Upper: -1},
		}}), input(sub(7, sub(3), sub(101, num(1, 1), num(2, minus))))},
		{"a state", inputOf(milpb.FeatureType{Kind: milpb.StateFeature, Array: &milpb.ArrayFeatureType{DataType: milpb.ArrayFloat16}}), input(sub(8, sub(1, num(2, 65552))))},
		{"a multi-array of a fixed shape", arrayOf(milpb.ArrayFeatureType{Shape: []int64{1, 300}, DataType: milpb.ArrayInt32}), input(sub(5, sub(1, []byte{1, 0xac, 2}), num(2, 131104)))},
		{"enumerated shapes", arrayOf(milpb.ArrayFeatureType{Enumerated: []milpb.Shape{{Sizes: []int64{2}}}}), input(sub(5, sub(21, sub(1, sub(1, []byte{2})))))},
		{"ranges of sizes", arrayOf(milpb.ArrayFeatureType{Ranges: []milpb.SizeRange{{Lower: 1, Upper: 8}}}), input(sub(5, sub(31, sub(1, num(1, 1), num(2, 8)))))},
		{"a default integer, which may be zero", arrayOf(milpb.ArrayFeatureType{DefaultField: 41}), input(sub(5, num(41, 0)))},
		{"a default float", arrayOf(milpb.ArrayFeatureType{DefaultField: 51, Default: 0.5}), input(sub(5, half))},
		{"a default double", arrayOf(milpb.ArrayFeatureType{DefaultField: 61, Default: 1e300}), input(sub(5, double))},
		{"an image of one size", imageOf(milpb.ImageFeatureType{Width: 3, Height: 4, ColorSpace: 20}), input(sub(4, num(1, 3), num(2, 4), num(3, 20)))},
		{"an image of several sizes", imageOf(milpb.ImageFeatureType{Sizes: []milpb.ImageSize{{Width: 3, Height: 4}}}), input(sub(4, sub(21, sub(1, num(1, 3), num(2, 4)))))},
		{"an image of a range of sizes", imageOf(milpb.ImageFeatureType{Widths: &milpb.SizeRange{Lower: 1}, Heights: &milpb.SizeRange{Lower: 2}}), input(sub(4, sub(31, sub(1, num(1, 1)), sub(2, num(1, 2)))))},

		{"a program's version and text", programOf(milpb.Program{Version: 1, DocString: "d"}), inProgram(num(1, 1), str(3, "d"))},
		{"a function's operator set", mainOf(milpb.Function{Opset: "CoreML8"}), inMain(str(2, "CoreML8"))},
		{"a function's block and attributes", mainOf(milpb.Function{
			Blocks: []milpb.NamedBlock{{Opset: "CoreML8", Block: &milpb.Block{}}}, Attributes: []milpb.NamedValue{{Name: "a"}},
		}), inMain(sub(3, str(1, "CoreML8"), sub(2)), sub(4, str(1, "a")))},
		{"what a block takes, gives and does", mainOf(milpb.Function{Blocks: []milpb.NamedBlock{{Block: &milpb.Block{
			Inputs: []milpb.NamedValueType{{Name: "i"}}, Outputs: []string{"o", ""}, Operations: []milpb.Operation{{Type: "relu"}}, Attributes: []milpb.NamedValue{{Name: "a"}},
		}}}}), inMain(sub(3, sub(2, sub(1, str(1, "i")), str(2, "o"), str(2, ""), sub(3, str(1, "relu")), sub(4, str(1, "a")))))},
		{"an operation", mainOf(milpb.Function{Blocks: []milpb.NamedBlock{{Block: &milpb.Block{Operations: []milpb.Operation{{
			Type:       "cond",
			Inputs:     []milpb.NamedArgument{{Name: "pred", Argument: &milpb.Argument{Bindings: []milpb.Binding{{Name: "p"}, {Value: &milpb.Value{DocString: "d"}}}}}},
			Outputs:    []milpb.NamedValueType{{Name: "y"}},
			Blocks:     []milpb.Block{{Outputs: []string{"o"}}},
			Attributes: []milpb.NamedValue{{Name: "name"}},
		}}}}}}), inMain(sub(3, sub(2, sub(3, str(1, "cond"),
			sub(2, str(1, "pred"), sub(2, sub(1, str(1, "p")), sub(1, sub(2, str(1, "d"))))),
			sub(3, str(1, "y")), sub(4, str(2, "o")), sub(5, str(1, "name"))))))},

		{"a tensor of every kind of dimension", typed(milpb.ValueType{Tensor: &milpb.TensorType{DataType: milpb.Float16, Rank: 4, Dimensions: []milpb.Dimension{
			{Kind: milpb.ConstantDimension, Size: 3}, {Kind: milpb.ConstantDimension}, {Kind: milpb.UnknownDimension}, {Kind: milpb.VariadicDimension},
		}}}), inType(sub(1, num(1, 10), num(2, 4), sub(3, sub(1, num(1, 3))), sub(3, sub(1)), sub(3, sub(2)), sub(3, sub(2, num(1, 1)))))},
		{"a tensor of unknown rank", typed(milpb.ValueType{Tensor: &milpb.TensorType{DataType: milpb.Float16, Rank: -1}}), inType(sub(1, num(1, 10), num(2, minus)))},
		{"a list", typed(milpb.ValueType{List: &milpb.ListType{Type: scalar, Length: &milpb.Dimension{Kind: milpb.UnknownDimension}}}), inType(sub(2, sub(1, scalarType), sub(2, sub(2))))},
		{"a tuple", typed(milpb.ValueType{Tuple: &milpb.TupleType{Types: []milpb.ValueType{*scalar}}}), inType(sub(3, sub(1, scalarType)))},
		{"a dictionary", typed(milpb.ValueType{Dictionary: &milpb.DictionaryType{Key: scalar, Value: scalar}}), inType(sub(4, sub(1, scalarType), sub(2, scalarType)))},
		{"the type of a state", typed(milpb.ValueType{State: &milpb.StateType{Wrapped: scalar}}), inType(sub(5, sub(1, scalarType)))},

		{"a value in a weight file", valued(milpb.Value{Type: scalar, Blob: &milpb.BlobFileValue{FileName: "w", Offset: 64}}), inValue(sub(2, scalarType), sub(5, str(1, "w"), num(2, 64)))},
		{"a tensor in place", valued(milpb.Value{Immediate: &milpb.ImmediateValue{Tensor: &milpb.TensorValue{Field: milpb.Bytes, Data: []byte{7}}}}), inValue(sub(3, sub(1, sub(7, sub(1, []byte{7})))))},
		{"a tuple of values", valued(milpb.Value{Immediate: &milpb.ImmediateValue{Tuple: &milpb.ValueList{Values: []milpb.Value{{DocString: "d"}}}}}), inValue(sub(3, sub(2, sub(1, str(1, "d")))))},
		{"a list of values", valued(milpb.Value{Immediate: &milpb.ImmediateValue{List: &milpb.ValueList{Values: []milpb.Value{{DocString: "d"}}}}}), inValue(sub(3, sub(3, sub(1, str(1, "d")))))},
		{"pairs of values", valued(milpb.Value{Immediate: &milpb.ImmediateValue{Dictionary: &milpb.DictionaryValue{Pairs: []milpb.KeyValue{{
			Key: &milpb.Value{DocString: "k"}, Value: &milpb.Value{DocString: "v"},
		}}}}}), inValue(sub(3, sub(4, sub(1, sub(1, str(1, "k")), sub(2, str(1, "v"))))))},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.m.Encode(); string(got) != string(c.want) {
				t.Errorf("written as\n%x, want\n%x", got, c.want)
			}
			got, err := milpb.DecodeModel(c.want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.m, got); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
		})
	}
}

// Protobuf's rule for a oneof: the member that comes last counts, and takes the place of
// the one before.
func TestOfAOneofTheLastMemberCounts(t *testing.T) {
	scalar := sub(1, num(1, 23))
	for _, c := range []struct {
		name string
		raw  []byte
		want *milpb.Model
	}{
		{"a type", inType(scalar, sub(5)), typed(milpb.ValueType{State: &milpb.StateType{}})},
		{"a value", inValue(sub(3), sub(5, num(2, 64))), valued(milpb.Value{Blob: &milpb.BlobFileValue{Offset: 64}})},
		{"a value, the other way round", inValue(sub(5, num(2, 64)), sub(3)), valued(milpb.Value{Immediate: &milpb.ImmediateValue{}})},
		{"a value in place", inValue(sub(3, sub(2), sub(3))), valued(milpb.Value{Immediate: &milpb.ImmediateValue{List: &milpb.ValueList{}}})},
		{"the elements of a tensor", inValue(sub(3, sub(1, sub(7, sub(1, []byte{7})), sub(3, sub(1, []byte{1}))))), valued(milpb.Value{Immediate: &milpb.ImmediateValue{Tensor: &milpb.TensorValue{Field: milpb.Bools, Data: []byte{1}}}})},
		{"a kind of feature", input(sub(1), num(1000, 1), sub(3)), inputOf(milpb.FeatureType{Kind: milpb.StringFeature, Optional: true})},
		{"shapes and ranges", input(sub(5, sub(21, sub(1)), sub(31, sub(1)))), arrayOf(milpb.ArrayFeatureType{Ranges: []milpb.SizeRange{{}}})},
		{"ranges and shapes", input(sub(5, sub(31, sub(1)), sub(21, sub(1)))), arrayOf(milpb.ArrayFeatureType{Enumerated: []milpb.Shape{{}}})},
		{"sizes of an image and ranges", input(sub(4, sub(21, sub(1)), sub(31, sub(1)))), imageOf(milpb.ImageFeatureType{Widths: &milpb.SizeRange{}})},
		{"a dimension", inType(sub(1, sub(3, sub(1, num(1, 3)), sub(2)))), typed(milpb.ValueType{Tensor: &milpb.TensorType{Dimensions: []milpb.Dimension{{Kind: milpb.UnknownDimension}}}})},
		{"a default value", input(sub(5, num(41, 3), num(41, 4))), arrayOf(milpb.ArrayFeatureType{DefaultField: 41, Default: 4})},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := milpb.DecodeModel(c.raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestANegativeDefaultIsANumberOf32Bits(t *testing.T) {
	m, err := milpb.DecodeModel(input(sub(5, num(41, math.MaxUint64))))
	if err != nil {
		t.Fatal(err)
	}
	if a := m.Description.Input[0].Type.Array; a.Default != -1 {
		t.Errorf("the default is %v, want -1", a.Default)
	}
}

// Texts about the model are shown, and so copied, many times.
func TestTextsAboutTheModelAreBounded(t *testing.T) {
	long := make([]byte, 1<<20)
	for i := range long {
		long[i] = 'a'
	}
	texts := func(n int) []byte {
		var fields [][]byte
		for range n {
			fields = append(fields, sub(100, str(1, "k"), str(2, string(long))))
		}
		return described(sub(100, fields...))
	}
	if _, err := milpb.DecodeModel(texts(15)); err != nil {
		t.Errorf("15 MiB: %v", err)
	}
	_, err := milpb.DecodeModel(texts(16))
	if err == nil || err.Error() != "malformed UserDefinedEntry message, field 2: descriptions and metadata are larger than 16 MiB" {
		t.Errorf("16 MiB and what holds them: %v", err)
	}
}
