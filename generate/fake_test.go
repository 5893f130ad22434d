package generate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
	"github.com/gocoreml/coreml/tokenizer"
)

const (
	fakeContext = 64
	fakeVocab   = 991
)

// fakeModel answers by a rule, next, from all tokens so far. Its cache goes in
// and out and holds the tokens themselves, so that a wrong cache, position or
// mask changes what it sees.
type fakeModel struct {
	next func(tokens []int) int
	// fillRow writes a row of logits in place of next, when set.
	fillRow func(row []float32, seen []int)
	// spoil changes the row of logits of a prediction, when set.
	spoil func(call int, row []float32)
	// before is called at the start of a prediction, when set.
	before func(ctx context.Context, call int) error
	calls  atomic.Int64
	sizes  []int // the tokens of each prediction; for one sequence at a time
	whole  bool
	last   bool // logits of the last token only
	// unrecorded leaves sizes alone, for several sequences at a time.
	unrecorded bool
}

func (m *fakeModel) NewState() (*coreml.State, error) { return nil, errors.New("there are no states") }

func (m *fakeModel) description() *coreml.Description {
	if m.whole {
		return &coreml.Description{
			Inputs:  features{ints("input_ids", 1, fakeContext), ints("attention_mask", 1, fakeContext)},
			Outputs: features{halfs("logits", 1, fakeContext, fakeVocab)},
		}
	}
	return &coreml.Description{
		Inputs: features{
			ints("inputIds", 1, -fakeContext), halfs("causalMask", 1, 1, -fakeContext, -fakeContext), ints("cache", 1, 1, fakeContext, 1),
		},
		Outputs: features{floats("logits"), ints("new_cache", 1, 1, fakeContext, 1)},
	}
}

func (m *fakeModel) driver() *generate.Driver {
	if m.whole {
		return nil
	}
	return &generate.Driver{Caches: map[string]string{"cache": "new_cache"}}
}

func (m *fakeModel) Predict(ctx context.Context, in coreml.Features, _ *coreml.State, opts *coreml.PredictOptions) (coreml.Features, error) {
	call := int(m.calls.Add(1)) - 1
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m.before != nil {
		if err := m.before(ctx, call); err != nil {
			return nil, err
		}
	}
	if m.whole {
		return m.predictWhole(in, call)
	}
	ids, err := intsOf(in.Tensor("inputIds"))
	if err != nil {
		return nil, err
	}
	mask := in.Tensor("causalMask")
	q, width := len(ids), mask.Dim(3)
	if !slices.Equal(mask.Shape(), []int{1, 1, q, width}) || width > fakeContext {
		return nil, fmt.Errorf("mask %v for %d tokens", mask.Shape(), q)
	}
	past := width - q
	cells, err := tensor.Values[float32](mask)
	if err != nil {
		return nil, err
	}
	cache, err := tensor.Values[int32](in.Tensor("cache"))
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		cache[past+i] = int32(id)
	}
	rows := make([]float32, q*fakeVocab)
	for i := range q {
		var seen []int
		for j := range width {
			if hidden := math.IsInf(float64(cells[i*width+j]), -1); hidden != (j > past+i) {
				return nil, fmt.Errorf("row %d of the mask, column %d: hidden is %v", i, j, hidden)
			} else if !hidden {
				seen = append(seen, int(cache[j]))
			}
		}
		m.row(rows[i*fakeVocab:(i+1)*fakeVocab], seen, call)
	}
	if !m.unrecorded {
		m.sizes = append(m.sizes, q)
	}
	if m.last {
		rows, q = rows[(q-1)*fakeVocab:], 1
	}
	out := coreml.Features{}
	if opts != nil && opts.Outputs != nil {
		out = opts.Outputs
	}
	err = put(out, "logits", tensor.Wrap(rows, 1, q, fakeVocab))
	return out, errors.Join(err, put(out, "new_cache", tensor.Wrap(cache, 1, 1, fakeContext, 1)))
}

// put stores a result as an engine does: into the caller's buffer if there is
// one, which must fit.
func put(out coreml.Features, name string, t *tensor.Tensor) error {
	if v, ok := out[name]; ok {
		return t.CopyTo(v.MultiArray())
	}
	out[name] = coreml.MultiArray(t)
	return t.Err()
}

func (m *fakeModel) predictWhole(in coreml.Features, call int) (coreml.Features, error) {
	ids, err := intsOf(in.Tensor("input_ids"))
	if err != nil {
		return nil, err
	}
	attend, err := intsOf(in.Tensor("attention_mask"))
	if err != nil {
		return nil, err
	}
	n := slices.Index(attend, 0)
	if n < 0 {
		n = len(attend)
	}
	if len(ids) != fakeContext || len(attend) != fakeContext || slices.Contains(attend[n:], 1) {
		return nil, fmt.Errorf("%d tokens with mask %v", len(ids), attend)
	}
	rows := make([]float32, fakeContext*fakeVocab)
	for i := range n {
		m.row(rows[i*fakeVocab:(i+1)*fakeVocab], ids[:i+1], call)
	}
	m.sizes = append(m.sizes, n)
	return coreml.Features{"logits": coreml.MultiArray(tensor.Wrap(rows, 1, fakeContext, fakeVocab).To(tensor.Float16))}, nil
}

func (m *fakeModel) row(row []float32, seen []int, call int) {
	if m.fillRow != nil {
		m.fillRow(row, seen)
		return
	}
	row[m.next(seen)] = 10
	if m.spoil != nil {
		m.spoil(call, row)
	}
}

// counting is a rule that depends on every token so far and their order.
func counting(tokens []int) int {
	h := 17
	for _, t := range tokens {
		h = (h*31 + t) % (fakeVocab - 10)
	}
	return h + 10
}

// script is a rule that writes given tokens after a prompt of n tokens, and
// then the end token.
func script(n int, answer []int) func([]int) int {
	return func(tokens []int) int {
		if i := len(tokens) - n; i >= 0 && i < len(answer) {
			return answer[i]
		}
		return 0
	}
}

// storyTokenizer returns the tokenizer of the embedded model, whose end token is
// 0.
func storyTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.LoadFS(storyteller.FS(), ".")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func newFake(t testing.TB, m *fakeModel, o generate.Config) *generate.Generator {
	t.Helper()
	if o.Driver == nil {
		o.Driver = m.driver()
	}
	g, err := generate.NewFake(m, m.description(), storyTokenizer(t), &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func encode(t testing.TB, text string) []int {
	t.Helper()
	ids, err := storyTokenizer(t).Encode(text, false)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func intsOf(t *tensor.Tensor) ([]int, error) {
	values, err := tensor.Values[int64](t)
	out := make([]int, len(values))
	for i, v := range values {
		out[i] = int(v)
	}
	return out, err
}

// fakeSequence returns a sequence over a model, which is closed when the test ends.
func fakeSequence(t *testing.T, m generate.Predictor, desc *coreml.Description, tok *tokenizer.Tokenizer, o *generate.Config) *generate.Sequence {
	t.Helper()
	g, err := generate.NewFake(m, desc, tok, o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
