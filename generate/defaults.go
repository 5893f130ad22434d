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
// keys that are not used here are not looked at. Of a key that comes twice the
// last value counts, as for Hugging Face.
func ReadDefaults(r io.Reader) (*Defaults, error) {
	data, err := readConfig(r)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, badFile(err)
	case err != nil:
		return nil, err
	}
	return parseNamedDefaults(data)
}

// badFile returns the error of a file that cannot be read as a whole.
func badFile(err error) error {
	return &ConfigError{Field: defaultsName, Reason: err.Error(), Err: errors.Unwrap(err)}
}

// parseNamedDefaults puts the file's name before an error of its contents. Of a key
// that comes twice the last value counts, as in transformers, for which the file
// was written.
func parseNamedDefaults(data []byte) (*Defaults, error) {
	fields, err := jsonObject(data)
	if err != nil {
		return nil, badFile(err)
	}
	d, err := parseDefaults(fields)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", defaultsName, err)
	}
	return d, nil
}

// defaultsFile holds the keys of generation_config.json that are used. Nil is an
// absent key or null.
type defaultsFile struct {
	sample                           *bool
	temperature, topP, minP, penalty *float64
	typicalP, epsilon, eta           *float64
	topK, maxTokens                  *int
	ngram, minTokens, minNewTokens   *int
	ends, pad, forcedBOS, forcedEOS  intOrList
	suppress, beginSuppress          intOrList
	badWords                         [][]int
	sequenceBias                     biasList
	hasTopK                          bool // even as null
}

// parseDefaults reads the contents of the file. What its values mean together,
// such as a temperature without do_sample, follows transformers.
func parseDefaults(fields map[string]json.RawMessage) (_ *Defaults, err error) {
	var f defaultsFile
	if err := f.read(fields); err != nil {
		return nil, err
	}
	d := &Defaults{PadToken: -1, MaxTokens: valueOr(f.maxTokens, 0)}
	if d.MaxTokens < 0 {
		return nil, configErrorf("max_new_tokens", "is %d, want 1 or more", d.MaxTokens)
	}
	if len(f.pad) > 0 && f.pad[0] >= 0 {
		d.PadToken = f.pad[0]
	}
	for _, id := range f.ends {
		if id != -1 { // which stands for none in older files
			d.EndTokens = append(d.EndTokens, id)
		}
	}
	if err := d.checkIDs(0); err != nil {
		return nil, err
	}
	d.Sampling, err = f.sampling()
	if err != nil {
		return nil, err
	}
	return d, nil
}

// read takes the keys in a fixed order, so that of several errors it is always
// the same that is reported.
func (f *defaultsFile) read(fields map[string]json.RawMessage) error {
	_, f.hasTopK = fields["top_k"]
	for _, key := range []struct {
		name string
		read func(json.RawMessage) error
	}{
		{"do_sample", jsonInto(&f.sample)},
		{"temperature", jsonInto(&f.temperature)},
		{"top_k", jsonInto(&f.topK)},
		{"top_p", jsonInto(&f.topP)},
		{"min_p", jsonInto(&f.minP)},
		{"repetition_penalty", jsonInto(&f.penalty)},
		{"eos_token_id", jsonInto(&f.ends)},
		{"pad_token_id", jsonInto(&f.pad)},
		{"max_new_tokens", jsonInto(&f.maxTokens)},
		{"typical_p", jsonInto(&f.typicalP)},
		{"epsilon_cutoff", jsonInto(&f.epsilon)},
		{"eta_cutoff", jsonInto(&f.eta)},
		{"no_repeat_ngram_size", jsonInto(&f.ngram)},
		{"bad_words_ids", jsonInto(&f.badWords)},
		{"sequence_bias", jsonInto(&f.sequenceBias)},
		{"min_length", jsonInto(&f.minTokens)},
		{"min_new_tokens", jsonInto(&f.minNewTokens)},
		{"forced_bos_token_id", jsonInto(&f.forcedBOS)},
		{"forced_eos_token_id", jsonInto(&f.forcedEOS)},
		{"suppress_tokens", jsonInto(&f.suppress)},
		{"begin_suppress_tokens", jsonInto(&f.beginSuppress)},
	} {
		if raw, ok := fields[key.name]; ok {
			if err := key.read(raw); err != nil {
				return configErrorf(key.name, "%v", err)
			}
		}
	}
	return nil
}

// sampling returns how the file wants tokens chosen, nil for the likeliest one.
func (f *defaultsFile) sampling() (*Sampling, error) {
	if p := f.penalty; p != nil && !(*p > 0) {
		return nil, configErrorf("repetition_penalty", "is %v, want a number above 0; 1 is off", *p)
	}
	s := Sampling{
		RepetitionPenalty: valueOr(f.penalty, 0), NoRepeatNgram: valueOr(f.ngram, 0), BadWords: f.badWords, SequenceBias: f.sequenceBias,
		MinTokens: valueOr(f.minTokens, 0), MinNewTokens: valueOr(f.minNewTokens, 0), ForcedEOS: f.forcedEOS,
		SuppressTokens: f.suppress, BeginSuppressTokens: f.beginSuppress,
	}
	if len(f.forcedBOS) > 0 {
		s.ForcedBOS = &f.forcedBOS[0]
	}
	if valueOr(f.sample, false) {
		s.TypicalP = valueOr(f.typicalP, 0)
		s.EpsilonCutoff, s.EtaCutoff = cutoffOf(f.epsilon), cutoffOf(f.eta)
		s.Temperature, s.TopP, s.MinP = valueOr(f.temperature, 1), valueOr(f.topP, 0), valueOr(f.minP, 0)
		s.TopK = hfTopK
		if f.hasTopK {
			s.TopK = valueOr(f.topK, 0) // null is off
		}
	}
	if err := s.validate(0); err != nil {
		return nil, err
	}
	if s.isZero() {
		return nil, nil
	}
	return &s, nil
}

// cutoffOf returns a cut-off, 0 for one that transformers takes for none.
func cutoffOf(v *float64) float64 {
	if v == nil || !(*v > 0 && *v < 1) {
		return 0
	}
	return *v
}

// checkIDs refuses ids that are no tokens of a model with width logits; 0 means
// that the number is not known.
func (d *Defaults) checkIDs(width int) error {
	if d.Sampling != nil {
		if err := d.Sampling.checkTokens(width); err != nil {
			return err
		}
	}
	if err := checkIDs(d.EndTokens, width, "the end tokens of the defaults (eos_token_id)"); err != nil {
		return err
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
