package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

func TestListsOfNumbersBecomeArrays(t *testing.T) {
	for _, c := range []struct {
		text  string
		dtype tensor.DType
		shape []int
		want  []float64
	}{
		{`7`, tensor.Int64, nil, []float64{7}},
		{`[]`, tensor.Int64, []int{0}, nil},
		{`[1,2,3]`, tensor.Int64, []int{3}, []float64{1, 2, 3}},
		{`[[1,2],[3,4],[5,6]]`, tensor.Int64, []int{3, 2}, []float64{1, 2, 3, 4, 5, 6}},
		{`[true,false]`, tensor.Int64, []int{2}, []float64{1, 0}},
		{`[1,2.5]`, tensor.Float64, []int{2}, []float64{1, 2.5}},
		{`[0.5,true,3]`, tensor.Float64, []int{3}, []float64{0.5, 1, 3}},
		{`[9223372036854775808]`, tensor.Float64, []int{1}, []float64{9223372036854775808}},
		{`[[[[1]]]]`, tensor.Int64, []int{1, 1, 1, 1}, []float64{1}},
		{`[[],[]]`, tensor.Int64, []int{2, 0}, nil},
	} {
		got, err := decodeList([]byte(c.text), nil)
		if err != nil || got.DType() != c.dtype || !slices.Equal(got.Shape(), c.shape) {
			t.Errorf("%s: %v, %v, want %v %v", c.text, got, err, c.dtype, c.shape)
			continue
		}
		values, err := tensor.Values[float64](got)
		if err != nil || !slices.Equal(values, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.text, values, err, c.want)
		}
	}
}

func TestListsThatAreNoArraysAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`[1,[2]]`:       "the lists are not a whole array",
		`[[1],2]`:       "the lists are not a whole array",
		`[[1,2],[3]]`:   "the lists are not a whole array",
		`[[1],[2,3]]`:   "the lists are not a whole array",
		`[1,"a"]`:       `[1]: "a" where a number or a list is expected`,
		`[1,null]`:      `[1]: null where a number or a list is expected`,
		`[[1],[{}]]`:    `[1][0]: {} where a number or a list is expected`,
		`[NaN]`:         `[0]: NaN is no number of JSON`,
		`[1e999]`:       `[0]: 1e999 is too large for float64`,
		deepList(17):    "lists nested deeper than 16 levels",
		`[1] [2]`:       "where the end of the text is expected",
		`[true,"true"]`: `[1]: "true" where a number or a list is expected`,
	} {
		if got, err := decodeList([]byte(text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %q", text, got, err, want)
		}
	}
	if _, err := decodeList([]byte(deepList(16)), nil); err != nil {
		t.Errorf("sixteen levels: %v", err)
	}
}

func deepList(n int) string { return strings.Repeat("[", n) + "1" + strings.Repeat("]", n) }

