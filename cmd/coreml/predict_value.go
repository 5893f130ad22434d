package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/tensor"
)

// wireValue is a value of a request that is not a plain number or list.
type wireValue struct {
	DType       string            `json:"dtype"`
	Shape       []int             `json:"shape"`
	Data        *string           `json:"data"`
	NPY         string            `json:"npy"`
	Safetensors string            `json:"safetensors"`
	Tensor      string            `json:"tensor"`
	Image       string            `json:"image"`
	Int64       *int64            `json:"int64"`
	Double      *float64          `json:"double"`
	String      *string           `json:"string"`
	Dictionary  []json.RawMessage `json:"dictionary"`
}

// decodeValue reads a value. d is the feature that it is for, nil when there is
// none.
func decodeValue(raw json.RawMessage, d *coreml.FeatureDescription) (coreml.Value, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return coreml.Value{}, errors.New("the value is missing")
	}
	if raw[0] != '{' {
		t, err := decodeList(raw, d)
		if err != nil {
			return coreml.Value{}, err
		}
		return valueOf(d, t)
	}
	var w wireValue
	if err := json.Unmarshal(raw, &w); err != nil {
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
		return decodeImage(&w)
	}
	t, err := w.array()
	if err != nil {
		return coreml.Value{}, err
	}
	return valueOf(d, t)
}

// array returns the tensor that w holds or names.
func (w *wireValue) array() (*tensor.Tensor, error) {
	switch {
	case w.NPY != "":
		return readNPY(w.NPY)
	case w.Safetensors != "":
		return readSafetensors(w.Safetensors, w.Tensor)
	case w.Data == nil:
		return nil, errors.New("a tensor has dtype, shape and data, or npy, or safetensors and tensor")
	}
	raw, err := base64.StdEncoding.DecodeString(*w.Data)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
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
			if b > 1 {
				return nil, fmt.Errorf("element %d is %d, not a bool: %w", i, b, tensor.ErrValue)
			}
		}
	}
	return t, t.Err()
}

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
	out := make([]int64, len(raw)/size)
	for i := range out {
		if size == 4 {
			out[i] = int64(binary.LittleEndian.Uint32(raw[4*i:]))
			continue
		}
		u := binary.LittleEndian.Uint64(raw[8*i:])
		if u > math.MaxInt64 {
			return nil, fmt.Errorf("element %d is %d, too large for int64: %w", i, u, tensor.ErrValue)
		}
		out[i] = int64(u)
	}
	t := tensor.Wrap(out, shape...)
	return t, t.Err()
}

func decodeDictionary(pairs []json.RawMessage) (coreml.Value, error) {
	m := make(map[string]float64, len(pairs))
	for _, raw := range pairs {
		var pair [2]json.RawMessage
		if err := json.Unmarshal(raw, &pair); err != nil {
			return coreml.Value{}, fmt.Errorf("dictionary: %w", err)
		}
		var x float64
		if err := json.Unmarshal(pair[1], &x); err != nil {
			return coreml.Value{}, fmt.Errorf("dictionary: %w", err)
		}
		var key string
		if err := json.Unmarshal(pair[0], &key); err != nil {
			key = string(pair[0]) // a number, as classifiers with integer labels have
		}
		m[key] = x
	}
	return coreml.Dictionary(m), nil
}

// maxNesting bounds the depth of a list: the rank of the tensor that it is.
const maxNesting = 16

// list collects the elements of nested lists.
type list struct {
	shape  []int
	ints   []int64
	floats []float64
	whole  bool // every element is an integer or a bool
}

// decodeList reads a number, a bool or nested lists of them.
func decodeList(raw json.RawMessage, d *coreml.FeatureDescription) (*tensor.Tensor, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	l := &list{whole: true}
	tok, err := dec.Token()
	if err == nil {
		err = l.read(dec, tok, 0)
	}
	if err != nil {
		return nil, err
	}
	if d != nil && d.Kind == coreml.KindMultiArray && len(l.shape) == 0 && len(d.Shape) > 0 {
		// A bare number stands for an array of one element, whatever its rank.
		l.shape = make([]int, len(d.Shape))
		for i := range l.shape {
			l.shape[i] = 1
		}
	}
	if l.whole {
		t := tensor.FromSlice(l.ints, l.shape...)
		return t, t.Err()
	}
	t := tensor.FromSlice(l.floats, l.shape...)
	return t, t.Err()
}

