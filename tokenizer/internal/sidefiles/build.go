package sidefiles

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// build is what a class makes its tokenizers of: the types of the components of a
// section, with spaces between them and a stroke between what it may have.
//
// The classes of the reference's version 5 make these components anew and take only the
// vocabulary from tokenizer.json. This package follows where the components are the
// same, so that only their settings can differ. Where they are others tokenizer.json
// stands, which the model was trained with: SmolLM2's, for one, cuts numbers into
// digits, and its class, GPT2Tokenizer, does not.
type build struct {
	normalizer, preTokenizer, decoder string
	// set changes settings of the components by the configuration.
	set func(s *Side, sections map[string][]byte) error
	// around is the post-processor that the class has, "" for that of tokenizer.json.
	around string
}

// nothing is a post-processor that does nothing.
const nothing = "nothing"

// Rebuilds reports whether the class makes the tokenizer anew, of the same components
// as tokenizer.json. It then adds no tokens but those that [Side.Tokens] gives.
func (s *Side) Rebuilds(sections map[string][]byte) bool {
	b := s.class.build
	if b == nil {
		return false
	}
	for section, types := range map[string]string{"normalizer": b.normalizer, "pre_tokenizer": b.preTokenizer, "decoder": b.decoder} {
		have, err := typesOf(sections[section], 4)
		if err != nil || !slices.Contains(strings.Split(types, "|"), strings.Join(have, " ")) {
			return false
		}
	}
	return true
}

// Set changes the settings of components as the class does by the configuration.
func (s *Side) Set(sections map[string][]byte) error {
	if s.class.build == nil || s.class.build.set == nil {
		return nil
	}
	return s.class.build.set(s, sections)
}

// Renewed returns descriptions of tokens that the class adds once more after all
// others, which changes those.
func (s *Side) Renewed() []added.Token {
	var tokens []added.Token
	if !s.class.renewed {
		return nil
	}
	seen := map[string]bool{}
	add := func(v Value) {
		if !seen[v.Text] {
			seen[v.Text] = true
			tokens = append(tokens, added.Token{Content: v.Text, Special: true})
		}
	}
	for _, n := range s.Names {
		add(n.Value)
	}
	for _, v := range s.Extra {
		add(v)
	}
	return tokens
}

// lists are the fields in which sequences have their components.
var lists = []string{"normalizers", "pretokenizers", "decoders", "processors"}

// typesOf returns the types of the components of a section in their order.
func typesOf(raw json.RawMessage, depth int) ([]string, error) {
	if jsontext.IsNull(raw) {
		return nil, nil
	}
	if depth == 0 {
		return nil, errors.New("nested too deeply")
	}
	f, err := readFields(raw)
	if err != nil {
		return nil, err
	}
	var types []string
	for _, list := range lists {
		var parts []json.RawMessage
		if err := f.read(list, &parts); err != nil {
			return nil, err
		}
		for _, part := range parts {
			more, err := typesOf(part, depth-1)
			if err != nil {
				return nil, err
			}
			types = append(types, more...)
		}
		if parts != nil {
			return types, nil
		}
	}
	var kind string
	err = f.read("type", &kind)
	return append(types, kind), err
}

// change sets fields of the components of a type, wherever they are in a section.
func change(raw []byte, kind string, values map[string]any) ([]byte, error) {
	if jsontext.IsNull(raw) {
		return raw, nil
	}
	f, err := readFields(raw)
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		var parts []json.RawMessage
		if err := f.read(list, &parts); err != nil {
			return nil, err
		}
		for i := range parts {
			if parts[i], err = change(parts[i], kind, values); err != nil {
				return nil, err
			}
		}
		if parts != nil {
			return f.with(map[string]any{list: parts})
		}
	}
	var own string
	if err := f.read("type", &own); err != nil || own != kind {
		return raw, err
	}
	return f.with(values)
}

// with returns the object with other values of some keys.
func (f *fields) with(values map[string]any) ([]byte, error) {
	for key, v := range values {
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		f.set(key, raw)
	}
	return json.Marshal(f.values)
}

