package generate_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
)

// wantConfigError fails unless err names field and has want in its text.
func wantConfigError(t *testing.T, err error, field, want string) {
	t.Helper()
	got, ok := errors.AsType[*generate.ConfigError](err)
	if !ok || !errors.Is(err, generate.ErrConfig) || got.Field != field || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want a ConfigError of %q with %q", err, field, want)
	}
}

func TestValuesOutOfRangeAreRefusedWithTheRange(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{})
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		opts        generate.Options
		field, want string
	}{
		{generate.Options{Sampling: &generate.Sampling{Temperature: -1}}, "Sampling.Temperature", "temperature is -1, want 0 (the likeliest token) to 3.4e+38"},
		{generate.Options{Sampling: &generate.Sampling{Temperature: nan}}, "Sampling.Temperature", "temperature is NaN, want"},
		{generate.Options{Sampling: &generate.Sampling{Temperature: inf}}, "Sampling.Temperature", "temperature is +Inf, want"},
		{generate.Options{Sampling: &generate.Sampling{TopP: 3}}, "Sampling.TopP", "top-p is 3, want 0 to 1"},
		{generate.Options{Sampling: &generate.Sampling{TopP: nan}}, "Sampling.TopP", "top-p is NaN, want 0 to 1"},
		{generate.Options{Sampling: &generate.Sampling{MinP: -0.1}}, "Sampling.MinP", "min-p is -0.1, want 0 to 1"},
		{generate.Options{Sampling: &generate.Sampling{TopK: -1}}, "Sampling.TopK", "top-k is -1, want 0 (all tokens) or more"},
		{generate.Options{Sampling: &generate.Sampling{RepetitionPenalty: -2}}, "Sampling.RepetitionPenalty", "repetition penalty is -2, want 1e-06 to 1e+06"},
		{generate.Options{Sampling: &generate.Sampling{RepetitionPenalty: 1e-300}}, "Sampling.RepetitionPenalty", "is 1e-300, want 1e-06"},
		{generate.Options{Sampling: &generate.Sampling{RepetitionPenalty: inf}}, "Sampling.RepetitionPenalty", "is +Inf, want 1e-06"},
		{generate.Options{MaxTokens: -7}, "MaxTokens", "is -7, want 1 or more, 0 for the default, or -1"},
		{generate.Options{Processors: []generate.Processor{nil}}, "Processors", "number 0 is nil"},
	} {
		r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &c.opts))
		wantConfigError(t, err, c.field, c.want)
		if len(r.Tokens) != 0 {
			t.Errorf("%s: %d tokens came", c.field, len(r.Tokens))
		}
		if c.opts.Sampling != nil {
			_, err := generate.NewSampler(c.opts.Sampling)
			wantConfigError(t, err, c.field, c.want)
		}
	}
	m := &fakeModel{}
	for _, c := range []struct {
		o           generate.Config
		field, want string
	}{
		{generate.Config{MaxStates: -1}, "MaxStates", "is -1, want 1 or more, or 0 for 4"},
		{generate.Config{PrefillChunk: -5}, "PrefillChunk", "is -5, want 1 or more, 0 for 128, or -1"},
		{generate.Config{Defaults: &generate.Defaults{MaxTokens: -1}}, "Defaults.MaxTokens", "is -1"},
		{generate.Config{Defaults: &generate.Defaults{Sampling: &generate.Sampling{TopP: 3}}}, "Sampling.TopP", "0 to 1"},
	} {
		c.o.Driver = m.driver()
		_, err := generate.NewFake(m, m.description(), nil, &c.o)
		wantConfigError(t, err, c.field, c.want)
		// Opening says so before it reads the package.
		_, err = generate.Open(t.Context(), "no such package", &c.o)
		wantConfigError(t, err, c.field, c.want)
	}
}

func TestTheEndsOfTheRangesAreTaken(t *testing.T) {
	for _, s := range []generate.Sampling{
		{Temperature: math.SmallestNonzeroFloat64},
		{Temperature: 1e-40, TopP: 1, MinP: 1},
		{Temperature: math.MaxFloat32, TopK: math.MaxInt, TopP: math.SmallestNonzeroFloat64},
		{RepetitionPenalty: 1e-6},
		{RepetitionPenalty: 1e6, Temperature: 1},
	} {
		s.Seed = new(uint64(1))
		m := &fakeModel{next: counting}
		g := newFake(t, m, generate.Config{})
		r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{MaxTokens: 3, Sampling: &s}))
		if err != nil || len(r.Tokens) != 3 {
			t.Errorf("%+v gave %v, %v", s, r.Tokens, err)
		}
		if want := expected(counting, prompt, 3); s.Temperature > 0 && s.Temperature < 1 && !slices.Equal(r.Tokens, want) {
			t.Errorf("at temperature %v came %v, want the likeliest, %v", s.Temperature, r.Tokens, want)
		}
	}
}

