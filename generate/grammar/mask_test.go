package grammar_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar"
)

// grammars are some of every kind.
func grammars(t testing.TB) map[string]*grammar.Grammar {
	ok := must(t)
	return map[string]*grammar.Grammar{
		"json":     ok(grammar.JSON()),
		"choice":   ok(grammar.Choice("yes", "no", "maybe", "yes and no", "héllo wörld")),
		"bounded":  ok(grammar.Regex(`"[^"\\]{5,70}"|\[[0-9]{1,20}\]`)),
		"words":    ok(grammar.Regex(`(the|a|one) ([a-z]+ ){0,5}[a-z]+\.`)),
		"short":    ok(grammar.Regex(`(?s).{3,20}`)),
		"cyrillic": ok(grammar.Regex(`[а-яА-Я]+( [а-я]+)*!`)),
		"list":     ok(grammar.GBNF("root ::= \"[\" (item (\",\" item)*)? \"]\"\nitem ::= root | [0-9]+ | \"\\\"\" [^\"]* \"\\\"\"")),
	}
}

// checkMask compares a mask with what each token by itself does.
func checkMask(t *testing.T, m *grammar.Matcher, v *grammar.Vocabulary) []int {
	t.Helper()
	mask := m.Mask()
	var allowed []int
	for id := range v.Size() {
		one := *m
		_, err := one.Accept(id)
		if got := mask.Allows(id); got != (err == nil) {
			t.Fatalf("token %d (%q): the mask says %v, reading it %v", id, v.Bytes(id, false), got, err)
		}
		if err == nil {
			allowed = append(allowed, id)
		}
	}
	if len(allowed) != mask.Len() {
		t.Fatalf("the mask counts %d tokens, want %d", mask.Len(), len(allowed))
	}
	if mask.CanEnd() != m.CanEnd() {
		t.Fatalf("the mask ends: %v, the matcher: %v", mask.CanEnd(), m.CanEnd())
	}
	return allowed
}

