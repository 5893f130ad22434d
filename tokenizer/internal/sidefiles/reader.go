package sidefiles

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// reader merges the files. The fields of the configuration change on the way, as the
// arguments of the reference's constructor do.
type reader struct {
	args *fields
	own  *fields          // tokens with names of the tokenizer's own, that go before args
	base map[string]Value // tokens of args, once they are read
	list map[int64]added.Token
	// byText has the description of each text in list that came last.
	byText map[string]added.Token
	typed  map[string]bool // objects that the configuration has, not special_tokens_map.json
}

// Read merges the files.
func Read(files *Files) (*Side, error) {
	r := &reader{own: &fields{values: map[string]json.RawMessage{}}, list: map[int64]added.Token{}, byText: map[string]added.Token{}, base: map[string]Value{}}
	for _, step := range []struct {
		file string
		do   func(*Files) error
	}{{ConfigName, r.config}, {SpecialName, r.special}, {AddedName, r.added}} {
		if err := step.do(files); err != nil {
			return nil, &Error{step.file, err}
		}
	}
	s, err := r.side(files)
	if err != nil {
		_, named := errors.AsType[*Error](err)
		if _, unknown := errors.AsType[*fault.Unsupported](err); named || unknown {
			return nil, err
		}
		return nil, &Error{ConfigName, err}
	}
	return s, nil
}

// config reads tokenizer_config.json.
func (r *reader) config(files *Files) (err error) {
	if r.args, err = readFields(files.Config); err != nil {
		return err
	}
	// The old name of the list counts where the new one is false to Python.
	if r.args.has("additional_special_tokens") && isEmpty(r.args.values["extra_special_tokens"]) {
		r.args.set("extra_special_tokens", r.args.take("additional_special_tokens"))
	}
	// Texts with names of the tokenizer's own leave the arguments; objects stay, since they
	// become tokens only later.
	for _, key := range slices.Clone(r.args.keys) {
		if isOwn(key) && kind(r.args.values[key]) == '"' {
			r.own.set(key, r.args.take(key))
		}
	}
	if err := cmp.Or(r.takeNamed(), r.check()); err != nil {
		return err
	}
	if !r.args.has("added_tokens_decoder") {
		return nil
	}
	return r.decoder()
}

// check reports values that are no tokens, while it is known which file they are of.
func (r *reader) check() error {
	for _, key := range Names {
		if _, _, err := r.value(key); err != nil {
			return err
		}
	}
	_, err := r.extra()
	return err
}

// decoder lists the tokens of added_tokens_decoder.
func (r *reader) decoder() error {
	decoder, err := readFields(r.args.values["added_tokens_decoder"])
	if err != nil {
		return fmt.Errorf("added_tokens_decoder: %w", err)
	}
	for _, key := range decoder.keys {
		id, err := readID(key)
		if err != nil {
			return fmt.Errorf("added_tokens_decoder: %w", err)
		}
		t, err := readToken(decoder.values[key])
		if err != nil {
			return fmt.Errorf("added_tokens_decoder: %w", err)
		}
		r.put(id, *t)
	}
	return nil
}

// isOwn reports whether a key is a name that the tokenizer itself gives a token.
func isOwn(key string) bool {
	return strings.HasSuffix(key, "_token") && !slices.Contains(Names, key)
}

// takeNamed moves the tokens of an extra_special_tokens that is an object to those with
// names.
func (r *reader) takeNamed() error {
	if kind(r.args.values["extra_special_tokens"]) != '{' {
		return nil
	}
	named, err := readFields(r.args.take("extra_special_tokens"))
	if err != nil {
		return fmt.Errorf("extra_special_tokens: %w", err)
	}
	for _, key := range named.keys {
		r.own.set(key, named.values[key])
	}
	return nil
}

// put lists a token.
func (r *reader) put(id int64, t added.Token) {
	t.ID = 0
	r.list[id], r.byText[t.Content] = t, t
}

// special reads special_tokens_map.json, which files have that were written before
// tokenizer_config.json listed tokens.
func (r *reader) special(files *Files) error {
	r.typed = map[string]bool{}
	for _, key := range r.args.keys {
		r.typed[key] = true
	}
	if r.args.has("added_tokens_decoder") {
		return nil
	}
	m, err := readFields(files.Special)
	if err != nil {
		return err
	}
	for _, key := range m.keys {
		raw := m.values[key]
		// A list is joined to that of the configuration, an object is a special token, and
		// all else takes the place of what was there.
		if key == "extra_special_tokens" && kind(raw) == '[' {
			if raw, err = r.joined(raw); err != nil {
				return err
			}
		} else if kind(raw) == '{' && key != "extra_special_tokens" {
			v, err := readValue(key, raw)
			if err != nil {
				return err
			}
			v.Token.Special, v.typed = true, false
			r.base[key] = v
		} else {
			delete(r.base, key)
		}
		r.args.set(key, raw)
		delete(r.typed, key)
	}
	return cmp.Or(r.takeNamed(), r.check())
}

