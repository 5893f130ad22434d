package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"maps"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// wireTensor is a tensor of a reply.
type wireTensor struct {
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
	Data  string `json:"data"`
}

// encodeTensor writes the elements as they lie in memory: base64 loses nothing, and
// is a third of the length of decimals.
func encodeTensor(t *tensor.Tensor) (any, error) {
	raw, err := t.Contiguous().Bytes()
	if err != nil {
		return nil, err
	}
	return wireTensor{t.DType().String(), append([]int{}, t.Shape()...), base64.StdEncoding.EncodeToString(raw)}, nil
}

// pairsOf lists a dictionary in the order of its keys, which are numbers where
// the classes are.
//
// The order is fixed so that equal results are equal texts.
func pairsOf(m map[string]float64, integers bool) [][2]any {
	pairs := make([][2]any, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		var k any = key
		if integers {
			k = json.Number(key)
		}
		pairs = append(pairs, [2]any{k, jsonFloat(m[key])})
	}
	return pairs
}

// integerClasses reports whether the model is a classifier whose classes are
// integers.
func integerClasses(d *coreml.Description) bool {
	return slices.ContainsFunc(d.Outputs, func(f coreml.FeatureDescription) bool {
		return f.Kind == coreml.KindInt64 && f.Labels != nil
	})
}

// encodeValue writes a value as docs/stdio.md has it.
func encodeValue(v coreml.Value, integers bool) (any, error) {
	switch v.Kind() {
	case coreml.KindMultiArray:
		return encodeTensor(v.MultiArray())
	case coreml.KindInt64:
		i, _ := v.Int64()
		return map[string]int64{"int64": i}, nil
	case coreml.KindDouble:
		f, _ := v.Double()
		return map[string]jsonFloat{"double": jsonFloat(f)}, nil
	case coreml.KindString:
		text, _ := v.Text()
		return map[string]string{"string": text}, nil
	case coreml.KindDictionary:
		return map[string]any{"dictionary": pairsOf(v.Dictionary(), integers)}, nil
	case coreml.KindImage:
		return encodeImage(v.Image())
	// Sequences, which language models do not give.
	default:
		return nil, fmt.Errorf("values of kind %v are %w", v.Kind(), coreml.ErrUnsupportedModel)
	}
}

// wireImage is an image of a reply.
type wireImage struct {
	Image string `json:"image"`
	wireTensor
}

// encodeImage writes an image in the form that decodeImage reads, so that an output
// can be the input of the next request.
func encodeImage(img image.Image) (any, error) {
	mode, t, err := imageArray(img)
	if err != nil {
		return nil, err
	}
	raw, err := t.Bytes()
	if err != nil {
		return nil, err
	}
	return wireImage{mode, wireTensor{t.DType().String(), t.Shape(), base64.StdEncoding.EncodeToString(raw)}}, nil
}
