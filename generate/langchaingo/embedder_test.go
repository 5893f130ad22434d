package langchaingo_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/llms"

	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/generate/langchaingo"
)

const encoder = "../embed/testdata/encoders/mean-bert/model.mlpackage"

func TestVectorsAreThoseOfTheModel(t *testing.T) {
	m, err := embed.Open(t.Context(), encoder, &embed.Config{Prompts: map[string]string{"query": "q: ", "document": "d: "}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	e := langchaingo.NewEmbedder(m, nil)
	texts := []string{"the cat sat", "rain on the roof"}
	want := func(role embed.Role) [][]float32 {
		t.Helper()
		v, err := m.Embed(t.Context(), texts, &embed.Options{Role: role})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	documents, err := e.EmbedDocuments(t.Context(), texts)
	if err != nil || !slices.EqualFunc(documents, want(embed.RoleDocument), slices.Equal) {
		t.Errorf("documents: %v", err)
	}
	query, err := e.EmbedQuery(t.Context(), texts[1])
	if err != nil || !slices.Equal(query, want(embed.RoleQuery)[1]) || slices.Equal(query, documents[1]) {
		t.Errorf("a query: %v", err)
	}
	batches, err := embeddings.NewEmbedder(e, embeddings.WithBatchSize(1))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := batches.EmbedDocuments(t.Context(), texts)
	if err != nil || !slices.EqualFunc(plain, want(embed.RoleNone), slices.Equal) {
		t.Errorf("in batches: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.EmbedQuery(ctx, "the cat"); !errors.Is(err, context.Canceled) || !llms.IsCanceledError(err) {
		t.Errorf("after the context has ended: %v", err)
	}
	if _, err := langchaingo.NewEmbedder(m, &embed.Options{Dimensions: -1}).EmbedQuery(t.Context(), "a"); !llms.IsInvalidRequestError(err) {
		t.Errorf("dimensions below 0: %v", err)
	}
}
