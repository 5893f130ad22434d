package decoder

import (
	"encoding/json"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
)

// Step rewrites the tokens of a decoding. It may change the slice. It fails
// by what it leaves in the budget: what it returns then counts for nothing.
type Step func(may *budget.Budget, tokens []string) []string

// Spec is the JSON of a decoder, the fields of all types together. Options are
// pointers where what a file leaves out is not the same as false or nothing.
type Spec struct {
	Type           string          `json:"type"`
	Decoders       []Spec          `json:"decoders"`
	Pattern        json.RawMessage `json:"pattern"`
	Content        string          `json:"content"`
	Start          int             `json:"start"`
	Stop           int             `json:"stop"`
	Replacement    string          `json:"replacement"`
	PrependScheme  string          `json:"prepend_scheme"`
	AddPrefixSpace *bool           `json:"add_prefix_space"`
	Suffix         string          `json:"suffix"`
	Prefix         string          `json:"prefix"`
	Cleanup        *bool           `json:"cleanup"`
	PadToken       *string         `json:"pad_token"`
	WordDelimiter  *string         `json:"word_delimiter_token"`
}

// Steps flattens a decoder: a sequence, also one inside another, becomes the steps of
// all its parts, and any other decoder one step.
func (d *Spec) Steps(dst []Step, c *pattern.Compiler) ([]Step, error) {
	if d.Type != "Sequence" {
		step, err := d.step(c)
		if err != nil {
			return nil, err
		}
		return append(dst, step), nil
	}
	var err error
	for i := range d.Decoders {
		if dst, err = d.Decoders[i].Steps(dst, c); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// step returns the step of a decoder that is no sequence.
func (d *Spec) step(c *pattern.Compiler) (Step, error) {
	switch d.Type {
	case "ByteLevel":
		return decodeByteLevel, nil
	case "ByteFallback":
		return decodeFallback, nil
	case "Fuse":
		return fuse, nil
	case "Metaspace":
		return d.metaspace()
	case "BPEDecoder":
		return d.bpe, nil
	case "WordPiece":
		return d.wordPiece, nil
	case "CTC":
		return d.ctc, nil
	case "Strip":
		return d.strip()
	case "Replace":
		return d.replace(c)
	}
	return nil, &fault.Unsupported{Component: "decoder", Name: d.Type}
}

// fuse makes one token of all. The text stays the same, but steps behind it that look
// at the beginning or the end of a token then see those of the text.
func fuse(_ *budget.Budget, tokens []string) []string { return []string{strings.Join(tokens, "")} }

// Fields are the fields that each decoder may have, by its type; ! marks those that
// are always there.
var Fields = map[string]string{
	"Sequence": "decoders!", "ByteLevel": "add_prefix_space! trim_offsets! use_regex", "ByteFallback": "", "Fuse": "",
	"Metaspace": "replacement! str_rep prepend_scheme add_prefix_space split", "BPEDecoder": "suffix!",
	"WordPiece": "prefix! cleanup!", "Strip": "content! start! stop!", "Replace": "pattern! content!",
	"CTC": "pad_token! word_delimiter_token! cleanup!",
}
