package llamacpp

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/checkpoint/gguf"
	"github.com/gocoreml/coreml/internal/storage"
)

// order is how the rows of a stored matrix lie.
type order int

const (
	asStored  order = iota
	rotated         // the two halves of a head are woven into one another: row 2i is row i, row 2i+1 is row i+half
	threeways       // all of q, all of k, all of v where transformers has the three of each head
)

// Weight is a weight of the model, and how it is stored. It is safe for concurrent use.
type Weight struct {
	// Source is the stored tensor, of which a weight may be a part.
	Source *gguf.Tensor
	// Shape is that of the weight.
	Shape []int
	// Transposed means that the columns of Source are the rows of the weight.
	Transposed bool

	first int     // the row of Source that the weight begins with
	order order   // how the rows lie
	head  int     // rows of a head
	heads int     // heads
	add   float32 // to each element
}

// SourceRow returns the row of Source that has the row i of a weight that is not Transposed.
// For a vector it is the element of the row SourceRow(0) that has the element i.
func (w *Weight) SourceRow(i int) int { return w.first + w.place(i) }

// place returns where the row or element i lies.
func (w *Weight) place(i int) int {
	switch w.order {
	case rotated:
		half := w.head / 2
		in := i % w.head
		return i - in + in%half*2 + in/half
	case threeways:
		h, part, in := i/(3*w.head), i/w.head%3, i%w.head
		return (part*w.heads+h)*w.head + in
	default:
		return i
	}
}

// Plain reports whether the rows of the weight are rows of Source, with the same numbers.
func (w *Weight) Plain() bool { return w.add == 0 && !w.Transposed && len(w.Shape) == 2 }

// Rows decodes the rows from (inclusive) to to (exclusive) of the weight. Those of a vector
// are its elements.
func (w *Weight) Rows(ctx context.Context, from, to int, dst []float32) error {
	width := 1
	for _, d := range w.Shape[1:] {
		width *= d
	}
	if from < 0 || to < from || to > w.Shape[0] || len(dst) != (to-from)*width {
		return fmt.Errorf("tensor %s: %d elements for rows %d to %d of shape %v", storage.Quote(w.Source.Name), len(dst), from, to, w.Shape)
	}
	var err error
	switch {
	case w.Transposed:
		err = w.columns(ctx, from, to, dst)
	case len(w.Shape) == 1:
		err = w.elements(ctx, from, dst)
	default:
		rows := make([]int, to-from)
		for i := range rows {
			rows[i] = w.SourceRow(from + i)
		}
		err = w.Source.Rows(ctx, rows, dst)
	}
	if w.add != 0 {
		for i := range dst {
			dst[i] += w.add
		}
	}
	return err
}

// elements reads a part of a vector, which is one row of Source.
func (w *Weight) elements(ctx context.Context, from int, dst []float32) error {
	row := make([]float32, w.Source.Width())
	if err := w.Source.Rows(ctx, []int{w.first}, row); err != nil {
		return err
	}
	for i := range dst {
		dst[i] = row[w.place(from+i)]
	}
	return nil
}

// columns reads rows of the weight that are columns of Source.
func (w *Weight) columns(ctx context.Context, from, to int, dst []float32) error {
	row, n := make([]float32, w.Source.Width()), w.Source.Height()
	for c := range n {
		if err := w.Source.Rows(ctx, []int{c}, row); err != nil {
			return err
		}
		for i, v := range row[from:to] {
			dst[i*n+c] = v
		}
	}
	return nil
}

