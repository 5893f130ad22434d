package rules_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// isLimit reports whether an error is of a limit.
func isLimit(err error) bool {
	_, ok := errors.AsType[*rules.LimitError](err)
	return ok
}

func TestAnExpressionThatNeedsTooManyStatesIsALimit(t *testing.T) {
	// The n-th character from the end is an a and a b: nothing, which only the search
	// through 2^n states can tell.
	b := rules.NewBuilder(rules.Limits{})
	letter := b.Class(rules.Range{Lo: 'a', Hi: 'b'})
	at := func(c string) rules.Expr {
		return b.Concat(b.Repeat(letter, 0, -1), b.Bytes(c), b.Repeat(letter, 24, 24))
	}
	_, err := b.Build(b.And(at("a"), b.Not(at("a")), at("b"), b.Repeat(letter, 100, -1)))
	if !isLimit(err) && !errors.Is(err, rules.ErrNothing) {
		t.Errorf("got %v", err)
	}
}

func TestLimitsAreErrors(t *testing.T) {
	for name, build := range map[string]func(b *rules.Builder) rules.Expr{
		"nodes":       func(b *rules.Builder) rules.Expr { return b.Bytes(strings.Repeat("ab", 500)) },
		"repetitions": func(b *rules.Builder) rules.Expr { return b.Repeat(b.Bytes("a"), 0, 1<<40) },
		"product": func(b *rules.Builder) rules.Expr {
			return b.Repeat(b.Repeat(b.Bytes("a"), 1<<20, 1<<20), 1<<20, 1<<20)
		},
		"depth": func(b *rules.Builder) rules.Expr {
			e := b.Bytes("a")
			for range 300 {
				e = b.Repeat(b.Concat(e, b.Bytes("b")), 2, 3)
			}
			return e
		},
	} {
		b := rules.NewBuilder(rules.Limits{Nodes: 900, Depth: 200})
		if _, err := b.Build(build(b)); !isLimit(err) || b.Err() == nil {
			t.Errorf("%s: %v, %v", name, err, b.Err())
		}
	}
}

func TestRulesThatCannotBeAreNamed(t *testing.T) {
	for says, define := range map[string]func(b *rules.Builder){
		`"none" is not defined`:    func(b *rules.Builder) { b.Define("start", b.Rule("none")) },
		`"start" is defined twice`: func(b *rules.Builder) { b.Define("start", b.Empty()); b.Define("start", b.Empty()) },
		"left recursion":           func(b *rules.Builder) { b.Define("start", b.Concat(b.Rule("start"), b.Bytes("a"))) },
		`"start" stands in an`:     func(b *rules.Builder) { b.Define("start", b.Not(b.Rule("start"))) },
		"no text fits":             func(b *rules.Builder) { b.Define("start", b.Concat(b.Bytes("a"), b.Rule("start"))) },
	} {
		b := rules.NewBuilder(rules.Limits{})
		define(b)
		if _, err := b.Build(b.Rule("start")); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

func TestACacheThatIsFullIsEmptied(t *testing.T) {
	// Each depth of the brackets is another state, of which the cache has room for some.
	b := rules.NewBuilder(rules.Limits{Memory: 1 << 20})
	b.Define("list", b.Concat(b.Bytes("["), b.Repeat(b.Rule("list"), 0, -1), b.Bytes("]")))
	p, err := b.Build(b.Rule("list"))
	if err != nil {
		t.Fatal(err)
	}
	const deep = 20_000
	for _, text := range []string{strings.Repeat("[", deep) + strings.Repeat("]", deep), strings.Repeat("[", deep) + strings.Repeat("]", deep-1)} {
		if want := strings.Count(text, "[") == strings.Count(text, "]"); p.Match(text) != want {
			t.Errorf("%d brackets: %v", len(text), !want)
		}
	}
}

func TestASealedBuilderMakesNothing(t *testing.T) {
	b := rules.NewBuilder(rules.Limits{})
	if _, err := b.Build(b.Bytes("a")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Build(b.Or(b.Bytes("b"), b.Class(rules.Range{Lo: 'a', Hi: 'z'}))); err == nil {
		t.Error("a second program was made")
	}
}