// joined appends a list of special_tokens_map.json to that of the configuration, but for
// what is there already.
func (r *reader) joined(raw json.RawMessage) (json.RawMessage, error) {
	var all, more []json.RawMessage
	if old := r.args.values["extra_special_tokens"]; !isEmpty(old) {
		if err := json.Unmarshal(old, &all); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(raw, &more); err != nil {
		return nil, err
	}
	if len(all)+len(more) > maxTokens {
		return nil, errTokens
	}
	known := map[string]bool{}
	for _, raw := range all {
		known[string(raw)] = kind(raw) == '"' // an object there is no description yet
	}
	for _, raw := range more {
		if kind(raw) == '{' {
			f, err := readFields(raw)
			if err == nil {
				raw, err = f.with(map[string]any{"special": true})
			}
			if err != nil {
				return nil, err
			}
		}
		if !known[string(raw)] {
			known[string(raw)] = true
			all = append(all, raw)
		}
	}
	return json.Marshal(all)
}

// added lists the tokens of added_tokens.json, and those of tokenizer.json, which go
// before it where an id is the same.
func (r *reader) added(files *Files) error {
	if r.args.has("added_tokens_decoder") {
		return nil
	}
	special, err := r.specialTexts()
	if err != nil {
		return err
	}
	simple, err := readFields(files.Added)
	if err != nil {
		return err
	}
	for _, text := range simple.keys {
		var id int64
		if err := json.Unmarshal(simple.values[text], &id); err != nil {
			return err
		}
		if err := checkLength(text); err != nil {
			return err
		}
		r.put(id, added.Token{Content: text, Special: special[text], Normalized: !special[text]})
	}
	for _, t := range files.Own {
		r.put(t.ID, t)
	}
	return nil
}

// specialTexts returns the texts that have a name or are listed as special, as far as
// they are texts while added_tokens.json is read.
func (r *reader) specialTexts() (map[string]bool, error) {
	texts := map[string]bool{}
	for _, key := range Names {
		if v, ok, err := r.value(key); err != nil {
			return nil, err
		} else if ok && !v.typed {
			texts[v.Text] = true
		}
	}
	extra, err := r.extra()
	for _, v := range extra {
		if v.Token == nil || !r.typed["extra_special_tokens"] {
			texts[v.Text] = true
		}
	}
	return texts, err
}

// value returns the token that a key of the configuration names.
func (r *reader) value(key string) (Value, bool, error) {
	if v, ok := r.base[key]; ok {
		return v, true, nil
	}
	raw := r.args.values[key]
	if jsontext.IsNull(raw) {
		return Value{}, false, nil
	}
	v, err := readValue(key, raw)
	return v, err == nil, err
}

// extra returns the special tokens without a name, each once.
func (r *reader) extra() ([]Value, error) {
	raw := r.args.values["extra_special_tokens"]
	if isEmpty(raw) {
		return nil, nil
	}
	return readValues("extra_special_tokens", raw)
}

// side puts the parts together.
func (r *reader) side(files *Files) (*Side, error) {
	s := &Side{config: r.args, alone: files.Config == nil && files.Added == nil && files.Special == nil && files.Model == nil}
	if r.args.has("additional_special_tokens") && !r.args.has("extra_special_tokens") {
		r.args.set("extra_special_tokens", r.args.take("additional_special_tokens"))
	}
	var class string
	if err := r.args.read("tokenizer_class", &class); err != nil {
		return nil, err
	}
	if err := s.choose(class, files); err != nil {
		return nil, err
	}
	var err error
	if s.Extra, err = r.extra(); err != nil {
		return nil, err
	}
	s.addExtra(r.args.has("extra_special_tokens"))
	if err := r.name(s, files); err != nil {
		return nil, err
	}
	if err := s.readSides(files); err != nil {
		return nil, err
	}
	if len(r.list)+len(s.Names)+len(s.Extra) > maxTokens {
		return nil, errTokens
	}
	// Tokens are added in the order of the ids that the files give them.
	ids := make([]int64, 0, len(r.list))
	for id := range r.list {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, cmp.Compare)
	for _, id := range ids {
		t := r.list[id]
		t.ID = id
		s.Listed = append(s.Listed, t)
	}
	return s, nil
}
