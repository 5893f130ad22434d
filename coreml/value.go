package coreml

import (
	"fmt"
	"image"
	"math"
	"strconv"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/tensor"
)

// Kind tells the sorts of value and feature apart; MLFeatureType of Core ML.
type Kind uint8

// The kinds. An engine may not take all of them: the portable one takes
// multi-arrays, numbers and images and refuses the others with
// [ErrUnsupportedModel] as inputs.
const (
	KindInvalid    Kind = iota
	KindMultiArray      // an array of numbers, a [tensor.Tensor]
	KindImage
	KindInt64
	KindDouble
	KindString
	KindDictionary
	KindSequence
	KindState // memory that is kept between predictions; describes states only
)

var kindNames = [...]string{
	KindInvalid: "invalid", KindMultiArray: "multi-array", KindImage: "image", KindInt64: "int64",
	KindDouble: "double", KindString: "string", KindDictionary: "dictionary", KindSequence: "sequence",
	KindState: "state",
}

// String returns the kind's name: multi-array, image, int64, double, string,
// dictionary, sequence or state.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		k = KindInvalid
	}
	return kindNames[k]
}

// Value is what a feature of a model is given or gives; MLFeatureValue of Core
// ML. It is small, immutable and copied by assignment. The zero Value is of
// [KindInvalid].
type Value struct {
	kind   Kind
	bits   uint64
	tensor *tensor.Tensor
	text   string
	other  any
}

// MultiArray returns a value that refers to t; it copies nothing.
func MultiArray(t *tensor.Tensor) Value { return Value{kind: KindMultiArray, tensor: t} }

// Int64 returns a value that holds an integer.
func Int64(i int64) Value { return Value{kind: KindInt64, bits: uint64(i)} }

// Double returns a value that holds a floating-point number.
func Double(f float64) Value { return Value{kind: KindDouble, bits: math.Float64bits(f)} }

// String returns a value that holds a text.
func String(s string) Value { return Value{kind: KindString, text: s} }

// Image returns a value that refers to an image.
func Image(img image.Image) Value { return Value{kind: KindImage, other: img} }

// Dictionary returns a value that refers to a map from labels to numbers, such
// as the probabilities of a classifier.
func Dictionary(m map[string]float64) Value { return Value{kind: KindDictionary, other: m} }

// Sequence returns a value that refers to a list of integers or texts.
func Sequence(list []Value) Value { return Value{kind: KindSequence, other: list} }

// Kind returns what v holds.
func (v Value) Kind() Kind { return v.kind }

// MultiArray returns the tensor that v refers to, or nil when v is of another
// kind. A nil tensor is safe to use: its operations give [tensor.ErrInvalid].
func (v Value) MultiArray() *tensor.Tensor { return v.tensor }

// Int64 returns the integer that v holds; false when v is of another kind.
func (v Value) Int64() (int64, bool) {
	if v.kind != KindInt64 {
		return 0, false
	}
	return int64(v.bits), true
}

// Double returns the number that v holds; false when v is of another kind.
func (v Value) Double() (float64, bool) {
	if v.kind != KindDouble {
		return 0, false
	}
	return math.Float64frombits(v.bits), true
}

// Text returns the text that v holds; false when v is of another kind.
func (v Value) Text() (string, bool) { return v.text, v.kind == KindString }

// Image returns the image that v refers to, or nil when v is of another kind.
func (v Value) Image() image.Image {
	img, _ := v.other.(image.Image)
	return img
}

// Dictionary returns the map that v refers to, or nil when v is of another
// kind.
func (v Value) Dictionary() map[string]float64 {
	m, _ := v.other.(map[string]float64)
	return m
}

// Sequence returns the list that v refers to, or nil when v is of another kind.
func (v Value) Sequence() []Value {
	list, _ := v.other.([]Value)
	return list
}

// String describes v for people: its kind, and its type and shape or content.
func (v Value) String() string {
	switch v.kind {
	case KindMultiArray:
		if err := v.tensor.Err(); err != nil {
			return "multi-array with an error: " + err.Error()
		}
		return fmt.Sprintf("multi-array %v (%s)", v.tensor.DType(), dims(v.tensor.Shape()))
	case KindInt64:
		return "int64 " + strconv.FormatInt(int64(v.bits), 10)
	case KindDouble:
		return "double " + strconv.FormatFloat(math.Float64frombits(v.bits), 'g', -1, 64)
	case KindString:
		return "string " + mil.Quote(v.text)
	case KindImage, KindDictionary, KindSequence, KindState, KindInvalid:
	}
	return v.kind.String()
}

// Features are values by the names of the model's features.
type Features map[string]Value

// Tensor returns the multi-array of that name. Where there is none, it returns
// a tensor whose Err says so: [ErrMissingFeature], or [ErrKind] for a feature of
// another kind. Every operation on it gives a tensor with that error.
func (f Features) Tensor(name string) *tensor.Tensor {
	v, ok := f[name]
	switch {
	case !ok:
		return tensor.Failed(fmt.Errorf("coreml: feature %s: %w", mil.Quote(name), ErrMissingFeature))
	case v.tensor == nil:
		return tensor.Failed(fmt.Errorf("coreml: feature %s is a %v: %w", mil.Quote(name), v.kind, ErrKind))
	}
	return v.tensor
}
