package op

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

// Texts that operands choose from, and the operators that have them. A program with
// another one is refused when it is loaded.
var (
	padTypes      = []string{"valid", "custom", "same", "same_lower"}
	scatterModes  = []string{"update", "add", "sub", "mul", "div", "max", "min"}
	samplingModes = []string{string(strictAlign), string(alignCorners), string(byDefault), string(offset), string(unaligned)}
	pixelModes    = []string{"nearest", "bilinear"}
	paddingModes  = []string{"constant", "border", "reflection", "symmetric"}
	placeModes    = []string{"unnormalized", "normalized_minus_one_to_one", "normalized_zero_to_one"}
	oneWay        = []string{"forward", "reverse"}
	bothWays      = []string{"forward", "reverse", "bidirectional"}
	gateFunctions = []string{"tanh", "scaled_tanh", "sigmoid", "hard_sigmoid", "sigmoid_hard", "relu", "linear"}
	castTypes     = []string{"fp16", "fp32", "fp64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool"}
	indexTypes    = []string{"int32", "uint16", "int16", "int8", "uint8", "int64", "uint32"}

	Texts = map[string]map[string][]string{
		"gelu":           {"mode": {"EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION"}},
		"conv":           {"pad_type": padTypes},
		"conv_transpose": {"pad_type": padTypes},
		"conv_quantized": {"pad_type": padTypes, "quantization_type": {"linear", "lut"}},
		"max_pool":       {"pad_type": padTypes},
		"avg_pool":       {"pad_type": padTypes},
		"l2_pool":        {"pad_type": padTypes},
		"crop_resize": {
			"box_coordinate_mode": {"CORNERS_HEIGHT_FIRST", "CORNERS_WIDTH_FIRST", "CENTER_SIZE_HEIGHT_FIRST", "CENTER_SIZE_WIDTH_FIRST"},
			"sampling_mode":       samplingModes,
		},
		"resize_bilinear":    {"sampling_mode": samplingModes},
		"resize":             {"interpolation_mode": {"LINEAR", "NEAREST_NEIGHBOR"}, "sampling_mode": samplingModes},
		"resample":           {"sampling_mode": pixelModes, "padding_mode": paddingModes, "coordinates_mode": placeModes},
		"affine":             {"sampling_mode": pixelModes, "padding_mode": paddingModes, "coordinates_mode": placeModes},
		"pad":                {"mode": {"constant", "reflect", "replicate"}},
		"scatter":            {"mode": scatterModes},
		"scatter_along_axis": {"mode": scatterModes},
		"scatter_nd":         {"mode": scatterModes},
		"random_categorical": {"mode": {"logits", "probs"}},
		"rnn":                {"direction": oneWay, "activation": gateFunctions},
		"gru":                {"direction": oneWay, "activation": gateFunctions, "recurrent_activation": gateFunctions},
		"lstm":               {"direction": bothWays, "activation": gateFunctions, "recurrent_activation": gateFunctions, "cell_activation": gateFunctions},
		"cast":               {"dtype": castTypes},
		"constexpr_cast":     {"output_dtype": {"fp32"}},
		"quantize":           {"output_dtype": {"int8", "uint8", "int4", "uint4"}},
		"reduce_argmax":      {"output_dtype": indexTypes},
		"reduce_argmin":      {"output_dtype": indexTypes},
		"topk":               {"output_indices_dtype": indexTypes},
		"make_list":          {"dtype": castTypes},
	}

	// TypeNames are the element types that the texts of types mean. Types of 64 bits
	// are kept in less, as their results declare.
	TypeNames = map[string]dtype.Type{
		"fp16": dtype.Float16, "fp32": dtype.Float32, "int8": dtype.Int8, "uint8": dtype.UInt8, "int16": dtype.Int16,
		"uint16": dtype.UInt16, "int32": dtype.Int32, "bool": dtype.Bool,
	}
)

// CheckTexts checks the operands of an operation that choose from texts.
func CheckTexts(op *mil.Op) error {
	for name, list := range Texts[op.Type] {
		v := op.Input(name)
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
	if op.Type != "cast" || len(op.Outputs) != 1 {
		return nil
	}
	v := op.Input("dtype")
	if v == nil || op.Outputs[0].Type.Kind != mil.Tensor {
		return nil
	}
	if want, ok := TypeNames[v.Const.Strings[0]]; ok && want != op.Outputs[0].Type.DType {
		return fmt.Errorf("%w: dtype is %s where the result is declared %v", mil.ErrOperand, v.Const.Strings[0], op.Outputs[0].Type.DType)
	}
	return nil
}
