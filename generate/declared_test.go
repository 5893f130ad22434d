package generate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// declaring is a model whose description says of its logits what they are not.
// As [coreml.Model] does, it refuses a buffer that is not as described.
type declaring struct {
	*fakeModel
	desc *coreml.Description
}

func declare(m *fakeModel, logits ...int) *declaring {
	desc := m.description()
	desc.Outputs[0] = floats("logits", logits...)
	return &declaring{m, desc}
}

func (m *declaring) Predict(ctx context.Context, in coreml.Features, st *coreml.State, opts *coreml.PredictOptions) (coreml.Features, error) {
	if opts != nil && opts.Outputs["logits"].Kind() == coreml.KindMultiArray {
		if err := m.desc.Output("logits").Check(opts.Outputs.Tensor("logits").Shape()...); err != nil {
			return nil, err
		}
	}
	return m.fakeModel.Predict(ctx, in, st, opts)
}

func (m *declaring) sequence(t *testing.T) *generate.Sequence {
	t.Helper()
	g, err := generate.NewFake(m, m.desc, nil, &generate.Config{Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLogitsOfAnotherWidthThanDeclaredAreRefusedAtTheFirstPass(t *testing.T) {
	for _, c := range []struct {
		name  string
		model *declaring
		want  string
	}{
		{"with a cache", declare(&fakeModel{next: counting}, 1, 1, 700), "output logits is [1 1 991], where the package declares 700 logits for a token"},
		{"without", declare(&fakeModel{next: counting, whole: true}, 1, fakeContext, 700), "output logits is [1 64 991], where the package declares 700 logits for a token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.model.sequence(t).Append(t.Context(), []int{1})
			if !errors.Is(err, generate.ErrDriver) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestLogitsWithOtherRowsThanDeclaredAreNewInEveryPass(t *testing.T) {
	m := declare(&fakeModel{next: counting}, 1, 1, 1, fakeVocab)
	s := m.sequence(t)
	for _, ids := range [][]int{{1}, {2}, {3, 4}, {5, 6}} {
		if err := s.AppendRows(t.Context(), ids, func(int, []float32) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int{1, 2, 3, 4, 5, 6}; !slices.Equal(s.Tokens(), want) {
		t.Errorf("the tokens are %v, want %v", s.Tokens(), want)
	}
}
