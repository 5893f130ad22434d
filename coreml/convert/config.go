package convert

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// config reads a configuration field by field and remembers which it has read: one that
// nobody asked for may change what the model computes. The first mistake is kept, and
// reading goes on, so that an architecture reads as a list.
type config struct {
	modelType string
	path      string // of the object within the file, with a dot behind it
	fields    map[string]json.RawMessage
	read      map[string]bool
	err       *error
}

// newConfig reads the text of config.json.
func newConfig(raw json.RawMessage) (*config, error) {
	c := &config{read: map[string]bool{}, err: new(error)}
	if err := json.Unmarshal(raw, &c.fields); err != nil || c.fields == nil {
		return nil, malformed("config.json is not a JSON object")
	}
	c.modelType = c.text("model_type", "")
	if *c.err == nil && c.modelType == "" {
		return nil, malformed("config.json has no model_type")
	}
	return c, *c.err
}

// fail keeps an error about a field, unless there is one already.
func (c *config) fail(field string, err error) {
	if *c.err == nil {
		*c.err = &Error{ModelType: c.modelType, Field: c.path + field, Err: err}
	}
}

// has reports whether a field is there and not null.
func (c *config) has(name string) bool {
	if name == noField {
		return false
	}
	c.read[name] = true
	raw, ok := c.fields[name]
	return ok && !isNull(raw)
}

// isNull reports whether a value is null.
func isNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }

// get decodes a field into v and reports whether it is there and not null.
func (c *config) get(name string, v any, want string) bool {
	if !c.has(name) {
		return false
	}
	if err := json.Unmarshal(c.fields[name], v); err != nil {
		c.fail(name, malformed("%s is wanted", want))
		return false
	}
	return true
}

// required stands for the default of a number that must be there.
const required = math.MinInt

// maxCount bounds what is a number of something.
const maxCount = 1 << 30

// count returns a number of something, from 0 on. Missing or null is the default.
func (c *config) count(name string, missing int) int {
	v := float64(0)
	switch {
	case !c.get(name, &v, "a number"):
		if missing == required {
			c.fail(name, malformed("it is missing"))
			return 1
		}
		return missing
	case v < 0 || v > maxCount || v != math.Trunc(v):
		c.fail(name, malformed("%v is not a number of something", v))
		return 1
	}
	return int(v)
}

// maxNumber bounds numbers: what is made of them must be one that fp32 holds.
const maxNumber = 1e30

// number returns a number that is not absurdly large. Missing or null is the default.
func (c *config) number(name string, missing float64) float64 {
	v := missing
	if c.get(name, &v, "a number") && math.Abs(v) > maxNumber {
		c.fail(name, malformed("%v is too large a number", v))
		return missing
	}
	return v
}

// numberOrNull is number for a field of which null means 0, and not the default.
func (c *config) numberOrNull(name string, missing float64) float64 {
	if _, there := c.fields[name]; there {
		missing = 0
	}
	return c.number(name, missing)
}

// factor returns a factor, 1 where it is missing, which must not be 0.
func (c *config) factor(name string) float64 {
	v := c.number(name, 1)
	if v == 0 {
		c.fail(name, malformed("the factor is 0"))
		return 1
	}
	return v
}

// flag returns a bool. Missing or null is the default.
func (c *config) flag(name string, missing bool) bool {
	v := missing
	c.get(name, &v, "true or false")
	return v
}

// text returns a string. Missing or null is the default.
func (c *config) text(name, missing string) string {
	v := missing
	c.get(name, &v, "a string")
	return v
}

// numbers returns a list of numbers, nil where there is none.
func (c *config) numbers(name string) []float64 {
	var v []float64
	c.get(name, &v, "a list of numbers")
	return v
}

// texts returns a list of strings, nil where there is none.
func (c *config) texts(name string) []string {
	var v []string
	c.get(name, &v, "a list of strings")
	return v
}

// object returns a field that is an object, nil where there is none. Its fields count as
// this configuration's own.
func (c *config) object(name string) *config {
	var v map[string]json.RawMessage
	if !c.get(name, &v, "an object") {
		return nil
	}
	return &config{modelType: c.modelType, path: c.path + name + ".", fields: v, read: map[string]bool{}, err: c.err}
}

// only refuses a field that says anything but the one thing that is known here.
func (c *config) only(name string, known ...string) {
	if v := c.text(name, known[0]); !slices.Contains(known, v) {
		c.fail(name, unsupported("%s is not supported", storage.Quote(v)))
	}
}

