package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// defaultsName is the name of a model's own settings beside its package.
const defaultsName = "generation_config.json"

// Defaults are a model's own settings, the contents of generation_config.json
// that a generator uses.
type Defaults struct {
	// Sampling is nil for a greedy model without a repetition penalty.
	Sampling *Sampling
	// EndTokens are the ids of eos_token_id.
	EndTokens []int
	// MaxTokens is max_new_tokens, 0 when absent.
	MaxTokens int
	// PadToken fills up the input of a model of fixed length. It is -1 when
	// absent.
	PadToken int
}

// hfTopK is what Hugging Face samples with when generation_config.json names no
// top_k (transformers' GenerationConfig).
const hfTopK = 50

// ReadDefaults reads a generation_config.json. With do_sample it samples with
// Hugging Face's defaults for what the file leaves out: temperature 1, top-k 50.
// A key that holds what it cannot mean gives a [*ConfigError] that names it;
// keys that are not used here are not looked at.
func ReadDefaults(r io.Reader) (*Defaults, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxConfigBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxConfigBytes {
		return nil, badFile(fmt.Errorf("has more than %d bytes", maxConfigBytes))
	}
	d, err := parseDefaults(data)
	if err != nil {
		return nil, fmt.Errorf("generation_config.json: %w", err)
	}
	return d, nil
}

func badFile(err error) error {
	return &ConfigError{Field: defaultsName, Reason: err.Error(), Err: errors.Unwrap(err)}
}

func parseDefaults(data []byte) (*Defaults, error) {
	fields, err := jsonObject(data)
	if err != nil {
		return nil, badFile(err)
	}
	var sample *bool
	var temperature, topP, minP, penalty *float64
	var topK, limit *int
	var ends, pad intOrList
	for _, key := range []struct {
		name string
		read func(json.RawMessage) error
	}{
		{"do_sample", jsonInto(&sample)},
		{"temperature", jsonInto(&temperature)},
		{"top_k", jsonInto(&topK)},
		{"top_p", jsonInto(&topP)},
		{"min_p", jsonInto(&minP)},
		{"repetition_penalty", jsonInto(&penalty)},
		{"eos_token_id", jsonInto(&ends)},
		{"pad_token_id", jsonInto(&pad)},
		{"max_new_tokens", jsonInto(&limit)},
	} {
		if raw, ok := fields[key.name]; ok {
			if err := key.read(raw); err != nil {
				return nil, &ConfigError{Field: key.name, Reason: err.Error()}
			}
		}
	}
	d := &Defaults{PadToken: -1, MaxTokens: valueOr(limit, 0)}
	if d.MaxTokens < 0 {
		return nil, &ConfigError{Field: "max_new_tokens", Reason: fmt.Sprintf("is %d, want 1 or more", d.MaxTokens)}
	}
	if len(pad) > 0 && pad[0] >= 0 {
		d.PadToken = pad[0]
	}
	for _, id := range ends {
		if id == -1 {
			continue // stands for none, as in older files
		}
		d.EndTokens = append(d.EndTokens, id)
	}
	if err := d.checkIDs(0); err != nil {
		return nil, err
	}
	if penalty != nil && !(*penalty > 0) {
		return nil, &ConfigError{Field: "repetition_penalty", Reason: fmt.Sprintf("is %v, want a number above 0; 1 is off", *penalty)}
	}
	s := Sampling{RepetitionPenalty: valueOr(penalty, 0)}
	if valueOr(sample, false) {
		s.Temperature, s.TopP, s.MinP = valueOr(temperature, 1), valueOr(topP, 0), valueOr(minP, 0)
		s.TopK = hfTopK
		if _, ok := fields["top_k"]; ok {
			s.TopK = valueOr(topK, 0) // null is off
		}
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	if s != (Sampling{}) {
		d.Sampling = &s
	}
	return d, nil
}

// checkIDs refuses ids that are no tokens of a model with width logits; 0 means
// that the number is not known.
func (d *Defaults) checkIDs(width int) error {
	for _, id := range d.EndTokens {
		if id < 0 || id > math.MaxInt32 || width > 0 && id >= width {
			return &TokenError{ID: id, Where: "the end tokens of the defaults (eos_token_id)", Vocabulary: width}
		}
	}
	if d.PadToken > math.MaxInt32 {
		return &TokenError{ID: d.PadToken, Where: "the padding of the defaults (pad_token_id)"}
	}
	return nil
}

// clone returns a copy that shares no memory with d.
func (d *Defaults) clone() Defaults {
	c := *d
	c.EndTokens = slices.Clone(d.EndTokens)
	c.Sampling = d.Sampling.clone()
	return c
}

// clone returns a copy that shares no memory with s, nil for nil.
func (s *Sampling) clone() *Sampling {
	if s == nil {
		return nil
	}
	c := *s
	if s.Seed != nil {
		c.Seed = new(*s.Seed)
	}
	return &c
}