func TestMasksAreWhatEachTokenDoes(t *testing.T) {
	_, v := smallVocabulary(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for name, g := range grammars(t) {
		t.Run(name, func(t *testing.T) {
			for range 3 {
				m, text := grammar.NewMatcher(g, v), ""
				for range 25 {
					allowed := checkMask(t, m, v)
					if len(allowed) == 0 || m.CanEnd() && rng.IntN(8) == 0 {
						break
					}
					part, err := m.Accept(allowed[rng.IntN(len(allowed))])
					if err != nil {
						t.Fatal(err)
					}
					text += part
				}
				if m.CanEnd() != g.Match(text) {
					t.Fatalf("%q: the matcher says %v", text, m.CanEnd())
				}
			}
		})
	}
}

func TestAnAnswerCanEndInTime(t *testing.T) {
	_, v := smallVocabulary(t)
	rng := rand.New(rand.NewPCG(5, 6))
	for name, g := range grammars(t) {
		t.Run(name, func(t *testing.T) {
			for limit := 1; limit < 40; limit++ {
				m, left, text := grammar.NewMatcher(g, v), limit, ""
				if !m.CanEndWithin(left) {
					continue
				}
				for ; left > 0 && !m.IsWhole(); left-- {
					mask := m.Ending(left)
					var allowed []int
					for id := range v.Size() {
						if mask.Allows(id) {
							allowed = append(allowed, id)
						}
					}
					if len(allowed) == 0 {
						break
					}
					part, err := m.Accept(allowed[rng.IntN(len(allowed))])
					if err != nil {
						t.Fatal(err)
					}
					text += part
				}
				if !m.CanEnd() || !g.Match(text) {
					t.Fatalf("%q is no whole text after %d tokens", text, limit)
				}
			}
		})
	}
}

// kinds are tokenizers of all kinds: byte-level, SentencePiece with and without bytes to
// fall back to, in files of both forms, and words.
var kinds = []string{"gpt2", "mistral-v1", "mistral-v3", "t5-small", "phi2", "smollm2", "smollm2-ggufconv", "nmt", "bert-base-uncased", "qwen3"}

func TestMasksOfTokenizersOfAllKinds(t *testing.T) {
	for _, name := range kinds {
		t.Run(name, func(t *testing.T) {
			tok := large(t, name)
			v := vocabulary(t, tok)
			rng := rand.New(rand.NewPCG(7, 8))
			for _, g := range grammars(t) {
				m := grammar.NewMatcher(g, v)
				for range 6 {
					allowed := checkMask(t, m, v)
					if len(allowed) == 0 {
						break
					}
					if _, err := m.Accept(allowed[rng.IntN(len(allowed))]); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

func TestTextsAreAdmittedAsTokenizersWriteThem(t *testing.T) {
	texts := map[string][]string{
		"json":     {`{"a": [1, 2.5, "b c"], "d": null}`, `"hello world"`, `[]`, "-12"},
		"choice":   {"yes", "yes and no"},
		"words":    {"the old man sat.", "a cat."},
		"list":     {`[1,[],"x"]`},
		"cyrillic": {"Привет мир!"},
	}
	for _, name := range kinds {
		t.Run(name, func(t *testing.T) {
			tok := large(t, name)
			v := vocabulary(t, tok)
			for kind, g := range grammars(t) {
				for _, text := range texts[kind] {
					ids, err := tok.Encode(text, false)
					if err != nil {
						t.Fatal(err)
					}
					m, written := grammar.NewMatcher(g, v), ""
					for k, id := range ids {
						part := v.Bytes(id, k == 0)
						written += part
					}
					if written != text {
						continue // this tokenizer cannot write it, or not so
					}
					for _, id := range ids {
						if !m.Mask().Allows(id) {
							t.Fatalf("%s: token %d of %q is not allowed", kind, id, text)
						}
						if _, err := m.Accept(id); err != nil {
							t.Fatal(err)
						}
					}
					if !m.Mask().CanEnd() {
						t.Errorf("%s: %q cannot end", kind, text)
					}
				}
			}
		})
	}
}

func TestAGrammarServesManyAtOnce(t *testing.T) {
	_, v := smallVocabulary(t)
	for _, g := range grammars(t) {
		var group sync.WaitGroup
		for seed := range 8 {
			group.Go(func() {
				rng := rand.New(rand.NewPCG(9, uint64(seed)))
				m, text := grammar.NewMatcher(g, v), ""
				for range 30 {
					mask := m.Mask()
					if mask.Len() == 0 || mask.CanEnd() && rng.IntN(4) == 0 {
						break
					}
					id := rng.IntN(v.Size())
					for !mask.Allows(id) {
						id = (id + 1) % v.Size()
					}
					part, err := m.Accept(id)
					if err != nil {
						t.Error(err)
						return
					}
					text += part
				}
				if g.Match(text) != m.CanEnd() {
					t.Errorf("%q", text)
				}
			})
		}
		group.Wait()
	}
}

func TestMemoryGrowsWithWhatIsLearned(t *testing.T) {
	_, v := smallVocabulary(t)
	g := must(t)(grammar.JSONSchema([]byte(`{"type":"array","items":{"type":"string"}}`), nil))
	before := g.Memory()
	m := grammar.NewMatcher(g, v)
	m.Mask()
	one := g.Memory()
	if err := m.Write(`["`); err != nil {
		t.Fatal(err)
	}
	m.Mask()
	two := g.Memory()
	if before <= 0 || one <= before || two < one+int64(v.Size()/8) {
		t.Errorf("%d bytes, with a mask %d, with two %d", before, one, two)
	}
	if m.Mask(); g.Memory() != two {
		t.Error("a mask is counted twice")
	}
	if n := (*grammar.Grammar)(nil).Memory(); n != 0 {
		t.Errorf("no grammar takes %d", n)
	}
}
