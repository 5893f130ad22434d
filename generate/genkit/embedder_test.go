package genkit_test

import (
	"context"
	"slices"
	"testing"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/core"
	"github.com/firebase/genkit/go/genkit"

	"github.com/gocoreml/coreml/generate/embed"
	coreml "github.com/gocoreml/coreml/generate/genkit"
)

const encoder = "../embed/testdata/encoders/mean-bert/model.mlpackage"

func TestVectorsAreThoseOfTheModel(t *testing.T) {
	m, err := embed.Open(t.Context(), encoder, &embed.Config{Prompts: map[string]string{"query": "q: "}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	k := genkit.Init(t.Context())
	e := coreml.DefineEmbedder(k, "mean", m, nil)
	texts := []string{"the cat sat", "rain on the roof"}
	for _, c := range []struct {
		config any
		role   embed.Role
	}{{nil, embed.RoleNone}, {&coreml.EmbedConfig{Role: "query"}, embed.RoleQuery}, {map[string]any{"role": "query"}, embed.RoleQuery}} {
		want, err := m.Embed(t.Context(), texts, &embed.Options{Role: c.role})
		if err != nil {
			t.Fatal(err)
		}
		r, err := genkit.Embed(t.Context(), k, ai.WithEmbedder(e), ai.WithTextDocs(texts...), ai.WithConfig(c.config))
		if err != nil || len(r.Embeddings) != 2 || !slices.Equal(r.Embeddings[0].Embedding, want[0]) || !slices.Equal(r.Embeddings[1].Embedding, want[1]) {
			t.Errorf("%v: %+v (%v)", c.config, r, err)
		}
	}
	for _, config := range []any{&coreml.EmbedConfig{Role: "poem"}, map[string]any{"rle": "query"}, &coreml.EmbedConfig{Dimensions: -1}} {
		if _, err := genkit.Embed(t.Context(), k, ai.WithEmbedder(e), ai.WithTextDocs("a"), ai.WithConfig(config)); status(err) != core.INVALID_ARGUMENT {
			t.Errorf("%v gave %v", config, err)
		}
	}
	picture := &ai.Document{Content: []*ai.Part{ai.NewMediaPart("image/png", "data:image/png;base64,AA==")}}
	if _, err := genkit.Embed(t.Context(), k, ai.WithEmbedder(e), ai.WithDocs(picture)); status(err) != core.INVALID_ARGUMENT {
		t.Errorf("a picture gave %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := genkit.Embed(ctx, k, ai.WithEmbedder(e), ai.WithTextDocs("a")); status(err) != core.CANCELLED {
		t.Errorf("after the context has ended: %v", err)
	}
}
