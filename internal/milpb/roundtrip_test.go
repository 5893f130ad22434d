package milpb_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gocoreml/coreml/internal/milpb"
)

func tensorType(t milpb.DataType, dims ...milpb.Dimension) *milpb.ValueType {
	return &milpb.ValueType{Tensor: &milpb.TensorType{DataType: t, Rank: int64(len(dims)), Dimensions: dims}}
}

func text(s string) *milpb.Value {
	return &milpb.Value{
		Type:      tensorType(milpb.String),
		Immediate: &milpb.ImmediateValue{Tensor: &milpb.TensorValue{Field: milpb.Strings, Strings: []string{s}}},
	}
}

// everything is a model in which every message and every member of every oneof
// occurs.
func everything() *milpb.Model {
	four := milpb.Dimension{Kind: milpb.ConstantDimension, Size: 4}
	open := milpb.Dimension{Kind: milpb.UnknownDimension}
	scalar := tensorType(milpb.Int32)
	imm := func(field milpb.TensorField, data ...byte) *milpb.Value {
		return &milpb.Value{Type: tensorType(milpb.Int32, four), Immediate: &milpb.ImmediateValue{Tensor: &milpb.TensorValue{Field: field, Data: data}}}
	}
	features := []milpb.FeatureDescription{
		{Name: "int", Type: &milpb.FeatureType{Kind: milpb.Int64Feature}},
		{Name: "double", ShortDescription: "a number", Type: &milpb.FeatureType{Kind: milpb.DoubleFeature, Optional: true}},
		{Name: "string", Type: &milpb.FeatureType{Kind: milpb.StringFeature}},
		{Name: "image", Type: &milpb.FeatureType{Kind: milpb.ImageFeature, Image: &milpb.ImageFeatureType{Width: 3, Height: 4, ColorSpace: 20}}},
		{Name: "sizes", Type: &milpb.FeatureType{Kind: milpb.ImageFeature, Image: &milpb.ImageFeatureType{
			Width: 3, Height: 4, ColorSpace: 10, Sizes: []milpb.ImageSize{{Width: 3, Height: 4}, {Width: 5, Height: 6}},
		}}},
		{Name: "ranges", Type: &milpb.FeatureType{Kind: milpb.ImageFeature, Image: &milpb.ImageFeatureType{
			Width: 3, Height: 4, ColorSpace: 30, Widths: &milpb.SizeRange{Lower: 1, Upper: 9}, Heights: &milpb.SizeRange{Lower: 2, Upper: -1},
		}}},
		{Name: "dictionary", Type: &milpb.FeatureType{Kind: milpb.DictionaryFeature, Dictionary: &milpb.DictionaryFeatureType{Key: milpb.StringFeature}}},
		{Name: "numbers", Type: &milpb.FeatureType{Kind: milpb.DictionaryFeature, Dictionary: &milpb.DictionaryFeatureType{Key: milpb.Int64Feature}}},
		{Name: "sequence", Type: &milpb.FeatureType{Kind: milpb.SequenceFeature, Sequence: &milpb.SequenceFeatureType{Element: milpb.Int64Feature, Size: &milpb.SizeRange{Lower: 1, Upper: -1}}}},
		{Name: "words", Type: &milpb.FeatureType{Kind: milpb.SequenceFeature, Sequence: &milpb.SequenceFeatureType{Element: milpb.StringFeature}}},
		{Name: "fixed", Type: &milpb.FeatureType{Kind: milpb.MultiArrayFeature, Array: &milpb.ArrayFeatureType{Shape: []int64{1, 300}, DataType: milpb.ArrayInt32, DefaultField: 41, Default: -3}}},
		{Name: "ranges", Type: &milpb.FeatureType{Kind: milpb.MultiArrayFeature, Array: &milpb.ArrayFeatureType{Shape: []int64{1}, DataType: milpb.ArrayFloat16, Ranges: []milpb.SizeRange{{Lower: 1, Upper: 2048}, {Lower: 0, Upper: -1}}, DefaultField: 51, Default: 0.5}}},
		{Name: "shapes", Type: &milpb.FeatureType{Kind: milpb.MultiArrayFeature, Array: &milpb.ArrayFeatureType{DataType: milpb.ArrayDouble, Enumerated: []milpb.Shape{{Sizes: []int64{1, 2}}, {Sizes: []int64{1, 4}}}, DefaultField: 61, Default: 1e300}}},
	}
	states := []milpb.FeatureDescription{{Name: "cache", Type: &milpb.FeatureType{Kind: milpb.StateFeature, Array: &milpb.ArrayFeatureType{Shape: []int64{2, 4}, DataType: milpb.ArrayFloat16}}}}
	ops := []milpb.Operation{
		{
			Type: "const", Outputs: []milpb.NamedValueType{{Name: "c", Type: scalar}},
			Attributes: []milpb.NamedValue{
				{Name: "floats", Value: imm(milpb.Floats, 0, 0, 0, 0x40)},
				{Name: "ints", Value: imm(milpb.Ints, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0, 0, 1, 0, 0)},
				{Name: "bools", Value: imm(milpb.Bools, 0, 1)},
				{Name: "longs", Value: imm(milpb.LongInts, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)},
				{Name: "doubles", Value: imm(milpb.Doubles, 1, 2, 3, 4, 5, 6, 7, 8)},
				{Name: "bytes", Value: imm(milpb.Bytes, 0x21, 0x43)},
				{Name: "none", Value: imm(milpb.Ints)},
				{Name: "strings", Value: text("")},
				{Name: "blob", Value: &milpb.Value{DocString: "d", Type: scalar, Blob: &milpb.BlobFileValue{FileName: "@model_path/w", Offset: 1 << 33}}},
				{Name: "tuple", Value: &milpb.Value{Type: &milpb.ValueType{Tuple: &milpb.TupleType{Types: []milpb.ValueType{*scalar}}}, Immediate: &milpb.ImmediateValue{Tuple: &milpb.ValueList{Values: []milpb.Value{*text("a")}}}}},
				{Name: "list", Value: &milpb.Value{Type: &milpb.ValueType{List: &milpb.ListType{Type: scalar, Length: &open}}, Immediate: &milpb.ImmediateValue{List: &milpb.ValueList{Values: []milpb.Value{*text("b")}}}}},
				{Name: "dictionary", Value: &milpb.Value{Type: &milpb.ValueType{Dictionary: &milpb.DictionaryType{Key: scalar, Value: scalar}}, Immediate: &milpb.ImmediateValue{Dictionary: &milpb.DictionaryValue{Pairs: []milpb.KeyValue{{Key: text("k"), Value: text("v")}}}}}},
			},
		},
		{
			Type: "cond", Inputs: []milpb.NamedArgument{{Name: "values", Argument: &milpb.Argument{Bindings: []milpb.Binding{{Name: "x"}, {Value: text("inline")}}}}},
			Outputs: []milpb.NamedValueType{{Name: "y", Type: tensorType(milpb.Float16, four, open, milpb.Dimension{Kind: milpb.VariadicDimension}, milpb.Dimension{Kind: milpb.ConstantDimension})}},
			Blocks:  []milpb.Block{{Inputs: []milpb.NamedValueType{{Name: "i", Type: scalar}}, Outputs: []string{"i", ""}, Attributes: []milpb.NamedValue{{Name: "a", Value: text("b")}}}},
		},
	}
	return &milpb.Model{
		SpecificationVersion: 9, IsUpdatable: true, Type: milpb.TypeMLProgram,
		Description: &milpb.ModelDescription{
			Input: features, Output: features[:1], State: states, PredictedFeatureName: "p", PredictedProbabilitiesName: "q",
			Functions:           []milpb.FunctionDescription{{Name: "main", Input: features[:2], Output: features[2:3], State: states, PredictedFeatureName: "p", PredictedProbabilitiesName: "q"}},
			DefaultFunctionName: "main",
			Metadata:            &milpb.Metadata{ShortDescription: "s", VersionString: "1", Author: "a", License: "l", UserDefined: []milpb.StringPair{{Key: "k", Value: strings.Repeat("long", 100)}, {}}},
		},
		Program: &milpb.Program{
			Version: 1, DocString: "doc", Attributes: []milpb.NamedValue{{Name: "buildInfo", Value: text("x")}},
			Functions: []milpb.NamedFunction{{Name: "main", Function: &milpb.Function{
				Inputs: []milpb.NamedValueType{{Name: "s", Type: &milpb.ValueType{State: &milpb.StateType{Wrapped: scalar}}}},
				Opset:  "CoreML8", Blocks: []milpb.NamedBlock{{Opset: "CoreML8", Block: &milpb.Block{Operations: ops, Outputs: []string{"y"}}}},
				Attributes: []milpb.NamedValue{{Name: "a", Value: text("b")}},
			}}},
		},
	}
}