// read takes in the value that starts with tok.
func (l *list) read(dec *json.Decoder, tok json.Token, depth int) error {
	switch v := tok.(type) {
	case bool:
		n := int64(0)
		if v {
			n = 1
		}
		l.ints, l.floats = append(l.ints, n), append(l.floats, float64(n))
		return l.leaf(depth)
	case json.Number:
		i, err := v.Int64()
		f, failed := v.Float64()
		if failed != nil {
			return fmt.Errorf("%s: %w", v, failed)
		}
		l.whole = l.whole && err == nil
		l.ints, l.floats = append(l.ints, i), append(l.floats, f)
		return l.leaf(depth)
	case json.Delim:
		if v == '[' && depth < maxNesting {
			return l.elements(dec, depth)
		}
	}
	return fmt.Errorf("%v where a number or a list is expected", tok)
}

// leaf checks that all elements lie equally deep.
func (l *list) leaf(depth int) error {
	if depth != len(l.shape) {
		return errRagged
	}
	return nil
}

var errRagged = fmt.Errorf("the lists are not a whole array: %w", tensor.ErrShape)

func (l *list) elements(dec *json.Decoder, depth int) error {
	first := len(l.ints) == 0 && len(l.shape) == depth
	if first {
		l.shape = append(l.shape, -1)
	} else if depth >= len(l.shape) {
		return errRagged
	}
	n := 0
	for ; dec.More(); n++ {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		if err := l.read(dec, tok, depth+1); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	if l.shape[depth] < 0 {
		l.shape[depth] = n
	}
	if l.shape[depth] != n {
		return errRagged
	}
	return nil
}

// wireTensor is a tensor of a reply.
type wireTensor struct {
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
	Data  string `json:"data"`
}

func encodeTensor(t *tensor.Tensor) (any, error) {
	raw, err := t.Contiguous().Bytes()
	if err != nil {
		return nil, err
	}
	return wireTensor{t.DType().String(), append([]int{}, t.Shape()...), base64.StdEncoding.EncodeToString(raw)}, nil
}

// encodeOutputs writes the outputs that the request asks for.
func (s *server) encodeOutputs(q *request, d *coreml.Description, out coreml.Features) (map[string]any, error) {
	names := q.Outputs
	if names == nil {
		for i := range d.Outputs {
			names = append(names, d.Outputs[i].Name)
		}
	}
	values, integers := make(map[string]any, len(names)), integerClasses(d)
	for _, name := range names {
		v, err := s.encodeValue(q.NPYDir, name, out[name], integers)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", name, err)
		}
		values[name] = v
	}
	return values, nil
}

// pairsOf lists a dictionary in the order of its keys, which are numbers where
// the classes are.
func pairsOf(m map[string]float64, integers bool) [][2]any {
	pairs := make([][2]any, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		var k any = key
		if integers {
			k = json.Number(key)
		}
		pairs = append(pairs, [2]any{k, m[key]})
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

func (s *server) encodeValue(dir, name string, v coreml.Value, integers bool) (any, error) {
	switch v.Kind() {
	case coreml.KindMultiArray:
		if dir == "" {
			return encodeTensor(v.MultiArray())
		}
		s.written++
		path := filepath.Join(dir, fmt.Sprintf("%06d-%s.npy", s.written, fileName(name)))
		err := writeFile(path, func(w io.Writer) error { return npy.Write(w, v.MultiArray()) })
		if errors.Is(err, os.ErrNotExist) {
			err = badInput(err)
		}
		return map[string]string{"npy": path}, err
	case coreml.KindInt64:
		i, _ := v.Int64()
		return map[string]int64{"int64": i}, nil
	case coreml.KindDouble:
		f, _ := v.Double()
		return map[string]float64{"double": f}, nil
	case coreml.KindString:
		text, _ := v.Text()
		return map[string]string{"string": text}, nil
	case coreml.KindDictionary:
		return map[string]any{"dictionary": pairsOf(v.Dictionary(), integers)}, nil
	case coreml.KindImage:
		return encodeImage(v.Image())
	default:
		return nil, fmt.Errorf("kind %v: %w", v.Kind(), coreml.ErrUnsupportedModel)
	}
}

// fileName makes a name of an output that is safe in a folder.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name[:min(len(name), 80)])
}
