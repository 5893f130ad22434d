package generate_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// wordTokenizer returns a tokenizer whose vocabulary has own words, w0 and on, and
// to which tokens and special ones were added, a0 and s0 and on.
func wordTokenizer(t *testing.T, own, added, special int) *tokenizer.Tokenizer {
	t.Helper()
	var vocab, more []string
	for i := range own {
		vocab = append(vocab, fmt.Sprintf(`"w%d": %d`, i, i))
	}
	for i := range added + special {
		token := fmt.Sprintf("a%d", i)
		if i >= added {
			token = fmt.Sprintf("s%d", i-added)
		}
		more = append(more, fmt.Sprintf(`{"id": %d, "content": %q, "special": %v, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}`,
			own+i, token, i >= added))
	}
	file := fmt.Sprintf(`{"version": "1.0", "added_tokens": [%s], "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
		"model": {"type": "WordLevel", "unk_token": "w0", "vocab": {%s}}}`, strings.Join(more, ","), strings.Join(vocab, ","))
	tok, err := tokenizer.LoadFS(fstest.MapFS{"tokenizer.json": {Data: []byte(file)}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// openWords joins a model with so many logits and a tokenizer.
func openWords(logits int, tok *tokenizer.Tokenizer) error {
	m := &fakeModel{next: counting}
	_, err := generate.NewFake(m, withLogits(m, logits), tok, &generate.Config{Driver: m.driver()})
	return err
}

// The sizes are those of published models and their tokenizers.
func TestTokenizersOfPublishedModelsAreAccepted(t *testing.T) {
	for _, c := range []struct {
		name                        string
		logits, own, added, special int
	}{
		{"GPT-2", 50257, 50257, 0, 0},
		{"Phi-2, rounded up by 905", 51200, 50257, 37, 1},
		{"DeepSeek LLM, rounded up by 2385", 102400, 100000, 0, 15},
		{"Qwen3, rounded up by 267", 151936, 151643, 12, 14},
		{"Gemma 3, whose tokenizer has a token for images beyond the logits", 262144, 262144, 0, 1},
		{"Llama 2 with a token for padding that was added later", 32000, 32000, 0, 1},
		{"a fine-tune with words that it never learned", 32000, 32000, 9, 0},
		{"a small alphabet, rounded up to 128", 128, 65, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.own > 100_000 {
				t.Skip("SKIPPED: so many words take seconds to write and to read")
			}
			if err := openWords(c.logits, wordTokenizer(t, c.own, c.added, c.special)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestATokenizerOfAnotherVocabularyIsRefused(t *testing.T) {
	for _, c := range []struct {
		name                       string
		logits, own, added, report int
	}{
		{"one word more than the model has logits", 32000, 32001, 0, 32001},
		{"half of it", 496, 991, 0, 991},
		{"of a tiny model", 10, 991, 0, 991},
		{"of SmolLM2's where GPT-2's is given", 49152, 50257, 0, 50257},
		{"of SmolLM2's where Mistral's is given", 49152, 32000, 0, 0},
		{"many times as large", 49152, 991, 0, 0},
		{"with more added words than a model lacks", 991, 991, 100, 0},
		{"with words and added words beyond the logits", 900, 991, 3, 991},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := openWords(c.logits, wordTokenizer(t, c.own, c.added, 0))
			got, ok := errors.AsType[*generate.VocabularyError](err)
			want := generate.VocabularyError{Tokenizer: c.own + c.added, Logits: c.logits, Own: c.report}
			if !ok || !errors.Is(err, generate.ErrConfig) || *got != want {
				t.Errorf("got %v, want %+v", err, want)
			}
		})
	}
	t.Run("that shows at the first prediction only", func(t *testing.T) {
		p := &probe{rows: 3}
		desc := &coreml.Description{Inputs: features{ints("ids", 1, -8)}, Outputs: features{floats("logits")}}
		g, err := generate.NewFake(p, desc, storyTokenizer(t), &generate.Config{MaxStates: 1})
		if err != nil {
			t.Fatal(err)
		}
		r, err := generate.Collect(g.StreamTokens(t.Context(), []int{1, 2, 3}, nil))
		if _, ok := errors.AsType[*generate.VocabularyError](err); !ok || len(r.Tokens) != 0 {
			t.Errorf("got %v, %v; want a VocabularyError", r.Tokens, err)
		}
	})
	if g := openStory(t, nil); g.Vocabulary() != fakeVocab {
		t.Errorf("the embedded model's vocabulary is %d before its first prediction, want %d", g.Vocabulary(), fakeVocab)
	}
}

// storyWith is the storyteller's file system with a config.json.
func storyWith(t *testing.T, config string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(storyteller.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(storyteller.FS(), name)
		out[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out["config.json"] = &fstest.MapFile{Data: []byte(config)}
	return out
}

func TestConfigBesideThePackageTellsTheSizeOfTheVocabulary(t *testing.T) {
	for _, c := range []struct {
		name, config string
		declared     int // of the error, 0 for none
	}{
		{"the tokenizer's", `{"vocab_size": 991}`, 0},
		{"smaller than the tokenizer", `{"vocab_size": 960}`, 960},
		{"smaller, of the text model of several", `{"vocab_size": 7, "text_config": {"vocab_size": 960}}`, 960},
		{"larger than the logits, as of a package that was cut down", `{"vocab_size": 2000}`, 0},
		{"of quite another model", `{"vocab_size": 200}`, 0},
		{"absent", `{"model_type": "llama"}`, 0},
		{"not a number", `{"vocab_size": "many"}`, 0},
		{"in no JSON", `vocab_size = 960`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := generate.OpenFS(t.Context(), storyWith(t, c.config), storyteller.Package, nil)
			if err == nil {
				defer g.Close()
			}
			got, ok := errors.AsType[*generate.VocabularyError](err)
			want := generate.VocabularyError{Tokenizer: fakeVocab, Logits: fakeVocab, Own: fakeVocab, Declared: c.declared}
			if ok != (c.declared > 0) || !ok && err != nil || ok && *got != want {
				t.Errorf("got %v, want %+v", err, want)
			}
		})
	}
}

func TestMetadataTellsTheSizeOfTheVocabulary(t *testing.T) {
	for _, c := range []struct {
		name     string
		metadata map[string]string
		ok       bool
	}{
		{"the tokenizer's", map[string]string{"vocab_size": "991"}, true},
		{"another one", map[string]string{"com.example.vocab_size": "960"}, false},
		{"no number", map[string]string{"vocab_size": "960 tokens"}, true},
		{"something else", map[string]string{"my_vocab_size": "960"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The logits show no width before the first prediction.
			m := &fakeModel{next: counting}
			desc := m.description()
			desc.UserDefined = maps.Clone(c.metadata)
			_, err := generate.NewFake(m, desc, storyTokenizer(t), &generate.Config{Driver: m.driver()})
			if got, ok := errors.AsType[*generate.VocabularyError](err); ok == c.ok || ok && (got.Declared != 960 || got.Logits != 0) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAVocabularyErrorSaysWhatDoesNotFit(t *testing.T) {
	for want, err := range map[string]generate.VocabularyError{
		"has 991 entries, the model's logits 49152":                      {Tokenizer: 991, Logits: 49152},
		"has 50257 entries without added tokens, the model's logits 512": {Tokenizer: 50295, Logits: 512, Own: 50257},
		"has 991 entries, the model's 960 (vocab_size)":                  {Tokenizer: 991, Logits: 991, Own: 991, Declared: 960},
	} {
		want = "the tokenizer is another model's: the vocabulary " + want + "; use the tokenizer that the model was trained with"
		if got := err.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestIdsThatOnlyOneOfModelAndTokenizerHasAreErrorsWhenTheyCome(t *testing.T) {
	t.Run("an added token in the prompt", func(t *testing.T) {
		m := &fakeModel{next: counting}
		g, err := generate.NewFake(m, withLogits(m, fakeVocab), wordTokenizer(t, fakeVocab, 0, 1), &generate.Config{Driver: m.driver()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = g.Generate(t.Context(), "w1 s0", nil)
		got, ok := errors.AsType[*generate.TokenError](err)
		if !ok || got.ID != fakeVocab || got.Vocabulary != fakeVocab || !strings.Contains(err.Error(), `"s0"`) {
			t.Errorf("got %v, want a TokenError that names the token", err)
		}
		if m.calls.Load() > 0 {
			t.Error("a prediction was made")
		}
		r, err := g.Generate(t.Context(), "w1 w2", &generate.Options{MaxTokens: 3})
		if err != nil || len(r.Tokens) != 3 {
			t.Errorf("without it the answer is %v, %v", r.Tokens, err)
		}
	})
	t.Run("a row of the logits that no token belongs to", func(t *testing.T) {
		const tokens = 960
		m := &fakeModel{next: func([]int) int { return tokens + 1 }}
		g, err := generate.NewFake(m, withLogits(m, fakeVocab), wordTokenizer(t, tokens, 0, 0), &generate.Config{Driver: m.driver()})
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Generate(t.Context(), "w1", nil)
		if got, ok := errors.AsType[*generate.TokenError](err); !ok || got.ID != tokens+1 || len(r.Tokens) > 0 {
			t.Errorf("got %v, %v, want a TokenError", r.Tokens, err)
		}
		// It may end the answer all the same: the model's configuration says so.
		r, err = g.Generate(t.Context(), "w1", &generate.Options{EndTokens: []int{tokens + 1}})
		if err != nil || r.Finish != generate.FinishEnd {
			t.Errorf("as an end token it gives %v, %v", r, err)
		}
	})
}