// off refuses a field that is not null, false or 0: what it switches on is not known here.
func (c *config) off(names ...string) {
	for _, name := range names {
		if c.has(name) && !isOff(c.fields[name]) {
			c.fail(name, unsupported("%s is not supported", excerpt(c.fields[name])))
		}
	}
}

// isOff reports whether a value says nothing: null, false, 0, or empty.
func isOff(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "null", "false", "0", "0.0", `""`, "[]", "{}":
		return true
	}
	return false
}

// excerpt shows the beginning of a value.
func excerpt(raw json.RawMessage) string {
	const shown = 40
	if len(raw) > shown {
		raw = append(slices.Clone(raw[:shown]), "…"...)
	}
	return storage.Quote(string(raw))
}

// harmless are fields that change nothing of what a model computes: they are about
// training, saving, generation, tokens, classification or the program that wrote them.
var harmless = map[string]bool{
	"architectures": true, "auto_map": true, "torch_dtype": true, "dtype": true, "transformers_version": true,
	"model_type": true, "_name_or_path": true, "name_or_path": true, "use_cache": true, "cache_implementation": true,
	"initializer_range": true, "initializer_factor": true, "embedding_initializer_range": true, "init_method": true, "init_std": true, "initializer_cutoff_factor": true, "rescale_prenorm_residual": true,
	"attention_dropout": true, "attn_pdrop": true, "embd_pdrop": true, "resid_pdrop": true, "hidden_dropout": true, "hidden_dropout_prob": true,
	"residual_dropout": true, "embedding_dropout": true, "dropout": true, "classifier_dropout": true, "attention_probs_dropout_prob": true,
	"mlp_dropout": true, "summary_first_dropout": true, "summary_activation": true, "summary_proj_to_labels": true, "summary_type": true, "summary_use_proj": true,
	"bos_token_id": true, "eos_token_id": true, "pad_token_id": true, "unk_token_id": true, "sep_token_id": true, "decoder_start_token_id": true,
	"id2label": true, "label2id": true, "num_labels": true, "problem_type": true, "finetuning_task": true, "task_specific_params": true,
	"pretraining_tp": true, "gradient_checkpointing": true, "use_flash_attn": true, "_flash_attn_2_enabled": true, "attn_implementation": true, "_attn_implementation": true,
	"_attn_implementation_autoset": true, "return_dict": true, "return_dict_in_generate": true, "output_attentions": true, "output_hidden_states": true, "chunk_size_feed_forward": true,
	"is_decoder": true, "tokenizer_class": true, "prefix": true, "quantization": true, "quantization_config": true,
	"reorder_and_upcast_attn": true, "router_aux_loss_coef": true, "output_router_logits": true, "router_jitter_noise": true,
	"torchscript": true, "use_bfloat16": true, "mamba_ssm_dtype": true,
	"max_length": true, "min_length": true, "do_sample": true, "temperature": true, "top_k": true, "top_p": true, "repetition_penalty": true, "num_beams": true,
	"_commit_hash": true, "language": true, "datasets": true, "license": true, "transformers.js_config": true, "attention_probs_dropout": true,
	"n_ctx": true, "z_loss": true, "pad_token": true,
}

// usuallyOn are fields that transformers heeds in every model, and that a model has set
// unless it says otherwise: false is what changes something.
var usuallyOn = map[string]bool{"is_causal": true, "scale_attn_weights": true}

// leftover refuses a field that nobody has asked for and that says something, unless it
// is harmless or the caller has said so. Ignored are such names.
func (c *config) leftover(ignored []string) error {
	for _, name := range slices.Sorted(maps.Keys(c.fields)) {
		raw := bytes.TrimSpace(c.fields[name])
		switch {
		case usuallyOn[name] && !c.read[name] && string(raw) == "true":
		case usuallyOn[name] && !c.read[name] && string(raw) != "null" && !slices.Contains(ignored, c.path+name):
			return &Error{ModelType: c.modelType, Field: c.path + name, Err: unsupported("%s is not supported", excerpt(raw))}
		case c.read[name], isOff(c.fields[name]), c.path == "" && harmless[name], strings.HasPrefix(name, "unsloth"), slices.Contains(ignored, c.path+name):
		default:
			return &Error{ModelType: c.modelType, Field: c.path + name, Err: unsupported("what %s means for this model is not known; if it changes nothing, convert with it ignored", excerpt(c.fields[name]))}
		}
	}
	return nil
}
