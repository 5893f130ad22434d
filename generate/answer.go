package generate

import (
	"fmt"
	"math"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/tensor"
)

// maxVocabulary bounds the ids that a package may give as its tokens.
const maxVocabulary = 1 << 24

// answer is what a forward pass gives: rows of logits.
type answer struct {
	// parts are outputs whose rows together are the logits, each along an axis;
	// indices and values are there in their place where the package chooses.
	parts           []part
	indices, values []*tensor.Tensor
	offsets         []int
	rows            int // rows of logits, 0 where the pass gives none
	first           int // the row of the first token of the pass
	width           int // logits in a row
}

// part is an output with logits: count of them for each row, stride apart.
type part struct {
	t                   *tensor.Tensor
	count, stride, step int
}

// take reads the shapes of what the last stage gave in a pass.
func (a *answer) take(m *boundModel, out coreml.Features, p pass) error {
	a.first = p.past - p.base
	var sizes [8]int
	if len(m.output.Indices) > 0 {
		return a.takeIndices(m, out)
	}
	for _, name := range m.output.Logits {
		t := out.Tensor(name)
		if err := t.Err(); err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
		n := min(t.Rank(), len(sizes))
		for i := range n {
			sizes[i] = t.Dim(i)
		}
		axis := vocabularyAxis(sizes[:n], m.output.VocabularyAxis, p.q)
		one := part{t: t, count: t.Dim(axis), stride: 1, step: t.Dim(axis)}
		if t.Rank() == 0 || one.count <= 0 {
			return fmt.Errorf("%w: output %s has no logits", ErrDriver, name)
		}
		rows := 1
		for i := range t.Rank() {
			// The first axis may be that of a batch, whose rows are all the same.
			if i != axis && (i > 0 || !m.batched()) {
				rows *= t.Dim(i)
			}
		}
		if axis < t.Rank()-1 {
			one.stride, one.step = rows, 1
		}
		if len(a.parts) > 0 && rows != a.rows {
			return fmt.Errorf("%w: output %s has %d rows, those before it %d", ErrDriver, name, rows, a.rows)
		}
		a.parts, a.rows, a.width = append(a.parts, one), rows, a.width+one.count
	}
	if a.rows == 1 && p.q > 1 && p.past+p.take-p.base < p.q {
		return fmt.Errorf("%w: output %s has one row, which belongs to the padding", ErrDriver, m.output.Logits[0])
	}
	return nil
}

// shape returns the shape of the first output of logits, for errors.
func (a *answer) shape() []int {
	if len(a.parts) == 0 {
		return nil
	}
	return a.parts[0].t.Shape()
}

// clear forgets the last pass, but for memory.
func (a *answer) clear() {
	clear(a.parts)
	clear(a.indices)
	clear(a.values)
	*a = answer{parts: a.parts[:0], indices: a.indices[:0], values: a.values[:0]}
}

// batched reports whether a prediction has several texts, which are all the same.
func (b *boundModel) batched() bool {
	if b.tokens == nil {
		return false
	}
	lo, _ := axes.Bounds(b.tokens, 0)
	return axes.Rank(b.tokens) > 1 && lo > 1
}

// takeIndices is take for a package that chooses tokens.
func (a *answer) takeIndices(m *boundModel, out coreml.Features) error {
	for _, name := range m.output.Indices {
		a.indices = append(a.indices, out.Tensor(name))
	}
	for _, name := range m.output.Values {
		a.values = append(a.values, out.Tensor(name))
	}
	a.offsets, a.rows, a.width = m.output.Offsets, 1, int(m.vocabulary.Load())
	for _, list := range [2][]*tensor.Tensor{a.indices, a.values} {
		for _, t := range list {
			if err := t.Err(); err != nil {
				return fmt.Errorf("output with the chosen tokens: %w", err)
			}
		}
	}
	return nil
}

// read writes one row of the logits to dst, which it returns, grown as needed. In a
// batch it is that of the first text.
func (a *answer) read(dst []float32, row int) ([]float32, error) {
	return a.readOf(dst, 0, 1, row)
}

