package generate

import (
	"encoding/json"
	"fmt"
	"io"
)

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

// maxConfigBytes bounds the JSON files beside a package.
const maxConfigBytes = 1 << 20

// intOrList is a JSON number or list of numbers.
type intOrList []int

// UnmarshalJSON implements json.Unmarshaler.
func (l *intOrList) UnmarshalJSON(data []byte) error {
	var one *int
	if err := json.Unmarshal(data, &one); err == nil {
		if one != nil {
			*l = intOrList{*one}
		}
		return nil
	}
	var many []int
	if err := json.Unmarshal(data, &many); err != nil {
		return fmt.Errorf("neither a token id nor a list of them: %w", err)
	}
	*l = many
	return nil
}

// ReadDefaults reads a generation_config.json. With do_sample it samples with
// Hugging Face's defaults for what the file leaves out: temperature 1, top-k 50.
func ReadDefaults(r io.Reader) (*Defaults, error) {
	var file struct {
		DoSample          bool            `json:"do_sample"`
		Temperature       *float64        `json:"temperature"`
		TopK              json.RawMessage `json:"top_k"`
		TopP              *float64        `json:"top_p"`
		MinP              *float64        `json:"min_p"`
		RepetitionPenalty *float64        `json:"repetition_penalty"`
		EOS               intOrList       `json:"eos_token_id"`
		Pad               intOrList       `json:"pad_token_id"`
		MaxNewTokens      *int            `json:"max_new_tokens"`
	}
	data, err := io.ReadAll(io.LimitReader(r, maxConfigBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxConfigBytes {
		return nil, fmt.Errorf("%w: generation_config.json has more than %d bytes", ErrConfig, maxConfigBytes)
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("generation_config.json: %w: %w", ErrConfig, err)
	}
	d := &Defaults{EndTokens: file.EOS, PadToken: -1, MaxTokens: max(valueOr(file.MaxNewTokens, 0), 0)}
	if len(file.Pad) > 0 {
		d.PadToken = file.Pad[0]
	}
	s := Sampling{RepetitionPenalty: valueOr(file.RepetitionPenalty, 0)}
	if file.DoSample {
		s.Temperature = valueOr(file.Temperature, 1)
		s.TopP = valueOr(file.TopP, 0)
		s.MinP = valueOr(file.MinP, 0)
		s.TopK = hfTopK
		if file.TopK != nil {
			s.TopK = 0 // null is off
			if err := json.Unmarshal(file.TopK, &s.TopK); err != nil {
				return nil, fmt.Errorf("generation_config.json: top_k: %w: %w", ErrConfig, err)
			}
		}
	}
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("generation_config.json: %w", err)
	}
	if s != (Sampling{}) {
		d.Sampling = &s
	}
	return d, nil
}

func valueOr[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}
