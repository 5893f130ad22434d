package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/tensor"
)

// wireValue is a value of a request that is not a plain number or list.
//
// It has the fields of all forms; which of them are there says which form it is.
type wireValue struct {
	DType string
	Shape []int
	// A part of the request's own text: an array of 200 MiB is there once as text
	// and once as numbers, and not a third time.
	Data        []byte // base64, not copied
	HasData     bool
	NPY         string
	Safetensors string
	File        string
	Tensor      string
	Image       string
	Int64       *int64
	Double      *float64
	String      *string
	Dictionary  []byte // the JSON of the list
}

// parse reads the fields of a value. Unknown ones are ignored.
//
// The kinds of the fields are checked; whether the fields go together is asked by
// who uses them.
func (w *wireValue) parse(raw []byte) error {
	return eachField(&jsonText{text: raw, checked: true}, func(key string, value []byte) (err error) {
		switch key {
		case "dtype":
			w.DType, err = nameOf(value)
		case "shape":
			w.Shape, err = shapeOf(value)
		case "data":
			w.HasData = true
			w.Data, err = dataOf(value)
		case "npy":
			w.NPY, err = nameOf(value)
		case "safetensors":
			w.Safetensors, err = nameOf(value)
		case "file":
			w.File, err = nameOf(value)
		case "tensor":
			w.Tensor, err = nameOf(value)
		case "image":
			w.Image, err = nameOf(value)
		case "int64":
			var i int64
			i, err = intOf(value)
			w.Int64 = &i
		case "double":
			var f float64
			f, err = floatOf(value)
			w.Double = &f
		case "string":
			var s string
			s, err = textOf(value)
			w.String = &s
		case "dictionary":
			if w.Dictionary = value; value[0] != '[' {
				err = wantJSON("a list", value)
			}
		}
		return err
	})
}

// shapeOf reads the sizes of a tensor.
func shapeOf(raw []byte) ([]int, error) {
	shape := []int{}
	err := eachListElement(raw, func(_ int, value []byte) error {
		if len(shape) == maxNesting {
			return fmt.Errorf("more than %d dimensions: %w", maxNesting, tensor.ErrShape)
		}
		n, err := intOf(value)
		if err == nil && (n < 0 || n > math.MaxInt32) {
			err = fmt.Errorf("a size of %d: %w", n, tensor.ErrShape)
		}
		shape = append(shape, int(n))
		return err
	})
	return shape, err
}

// dataOf returns the characters of a string of base64.
func dataOf(raw []byte) ([]byte, error) {
	if raw[0] != '"' {
		return nil, wantJSON("a string of base64", raw)
	}
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner, nil
	}
	s, err := unquoteJSON(raw)
	return []byte(s), err
}

// decodeValue reads a value. d is the feature that it is for, nil when there is
// none. The text has been checked.
func decodeValue(ctx context.Context, raw []byte, d *coreml.FeatureDescription, opts *imageOptions) (coreml.Value, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return coreml.Value{}, errors.New("the value is missing")
	}
	// A bare string is one where a string is wanted. Elsewhere it may be a number
	// that JSON lacks, such as "NaN".
	if raw[0] == '"' && d != nil && d.Kind == coreml.KindString {
		s, err := textOf(raw)
		return coreml.String(s), err
	}
	if raw[0] != '{' {
		t, err := decodeList(raw, d)
		if err != nil {
			return coreml.Value{}, err
		}
		return valueOf(ctx, d, t, opts)
	}
	var w wireValue
	if err := w.parse(raw); err != nil {
		return coreml.Value{}, err
	}
	switch {
	case w.Int64 != nil:
		return coreml.Int64(*w.Int64), nil
	case w.Double != nil:
		return coreml.Double(*w.Double), nil
	case w.String != nil:
		return coreml.String(*w.String), nil
	case w.Dictionary != nil:
		return decodeDictionary(w.Dictionary)
	case w.Image != "":
		return decodeImage(w.Image, w.array)
	case w.File != "":
		return decodeFile(ctx, &w, d, opts)
	}
	t, err := w.array()
	if err != nil {
		return coreml.Value{}, err
	}
	return valueOf(ctx, d, t, opts)
}

