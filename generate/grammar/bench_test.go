package grammar_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/generate/grammar"
)

// objectGrammar returns a grammar of an object with n properties of several kinds, which
// may be left out.
func objectGrammar(n int) string {
	var b strings.Builder
	kinds := []string{"string", "number", "short", "list", "object"}
	b.WriteString("root ::= \"{\" p0 \"}\"\n")
	for k := range n {
		kind := kinds[k%len(kinds)]
		if kind == "object" && k%25 != 4 {
			kind = "string"
		}
		fmt.Fprintf(&b, "p%d ::= \"\\\"property%d\\\":\" %s (\",\" p%d)? | p%d\n", k, k, kind, k+1, k+1)
	}
	fmt.Fprintf(&b, "p%d ::= \"\\\"last\\\":\" number\n", n)
	b.WriteString("object ::= \"{\" (pair (\",\" pair)*)? \"}\"\npair ::= string \":\" value\nvalue ::= string | number | list | object\n")
	b.WriteString("list ::= \"[\" (value (\",\" value)*)? \"]\"\n")
	b.WriteString("string ::= \"\\\"\" char* \"\\\"\"\nshort ::= \"\\\"\" char{1,80} \"\\\"\"\nchar ::= [^\"\\\\\\x00-\\x1F] | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" [0-9a-fA-F]{4})\n")
	b.WriteString("number ::= \"-\"? (\"0\" | [1-9] [0-9]*) (\".\" [0-9]+)? ([eE] [+-]? [0-9]+)?\n")
	return b.String()
}

// BenchmarkMask prints percentiles of the time for a mask in answers of random tokens
// under grammars whose caches earlier answers have filled.
func BenchmarkMask(b *testing.B) {
	for _, name := range []string{"mistral-nemo", "qwen3"} {
		b.Run(name, func(b *testing.B) {
			benchMasks(b, must(b)(grammar.GBNF(objectGrammar(50))), vocabulary(b, large(b, name)))
		})
	}
}

// benchMasks measures the masks of whole answers, after some that fill the caches.
func benchMasks(b *testing.B, g *grammar.Grammar, v *grammar.Vocabulary) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		answer(b, g, v, rng, nil)
	}
	var times []time.Duration
	for b.Loop() {
		times = answer(b, g, v, rng, times)
	}
	report(b, times)
}

// answer writes an answer of random tokens that fit and adds the time for each mask. Every
// third token is one with a mark of JSON, so that texts in it end.
func answer(b *testing.B, g *grammar.Grammar, v *grammar.Vocabulary, rng *rand.Rand, times []time.Duration) []time.Duration {
	m := grammar.NewMatcher(g, v)
	for range 300 {
		start := time.Now()
		mask := m.Mask()
		times = append(times, time.Since(start))
		if mask.Len() == 0 {
			break
		}
		from, marks := rng.IntN(v.Size()), rng.IntN(3) == 0
		id := -1
		for k := range v.Size() {
			next := (from + k) % v.Size()
			if !mask.Allows(next) {
				continue
			}
			if id = next; !marks || strings.ContainsAny(v.Bytes(id, false), "\",:}]/") {
				break
			}
		}
		if _, err := m.Accept(id); err != nil {
			b.Fatal(err)
		}
	}
	return times
}

// report gives percentiles of times.
func report(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	for _, p := range []struct {
		name string
		at   float64
	}{{"median", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1}} {
		at := times[int(p.at*float64(len(times)-1))]
		b.ReportMetric(float64(at.Nanoseconds())/1000, "µs-"+p.name)
	}
}

func BenchmarkCompile(b *testing.B) {
	text := objectGrammar(200)
	for b.Loop() {
		must(b)(grammar.GBNF(text))
	}
}

func BenchmarkVocabulary(b *testing.B) {
	tok := large(b, "mistral-nemo")
	for b.Loop() {
		vocabulary(b, tok)
	}
}
