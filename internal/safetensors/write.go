package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/tensor"
)

// Spec announces a tensor that will be written. The header comes before all
// data, so every tensor has to be known then.
type Spec struct {
	Name  string
	DType tensor.DType
	Shape []int
}

// Named is a tensor with its name.
type Named struct {
	Name   string
	Tensor *tensor.Tensor
}

// Write writes a whole file: the tensors, in the order given, and the metadata.
// Nothing is written when a tensor carries an error.
func Write(w io.Writer, tensors []Named, metadata map[string]string) error {
	specs := make([]Spec, len(tensors))
	for i, n := range tensors {
		if err := n.Tensor.Err(); err != nil {
			return fmt.Errorf("tensor %q: %w", n.Name, err)
		}
		specs[i] = Spec{Name: n.Name, DType: n.Tensor.DType(), Shape: n.Tensor.Shape()}
	}
	out, err := NewWriter(w, specs, metadata)
	if err != nil {
		return err
	}
	for _, n := range tensors {
		if err := out.Write(n.Tensor); err != nil {
			return err
		}
	}
	return out.Close()
}

// Writer writes a file one tensor after the other, so that they need not be in
// memory at the same time. After an error the file is of no use.
type Writer struct {
	w     io.Writer
	specs []Spec
	next  int
}

// NewWriter writes the header of a file with the given tensors and metadata,
// which may be nil. Names must be unique and in UTF-8, and __metadata__ is
// reserved.
func NewWriter(w io.Writer, specs []Spec, metadata map[string]string) (*Writer, error) {
	header, err := buildHeader(specs, metadata)
	if err != nil {
		return nil, err
	}
	// Spaces align the data for readers that map the file.
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d", len(header), maxHeader)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return nil, err
	}
	if _, err := w.Write(header); err != nil {
		return nil, err
	}
	return &Writer{w: w, specs: specs}, nil
}

// buildHeader makes the JSON header: metadata first, then the tensors in the
// order given, which is that of their bytes. It writes the members one by one,
// as a map of Go's would sort them. An empty shape is written as [], which Go's
// nil would not be.
func buildHeader(specs []Spec, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	if len(metadata) > 0 {
		if err := field(&b, metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{metadataKey: true}
	var end int64
	for _, s := range specs {
		name, ok := typeNames[s.DType]
		n, counted := dtype.Count(s.Shape)
		switch {
		case !utf8.ValidString(s.Name) || seen[s.Name]:
			return nil, fmt.Errorf("tensor %q: name is reserved, used twice or not UTF-8", s.Name)
		case !ok:
			return nil, fmt.Errorf("tensor %q: element type %v: %w", s.Name, s.DType, tensor.ErrDType)
		case !counted || n > tensor.MaxBytes:
			return nil, fmt.Errorf("tensor %q: shape %v: %w", s.Name, s.Shape, tensor.ErrShape)
		}
		seen[s.Name] = true
		begin := end
		end += int64(n) * int64(s.DType.Size())
		err := field(&b, s.Name, struct {
			DType   string   `json:"dtype"`
			Shape   []int    `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}{name, append([]int{}, s.Shape...), [2]int64{begin, end}})
		if err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// field appends one member of the JSON object. b.Len() is 1 when only the
// opening brace has been written.
func field(b *bytes.Buffer, name string, value any) error {
	key, err := json.Marshal(name)
	if err != nil {
		return err
	}
	val, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if b.Len() > 1 {
		b.WriteByte(',')
	}
	b.Write(key)
	b.WriteByte(':')
	b.Write(val)
	return nil
}

// Write writes the next announced tensor. Type and shape must be those that
// were announced: the header is out already.
func (w *Writer) Write(t *tensor.Tensor) error {
	if w.next >= len(w.specs) {
		return errors.New("more tensors than were announced")
	}
	s := w.specs[w.next]
	if t.DType() != s.DType || !slices.Equal(t.Shape(), s.Shape) {
		return fmt.Errorf("tensor %q: got %v of shape %v, announced %v of shape %v: %w",
			s.Name, t.DType(), t.Shape(), s.DType, s.Shape, tensor.ErrShape)
	}
	raw, err := t.Contiguous().Bytes()
	if err != nil {
		return fmt.Errorf("tensor %q: %w", s.Name, err)
	}
	w.next++
	_, err = w.w.Write(raw)
	return err
}

// Close verifies that every announced tensor was written. It does not close the
// underlying writer.
func (w *Writer) Close() error {
	if w.next != len(w.specs) {
		return fmt.Errorf("%d of %d tensors written", w.next, len(w.specs))
	}
	return nil
}
