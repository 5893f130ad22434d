package genkit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/core"
	"github.com/firebase/genkit/go/core/api"
	"github.com/firebase/genkit/go/genkit"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/generate/internal/bridge"
)

// EmbedConfig is what ai.WithConfig sets of a request for vectors.
type EmbedConfig struct {
	// Role is what the texts are: "query", "document" or empty. Models that were trained
	// with a prompt for it get that.
	Role string `json:"role,omitempty"`
	// Dimensions cuts the vectors, for models that were trained for it.
	Dimensions int `json:"dimensions,omitempty"`
}

// DefineEmbedder registers an encoder as the embedder Provider/name. The options are
// those of every request, which its [EmbedConfig] changes; nil is the zero ones. The
// encoder stays the caller's to close.
func DefineEmbedder(k *genkit.Genkit, name string, m *embed.Model, options *embed.Options) ai.Embedder {
	e := &embedder{m: m}
	if options != nil {
		e.options = *options
	}
	return genkit.DefineEmbedder(k, api.NewName(Provider, name), &ai.EmbedderOptions{
		Label:        "Core ML - " + name,
		ConfigSchema: core.InferSchemaMap(EmbedConfig{}),
		Dimensions:   m.Dimensions(),
		Supports:     &ai.EmbedderSupports{Input: []string{"text"}},
	}, e.embed)
}

type embedder struct {
	m       *embed.Model
	options embed.Options
}

func (e *embedder) embed(ctx context.Context, req *ai.EmbedRequest) (*ai.EmbedResponse, error) {
	options, err := e.requestOptions(req.Options)
	if err != nil {
		return nil, failed(err)
	}
	texts := make([]string, 0, len(req.Input))
	for i, doc := range req.Input {
		text, err := documentText(doc)
		if err != nil {
			return nil, failed(&generate.ConfigError{Field: fmt.Sprintf("input[%d]", i), Reason: err.Error(), Err: err})
		}
		texts = append(texts, text)
	}
	vectors, err := e.m.Embed(ctx, texts, options)
	if err != nil {
		return nil, failed(err)
	}
	out := &ai.EmbedResponse{}
	for _, v := range vectors {
		out.Embeddings = append(out.Embeddings, &ai.Embedding{Embedding: v})
	}
	return out, nil
}

func (e *embedder) requestOptions(value any) (*embed.Options, error) {
	options := e.options
	if value == nil {
		return &options, nil
	}
	var c EmbedConfig
	text, err := json.Marshal(value)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		err = d.Decode(&c)
	}
	if err != nil {
		return nil, &generate.ConfigError{Field: "options", Reason: err.Error(), Err: err}
	}
	if c.Dimensions != 0 {
		options.Dimensions = c.Dimensions
	}
	switch c.Role {
	case "":
	case embed.RoleQuery.String():
		options.Role = embed.RoleQuery
	case embed.RoleDocument.String():
		options.Role = embed.RoleDocument
	default:
		return nil, bridge.Refused("options.role", "is %q, want query or document", c.Role)
	}
	return &options, nil
}

// documentText returns the text of a document.
func documentText(doc *ai.Document) (string, error) {
	var b strings.Builder
	if doc == nil {
		return "", nil
	}
	for _, part := range doc.Content {
		if !part.IsText() && !part.IsData() {
			return "", fmt.Errorf("has a part that is no text: the model makes vectors of texts")
		}
		b.WriteString(part.Text)
	}
	return b.String(), nil
}
