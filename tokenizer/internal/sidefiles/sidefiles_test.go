package sidefiles_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
)

// The answers here are those of transformers 5.24, as those in the folder sidefiles of
// the tokenizer's testdata, which has many more.

func read(t testing.TB, files sidefiles.Files) *sidefiles.Side {
	t.Helper()
	s, err := sidefiles.Read(&files)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// texts returns the tokens that are added, special ones with a star.
func texts(s *sidefiles.Side, have ...string) []string {
	var out []string
	for _, token := range s.Tokens(func(text string) bool { return slices.Contains(have, text) }) {
		text := token.Content
		if token.Special {
			text += "*"
		}
		out = append(out, text)
	}
	return out
}

func TestTheOrderInWhichTokensAreAdded(t *testing.T) {
	for _, c := range []struct {
		name, config, added, special string
		want                         string
	}{
		{"nothing", "", "", "", ""},
		{"listed ones by number, then names, then others", `{"extra_special_tokens":["x"],"mask_token":"m","bos_token":"b",
			"added_tokens_decoder":{"100":{"content":"l"},"20":{"content":"k","special":true}}}`, "", "", "k* l b* m* x*"},
		{"names of its own behind those of all", `{"image_token":"i","eos_token":"e","extra_special_tokens":{"audio_token":"a"}}`, "", "", "e* i* a*"},
		{"objects among them before texts", `{"image_token":"i","audio_token":{"__type":"AddedToken","content":"a"}}`, "", "", "a* i*"},
		{"a listed token that has a name is special", `{"eos_token":"l","added_tokens_decoder":{"9":{"content":"l"}}}`, "", "", "l*"},
		{"one of the list of further ones is not", `{"extra_special_tokens":["l"],"added_tokens_decoder":{"9":{"content":"l"}}}`, "", "", "l"},
		{"the other files count without a list", `{"eos_token":"e"}`, `{"n":7,"f":5}`, `{"eos_token":"f"}`, "f* n"},
		{"and not beside one", `{"eos_token":"e","added_tokens_decoder":{}}`, `{"n":7,"f":5}`, `{"eos_token":"f"}`, "e*"},
		{"the class names what the files do not", `{"tokenizer_class":"LlamaTokenizerFast","eos_token":null,"unk_token":"u"}`, "", "", "<s>* u*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := read(t, sidefiles.Files{Config: []byte(c.config), Added: []byte(c.added), Special: []byte(c.special)})
			if got := strings.Join(texts(s), " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTokensThatAreThereAreNotAddedOnceMore(t *testing.T) {
	s := read(t, sidefiles.Files{
		Config: []byte(`{"eos_token":"e","bos_token":"b"}`), Own: []added.Token{{ID: 3, Content: "e", LStrip: true}},
		Padded: true, PadToken: "p",
	})
	if got := texts(s, "e"); !slices.Equal(got, []string{"e*", "b*", "p*"}) {
		t.Errorf("got %q", got)
	}
	if e := s.Names[1].Token; e == nil || !e.LStrip {
		t.Errorf("the end has the description %+v", e)
	}
}

func TestMalformedFilesAreNamed(t *testing.T) {
	for _, c := range []struct{ file, text string }{
		{sidefiles.ConfigName, `[]`},
		{sidefiles.ConfigName, `{"eos_token":`},
		{sidefiles.ConfigName, `{} {}`},
		{sidefiles.ConfigName, `{"eos_token":5}`},
		{sidefiles.ConfigName, `{"eos_token":{"lstrip":true}}`},
		{sidefiles.ConfigName, `{"eos_token":{"content":"e","lstrip":1}}`},
		{sidefiles.ConfigName, `{"added_tokens_decoder":[]}`},
		{sidefiles.ConfigName, `{"added_tokens_decoder":{"x":{"content":"e"}}}`},
		{sidefiles.ConfigName, `{"added_tokens_decoder":{"99999999999999999999":{"content":"e"}}}`},
		{sidefiles.ConfigName, `{"added_tokens_decoder":{"1":"e"}}`},
		{sidefiles.ConfigName, `{"extra_special_tokens":"e"}`},
		{sidefiles.ConfigName, `{"extra_special_tokens":{"a":1}}`},
		{sidefiles.ConfigName, `{"extra_special_tokens":[1]}`},
		{sidefiles.ConfigName, `{"padding_side":"top"}`},
		{sidefiles.ConfigName, `{"tokenizer_class":1}`},
		{sidefiles.ConfigName, `{"eos_token":"` + strings.Repeat("e", added.MaxAdded+1) + `"}`},
		{sidefiles.ConfigName, many("t%d_token")},
		{sidefiles.SpecialName, `{"eos_token":{}}`},
		{sidefiles.SpecialName, `"x"`},
		{sidefiles.AddedName, `{"e":"5"}`},
		{sidefiles.AddedName, `{"e":1.5}`},
		{sidefiles.AddedName, `{"` + strings.Repeat("e", added.MaxAdded+1) + `":5}`},
	} {
		files := sidefiles.Files{}
		*map[string]*[]byte{sidefiles.ConfigName: &files.Config, sidefiles.SpecialName: &files.Special, sidefiles.AddedName: &files.Added}[c.file] = []byte(c.text)
		_, err := sidefiles.Read(&files)
		var got *sidefiles.Error
		if !errors.As(err, &got) || got.File != c.file {
			t.Errorf("%.60s: got error %v, want one of %s", c.text, err, c.file)
		}
	}
}

// many returns an object with two thousand keys.
func many(key string) string {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, `,"`+key+`":"x"`, i)
	}
	return "{" + b.String()[1:] + "}"
}

func TestThePatternOfOldMistralFilesIsFixedWhereAFileAsksForIt(t *testing.T) {
	const (
		asks = `{"fix_mistral_regex":true}`
		old  = `{"model_type":"mistral","transformers_version":"4.57.1"}`
		cuts = `{"type":"Sequence","pretokenizers":[{"type":"Split"},{"type":"ByteLevel"}]}`
	)
	for _, c := range []struct {
		name, config, model, before string
		size                        int
		want                        string // what is left of the components
	}{
		{"the first of a sequence", asks, old, cuts, 131072, "Split ByteLevel"},
		{"before another one", asks, `{"model_type":"pixtral"}`, `{"type":"Digits"}`, 131072, "Split Digits"},
		{"in place of marks", asks, `{}`, `{"type":"Metaspace"}`, 131072, "Split ByteLevel"},
		{"not unless asked", `{}`, old, cuts, 131072, ""},
		{"not without config.json", asks, "", cuts, 131072, ""},
		{"not in files of version 5", asks, `{"model_type":"mistral","transformers_version":"5.0.0"}`, cuts, 131072, ""},
		{"not for other models", asks, `{"model_type":"llama"}`, cuts, 131072, ""},
		{"not in small vocabularies", asks, old, cuts, 32000, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := read(t, sidefiles.Files{Config: []byte(c.config)})
			var model []byte
			if c.model != "" {
				model = []byte(c.model)
			}
			got := string(s.FixedPattern([]byte(c.before), model, c.size))
			if c.want == "" {
				if got != "" {
					t.Errorf("got %s", got)
				}
				return
			}
			at := 0
			for _, kind := range strings.Fields(c.want) {
				i := strings.Index(got[at:], `"type":"`+kind+`"`)
				if i < 0 {
					t.Fatalf("%s is not in %s", kind, got)
				}
				at += i + 1
			}
			if n := strings.Count(got, `"type"`); n != 1+len(strings.Fields(c.want)) || !strings.Contains(got, `[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+`) {
				t.Errorf("got %s", got)
			}
		})
	}
}
