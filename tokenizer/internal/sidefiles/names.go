package sidefiles

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
)

// choose finds the class of the tokenizer, by the name that tokenizer_config.json has.
func (s *Side) choose(name string, files *Files) error {
	other, kind, err := ofModel(files.Model)
	if err != nil {
		// The file is the model's, and who reads it for the model says what is wrong with
		// it; but without it nobody knows what else a vocabulary is for.
		if files.Vocabulary != nil {
			return &Error{ModelName, err}
		}
		other, kind = "", ""
	}
	s.name, s.kind = cmp.Or(name, other), kind
	switch {
	case files.Plain:
		s.class = &plain
	case files.Vocabulary != nil:
		s.class, err = s.classOfVocabulary(files.Vocabulary)
		return err
	default:
		s.class = classOf(s.name, kind, files.ByteLevel)
	}
	return nil
}

// addExtra adds the special tokens without a name that the class has.
func (s *Side) addExtra(listed bool) {
	if !listed {
		for _, text := range s.class.extra {
			s.Extra = append(s.Extra, Value{Text: text})
		}
	}
	for _, text := range s.class.always {
		if !slices.ContainsFunc(s.Extra, func(v Value) bool { return v.Text == text }) {
			s.Extra = append(s.Extra, Value{Text: text})
		}
	}
}

// describeMask gives the mask the description that the class has for one that is a text
// alone.
func (s *Side) describeMask() {
	if !s.class.leftMask {
		return
	}
	for i := range s.Names {
		if n := &s.Names[i]; n.Name == "mask_token" && n.Token == nil {
			n.Token = &added.Token{Content: n.Text, LStrip: true, Special: true, Normalized: s.class.normalMask}
		}
	}
}

// name fills the names: those that every tokenizer has, then those of its own that are
// fields, then those that are texts.
func (r *reader) name(s *Side, files *Files) error {
	// A name whose text is listed has the description of the list.
	for _, key := range Names {
		v, ok, err := r.value(key)
		if err != nil {
			return err
		}
		if ok {
			if t, found := r.byText[v.Text]; found {
				v.Token = &t
			}
			s.setName(key, v)
		}
	}
	// The class names what the configuration does not, even by null.
	for _, d := range s.class.names {
		if !r.args.has(d.Name) {
			r.args.set(d.Name, json.RawMessage("null"))
			if d.Text != "" {
				s.setName(d.Name, d.Value)
			}
		}
	}
	s.describeMask()
	// Padding of tokenizer.json names a token where nothing else does.
	if files.Padded && !r.args.has("pad_token") {
		s.setName("pad_token", Value{Text: files.PadToken})
	}
	for _, key := range r.args.keys {
		if c := kind(r.args.values[key]); !isOwn(key) || c != '"' && c != '{' {
			continue
		}
		v, _, err := r.value(key)
		if err != nil {
			return err
		}
		s.setName(key, v)
		if len(s.Names) > maxNames {
			break
		}
	}
	if len(s.Names)+len(r.own.keys) > maxNames {
		return errors.New("too many tokens with names")
	}
	// Those that were texts in tokenizer_config.json come last, as the reference takes
	// them out of the arguments and hands them on by themselves.
	for _, key := range r.own.keys {
		v, err := readValue(key, r.own.values[key])
		if err != nil {
			return err
		}
		s.setName(key, v)
	}
	return nil
}
