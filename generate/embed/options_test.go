package embed_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/tokenizer"
)

func TestALongTextIsCutOrRefused(t *testing.T) {
	m := open(t, "mean-bert", &embed.Config{MaxTokens: 5})
	texts := []string{"mat", "the cat sat on the mat"}
	for e, err := range m.Stream(t.Context(), func(yield func(string) bool) { _ = yield(texts[0]) && yield(texts[1]) }, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if want := e.Text == texts[1]; e.Truncated != want || e.Tokens > 5 {
			t.Errorf("%+v", e)
		}
	}
	got, err := m.Embed(t.Context(), []string{texts[1], "the cat sat"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c := embed.Cosine(got[0], got[1]); c < 0.99999 {
		t.Errorf("the special tokens are not kept: cosine %v", c)
	}
	_, err = m.Embed(t.Context(), texts, &embed.Options{RefuseLong: true})
	long, ok := errors.AsType[*embed.LengthError](err)
	if !ok || long.Text != 1 || long.Tokens != 8 || long.MaxTokens != 5 || !errors.Is(err, embed.ErrTooLong) {
		t.Errorf("%v, %+v", err, long)
	}
	if want := "embed: text 1 has 8 tokens, the model takes 5"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	s := open(t, "reranker", &embed.Config{MaxTokens: 12})
	if _, err := s.Score(t.Context(), "where", texts, nil); err != nil {
		t.Error(err)
	}
	if _, err := s.Score(t.Context(), "where did the cat sit", texts, &embed.Options{RefuseLong: true}); !errors.Is(err, embed.ErrTooLong) {
		t.Error(err)
	}
}

func TestATextWithoutTokensIsRefused(t *testing.T) {
	e := toy{batch: 1, length: 16, mask: "attention_mask", output: "x"}
	m, err := embed.Open(t.Context(), e.write(t, false), &embed.Config{Pooling: "mean"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	if _, err := m.Embed(t.Context(), []string{"a", ""}, nil); !errors.Is(err, embed.ErrNoTokens) || !strings.Contains(err.Error(), "text 1 has no tokens") {
		t.Error(err)
	}
	if got, err := m.Embed(t.Context(), nil, nil); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
}

func TestPaddingGoesToTheSideThatIsSaid(t *testing.T) {
	// The package takes the last place, whatever it holds.
	e := toy{batch: 2, length: 16, mask: "attention_mask", form: "pooled", output: "sentence_embedding"}
	path := e.write(t, true)
	checkToyAt(t, &e, path, &embed.Config{Driver: &embed.Driver{Padding: "left"}}, "last")
	writeJSON(t, filepath.Join(filepath.Dir(path), "tokenizer_config.json"), map[string]any{"pad_token": "[PAD]", "padding_side": "left"})
	checkToyAt(t, &e, path, nil, "last")
}

func TestWhatCannotBeAskedIsRefused(t *testing.T) {
	const mat = "testdata/encoders/mean-bert/model.mlpackage"
	for want, cfg := range map[string]*embed.Config{
		"MaxTokens: is -1":                       {MaxTokens: -1},
		"MaxTokens: leaves 2 tokens":             {MaxTokens: 2},
		"Batch: is -1":                           {Batch: -1},
		"Batch: is 100000":                       {Batch: 100000},
		`Pooling: is "sum"`:                      {Pooling: "sum"},
		`Pooling: is ""`:                         {Pooling: "mean+"},
		"Pooling: has 7 parts":                   {Pooling: "cls+cls+cls+cls+cls+cls+cls"},
		`driver: output: there is no output "x"`: {Driver: &embed.Driver{Output: "x"}},
		"no embeddings: output pooler_output":    {Driver: &embed.Driver{Output: "pooler_output", Gives: "rows", Pooling: "none"}, Pooling: "none"},
		"no tokenizer found in testdata/gen":     {Tokenizer: "testdata/gen"},
	} {
		if _, err := embed.Open(t.Context(), mat, cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", cfg, err, want)
		}
	}
	if _, err := embed.Open(t.Context(), "testdata/encoders/pooled-roberta/model.mlpackage", &embed.Config{Pooling: "mean"}); !errors.Is(err, embed.ErrConfig) || !strings.Contains(err.Error(), "leave it out") {
		t.Error(err)
	}
	m := open(t, "mean-bert", nil)
	for want, o := range map[string]*embed.Options{
		"Role: is 9":                         {Role: 9},
		"two of Role, Prompt and Prefix":     {Role: embed.RoleQuery, Prompt: "other"},
		"Dimensions: is -1":                  {Dimensions: -1},
		"Dimensions: is 33, and the model's": {Dimensions: 33},
		`Prompt: is "no", and the model has the prompts "document", "other", "query"`: {Prompt: "no"},
	} {
		if _, err := m.Embed(t.Context(), []string{"mat"}, o); !errors.Is(err, embed.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
	if _, err := m.Score(t.Context(), "a", []string{"b"}, nil); !errors.Is(err, embed.ErrPackage) || !strings.Contains(err.Error(), "no scores: output last_hidden_state") {
		t.Error(err)
	}
	r := open(t, "reranker-classes", nil)
	for _, o := range []*embed.Options{{Prefix: "x"}, {Dimensions: 1}, {Normalize: new(true)}} {
		if _, err := r.Score(t.Context(), "a", []string{"b"}, o); !errors.Is(err, embed.ErrConfig) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := r.Score(t.Context(), "a", []string{"b"}, nil); !errors.Is(err, embed.ErrConfig) || !strings.Contains(err.Error(), `Label: is not set, and the model has 3 classes: name the one whose probability is the score: "no", "maybe", "yes"`) {
		t.Error(err)
	}
	if _, err := open(t, "reranker-classes", &embed.Config{Label: "perhaps"}).Score(t.Context(), "a", []string{"b"}, nil); !errors.Is(err, embed.ErrConfig) || !strings.Contains(err.Error(), `Label: is "perhaps"`) {
		t.Error(err)
	}
	if _, err := open(t, "reranker-classes", &embed.Config{Label: "2"}).Score(t.Context(), "a", []string{"b"}, nil); err != nil {
		t.Error(err)
	}
}

func TestPromptsOfTheCallerComeFirst(t *testing.T) {
	m := open(t, "mean-bert", &embed.Config{Prompts: map[string]string{"query": "rain ", "mine": "roof "}})
	text := []string{"mat"}
	embedded := func(texts []string, o *embed.Options) []float32 {
		t.Helper()
		v, err := m.Embed(t.Context(), texts, o)
		if err != nil {
			t.Fatal(err)
		}
		return v[0]
	}
	for _, c := range []struct {
		o    embed.Options
		text string
	}{
		{embed.Options{Role: embed.RoleQuery}, "rain mat"},
		{embed.Options{Prompt: "mine"}, "roof mat"},
		{embed.Options{Prefix: "cat "}, "cat mat"},
		{embed.Options{Role: embed.RoleDocument}, "mat: mat"},
	} {
		if got := embed.Cosine(embedded(text, &c.o), embedded([]string{c.text}, nil)); got < 0.999999 {
			t.Errorf("%+v: not %q, cosine %v", c.o, c.text, got)
		}
	}
}

func TestAContextEndsAnything(t *testing.T) {
	m := open(t, "mean-bert", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Embed(ctx, []string{"mat"}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := embed.Open(ctx, "testdata/encoders/mean-bert/model.mlpackage", nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := open(t, "reranker", nil).Score(ctx, "a", []string{"b"}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestWhatNothingMadeIsClosed(t *testing.T) {
	for _, m := range []*embed.Model{nil, new(embed.Model)} {
		_, err := m.Embed(t.Context(), []string{"a"}, nil)
		_, other := m.Score(t.Context(), "a", nil, nil)
		_, third := m.Classify(t.Context(), "a", nil, nil)
		for _, err := range []error{err, other, third} {
			if !errors.Is(err, coreml.ErrClosed) {
				t.Error(err)
			}
		}
		if m.Close() != nil || m.Model() != nil || m.Tokenizer() != nil || m.MaxTokens() != 0 || m.Dimensions() != 0 || m.Driver().Tokens != "" || m.Settings().Pooling != "" {
			t.Error("something of nothing")
		}
	}
	m := open(t, "mean-bert", nil)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Embed(t.Context(), []string{"a"}, nil); !errors.Is(err, coreml.ErrClosed) {
		t.Error(err)
	}
	if _, err := embed.New(nil, nil, nil); !errors.Is(err, embed.ErrConfig) {
		t.Error(err)
	}
	if _, err := embed.OpenFS(t.Context(), nil, "x", nil); err == nil {
		t.Error("no file system is one")
	}
	if _, err := embed.ReadDriver(nil); err == nil {
		t.Error("no reader is one")
	}
}

func TestModelsOfAFileSystemAndOfTheCaller(t *testing.T) {
	dir := os.DirFS("testdata/encoders")
	want, err := open(t, "mean-bert", nil).Embed(t.Context(), []string{"mat"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := embed.OpenFS(t.Context(), dir, "mean-bert/model.mlpackage", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	own, err := embed.New(m.Model(), m.Tokenizer(), &embed.Config{Pooling: "mean"})
	if err != nil {
		t.Fatal(err)
	}
	if err := own.Close(); err != nil {
		t.Fatal(err)
	}
	// The tokenizer of another folder brings its files along.
	other, err := embed.OpenFS(t.Context(), dir, "mean-bert/model.mlpackage", &embed.Config{Tokenizer: "mean-bert"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close() //nolint:errcheck // the test is over
	for _, m := range []*embed.Model{m, own, other} {
		got, err := m.Embed(t.Context(), []string{"mat"}, &embed.Options{Normalize: new(true)})
		if err != nil {
			t.Fatal(err)
		}
		if c := embed.Cosine(got[0], want[0]); c < 0.999999 {
			t.Errorf("cosine %v", c)
		}
	}
	if _, err := embed.New(m.Model(), m.Tokenizer(), nil); !errors.Is(err, embed.ErrPackage) {
		t.Error(err)
	}
	if _, err := embed.New(m.Model(), nil, nil); !errors.Is(err, embed.ErrNoTokenizer) {
		t.Error(err)
	}
}

func TestATokenizerOfAnotherModelIsNoticed(t *testing.T) {
	data, err := os.ReadFile("../../examples/storyteller/model/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	m := open(t, "mean-bert", &embed.Config{Tokenizer: dir})
	if _, err := m.Embed(t.Context(), []string{"Once upon a time"}, nil); !errors.Is(err, embed.ErrConfig) || !strings.Contains(err.Error(), "is another model's: token id") {
		t.Error(err)
	}
}

func TestWhatIsNotFiniteIsAnError(t *testing.T) {
	for _, form := range []string{"", "logit"} {
		e := toy{batch: 2, length: 16, mask: "attention_mask", form: form, output: "x", infinite: true}
		m, err := embed.Open(t.Context(), e.write(t, true), &embed.Config{Driver: &embed.Driver{Pooling: "mean"}})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close() //nolint:errcheck // the test is over
		texts := []string{"a", "u"}
		if form == "" {
			_, err = m.Embed(t.Context(), texts, nil)
		} else {
			_, err = m.Score(t.Context(), "a", texts, nil)
		}
		if !errors.Is(err, embed.ErrNonFinite) || !strings.Contains(err.Error(), "text 1: ") {
			t.Errorf("%q: %v", form, err)
		}
	}
}

func TestMeasuresOfVectors(t *testing.T) {
	a, b := []float32{3, 4}, []float32{4, -3}
	if embed.Dot(a, a) != 25 || embed.Cosine(a, b) != 0 || math.Abs(embed.Cosine(a, []float32{6, 8})-1) > 1e-15 || embed.Cosine(a, []float32{-3, -4}) != -1 {
		t.Error("cosines of plain vectors")
	}
	if embed.Cosine([]float32{0, 0}, a) != 0 || !math.IsNaN(embed.Cosine(a, nil)) || !math.IsNaN(embed.Dot(a, nil)) || embed.Cosine(nil, nil) != 0 {
		t.Error("cosines of odd vectors")
	}
}

func TestTheFamiliesOfTheWild(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skipf("SKIPPED: %s needs COREML_FIXTURES, which is not set", t.Name())
	}
	families := filepath.Join(fixtures, "..", "families")
	tok, err := tokenizer.Load(filepath.Join(families, "embedding-bert"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("SKIPPED: %s needs the folder families beside COREML_FIXTURES", t.Name())
	} else if err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Glob(filepath.Join(families, "*", "*.mlpackage"))
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := filepath.Glob(filepath.Join(fixtures, "*", "*.mlpackage"))
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	for _, path := range append(packages, fixed...) {
		if strings.Contains(path, "embedding-bert") {
			checkFamily(t, path)
			opened++
			continue
		}
		m, err := coreml.Load(t.Context(), path, nil)
		if err != nil {
			t.Logf("%s: %v", path, err)
			continue
		}
		_, err = embed.New(m, tok, nil)
		if p, ok := errors.AsType[*embed.PackageError](err); !ok || !strings.HasPrefix(p.Error(), "no embeddings: ") {
			t.Errorf("%s: %v", path, err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if opened != 1 || len(packages) < 10 {
		t.Errorf("%d packages, %d of embeddings", len(packages), opened)
	}
}

// checkFamily compares the vectors of the family's package with PyTorch's.
func checkFamily(t *testing.T, path string) {
	t.Helper()
	var want struct {
		Texts []struct {
			Text      string
			Embedding []float32
		}
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(path), "embeddings.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil || len(want.Texts) == 0 {
		t.Fatal(err)
	}
	m, err := embed.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	for _, c := range want.Texts {
		got, err := m.Embed(t.Context(), []string{c.Text}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if x := embed.Cosine(got[0], c.Embedding); !(x >= leastCosine) {
			t.Errorf("%q: cosine %v", c.Text, x)
		}
	}
}
