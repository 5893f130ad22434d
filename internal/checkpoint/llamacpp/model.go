package llamacpp

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/gocoreml/coreml/internal/checkpoint/gguf"
	"github.com/gocoreml/coreml/internal/storage"
)

// Model is a model in the words of transformers.
type Model struct {
	// Config is what config.json would hold.
	Config json.RawMessage
	// Weights are the weights by the names that transformers gives them.
	Weights map[string]*Weight
	// Files are the contents of the files of the tokenizer and of generation_config.json.
	Files map[string][]byte
}

// Translate reads a model from its files: one, or all parts of one that was split, in
// their order. The first one has the metadata.
func Translate(ctx context.Context, files []*gguf.File) (*Model, error) {
	tensors := map[string]*gguf.Tensor{}
	for _, f := range files {
		for _, t := range f.Tensors {
			if tensors[t.Name] != nil {
				return nil, fmt.Errorf("%w: two of its files have the tensor %s", ErrModel, storage.Quote(t.Name))
			}
			if !t.Type.Decodes() {
				return nil, fmt.Errorf("%w: tensor %s is stored as %s, which is not read: convert the original model, or quantize it anew to Q4_0, Q8_0 or a K-quant", ErrModel, storage.Quote(t.Name), t.Type)
			}
			tensors[t.Name] = t
		}
	}
	w := newWords(ctx, files[0].Metadata)
	name := w.text("general.architecture")
	a := architectures[name]
	if w.err != nil {
		return nil, w.err
	}
	if a == nil {
		return nil, fmt.Errorf("%w: the architecture %s is not known; known are %v", ErrModel, storage.Quote(name), slices.Sorted(maps.Keys(architectures)))
	}
	if kind, ok := w.meta["general.type"].Text(); ok && kind != "model" {
		return nil, fmt.Errorf("%w: general.type is %s, a model is wanted", ErrModel, storage.Quote(kind))
	}
	w.arch = name
	m := &Model{Weights: map[string]*Weight{}}
	h := w.hyperparameters(tensors)
	if w.err != nil {
		return nil, w.err
	}
	if h.experts > 0 && name == "llama" {
		a = mixtral
	}
	config := a.config(w, h, tensors)
	if err := w.finish(); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		if err := m.add(a, h, tensors[name]); err != nil {
			return nil, err
		}
	}
	v, err := readVocabulary(w)
	if err != nil {
		return nil, err
	}
	if m.Files, err = v.files(h.context); err != nil {
		return nil, err
	}
	v.ids(config)
	if m.Config, err = json.MarshalIndent(config, "", "  "); err != nil {
		return nil, fmt.Errorf("%w: a hyperparameter is no number: %w", ErrModel, err)
	}
	return m, nil
}