func TestPromptsThatCannotBeTakenSayWhy(t *testing.T) {
	g := newFake(t, &fakeModel{next: counting}, generate.Config{MaxStates: 1})
	// They are refused before a state is waited for.
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = generate.Collect(g.StreamTokens(t.Context(), slices.Repeat([]int{5}, 6031), nil))
	full, ok := errors.AsType[*generate.ContextError](err)
	if want := "generate: the prompt has 6031 tokens, the model takes 64"; !ok || !errors.Is(err, generate.ErrContextFull) ||
		err.Error() != want || *full != (generate.ContextError{Tokens: 6031, ContextLength: fakeContext}) {
		t.Errorf("got %v, want %q", err, want)
	}
	if _, err := s.Append(t.Context(), prompt); err != nil {
		t.Fatal(err)
	}
	_, err = s.Append(t.Context(), slices.Repeat([]int{5}, 60))
	if want := "generate: context is full: 10 tokens and 60 more, the model takes 64"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
	_, err = generate.Collect(g.StreamTokens(t.Context(), nil, nil))
	wantConfigError(t, err, "prompt", "the prompt is empty")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// A blank prompt is one, and an empty one where the tokenizer begins texts
	// with a token of its own, as this one does.
	for _, text := range []string{" \n", ""} {
		if r, err := generate.Collect(g.Stream(t.Context(), text, &generate.Options{MaxTokens: 1})); err != nil || len(r.Tokens) != 1 {
			t.Errorf("the prompt %q gave %v, %v", text, r.Tokens, err)
		}
	}
}

func TestDefaultsOfAModelNameTheirKey(t *testing.T) {
	for _, c := range []struct{ text, field, want string }{
		{`{"temperature": "hot", "do_sample": true}`, "temperature", "is a string, want a number"},
		{`{"eos_token_id": "</s>"}`, "eos_token_id", "is a string, want a token id or a list of them"},
		{`{"eos_token_id": [1, "x"]}`, "eos_token_id", "is a list, want a token id or a list of them"},
		{`{"top_k": 1.5}`, "top_k", "is the number 1.5, want a whole number"},
		{`{"do_sample": 1}`, "do_sample", "is the number 1, want true or false"},
		{`{"max_new_tokens": -5}`, "max_new_tokens", "is -5, want 1 or more"},
		{`{"repetition_penalty": 0}`, "repetition_penalty", "is 0, want a number above 0"},
		{`{"bad_words_ids": [1]}`, "bad_words_ids", "is a list, want a list of lists of token ids"},
		{`{"sequence_bias": {"1": 2}}`, "sequence_bias", "is an object, want a list of pairs, of a list of token ids and a number each"},
		{`{"sequence_bias": [[[1], 2.0, 3]]}`, "sequence_bias", "want a list of pairs"},
		{`{"min_length": -1}`, "Sampling.MinTokens", "is -1, want 0 (off) or more"},
		{`{"forced_eos_token_id": 1, "suppress_tokens": [1]}`, "Sampling.ForcedEOS", "all of these tokens are among SuppressTokens"},
		{`{"top_p": 3, "do_sample": true}`, "Sampling.TopP", "top-p is 3, want 0 to 1"},
		{`[1]`, "generation_config.json", "is a list, want an object"},
		{`null`, "generation_config.json", "is null, want an object"},
		{`{"top_p": `, "generation_config.json", "is not JSON"},
		{strings.Repeat(" ", 2<<20), "generation_config.json", "has more than 1048576 bytes"},
	} {
		_, err := generate.ReadDefaults(strings.NewReader(c.text))
		wantConfigError(t, err, c.field, c.want)
		if err != nil && strings.Count(err.Error(), "generation_config.json") != 1 {
			t.Errorf("%q does not name the file once", err)
		}
		if err != nil && strings.Contains(err.Error(), "Go ") {
			t.Errorf("%q speaks of Go", err)
		}
	}
	for _, id := range []int{-2, math.MaxInt32 + 1} {
		_, err := generate.ReadDefaults(strings.NewReader(fmt.Sprintf(`{"eos_token_id": [2, %d]}`, id)))
		if got, ok := errors.AsType[*generate.TokenError](err); !ok || got.ID != id {
			t.Errorf("end token %d gave %v", id, err)
		}
	}
	got, err := generate.ReadDefaults(strings.NewReader(
		`{"eos_token_id": -1, "pad_token_id": -1, "do_sample": null, "temperature": null, "max_new_tokens": null, "unknown": {"a": [1]}}`))
	if want := (&generate.Defaults{PadToken: -1}); err != nil || !cmp.Equal(want, got) {
		t.Errorf("what stands for nothing gave %+v, %v", got, err)
	}
}