// add adds the weights of a stored tensor.
func (m *Model) add(a *architecture, h *hyperparameters, t *gguf.Tensor) error {
	stem, kind, ok := strings.Cut(t.Name, ".")
	layer := -1
	if stem == "blk" && ok {
		number, rest, _ := strings.Cut(kind, ".")
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n >= h.layers || strconv.Itoa(n) != number {
			return fmt.Errorf("%w: the tensor %s is of a layer that is not one of the %d", ErrModel, storage.Quote(t.Name), h.layers)
		}
		layer = n
		stem, kind, _ = strings.Cut(rest, ".")
	}
	if layer < 0 && kind == "weight" && (stem == "rope_freqs" || stem == "rope_factors_long" || stem == "rope_factors_short") {
		return nil // a part of the configuration
	}
	// Files of before experts were laid into one tensor have the expert's number in the name.
	expert := -1
	if number, rest, ok := strings.Cut(kind, "."); ok && h.experts > 0 {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n >= h.experts || strconv.Itoa(n) != number {
			return unknown(t)
		}
		stem, expert, kind = stem+"_exps", n, rest
	}
	if kind != "weight" && kind != "bias" {
		return unknown(t)
	}
	name, ok := a.name(layer, stem)
	if !ok {
		return unknown(t)
	}
	switch {
	case strings.Contains(name, "*"):
		return m.addEach(a, h, t, name+"."+kind, expert)
	case stem == "ffn_gate_inp_shexp" && len(t.Shape) == 1: // the only row of a matrix
		m.Weights[name+"."+kind] = &Weight{Source: t, Shape: []int{1, t.Shape[0]}}
		return nil
	case len(t.Shape) > 2:
		return fmt.Errorf("%w: the tensor %s has the shape %v", ErrModel, storage.Quote(t.Name), t.Shape)
	}
	w := &Weight{Source: t, Shape: t.Shape}
	if err := w.undo(a, h, stem); err != nil {
		return err
	}
	m.Weights[name+"."+kind] = w
	return nil
}

func unknown(t *gguf.Tensor) error {
	return fmt.Errorf("%w: the tensor %s is not one of this architecture", ErrModel, storage.Quote(t.Name))
}

// undo says what the converter did to a weight.
func (w *Weight) undo(a *architecture, h *hyperparameters, stem string) error {
	switch {
	case a.rotates && (stem == "attn_q" || stem == "attn_k"):
		w.order, w.head = rotated, h.head
		if w.Shape[0]%h.head != 0 || h.head%2 != 0 {
			return fmt.Errorf("%w: the tensor %s has %d rows, which are no heads of %d", ErrModel, storage.Quote(w.Source.Name), w.Shape[0], h.head)
		}
	case a.threeways && stem == "attn_qkv":
		w.order, w.head, w.heads = threeways, h.head, h.heads
		if w.Shape[0] != 3*h.head*h.heads {
			return fmt.Errorf("%w: the tensor %s has %d rows, want %d", ErrModel, storage.Quote(w.Source.Name), w.Shape[0], 3*h.head*h.heads)
		}
	case a.transposes && len(w.Shape) == 2 && (strings.HasPrefix(stem, "attn_") || strings.HasPrefix(stem, "ffn_")):
		w.Transposed, w.Shape = true, []int{w.Shape[1], w.Shape[0]}
	}
	if a.addsOne && strings.HasSuffix(stem, "norm") {
		w.add = -1
	}
	return nil
}

// addEach adds the weights that lie in one tensor side by side: of experts, or of heads. The
// name has a star where their number stands.
func (m *Model) addEach(a *architecture, h *hyperparameters, t *gguf.Tensor, name string, expert int) error {
	before, after, _ := strings.Cut(name, "*")
	if expert >= 0 {
		m.Weights[before+strconv.Itoa(expert)+after] = &Weight{Source: t, Shape: t.Shape}
		return nil
	}
	dims := len(t.Shape)
	if dims < 2 || dims > 3 || dims == 3 && t.Shape[0] != h.experts || t.Shape[0] > maxHeads {
		return fmt.Errorf("%w: the tensor %s has the shape %v", ErrModel, storage.Quote(t.Name), t.Shape)
	}
	rows := 1
	if dims == 3 {
		rows = t.Shape[1]
	}
	for i := range t.Shape[0] {
		m.Weights[before+strconv.Itoa(i)+after] = &Weight{Source: t, Shape: t.Shape[1:], first: i * rows}
	}
	return nil
}
