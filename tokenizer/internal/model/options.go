package model

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// modelOptions are the small fields of a model, those of all types together. A pointer
// is nil where the file has nothing or null.
type modelOptions struct {
	Type         string
	Dropout      *float64
	Unk          *string
	Prefix       *string
	Suffix       *string
	FuseUnk      bool
	ByteFallback bool
	IgnoreMerges bool
	MaxChars     int
	UnkID        *int
}

// readOptions reads the small fields of a model and finds the large ones.
func readOptions(raw []byte) (map[string][]byte, *modelOptions, error) {
	if jsontext.IsNull(raw) {
		return nil, nil, errors.New("the file has no model")
	}
	fields, err := readFields(raw)
	if err != nil {
		return nil, nil, err
	}
	o := &modelOptions{MaxChars: 100} // the reference's default
	for name, dst := range map[string]any{
		"type": &o.Type, "dropout": &o.Dropout, "unk_token": &o.Unk, "continuing_subword_prefix": &o.Prefix,
		"end_of_word_suffix": &o.Suffix, "fuse_unk": &o.FuseUnk, "byte_fallback": &o.ByteFallback,
		"ignore_merges": &o.IgnoreMerges, "max_input_chars_per_word": &o.MaxChars, "unk_id": &o.UnkID,
	} {
		if value, ok := fields[name]; ok && !jsontext.IsNull(value) {
			if err := json.Unmarshal(value, dst); err != nil {
				return nil, nil, fmt.Errorf("model: %s: %w", name, err)
			}
		}
	}
	if max(len(textOf(o.Prefix)), len(textOf(o.Suffix))) > maxAffix {
		return nil, nil, fmt.Errorf("model: a prefix or suffix of more than %d bytes", maxAffix)
	}
	if o.Type == "" {
		o.Type = guessType(fields)
	}
	return fields, o, nil
}

// readFields finds the fields of the section. Vocabularies and merges have many
// megabytes and are only passed over here; who reads them does so without a copy.
func readFields(raw []byte) (map[string][]byte, error) {
	s := &jsontext.Scanner{Data: raw}
	fields := map[string][]byte{}
	return fields, s.Object(func(key []byte) error {
		name := string(key)
		value, err := s.Skip()
		fields[name] = value
		return err
	})
}

// textOf returns a text that a file may leave out.
func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// guessType names the model of a file from before models had a type, as the
// reference does: the first of which no field is missing. Unigram is the one with a
// list for a vocabulary.
func guessType(fields map[string][]byte) string {
	list := len(fields["vocab"]) > 0 && fields["vocab"][0] == '['
	for _, name := range []string{"BPE", "WordPiece", "WordLevel", "Unigram"} {
		if list == (name == "Unigram") && jsontext.Missing(modelFields[name], fields) == "" {
			return name
		}
	}
	return ""
}