// option returns an option of the configuration, where null counts as false.
func (s *Side) option(key string, without bool) (bool, error) {
	if s.config.has(key) {
		without = false
	}
	err := s.Value(key, &without)
	return without, err
}

// prefixSpace has the tokenizer put a space before each text, or not.
func prefixSpace(s *Side, sections map[string][]byte) error {
	add, err := s.option("add_prefix_space", false)
	if err != nil {
		return err
	}
	sections["pre_tokenizer"], err = change(sections["pre_tokenizer"], "ByteLevel", map[string]any{"add_prefix_space": add})
	return err
}

// bertSettings sets how texts are made simpler, and puts the tokens with those names
// around a text.
func bertSettings(s *Side, sections map[string][]byte) error {
	lower, err := s.option("do_lower_case", true)
	if err != nil {
		return err
	}
	chinese, err := s.option("tokenize_chinese_chars", true)
	if err != nil {
		return err
	}
	var accents *bool
	if err := s.Value("strip_accents", &accents); err != nil {
		return err
	}
	sections["normalizer"], err = change(sections["normalizer"], "BertNormalizer", map[string]any{
		"clean_text": true, "handle_chinese_chars": chinese, "strip_accents": accents, "lowercase": lower,
	})
	return err
}

// llamaSettings sets where spaces become marks.
func llamaSettings(s *Side, sections map[string][]byte) error {
	add := true
	var legacy bool
	if err := errors.Join(s.Value("add_prefix_space", &add), s.Value("legacy", &legacy)); err != nil {
		return err
	}
	scheme := "never"
	switch {
	case add && legacy:
		scheme = "always"
	case add:
		scheme = "first"
	}
	var err error
	if sections["pre_tokenizer"], err = change(sections["pre_tokenizer"], "Metaspace", map[string]any{"replacement": "▁", "prepend_scheme": scheme, "split": false}); err != nil {
		return err
	}
	if !add {
		sections["decoder"], err = change(sections["decoder"], "Strip", map[string]any{"start": 0, "stop": 0})
	}
	return err
}

// Around returns the post-processor that the class puts in place of that of
// tokenizer.json; id gives the ids of tokens. It changes nothing where it reports false.
func (s *Side) Around(id func(token string) (int, bool)) ([]byte, bool, error) {
	kind := s.class.build.around
	switch kind {
	case "":
		return nil, false, nil
	case nothing:
		return nil, true, nil
	case "T5":
		return s.endedBy(id)
	}
	p := map[string]any{"type": kind}
	for key, name := range map[string]string{"cls": "cls_token", "sep": "sep_token"} {
		token := s.Named(name)
		n, ok := id(token)
		if !ok {
			return nil, false, nil
		}
		p[key] = []any{token, n}
	}
	if kind == "RobertaProcessing" {
		trim, prefix := true, false
		if err := errors.Join(s.Value("trim_offsets", &trim), s.Value("add_prefix_space", &prefix)); err != nil {
			return nil, false, err
		}
		p["trim_offsets"], p["add_prefix_space"] = trim, prefix
	}
	raw, err := json.Marshal(p)
	return raw, true, err
}

// endedBy returns the post-processor that puts the end of a text behind each, which
// T5 always spells alike.
func (s *Side) endedBy(id func(token string) (int, bool)) ([]byte, bool, error) {
	const end = "</s>"
	n, ok := id(s.Named("eos_token"))
	if !ok {
		return nil, false, nil
	}
	text := func(name string) any { return map[string]any{"Sequence": map[string]any{"id": name, "type_id": 0}} }
	last := map[string]any{"SpecialToken": map[string]any{"id": end, "type_id": 0}}
	raw, err := json.Marshal(map[string]any{
		"type":           "TemplateProcessing",
		"single":         []any{text("A"), last},
		"pair":           []any{text("A"), last, text("B"), last},
		"special_tokens": map[string]any{end: map[string]any{"id": end, "ids": []int{n}, "tokens": []string{end}}},
	})
	return raw, true, err
}