func TestEveryMessageSurvivesARoundTrip(t *testing.T) {
	want := everything()
	got, err := milpb.DecodeModel(want.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
}

func TestFixturesSurviveARoundTrip(t *testing.T) {
	var paths []string
	for _, root := range []string{"../../testdata/fixtures", os.Getenv("COREML_FIXTURES")} {
		found, err := filepath.Glob(filepath.Join(root, "*", "model.mlpackage", "Data", "*", "model.mlmodel"))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	if len(paths) == 0 {
		t.Skip("no fixtures: set COREML_FIXTURES")
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := milpb.DecodeModel(data)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		encoded := want.Encode()
		got, err := milpb.DecodeModel(encoded)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if !reflect.DeepEqual(want, got) { // far faster than Diff on a large model
			t.Errorf("%s: %s", path, cmp.Diff(want, got))
		}
		// Only zero-valued fields that a oneof makes explicit may get lost, and
		// these files have none.
		if len(encoded) != len(data) {
			t.Errorf("%s: %d bytes became %d", path, len(data), len(encoded))
		}
	}
}

func TestOtherModelTypesAreNamed(t *testing.T) {
	for typ, want := range map[milpb.ModelType]string{202: "pipeline", 500: "neuralNetwork", 3000: "serializedModel"} {
		m := &milpb.Model{SpecificationVersion: 4, Type: typ, Other: []byte{0x08, 0x01}}
		got, err := milpb.DecodeModel(m.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" || got.Type.String() != want {
			t.Errorf("type is %v, want %s: %s", got.Type, want, diff)
		}
	}
}

// bytesField builds wire format by hand.
func bytesField(num protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), content)
}