// readOf is read for one of the texts of a batch.
func (a *answer) readOf(dst []float32, text, texts, row int) ([]float32, error) {
	if len(a.indices) > 0 {
		return a.readIndices(dst)
	}
	if cap(dst) < a.width {
		dst = make([]float32, a.width)
	}
	dst = dst[:a.width]
	at := 0
	for i := range a.parts {
		p := &a.parts[i]
		if err := p.read(dst[at:at+p.count], text*(p.t.Len()/texts)+row*p.step); err != nil {
			return dst, err
		}
		at += p.count
	}
	return dst, nil
}

// read converts the elements from an offset on, stride apart.
func (p *part) read(dst []float32, offset int) error {
	switch p.t.DType() {
	case tensor.Float16:
		data, err := tensor.Data[tensor.Half](p.t)
		if err != nil {
			return err
		}
		if p.stride == 1 {
			tensor.HalvesToFloat32(dst, data[offset:offset+len(dst)])
			return nil
		}
		for i := range dst {
			dst[i] = data[offset+i*p.stride].Float32()
		}
	case tensor.Float32:
		data, err := tensor.Data[float32](p.t)
		if err != nil {
			return err
		}
		if p.stride == 1 {
			copy(dst, data[offset:])
			return nil
		}
		for i := range dst {
			dst[i] = data[offset+i*p.stride]
		}
	default:
		return fmt.Errorf("%w: logits of type %v", ErrDriver, p.t.DType())
	}
	return nil
}

// readIndices makes logits of the tokens that the package chose: minus infinity for
// all others.
func (a *answer) readIndices(dst []float32) ([]float32, error) {
	least, best := 0, -1
	value, bestValue := float32(0), float32(math.Inf(-1))
	grow := func(id int) bool {
		if id < 0 || id >= maxVocabulary || a.width > 0 && id >= a.width {
			return false
		}
		least = max(a.width, id+1, len(dst))
		if cap(dst) < least {
			dst = append(make([]float32, 0, least), dst...)
		}
		for n := len(dst); n < least; n++ {
			dst = append(dst, float32(math.Inf(-1)))
		}
		return true
	}
	dst = dst[:0]
	part := 0
	for i, t := range a.indices {
		for k := range t.Len() {
			id, err := number(t, k)
			if err == nil && i < len(a.values) {
				var v float64
				v, err = number(a.values[i], k)
				value = float32(v)
			}
			if err != nil {
				return dst, err
			}
			at := int(id)
			if len(a.offsets) > 0 {
				if part >= len(a.offsets) {
					return dst, fmt.Errorf("%w: the package gives more indices than the driver has offsets, %d", ErrDriver, len(a.offsets))
				}
				at += a.offsets[part]
				part++
			}
			if !grow(at) {
				return dst, fmt.Errorf("%w: the package chose token id %d, which is not in the vocabulary of %d", ErrDriver, at, a.width)
			}
			if len(a.offsets) == 0 {
				dst[at] = value
			} else if value > bestValue || best < 0 {
				best, bestValue = at, value
			}
		}
	}
	if best >= 0 {
		dst[best] = bestValue
	}
	return dst, nil
}

// number reads element k of a tensor.
func number(t *tensor.Tensor, k int) (float64, error) {
	switch t.DType() {
	case tensor.Int32:
		data, err := tensor.Data[int32](t)
		return at(data, k), err
	case tensor.Float32:
		data, err := tensor.Data[float32](t)
		return at(data, k), err
	case tensor.Float16:
		data, err := tensor.Data[tensor.Half](t)
		if err != nil || k >= len(data) {
			return 0, err
		}
		return float64(data[k].Float32()), nil
	}
	return 0, fmt.Errorf("%w: indices of type %v", ErrDriver, t.DType())
}

// at returns an element as a float64, 0 where there is none.
func at[T int32 | float32](data []T, k int) float64 {
	if k >= len(data) {
		return 0
	}
	return float64(data[k])
}
