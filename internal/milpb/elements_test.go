package milpb_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gocoreml/coreml/internal/milpb"
)

// holding is a model with one value in it.
func holding(v *milpb.TensorValue) *milpb.Model {
	return &milpb.Model{Type: milpb.TypeMLProgram, Program: &milpb.Program{
		Attributes: []milpb.NamedValue{{Name: "v", Value: &milpb.Value{
			Type: tensorType(milpb.Int32), Immediate: &milpb.ImmediateValue{Tensor: v},
		}}},
	}}
}

func little32(list ...uint32) (b []byte) {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func little64(list ...uint64) (b []byte) {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

func varints(list ...uint64) (b []byte) {
	for _, v := range list {
		b = protowire.AppendVarint(b, v)
	}
	return b
}

// TestElementsHaveTheFormThatProtobufGivesThem compares the bytes of each field of
// a TensorValue with those that MIL.proto and the encoding of protobuf ask for: the
// field's number, and in it field 1 with the packed elements.
func TestElementsHaveTheFormThatProtobufGivesThem(t *testing.T) {
	minus := uint64(math.MaxUint64) // -1, sign-extended
	for _, c := range []struct {
		what   string
		v      *milpb.TensorValue
		packed []byte
	}{
		{
			"floats are four bytes each",
			&milpb.TensorValue{Field: milpb.Floats, Data: little32(math.Float32bits(1.5), 1<<31, 0x7fc00001)},
			little32(math.Float32bits(1.5), 1<<31, 0x7fc00001),
		},
		{
			"doubles are eight bytes each",
			&milpb.TensorValue{Field: milpb.Doubles, Data: little64(math.Float64bits(math.MaxFloat64), 1)},
			little64(math.Float64bits(math.MaxFloat64), 1),
		},
		{
			"whole numbers are varints, and negative ones take ten bytes",
			&milpb.TensorValue{Field: milpb.Ints, Data: little32(0, 1, 300, math.MaxInt32, math.MaxUint32, 1<<31)},
			varints(0, 1, 300, math.MaxInt32, minus, minus<<31),
		},
		{
			"long ones too",
			&milpb.TensorValue{Field: milpb.LongInts, Data: little64(0, math.MaxInt64, minus, 1<<63)},
			varints(0, math.MaxInt64, minus, 1<<63),
		},
		{
			"truth is a varint of one byte",
			&milpb.TensorValue{Field: milpb.Bools, Data: []byte{1, 0, 1}},
			[]byte{1, 0, 1},
		},
		{
			"raw bytes stay as they are",
			&milpb.TensorValue{Field: milpb.Bytes, Data: []byte{0, 255, 128}},
			[]byte{0, 255, 128},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			m := holding(c.v)
			got := m.Encode()
			inner := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), c.packed)
			want := protowire.AppendBytes(protowire.AppendTag(nil, protowire.Number(c.v.Field), protowire.BytesType), inner)
			if !bytes.Contains(got, want) {
				t.Errorf("%x does not hold %x", got, want)
			}
			back, err := milpb.DecodeModel(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, back); diff != "" {
				t.Errorf("the elements change on the way (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTextsAreFieldsOneByOneAndMayBeEmpty(t *testing.T) {
	m := holding(&milpb.TensorValue{Field: milpb.Strings, Strings: []string{"a", "", "日本"}})
	got := m.Encode()
	if want := []byte("\x0a\x01a\x0a\x00\x0a\x06日本"); !bytes.Contains(got, want) {
		t.Errorf("%q does not hold %q", got, want)
	}
	back, err := milpb.DecodeModel(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestModelTypesHaveTheNamesOfTheFormat(t *testing.T) {
	for number, want := range map[milpb.ModelType]string{
		200: "pipelineClassifier", 403: "neuralNetworkClassifier", 500: "neuralNetwork", 502: "mlProgram",
		900: "identity", 3000: "serializedModel", 0: "unknown", 501: "itemSimilarityRecommender", -1: "unknown",
	} {
		if got := number.String(); got != want {
			t.Errorf("%d is %s, want %s", number, got, want)
		}
	}
}