func TestUnknownFieldsAreSkipped(t *testing.T) {
	data := (&milpb.Model{SpecificationVersion: 9, Description: &milpb.ModelDescription{PredictedFeatureName: "p"}}).Encode()
	extra := bytesField(99, []byte("text"))
	extra = protowire.AppendVarint(protowire.AppendTag(extra, 98, protowire.VarintType), 1<<60)
	extra = protowire.AppendFixed64(protowire.AppendTag(extra, 97, protowire.Fixed64Type), 1)
	extra = protowire.AppendGroup(protowire.AppendTag(extra, 96, protowire.StartGroupType), 96, bytesField(1, nil))
	want, err := milpb.DecodeModel(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := milpb.DecodeModel(append(extra, data...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnpackedAndSplitFieldsAreJoined(t *testing.T) {
	// ints: one packed run, one single element, another packed run.
	ints := bytesField(1, []byte{1, 2})
	ints = protowire.AppendVarint(protowire.AppendTag(ints, 1, protowire.VarintType), 3)
	ints = append(ints, bytesField(1, []byte{4})...)
	floats := protowire.AppendFixed32(protowire.AppendTag(nil, 1, protowire.Fixed32Type), 0x3f800000)
	floats = append(floats, bytesField(1, []byte{0, 0, 0, 0x40})...)
	for name, test := range map[string]struct {
		field protowire.Number
		body  []byte
		want  []byte
	}{
		"integers": {2, ints, []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0}},
		"floats":   {1, floats, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}},
	} {
		value := bytesField(3, bytesField(1, bytesField(test.field, test.body)))
		attribute := append(bytesField(1, []byte("a")), bytesField(2, value)...)
		m, err := milpb.DecodeModel(bytesField(502, bytesField(4, attribute)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, m.Program.Attributes[0].Value.Immediate.Tensor.Data); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestMalformedMessagesAreNamed(t *testing.T) {
	tests := map[string]struct {
		data    []byte
		message string
	}{
		"a length beyond the file":    {[]byte{0x12, 0x7f, 0}, "Model"},
		"a string where a number is":  {bytesField(1, []byte("x")), "Model"},
		"a number where a message is": {[]byte{0x10, 1}, "Model"},
		"a string that is not UTF-8":  {bytesField(2, bytesField(11, []byte{0xff})), "ModelDescription"},
		"field number zero":           {[]byte{0x00}, "Model"},
		"half a float":                {bytesField(502, bytesField(4, bytesField(2, bytesField(3, bytesField(1, bytesField(1, bytesField(1, []byte{1, 2}))))))), "TensorValue"},
		"a varint that never ends":    {[]byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "Model"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := milpb.DecodeModel(test.data)
			var format *milpb.FormatError
			if !errors.As(err, &format) || format.Message != test.message {
				t.Errorf("error is %v, want one in %s", err, test.message)
			}
		})
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	var block []byte
	for range 1000 {
		block = bytesField(3, bytesField(4, block))
	}
	data := bytesField(502, bytesField(2, bytesField(2, bytesField(3, bytesField(2, block)))))
	if _, err := milpb.DecodeModel(data); !errors.Is(err, milpb.ErrDepth) {
		t.Errorf("error is %v, want %v", err, milpb.ErrDepth)
	}
}

func TestMemoryIsBoundedByTheSizeOfTheFile(t *testing.T) {
	const size = 8 << 20
	empty := func(num protowire.Number) []byte { return bytesField(num, nil) }
	nest := func(b []byte, path ...protowire.Number) []byte {
		for i := len(path) - 1; i >= 0; i-- {
			b = bytesField(path[i], b)
		}
		return b
	}
	repeat := func(b []byte) []byte { return []byte(strings.Repeat(string(b), size/len(b))) }
	tests := map[string][]byte{
		"empty operations":   nest(repeat(empty(3)), 502, 2, 2, 3, 2),
		"empty outputs":      nest(repeat(empty(2)), 502, 2, 2, 3, 2),
		"empty features":     nest(repeat(empty(1)), 2),
		"empty dimensions":   nest(repeat(empty(3)), 502, 2, 2, 1, 2, 1),
		"one-byte integers":  nest(repeat([]byte{1}), 502, 4, 2, 3, 1, 5, 1),
		"unpacked integers":  nest(repeat([]byte{0x08, 1}), 502, 4, 2, 3, 1, 5),
		"many packed chunks": nest(repeat([]byte{0x0a, 1, 1}), 502, 4, 2, 3, 1, 5),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			m, err := milpb.DecodeModel(data)
			runtime.ReadMemStats(&after)
			if err != nil && !errors.Is(err, milpb.ErrBudget) {
				t.Fatal(err)
			}
			// The budget: 64 MiB and 24 bytes for each of the file's. Growing slices
			// may be charged late by as much again.
			limit := uint64(2 * (64<<20 + 24*len(data)))
			if used := after.TotalAlloc - before.TotalAlloc; used > limit {
				t.Errorf("decoding %d bytes allocated %d", len(data), used)
			}
			runtime.KeepAlive(m)
		})
	}
}

// TestNoFileTakesAGigabyte decodes what was made to grow, of sizes at which a
// multiple of the file's size is no bound any more.
func TestNoFileTakesAGigabyte(t *testing.T) {
	const size = 100 << 20
	nest := func(b []byte, path ...protowire.Number) []byte {
		for i := len(path) - 1; i >= 0; i-- {
			b = bytesField(path[i], b)
		}
		return b
	}
	repeat := func(b []byte) []byte { return bytes.Repeat(b, size/len(b)) }
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"one long description":        {nest(make([]byte, size), 2, 100, 1), milpb.ErrMetadata},
		"many entries of metadata":    {nest(repeat(nest(nil, 100)), 2, 100), milpb.ErrBudget},
		"many short texts":            {nest(repeat(nest([]byte("ab"), 100, 1)), 2, 100), milpb.ErrMetadata},
		"a long doc string":           {nest(make([]byte, size), 502, 3), milpb.ErrMetadata},
		"long descriptions of inputs": {nest(repeat(nest(make([]byte, 1<<20), 1, 2)), 2), milpb.ErrMetadata},
		"empty operations":            {nest(repeat(nest(nil, 3)), 502, 2, 2, 3, 2), milpb.ErrBudget},
		"empty inputs":                {nest(repeat(nest(nil, 1)), 2), milpb.ErrBudget},
		"integers of one byte":        {nest(repeat([]byte{1}), 502, 4, 2, 3, 1, 5, 1), milpb.ErrBudget},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := milpb.DecodeModel(c.data)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
				t.Errorf("decoding took %d MiB", used>>20)
			}
		})
	}
	// Data that is used where it lies counts for nothing.
	if _, err := milpb.DecodeModel(nest(make([]byte, size), 502, 4, 2, 3, 1, 1, 1)); err != nil {
		t.Errorf("a tensor: %v", err)
	}
}
