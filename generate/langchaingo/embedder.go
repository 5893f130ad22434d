package langchaingo

import (
	"context"

	"github.com/tmc/langchaingo/embeddings"

	"github.com/gocoreml/coreml/generate/embed"
)

// Embedder makes vectors of texts for langchaingo. It is safe for concurrent use as far
// as its model is, which stays the caller's to close.
type Embedder struct {
	m       *embed.Model
	options embed.Options
}

var (
	_ embeddings.Embedder       = (*Embedder)(nil)
	_ embeddings.EmbedderClient = (*Embedder)(nil)
)

// NewEmbedder returns the embedder of an encoder. The options are those of every call;
// nil is the zero ones.
func NewEmbedder(m *embed.Model, options *embed.Options) *Embedder {
	e := &Embedder{m: m}
	if options != nil {
		e.options = *options
	}
	return e
}

// EmbedDocuments returns a vector for each text, in their order. Models that were trained
// with a prompt for documents get it, unless the options name a role or a prompt.
func (e *Embedder) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	return e.embed(ctx, texts, embed.RoleDocument)
}

// EmbedQuery returns the vector of a text that others are looked for with, with the
// model's prompt for queries as [Embedder.EmbedDocuments] has it for documents.
func (e *Embedder) EmbedQuery(ctx context.Context, text string) ([]float32, error) {
	vectors, err := e.embed(ctx, []string{text}, embed.RoleQuery)
	if err != nil {
		return nil, err
	}
	return vectors[0], nil
}

// CreateEmbedding returns a vector for each text without a prompt of a role. With it
// embeddings.NewEmbedder makes batches of the texts.
func (e *Embedder) CreateEmbedding(ctx context.Context, texts []string) ([][]float32, error) {
	return e.embed(ctx, texts, embed.RoleNone)
}

func (e *Embedder) embed(ctx context.Context, texts []string, role embed.Role) ([][]float32, error) {
	options := e.options
	if options.Role == embed.RoleNone && options.Prompt == "" && options.Prefix == "" {
		options.Role = role
	}
	vectors, err := e.m.Embed(ctx, texts, &options)
	if err != nil {
		return nil, coded(err)
	}
	return vectors, nil
}
