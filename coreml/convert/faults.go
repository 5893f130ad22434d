package convert

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/storage"
)

// quantities are the fields, by Llama's names, from which the numbers of a model come.
var quantities = map[modelgen.Quantity]string{
	modelgen.Depth:           "num_hidden_layers",
	modelgen.Hidden:          "hidden_size",
	modelgen.Vocabulary:      "vocab_size",
	modelgen.Context:         "max_position_embeddings",
	modelgen.Heads:           "num_attention_heads",
	modelgen.KeyValueHeads:   "num_key_value_heads",
	modelgen.HeadDimension:   "head_dim",
	modelgen.Width:           "intermediate_size",
	modelgen.Window:          "sliding_window",
	modelgen.ExpertsPerToken: "num_experts_per_tok",
	modelgen.Epsilon:         "rms_norm_eps",
}

// modelError names the model type, and the field where one is known, where the graph has
// found a mistake.
func (d *decoder) modelError(err error) error {
	if _, ok := errors.AsType[*Error](err); ok || !errors.Is(err, modelgen.ErrConfig) {
		return err
	}
	c := d.config
	if f, ok := errors.AsType[*modelgen.Fault](err); ok {
		field := d.field(quantities[f.Quantity])
		if (f.Quantity == modelgen.HeadDimension || f.Quantity == modelgen.KeyValueHeads) && !c.has(field) {
			field = d.field("num_attention_heads") // from which it was taken
		}
		return &Error{ModelType: c.modelType, Field: c.path + field, Err: malformed("%s", f.Text)}
	}
	return fmt.Errorf("model_type %s: %w", storage.Quote(c.modelType), storage.Also(err, ErrFormat))
}