// decodeFile reads the file that a value names. A file of JSON could name others,
// or itself.
func decodeFile(ctx context.Context, w *wireValue, d *coreml.FeatureDescription, opts *imageOptions) (coreml.Value, error) {
	if extensions[strings.ToLower(filepath.Ext(w.File))] == formatJSON {
		return coreml.Value{}, fmt.Errorf("%s: a value cannot be in a further file of JSON", w.File)
	}
	key := w.Tensor
	if key == "" && d != nil {
		key = d.Name
	}
	return readArrays(ctx, w.File, key, d, opts)
}

// array returns the tensor that w holds or names.
func (w *wireValue) array() (*tensor.Tensor, error) {
	switch {
	case w.NPY != "":
		return readNPY(w.NPY)
	case w.Safetensors != "":
		return readSafetensors(w.Safetensors, w.Tensor)
	case !w.HasData:
		// The forms are listed, since a misspelt field is ignored like any unknown
		// one.
		return nil, errors.New("a tensor has dtype, shape and data, or file, or npy, or safetensors and tensor")
	}
	// Sixteen bytes and more are aligned for every element type.
	raw := make([]byte, max(base64.StdEncoding.DecodedLen(len(w.Data)), 16))
	n, err := base64.StdEncoding.Decode(raw, w.Data)
	if err != nil {
		return nil, inField("data", err)
	}
	raw = raw[:n]
	// NumPy has these two and package tensor has not.
	switch w.DType {
	case "uint32", "uint64":
		return wideUnsigned(raw, w.DType, w.Shape)
	}
	dt, ok := dtypeOf(w.DType)
	if !ok {
		return nil, fmt.Errorf("dtype %q: %w", w.DType, tensor.ErrDType)
	}
	t := tensor.FromBytes(dt, raw, w.Shape...)
	if dt == tensor.Bool && t.Err() == nil {
		for i, b := range raw {
			// Programs differ in what they make of other bytes; the engine would
			// compute with them.
			if b > 1 {
				return nil, fmt.Errorf("element %d is %d, not a bool: %w", i, b, tensor.ErrValue)
			}
		}
	}
	return t, t.Err()
}

// dtypeOf finds an element type by its name, which is NumPy's.
func dtypeOf(name string) (tensor.DType, bool) {
	for dt := tensor.Bool; dt <= tensor.Int64; dt++ {
		if dt.String() == name {
			return dt, true
		}
	}
	return tensor.Invalid, false
}

// wideUnsigned makes int64 of types that package tensor lacks.
func wideUnsigned(raw []byte, name string, shape []int) (*tensor.Tensor, error) {
	size := 4
	if name == "uint64" {
		size = 8
	}
	if len(raw)%size != 0 {
		return nil, fmt.Errorf("%d bytes are no whole number of %s: %w", len(raw), name, tensor.ErrShape)
	}
	out, err := npy.Widen(raw, size)
	if err != nil {
		return nil, err
	}
	t := tensor.Wrap(out, shape...)
	return t, t.Err()
}

// decodeDictionary reads the list of pairs that stands for a dictionary: keys of
// JSON are texts, and Core ML has integers as well.
func decodeDictionary(raw []byte) (coreml.Value, error) {
	m := map[string]float64{}
	err := eachElement(raw, func(_ int, value []byte) error {
		if len(m) == maxJSONFields {
			return fmt.Errorf("a dictionary of more than %d keys", maxJSONFields)
		}
		return decodePair(value, m)
	})
	return coreml.Dictionary(m), inField("dictionary", err)
}

// decodePair reads [key, number] into m.
func decodePair(raw []byte, m map[string]float64) error {
	var pair [][]byte
	err := eachListElement(raw, func(i int, value []byte) error {
		if i > 1 {
			return errors.New("a pair has a key and a number")
		}
		pair = append(pair, value)
		return nil
	})
	if err != nil {
		return err
	}
	if len(pair) != 2 {
		return errors.New("a pair has a key and a number")
	}
	key := string(pair[0]) // a number, as classifiers with integer labels have
	if kindOfJSON(pair[0]) != "a number" || isNonNumber(pair[0]) {
		if key, err = textOf(pair[0]); err != nil {
			return inElement(0, err)
		}
	}
	m[key], err = floatOf(pair[1])
	return inElement(1, err)
}
