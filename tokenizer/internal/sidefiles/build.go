package sidefiles

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// build is what a class makes its tokenizers of: the sections of a tokenizer.json without
// the vocabulary, as descriptions that [Side.expand] fills in. One that is empty has no
// such section.
//
// The classes of the reference's version 5 make all components anew and take only the
// vocabulary, the merges and mostly the post-processor from tokenizer.json, even where the
// model was trained with others: AutoTokenizer so ignores the digits that SmolLM2's file
// cuts, whose class is GPT2Tokenizer, and the first space of Mistral's first one.
type build struct {
	model                             string // the small fields
	normalizer, preTokenizer, decoder string
	// post is the post-processor: JSON, or a list for a text and one for a pair with a
	// stroke between them. Each part of a list is a text A or B, the name of a token, a
	// token itself, a token for the id of a name (token=name), or one so many ids behind a
	// token (token+1), and has its type behind a colon.
	post string
	// behind says that a tokenizer.json is taken as it is, but for the post-processor.
	behind bool
	// last says that it goes before that of tokenizer.json.
	last bool
	// texts are settings that a part of the post-processor can be, where nothing says
	// otherwise.
	texts map[string]string
	// needs are tokens of which a vocabulary must have one. Of others the class makes
	// something else.
	needs []string
}

// Source is what a tokenizer.json, or a vocabulary in its place, says of what a class
// takes over.
type Source struct {
	Model      string // the type of the model, "" where there is no tokenizer.json
	Normalizer []byte
	// Has reports whether the vocabulary has a token.
	Has func(token string) bool
	// Place returns the place of a token in the list of a Unigram model: the first from
	// a place on, with a score of zero if that is asked for.
	Place func(token string, from int, zero bool) (int, bool)
}

// Sections are what a class puts in place of the sections of tokenizer.json, nil for those
// that it does without.
type Sections struct {
	// Model has the small fields of the model. The vocabulary and the merges are those
	// that are there.
	Model                             []byte
	Normalizer, PreTokenizer, Decoder []byte
}

// Sections returns what the class makes of the vocabulary, nil if the tokenizer.json
// stands: where the class takes it as it is, and where it cannot take this vocabulary,
// which is an error of the reference.
func (s *Side) Sections(from *Source) (*Sections, error) {
	b := s.class.build
	if b == nil || b.behind && from.Model != "" || !b.fits(from) {
		return nil, nil
	}
	var out Sections
	for dst, text := range map[*[]byte]string{&out.Model: b.model, &out.Normalizer: b.normalizer, &out.PreTokenizer: b.preTokenizer, &out.Decoder: b.decoder} {
		if text == "" {
			continue
		}
		x := expander{s: s, from: from}
		raw := []byte(x.expand(text))
		if x.err == nil {
			raw, x.err = withoutNulls(raw)
		}
		if errors.Is(x.err, errUnfit) {
			return nil, nil
		}
		if x.err != nil {
			return nil, &Error{ConfigName, x.err}
		}
		if !jsontext.IsNull(raw) {
			*dst = raw
		}
	}
	return &out, nil
}

// fits reports whether the class can take a vocabulary: a list of pieces with scores gives
// one of any kind, but has none itself otherwise.
func (b *build) fits(from *Source) bool {
	if strings.Contains(b.model, `"Unigram"`) && from.Model != "Unigram" {
		return false
	}
	for _, token := range b.needs {
		if from.Has(token) {
			return true
		}
	}
	return len(b.needs) == 0
}

// Decoding returns what the class does in decoding beyond its decoder.
func (s *Side) Decoding() Decoding { return s.class.decoding }

// Post returns the post-processor of the class: JSON, or a list for a text and one for a
// pair of them. It is empty where the class has none, or none beside another one (beside).
// The function id gives the ids of tokens.
func (s *Side) Post(beside bool, id func(token string) int) (raw []byte, single, pair []string, err error) {
	b := s.class.build
	if b == nil || b.post == "" || beside && !b.last {
		return nil, nil, nil, nil
	}
	if !beside && s.class.renewed == asTheyAre {
		// Adding the tokens once more takes back what such a class has put around a
		// text (TokenizersBackend._post_init).
		return nil, nil, nil, nil
	}
	x := expander{s: s, id: id}
	text := x.expand(b.post)
	if x.err != nil {
		return nil, nil, nil, &Error{ConfigName, x.err}
	}
	if strings.HasPrefix(text, "{") {
		return []byte(text), nil, nil, nil
	}
	one, two, _ := strings.Cut(text, " | ")
	return nil, strings.Fields(one), strings.Fields(two), nil
}

// Text returns the token that a part of a post-processor names: one with a name, or the
// setting of a class. It reports false for what is a token itself.
func (s *Side) Text(name string) (string, bool) {
	for i := range s.Names {
		if s.Names[i].Name == name {
			return s.Names[i].Text, true
		}
	}
	if b := s.class.build; b != nil {
		if text, ok := b.texts[name]; ok {
			return s.language(name, text), true
		}
	}
	return "", false
}

// language returns a language by the token that stands for it. Those of a class whose
// tokens begin and end with two low lines are written without in settings.
func (s *Side) language(key, text string) string {
	wrapped := strings.HasPrefix(text, "__")
	_ = s.Value(key, &text) // anything but a text leaves it
	if wrapped && !strings.Contains(text, "__") {
		text = "__" + text + "__"
	}
	return text
}

// lists are the fields in which sequences have their components.
var lists = []string{"normalizers", "pretokenizers", "decoders"}

// withoutNulls takes the parts of a sequence out that are null.
func withoutNulls(raw []byte) ([]byte, error) {
	if jsontext.IsNull(raw) {
		return raw, nil
	}
	f, err := readFields(raw)
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		var parts, kept []json.RawMessage
		if err := f.read(list, &parts); err != nil || parts == nil {
			continue
		}
		kept = []json.RawMessage{}
		for _, part := range parts {
			if !jsontext.IsNull(part) {
				kept = append(kept, part)
			}
		}
		return f.with(map[string]any{list: kept})
	}
	return raw, nil
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

// Renewed returns descriptions of tokens that the class adds once more after all
// others, which changes those.
func (s *Side) Renewed() []added.Token {
	if s.class.renewed == notRenewed {
		return nil
	}
	var tokens []added.Token
	seen := map[string]bool{}
	add := func(v Value) {
		one := added.Token{Content: v.Text}
		if v.Token != nil && s.class.renewed == asTheyAre {
			one = *v.Token
		} else if seen[v.Text] {
			return
		}
		seen[v.Text] = true
		one.ID, one.Special = 0, true
		tokens = append(tokens, one)
	}
	for _, n := range s.Names {
		add(n.Value)
	}
	for _, v := range s.Extra {
		add(v)
	}
	return tokens
}

// errSetting says that a setting is of another type than the class wants.
func errSetting(key, want string) error { return fmt.Errorf("%s is no %s", key, want) }
