package structured

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
)

// answers is how many answers each model gives: few, or as many as the environment says.
func answers(t *testing.T) int {
	t.Helper()
	text := os.Getenv("COREML_STRUCTURED")
	if text == "" {
		return 40
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tokens is how many an answer may have: so few that many have to be led to their end.
const tokens = 100

// short returns the schemas that have an answer of so few tokens.
func short(t *testing.T, g *generate.Generator, list []*bound) (few []*bound) {
	t.Helper()
	v, err := grammar.NewVocabulary(t.Context(), g.Tokenizer())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		if grammar.NewMatcher(b.grammar, v).CanEndWithin(tokens) {
			few = append(few, b)
		}
	}
	t.Logf("%d of %d schemas have an answer of %d tokens", len(few), len(list), tokens)
	return few
}

// check lets a model answer under one schema after the other and validates each answer.
func check(t *testing.T, g *generate.Generator, prompt string, list []*bound, n int) {
	t.Helper()
	valid, written := 0, 0
	var longest time.Duration
	for i := range n {
		b := list[i%len(list)]
		seed := uint64(i)
		start := time.Now()
		r, err := g.Generate(t.Context(), prompt, &generate.Options{
			Grammar: b.grammar, MaxTokens: tokens, Sampling: &generate.Sampling{Temperature: 1, Seed: &seed},
		})
		longest = max(longest, time.Since(start))
		if err != nil {
			t.Errorf("%s, seed %d: %q: %v", b.name, i, r.Text, err)
			continue
		}
		written += len(r.Tokens)
		var plain any
		if err := json.Unmarshal([]byte(r.Text), &plain); err != nil {
			t.Errorf("%s, seed %d: %s: %v", b.name, i, r.Text, err)
			continue
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(r.Text))
		if err == nil {
			err = b.valid.Validate(v)
		}
		if err != nil {
			t.Errorf("%s, seed %d: %s: %v", b.name, i, r.Text, err)
			continue
		}
		valid++
	}
	t.Logf("%d of %d answers are valid, under %d schemas, of %d tokens in all; the longest took %v", valid, n, min(n, len(list)), written, longest)
}

// shuffled returns schemas so that few answers meet different kinds of them.
func shuffled(list []*bound) []*bound {
	slices.SortFunc(list, func(a, b *bound) int { return strings.Compare(reversed(a.name), reversed(b.name)) })
	return list
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func TestAnswersOfTheStoryteller(t *testing.T) {
	g, err := generate.OpenFS(t.Context(), storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	check(t, g, "Once upon a time there was", short(t, g, shuffled(schemas(t))), answers(t))
}

func TestAnswersOfSmolLM2(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" || os.Getenv("COREML_STRUCTURED") == "" {
		t.Skip("SKIPPED: COREML_FIXTURES, which has SmolLM2, and COREML_STRUCTURED are not both set")
	}
	dir := filepath.Join(fixtures, "smollm2")
	packages, err := filepath.Glob(filepath.Join(dir, "*.mlpackage"))
	if err != nil || len(packages) == 0 {
		t.Skipf("SKIPPED: no package in %s: %v", dir, err)
	}
	g, err := generate.Open(t.Context(), packages[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	check(t, g, "Here is an example as JSON:\n", short(t, g, shuffled(schemas(t))), answers(t))
}
