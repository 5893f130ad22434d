package convert

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/gocoreml/coreml/internal/checkpoint"
	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/storage"
)

// Report says what a conversion did, or would do.
type Report struct {
	// ModelType is the model_type of the model, Form how its weights were stored.
	ModelType, Form string
	// Context is the most tokens of a text.
	Context int
	// Tensors are the weights in the order of the package. An error is that of the stored
	// weight to the one in the checkpoint, rounded to fp16.
	Tensors []TensorReport
	// Adapters are the functions that adapters become.
	Adapters []AdapterReport `json:",omitempty"`
	// Files are the names of the files that were laid beside the package. Differing are
	// those of which another was there, which was left as it was.
	Files, Differing []string
}

// TensorReport is what became of one weight.
type TensorReport struct {
	// Tensor is its name in the checkpoint, with the part of the rows where it is a part;
	// Weight is its name in the package.
	Tensor, Weight string
	// Rows and Cols are its size; of a vector Cols is 0.
	Rows, Cols int
	// Stored is the form that it had in the checkpoint, Form the one that it has now.
	Stored, Form string
	// Codes is "carried over" where the checkpoint's own codes are in the package, without
	// loss, and "" elsewhere.
	Codes string
	// Bytes is what it takes in the package.
	Bytes int64
	// Largest and RMS are the largest and the root mean square error that quantisation
	// has made; 0 where nothing was quantised.
	Largest, RMS float64
}

// AdapterReport is what became of one adapter.
type AdapterReport struct {
	// Function is the function that it became, Path the adapter's folder.
	Function, Path string
	// Modules is the number of the model's layers that it changes.
	Modules int
	// Tensors is the number of matrices that the function has of its own, and Bytes what
	// they take in the package.
	Tensors int
	Bytes   int64
}

// Bytes returns what all weights take in the package, those of adapters included.
func (r *Report) Bytes() int64 {
	n := int64(0)
	for i := range r.Tensors {
		n += r.Tensors[i].Bytes
	}
	for i := range r.Adapters {
		n += r.Adapters[i].Bytes
	}
	return n
}

// ErrDiskFull means that the package would not fit on the disk.
var ErrDiskFull = storage.ErrDiskFull

// size is about what the package will take.
func (s *source) size() int64 {
	n, seen := int64(1<<20), map[key]bool{}
	for _, w := range s.weights {
		if k := keyOf(w); !seen[k] {
			seen[k] = true
			n += s.bytes(w)
		}
	}
	return n
}

// bytes is about what a weight will take.
func (s *source) bytes(w modelgen.Weight) int64 {
	f := s.formOf(w, s.views[keyOf(w)])
	bits := w.Type.Bits()
	switch {
	case s.views[keyOf(w)].codeBits != 0:
		bits, f.Linear.Type = s.views[keyOf(w)].codeBits, dtype.Int8 // for the scales below
	case f.Palette.On:
		bits = cmp.Or(f.Palette.Bits, 8)
	case !f.IsNone() && f.Linear.Type.Bits() > 0:
		bits = f.Linear.Type.Bits()
	}
	n := int64(elements(w)) * int64(bits) / 8
	if !f.IsNone() {
		n += int64(elements(w)) / 16 // scales
	}
	return n
}

// estimate fills the report with what would be done.
func (s *source) estimate() error {
	seen := map[key]bool{}
	for _, w := range s.weights {
		if seen[keyOf(w)] {
			continue
		}
		seen[keyOf(w)] = true
		v := s.views[keyOf(w)]
		line := TensorReport{Tensor: v.Name(), Weight: w.Name, Rows: w.Rows, Cols: w.Cols, Stored: v.parts[0].Stored(), Form: w.Type.String(), Bytes: s.bytes(w)}
		if f := s.formOf(w, v); !f.IsNone() {
			line.Form = f.String()
		}
		spans, err := s.codes(w, v)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", v.Name(), err)
		}
		if spans != nil {
			carryLine(&line, spans, w)
		}
		s.report.Tensors = append(s.report.Tensors, line)
	}
	return s.ctx.Err()
}

// checkSpareHead refuses a tied head that is stored all the same and is not the embedding.
func (d *decoder) checkSpareHead(ctx context.Context, c *checkpoint.Checkpoint) error {
	if d.spareHead == "" {
		return nil
	}
	name := d.tensors[modelgen.Embedding].module + ".weight"
	a, b := c.Tensors[d.spareHead], c.Tensors[name]
	if !slices.Equal(a.Shape(), b.Shape()) || len(a.Shape()) != 2 {
		return d.tensorError(d.spareHead, malformed("its shape is %v, and the embedding's that it should share is %v", a.Shape(), b.Shape()))
	}
	width := a.Shape()[1]
	rows := max(chunkElements/max(width, 1), 1)
	x, y := make([]float32, rows*width), make([]float32, rows*width)
	for from := 0; from < a.Shape()[0]; from += rows {
		to := min(from+rows, a.Shape()[0])
		n := (to - from) * width
		if err := a.Rows(ctx, from, to, x[:n]); err != nil {
			return err
		}
		if err := b.Rows(ctx, from, to, y[:n]); err != nil {
			return err
		}
		if !slices.Equal(x[:n], y[:n]) {
			return d.tensorError(d.spareHead, unsupported("tie_word_embeddings says that the head shares the embedding's weights, and its own differ from them"))
		}
	}
	return nil
}

// sameFile reports whether a file is there, and has that content.
func sameFile(path string, content []byte) (same, there bool) {
	f, err := storage.Open(path)
	if err != nil {
		return false, storage.Exists(path)
	}
	defer f.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(f, int64(len(content))+1))
	return err == nil && bytes.Equal(data, content), true
}
