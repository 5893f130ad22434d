package op

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// Texts that operands of several operators choose from. The spelling is that of the
// operators' documentation in coremltools, which does not check all of them.
var (
	padTypes      = []string{"valid", "custom", "same", "same_lower"}
	samplingModes = []string{string(strictAlign), string(alignCorners), string(byDefault), string(offset), string(unaligned)}
	oneWay        = []string{"forward", "reverse"}
	bothWays      = []string{"forward", "reverse", "bidirectional"}
	gateFunctions = []string{"tanh", "scaled_tanh", "sigmoid", "hard_sigmoid", "sigmoid_hard", "relu", "linear"}
	castTypes     = []string{"fp16", "fp32", "fp64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool"}
	indexTypes    = []string{"int32", "uint16", "int16", "int8", "uint8", "int64", "uint32"}

	padTexts     = Texts{"pad_type": padTypes}
	scatterTexts = Texts{"mode": {"update", "add", "sub", "mul", "div", "max", "min"}}
	samplerTexts = Texts{
		"sampling_mode":    {"nearest", "bilinear"},
		"padding_mode":     {"constant", "border", "reflection", "symmetric"},
		"coordinates_mode": {"unnormalized", "normalized_minus_one_to_one", "normalized_zero_to_one"},
	}
)

// decoderTexts are the texts of operators that decode constants and have no row: they
// are applied where a weight is read.
var decoderTexts = map[string]Texts{"constexpr_cast": {"output_dtype": {"fp32"}}}

// TextsOf returns the texts that operands of an operator choose from.
func TextsOf(name string) Texts {
	if o := Lookup(name); o != nil {
		return o.Texts
	}
	return decoderTexts[name]
}

// CheckTexts checks the operands of an operation that choose from texts, and what the
// program declares for it. It runs when a program is loaded, for every operation,
// whether or not a result needs it: what a prediction would refuse in the midst of its
// work, after it has written to states, is better refused here.
func CheckTexts(o *mil.Op) error {
	for name, list := range TextsOf(o.Type) {
		v := o.Input(name)
		if v == nil {
			continue
		}
		if v.Const == nil || v.Const.DType != dtype.String || len(v.Const.Strings) != 1 {
			return fmt.Errorf("%w: %s is not a single constant text", mil.ErrOperand, name)
		}
		if text := v.Const.Strings[0]; !slices.Contains(list, text) {
			return fmt.Errorf("%w: %s is %s, want one of %s", mil.ErrOperand, name, mil.Quote(text), strings.Join(list, ", "))
		}
	}
	if row := Lookup(o.Type); row != nil && row.Declared != nil {
		return row.Declared(o)
	}
	return nil
}

// TypeNames are the element types that the texts of types mean. Types of 64 bits
// are kept in less, as their results declare.
var TypeNames = map[string]dtype.Type{
	"fp16": dtype.Float16, "fp32": dtype.Float32, "int8": dtype.Int8, "uint8": dtype.UInt8, "int16": dtype.Int16,
	"uint16": dtype.UInt16, "int32": dtype.Int32, "bool": dtype.Bool,
}

// castDeclared compares the type that a cast names with the one that is declared for
// its result. Only the second one counts when it is computed.
func castDeclared(o *mil.Op) error {
	v := o.Input("dtype")
	if v == nil || len(o.Outputs) != 1 || o.Outputs[0].Type.Kind != mil.Tensor {
		return nil
	}
	if want, ok := TypeNames[v.Const.Strings[0]]; ok && want != o.Outputs[0].Type.DType {
		return fmt.Errorf("%w: dtype is %s where the result is declared %v", mil.ErrOperand, v.Const.Strings[0], o.Outputs[0].Type.DType)
	}
	return nil
}
