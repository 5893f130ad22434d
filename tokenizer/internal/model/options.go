package model

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// modelOptions are the small fields of a model.
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
	s := &jsontext.Scanner{Data: raw}
	fields := map[string][]byte{}
	err := s.Object(func(key []byte) error {
		name := string(key)
		value, err := s.Skip()
		fields[name] = value
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	o := &modelOptions{MaxChars: 100}
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
	for _, affix := range []*string{o.Prefix, o.Suffix} {
		if affix != nil && len(*affix) > maxAffix {
			return nil, nil, fmt.Errorf("model: a prefix or suffix of more than %d bytes", maxAffix)
		}
	}
	if o.Type == "" {
		o.Type = guessType(fields)
	}
	return fields, o, nil
}

// guessType names the model of a file from before models had a type, as the
// reference does.
func guessType(fields map[string][]byte) string {
	list := len(fields["vocab"]) > 0 && fields["vocab"][0] == '['
	for _, name := range []string{"BPE", "WordPiece", "WordLevel", "Unigram"} {
		if list == (name == "Unigram") && jsontext.Missing(modelFields[name], fields) == "" {
			return name
		}
	}
	return ""
}
