package sidefiles

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// mistralPattern cuts texts as Mistral's own tokenizer does. Files that were converted
// for the hub have another one.
const mistralPattern = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|` +
	`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|` +
	`\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

// mistralSize is the number of tokens from which on a vocabulary can be one of those.
const mistralSize = 100000

// FixedPattern returns the pre-tokenizer with the right pattern where fix_mistral_regex
// asks for it and config.json, the text model, is that of a Mistral model which a
// version of the reference before 5 has written. It returns nil elsewhere.
func (s *Side) FixedPattern(preTokenizer, model []byte, size int) []byte {
	fix := false
	if err := s.Value("fix_mistral_regex", &fix); err != nil || !fix || size <= mistralSize || jsontext.IsNull(preTokenizer) || len(model) == 0 {
		return nil
	}
	if !isOldMistral(model) {
		return nil
	}
	split := map[string]any{"type": "Split", "pattern": map[string]any{"Regex": mistralPattern}, "behavior": "Isolated", "invert": false}
	f, err := readFields(preTokenizer)
	if err != nil {
		return nil
	}
	var kind string
	var parts []json.RawMessage
	if f.read("type", &kind) != nil || f.read("pretokenizers", &parts) != nil {
		return nil
	}
	var whole []any
	switch {
	case kind == "Sequence" && len(parts) > 0:
		whole = append(whole, split)
		for _, part := range parts[1:] {
			whole = append(whole, part)
		}
	case kind == "Metaspace":
		whole = []any{split, map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}}
	default:
		whole = []any{split, json.RawMessage(preTokenizer)}
	}
	fixed, err := json.Marshal(map[string]any{"type": "Sequence", "pretokenizers": whole})
	if err != nil {
		return nil
	}
	return fixed
}

// isOldMistral reports whether a config.json says so.
func isOldMistral(model []byte) bool {
	f, err := readFields(model)
	if err != nil {
		return false
	}
	var version, kind *string
	if f.read("transformers_version", &version) != nil || f.read("model_type", &kind) != nil {
		return false
	}
	if version != nil && *version != "" {
		first, _, _ := strings.Cut(*version, ".")
		if major, err := strconv.Atoi(first); err != nil || major >= 5 {
			return false
		}
	}
	return kind == nil || slices.Contains([]string{"mistral", "mistral3", "voxtral", "ministral", "pixtral"}, *kind)
}
