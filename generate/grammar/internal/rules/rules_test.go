package rules_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// pair is an expression in both notations.
type pair struct {
	e    rules.Expr
	text string
}

// maker makes random expressions from a source of choices.
type maker struct {
	b    *rules.Builder
	next func(n int) int
}

func (m maker) pair(depth int) pair {
	b := m.b
	if depth == 0 || m.next(8) == 0 {
		switch m.next(6) {
		case 0:
			return pair{b.Bytes("ab"), "(?:ab)"}
		case 1:
			return pair{b.Bytes("é"), "é"}
		case 2:
			return pair{b.Class(rules.Range{Lo: 'a', Hi: 'b'}, rules.Range{Lo: 'é', Hi: '水'}), "[a-bé-水]"}
		case 3:
			return pair{b.AnyChar(), "(?s:.)"}
		case 4:
			return pair{b.Empty(), "(?:)"}
		}
		return pair{b.Bytes("a"), "a"}
	}
	x := m.pair(depth - 1)
	switch m.next(4) {
	case 0, 1:
		y := m.pair(depth - 1)
		if m.next(2) == 0 {
			return pair{b.Concat(x.e, y.e), "(?:" + x.text + y.text + ")"}
		}
		return pair{b.Or(x.e, y.e), "(?:" + x.text + "|" + y.text + ")"}
	case 2:
		return pair{b.Repeat(x.e, 0, -1), "(?:" + x.text + ")*"}
	}
	low := m.next(3)
	high := low + m.next(3)
	return pair{b.Repeat(x.e, low, high), fmt.Sprintf("(?:%s){%d,%d}", x.text, low, high)}
}

// texts returns texts over the letters that the expressions know, and one they do not.
func (m maker) texts() []string {
	letters := []string{"a", "b", "c", "é", "水", "\n"}
	out := []string{"", "a", "ab", "aé", "aa", "abab"}
	for range 20 {
		var s strings.Builder
		for range m.next(7) {
			s.WriteString(letters[m.next(len(letters))])
		}
		out = append(out, s.String())
	}
	return out
}

// check compares a combination of two expressions with Go's regexp.
func check(t *testing.T, next func(int) int) {
	t.Helper()
	b := rules.NewBuilder(rules.Limits{})
	m := maker{b, next}
	x, y := m.pair(3), m.pair(2)
	rx, ry := regexp.MustCompile("^"+x.text+"$"), regexp.MustCompile("^"+y.text+"$")
	// regexp's $ without the flag m is the end of the text.
	combined := b.Or(b.And(x.e, b.Not(y.e)), b.And(x.e, y.e, b.Not(b.Bytes("ab"))))
	want := func(s string) bool {
		in, other := rx.MatchString(s), ry.MatchString(s)
		return in && !other || in && other && s != "ab"
	}
	texts := m.texts()
	for _, s := range texts {
		if got := b.Matches(x.e, s); got != rx.MatchString(s) {
			t.Fatalf("%s matches %q: %v", x.text, s, got)
		}
		if got := b.Matches(combined, s); got != want(s) {
			t.Fatalf("(%s) without (%s) matches %q: %v", x.text, y.text, s, got)
		}
	}
	p, err := b.Build(combined)
	if errors.Is(err, rules.ErrNothing) {
		for _, s := range texts {
			if want(s) {
				t.Fatalf("(%s) without (%s) is nothing, but %q fits", x.text, y.text, s)
			}
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range texts {
		if got := p.Match(s); got != want(s) {
			t.Fatalf("program of (%s) without (%s) matches %q: %v", x.text, y.text, s, got)
		}
		walk(t, p, s, next)
	}
}

// walk reads as much of s as fits and then goes on along any way: it has to lead to an
// end.
func walk(t *testing.T, p *rules.Program, s string, next func(int) int) {
	t.Helper()
	state := p.Start()
	for k := range len(s) {
		n := state.Step(s[k])
		if n.Dead() {
			break
		}
		state = n
	}
	for range 20 {
		follow := state.Next()
		if len(follow) == 0 {
			if !state.CanEnd() {
				t.Fatalf("%q leads into a corner", s)
			}
			return
		}
		state = state.Step(follow[next(len(follow))])
	}
}

func TestExpressionsAreWhatRegexpSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		check(t, rng.IntN)
	}
}

func FuzzExpressions(f *testing.F) {
	f.Add([]byte("a few bytes that choose"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		k := 0
		check(t, func(n int) int {
			if len(choices) == 0 {
				return 0
			}
			k++
			return int(choices[k%len(choices)]) % n
		})
	})
}