// The values are those of Python's json, with which transformers reads the file.
func TestTheLastOfTwoValuesOfAModelsDefaultsCounts(t *testing.T) {
	got, err := generate.ReadDefaults(strings.NewReader(`{"eos_token_id": 1, "max_new_tokens": 5, "eos_token_id": [2, 3], "EOS_TOKEN_ID": 4}`))
	if want := (&generate.Defaults{EndTokens: []int{2, 3}, MaxTokens: 5, PadToken: -1}); err != nil || !cmp.Equal(want, got) {
		t.Errorf("the defaults are %+v, %v", got, err)
	}
}

// FuzzDefaults looks for settings that pass the reader and break a stream.
func FuzzDefaults(f *testing.F) {
	for _, text := range []string{
		`{"do_sample": true, "temperature": 0.6, "top_k": 0, "top_p": 0.9, "min_p": 0.1, "repetition_penalty": 1.1}`,
		`{"eos_token_id": [2, 990], "pad_token_id": 3, "max_new_tokens": 3}`,
		`{"do_sample": true, "temperature": 1e-300, "top_p": 1e-300}`,
		`{"typical_p": 0.5, "epsilon_cutoff": 0.1, "eta_cutoff": 0.2, "no_repeat_ngram_size": 2, "bad_words_ids": [[1], [2, 3]], "sequence_bias": [[[1], 2.0]]}`,
		`{"min_length": 9, "min_new_tokens": 2, "forced_bos_token_id": 5, "forced_eos_token_id": [0, 7], "suppress_tokens": [4], "begin_suppress_tokens": [6]}`,
		`{"repetition_penalty": 1e-6, "eos_token_id": -1}`, `null`, `{"top_k": null}`, `{"pad_token_id": 4294967296}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := generate.ReadDefaults(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, generate.ErrConfig) {
				t.Errorf("%v is no ErrConfig", err)
			}
			return
		}
		m := &fakeModel{next: counting}
		g, err := generate.NewFake(m, withLogits(m, fakeVocab), storyTokenizer(t), &generate.Config{Driver: m.driver(), Defaults: d})
		if err != nil {
			if !errors.Is(err, generate.ErrConfig) {
				t.Errorf("%v is no ErrConfig", err)
			}
			return
		}
		r, err := generate.Collect(g.StreamTokens(t.Context(), prompt, nil))
		if errors.Is(err, generate.ErrNonFinite) && strings.Contains(err.Error(), "rules every token out") {
			return // as the settings say
		}
		if err != nil || r.Finish == generate.FinishNone {
			t.Errorf("%+v ended with %q, %v", d, r.Finish, err)
		}
	})
}

func TestWhatAGeneratorTellsOfItselfIsACopy(t *testing.T) {
	m := &fakeModel{next: counting}
	seed := uint64(7)
	given := &generate.Defaults{Sampling: &generate.Sampling{TopP: 0.5, Seed: &seed}, EndTokens: []int{3}}
	g := newFake(t, m, generate.Config{Defaults: given})
	given.Sampling.TopP, given.EndTokens[0], seed = 0.1, 4, 8
	s, d := g.DefaultSampling(), g.Defaults()
	if s.TopP != 0.5 || *s.Seed != 7 || d.EndTokens[0] != 3 {
		t.Errorf("the generator sees what became of its options: %+v, %+v", s, d)
	}
	s.TopP, *s.Seed, d.Sampling.TopP, d.EndTokens[0] = 0.2, 9, 0.2, 5
	driver := g.Driver()
	driver.Caches["cache"] = "x"
	if s, d := g.DefaultSampling(), g.Defaults(); s.TopP != 0.5 || *s.Seed != 7 || d.Sampling.TopP != 0.5 || d.EndTokens[0] != 3 ||
		g.Driver().Caches["cache"] != "new_cache" {
		t.Errorf("the generator was changed from outside: %+v, %+v", s, d)
	}
	plain := newFake(t, m, generate.Config{})
	if s := plain.DefaultSampling(); s == nil || !reflect.DeepEqual(*s, generate.Sampling{}) {
		t.Errorf("a model without settings samples with %+v", s)
	}
}

func TestAPenaltyThatLeavesTheRangeOfLogitsIsAnError(t *testing.T) {
	m := &fakeModel{next: counting, spoil: func(_ int, row []float32) { row[prompt[1]] = 1e35 }}
	g := newFake(t, m, generate.Config{})
	_, err := generate.Collect(g.StreamTokens(t.Context(), prompt, &generate.Options{Sampling: &generate.Sampling{RepetitionPenalty: 1e-6}}))
	if !errors.Is(err, generate.ErrNonFinite) {
		t.Errorf("got %v, want ErrNonFinite", err)
	}
}
