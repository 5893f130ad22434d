package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// settings is what the files beside a vocabulary say about it, as from_pretrained of
// transformers reads them (PreTrainedTokenizerBase._from_pretrained).
type settings struct {
	fields map[string]json.RawMessage // tokenizer_config.json, and special_tokens_map.json over it
	order  []string                   // of the fields
	// class is the name of the tokenizer's class without Tokenizer and Fast, modelType
	// that of the model in config.json.
	class     string
	modelType string
	added     []added.Token // of added_tokens_decoder or added_tokens.json, by their ids
	extra     []added.Token
}

// readSettings reads the files beside a vocabulary; all of them are optional.
func readSettings(fsys fs.FS, dir string) (*settings, error) {
	s := &settings{fields: map[string]json.RawMessage{}}
	if err := s.overlay(fsys, dir, "tokenizer_config.json"); err != nil {
		return nil, err
	}
	_, listed := s.fields["added_tokens_decoder"]
	if !listed {
		if err := s.overlay(fsys, dir, "special_tokens_map.json"); err != nil {
			return nil, err
		}
	}
	s.extra = s.list("extra_special_tokens")
	if len(s.extra) == 0 {
		s.extra = s.list("additional_special_tokens")
	}
	if err := s.readModel(fsys, dir); err != nil {
		return nil, err
	}
	if listed {
		return s, s.readDecoder()
	}
	return s, s.readAddedFile(fsys, dir)
}

// overlay takes the fields of a file, of which the last of a name counts.
func (s *settings) overlay(fsys fs.FS, dir, name string) error {
	data, err := readOptional(fsys, path.Join(dir, name))
	if err != nil || data == nil {
		return err
	}
	j := &jsontext.Scanner{Data: bytes.TrimPrefix(data, []byte("\uFEFF"))}
	err = j.Object(func(key []byte) error {
		field := string(key)
		raw, err := j.Skip()
		if err == nil && !json.Valid(raw) {
			err = j.Fail("no value")
		}
		if _, ok := s.fields[field]; !ok {
			s.order = append(s.order, field)
		}
		s.fields[field] = raw
		return err
	})
	if err != nil {
		return &FormatError{File: name, Err: err}
	}
	return nil
}

// readModel reads the type of the model from config.json, and the tokenizer's class from
// there where tokenizer_config.json has none.
func (s *settings) readModel(fsys fs.FS, dir string) error {
	data, err := readOptional(fsys, path.Join(dir, "config.json"))
	if err != nil {
		return err
	}
	var c map[string]json.RawMessage
	if data != nil {
		if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\uFEFF")), &c); err != nil {
			return &FormatError{File: "config.json", Err: err}
		}
	}
	s.modelType = textField(c["model_type"])
	class := textField(s.fields["tokenizer_class"])
	if class == "" {
		class = textField(c["tokenizer_class"])
	}
	s.class = strings.TrimSuffix(strings.TrimSuffix(class, "Fast"), "Tokenizer")
	return nil
}

// textField returns a field that is a text, and nothing for one that is something else.
func textField(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

// has reports whether a field is there and not null.
func (s *settings) has(name string) bool { return !jsontext.IsNull(s.fields[name]) }

// token returns the token of a field: a text, or an object with its properties. A text is
// a special token. Special tokens are found as they are written, others after
// normalization, unless the object says something else.
func token(raw json.RawMessage, special bool) (added.Token, bool) {
	if text := textField(raw); text != "" {
		return added.Token{Content: text, Special: true}, true
	}
	a := added.Token{}
	var has struct {
		Normalized *bool `json:"normalized"`
	}
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &a) != nil || json.Unmarshal(raw, &has) != nil || a.Content == "" {
		return added.Token{}, false
	}
	a.Special = a.Special || special
	if has.Normalized == nil {
		a.Normalized = !a.Special
	}
	a.ID = 0
	return a, true
}

// list returns the tokens of a field that is a list of them.
func (s *settings) list(name string) (tokens []added.Token) {
	var parts []json.RawMessage
	if json.Unmarshal(s.fields[name], &parts) != nil {
		return nil
	}
	for _, raw := range parts {
		if a, ok := token(raw, false); ok {
			tokens = append(tokens, a)
		}
	}
	return tokens
}

// own returns the special tokens that a model has beyond the usual ones: fields whose
// names end like theirs, and an object of extra tokens.
func (s *settings) own() (tokens []added.Token) {
	for _, name := range s.order {
		if text := textField(s.fields[name]); text != "" && strings.HasSuffix(name, "_token") && !slices.Contains(sidefiles.Names, name) {
			tokens = append(tokens, added.Token{Content: text, Special: true})
		}
	}
	j := &jsontext.Scanner{Data: s.fields["extra_special_tokens"]}
	if j.Peek() != '{' {
		return tokens
	}
	_ = j.Object(func([]byte) error { // it has been read before
		raw, err := j.Skip()
		if a, ok := token(raw, true); ok {
			tokens = append(tokens, a)
		}
		return err
	})
	return tokens
}

// readDecoder reads added_tokens_decoder, an object of tokens by their ids.
func (s *settings) readDecoder() error {
	var byID map[int64]json.RawMessage
	if err := json.Unmarshal(s.fields["added_tokens_decoder"], &byID); err != nil {
		return &FormatError{File: "tokenizer_config.json", Err: fmt.Errorf("added_tokens_decoder: %w", err)}
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		a, ok := token(byID[id], false)
		if !ok || id < 0 || id > vocab.MaxID {
			return &FormatError{File: "tokenizer_config.json", Err: fmt.Errorf("added_tokens_decoder: %d is no token", id)}
		}
		a.ID = id
		s.added = append(s.added, a)
	}
	return nil
}

// readAddedFile reads added_tokens.json, an object of ids by their tokens. Those that
// another file names are special.
func (s *settings) readAddedFile(fsys fs.FS, dir string) error {
	const name = "added_tokens.json"
	data, err := readOptional(fsys, path.Join(dir, name))
	if err != nil || data == nil {
		return err
	}
	var ids map[string]int64
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\uFEFF")), &ids); err != nil {
		return &FormatError{File: name, Err: err}
	}
	special := map[string]bool{}
	for _, field := range sidefiles.Names {
		if a, ok := token(s.fields[field], true); ok {
			special[a.Content] = true
		}
	}
	for _, a := range s.extra {
		special[a.Content] = true
	}
	for text, id := range ids {
		if id < 0 || id > vocab.MaxID {
			return &FormatError{File: name, Err: fmt.Errorf("the id %d is out of range", id)}
		}
		s.added = append(s.added, added.Token{ID: id, Content: text, Special: special[text], Normalized: !special[text]})
	}
	slices.SortFunc(s.added, func(a, b added.Token) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), strings.Compare(a.Content, b.Content))
	})
	return nil
}