func TestABareNumberStandsForAnArrayOfOneElement(t *testing.T) {
	d := &coreml.FeatureDescription{Kind: coreml.KindMultiArray, DType: tensor.Float32, Shape: []int{1, 1, 1}}
	got, err := decodeList([]byte("2.5"), d)
	if err != nil || !slices.Equal(got.Shape(), []int{1, 1, 1}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestEveryFormOfAValueIsRead(t *testing.T) {
	data := base64.StdEncoding.EncodeToString([]byte{1, 0, 2, 0})
	for text, want := range map[string]coreml.Kind{
		`{"int64":7}`:                      coreml.KindInt64,
		`{"double":0.5}`:                   coreml.KindDouble,
		`{"double":"NaN"}`:                 coreml.KindDouble,
		`{"string":""}`:                    coreml.KindString,
		`{"dictionary":[]}`:                coreml.KindDictionary,
		`{"dictionary":[["a",1],[7,0.5]]}`: coreml.KindDictionary,
		`{"dtype":"int16","shape":[2],"data":"` + data + `"}`:               coreml.KindMultiArray,
		`{"dtype":"uint32","shape":[1],"data":"` + data + `"}`:              coreml.KindMultiArray,
		`{"image":"L","dtype":"uint8","shape":[2,2],"data":"` + data + `"}`: coreml.KindImage,
		`{"string":"x","unknown":{"deep":[1]}}`:                             coreml.KindString,
		` [1, 2] `:                                                          coreml.KindMultiArray,
	} {
		if v, err := decodeValue(t.Context(), []byte(text), nil, nil); err != nil || v.Kind() != want {
			t.Errorf("%s: %v, %v, want %v", text, v, err, want)
		}
	}
}

func TestEveryMistakeInAValueIsNamed(t *testing.T) {
	data := base64.StdEncoding.EncodeToString([]byte{1, 2, 3, 4})
	for text, want := range map[string]string{
		``:                             "the value is missing",
		`null`:                         "the value is missing",
		`{}`:                           "a tensor has dtype, shape and data, or file, or npy, or safetensors and tensor",
		`{"int64":1.5}`:                "int64: 1.5 where an integer is expected",
		`{"double":[]}`:                "double: a list where a number is expected",
		`{"string":7}`:                 "string: a number where a string is expected",
		`{"dictionary":{}}`:            "dictionary: an object where a list is expected",
		`{"dictionary":[["a"]]}`:       "dictionary[0]: a pair has a key and a number",
		`{"dictionary":[["a",1,2]]}`:   "dictionary[0][2]: a pair has a key and a number",
		`{"dictionary":[[null,1]]}`:    "dictionary[0][0]: null where a string is expected",
		`{"dictionary":[["a","b"]]}`:   "dictionary[0][1]: a string where a number is expected",
		`{"dtype":"int8","shape":[4]}`: "a tensor has dtype, shape and data",
		`{"dtype":"int7","shape":[4],"data":"` + data + `"}`:                  `dtype "int7"`,
		`{"dtype":"int8","shape":[-4],"data":"` + data + `"}`:                 "shape[0]: a size of -4",
		`{"dtype":"int8","shape":4,"data":"` + data + `"}`:                    "shape: a number where a list is expected",
		`{"dtype":"int8","shape":["4"],"data":"` + data + `"}`:                "shape[0]: a string where an integer is expected",
		`{"dtype":"int8","shape":[4],"data":"***"}`:                           "data: illegal base64",
		`{"dtype":"int8","shape":[4],"data":[1]}`:                             "data: a list where a string of base64 is expected",
		`{"dtype":"int8","shape":[5],"data":"` + data + `"}`:                  "4",
		`{"dtype":"uint64","shape":[1],"data":"` + data + `"}`:                "4 bytes are no whole number of uint64",
		`{"dtype":"bool","shape":[4],"data":"` + data + `"}`:                  "element 1 is 2, not a bool",
		`{"dtype":"int8","dtype":"int8"}`:                                     "dtype: the key comes twice",
		`{"image":"HSV","dtype":"uint8","shape":[1,4],"data":"` + data + `"}`: `images of mode "HSV" are`,
		`{"image":"RGB","dtype":"uint8","shape":[2,2],"data":"` + data + `"}`: "want uint8 [height, width, 3]",
		`{"file":"x.json"}`: "x.json: a value cannot be in a further file of JSON",
	} {
		if v, err := decodeValue(t.Context(), []byte(text), nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %q", text, v, err, want)
		}
	}
}

func TestTheShapesThatCanBePictures(t *testing.T) {
	for _, c := range []struct {
		shape []int
		want  string // the readings, the usual one first
	}{
		{[]int{16, 20}, "[height, width] 16x20x1"},
		{[]int{16, 20, 3}, "[height, width, channels] 16x20x3"},
		{[]int{3, 16, 20}, "[channels, height, width] 16x20x3"},
		{[]int{3, 20, 3}, "[height, width, channels] 3x20x3, [channels, height, width] 20x3x3"},
		{[]int{1, 3, 20, 3}, "[channels, height, width] 20x3x3, [height, width, channels] 3x20x3"},
		{[]int{16, 20, 4}, "[height, width, channels] 16x20x4"},
		{[]int{2, 3, 16, 20}, ""},
		{[]int{16, 20, 2}, ""},
		{[]int{16}, ""},
		{nil, ""},
	} {
		var got []string
		for _, l := range layouts(c.shape) {
			got = append(got, fmt.Sprintf("%s %dx%dx%d", l.name, l.height, l.width, l.channels))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("shape %v: %q, want %q", c.shape, got, c.want)
		}
	}
}

func TestNamesOfOutputsBecomeNamesOfFiles(t *testing.T) {
	for name, want := range map[string]string{
		"logits": "logits", "a b/c\\d": "a_b_c_d", "..": "__", "naïve": "na_ve", "": "", "a:b\x00": "a_b_",
		strings.Repeat("x", 300): strings.Repeat("x", 80),
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q is written as %q, want %q", name, got, want)
		}
	}
}

func TestErrorsHaveTheirCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{badInputf("x"), codeBadInput},
		{fmt.Errorf("around: %w", badInput(errors.New("x"))), codeBadInput},
		{badInput(&codedError{codeTimeout, errors.New("x")}), codeTimeout}, // a code that is there stays
		{loadError(errors.New("x")), codeBadModel},
		{loadError(coreml.ErrUnsupportedOp), codeUnsupported},
		{loadError(coreml.ErrUnknownFunction), codeBadInput},
		{fmt.Errorf("x: %w", tensor.ErrShape), codeBadInput},
		{markedf(coreml.ErrUnknownFeature, "there is none"), codeBadInput},
		{coreml.ErrUnsupportedModel, codeUnsupported},
		{errors.New("x"), codeInternal},
	} {
		if got := errorCode(c.err); got != c.want {
			t.Errorf("%v has the code %s, want %s", c.err, got, c.want)
		}
	}
	if badInput(nil) != nil {
		t.Error("no error got a code")
	}
}
