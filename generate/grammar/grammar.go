package grammar

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
	"github.com/gocoreml/coreml/generate/grammar/internal/schema"
)

// Grammar is a set of texts. It does not change and is safe for concurrent use. A nil or
// zero one is that of the empty text alone.
type Grammar struct {
	program *rules.Program
	kind    string
	masks   maskCaches
	writer  func() (*schema.Writer, error) // of a schema's canonical form; nil for other grammars
	text    int                            // the bytes that the writer keeps
}

// LimitError says that a grammar takes more than the package allows. It is wrapped in the
// error of what made the grammar, and is that of an answer for which a grammar has too many
// readings.
type LimitError struct {
	What  string // what there is too much of, in the plural
	Limit int
}

// Error implements error.
func (e *LimitError) Error() string { return (&rules.LimitError{What: e.What, Limit: e.Limit}).Error() }

// public gives an error of an internal package the type of this one.
func public(err error) error {
	if e, ok := errors.AsType[*rules.LimitError](err); ok {
		return &LimitError{What: e.What, Limit: e.Limit}
	}
	if e, ok := errors.AsType[*rules.RuleError](err); ok {
		return &SyntaxError{Problem: e.Error()}
	}
	if e, ok := errors.AsType[*schema.Error](err); ok {
		return (*SchemaError)(e)
	}
	return err
}

// ErrNothing says that no text at all fits a grammar.
var ErrNothing = rules.ErrNothing

// SyntaxError says where a grammar or a regular expression is not one, or asks for what
// there is not.
type SyntaxError struct {
	Line, Column int // from 1; 0 where it has no place
	Problem      string
}

// Error implements error.
func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.Problem
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Problem)
}

// build makes the grammar of an expression. Kind says what it was made of.
func build(b *rules.Builder, start rules.Expr, kind string) (*Grammar, error) {
	p, err := b.Build(start)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, public(err))
	}
	return &Grammar{program: p, kind: kind}, nil
}

// empty is the program of a grammar that nothing made.
var empty = func() *rules.Program {
	b := rules.NewBuilder(rules.Limits{})
	p, err := b.Build(b.Empty())
	if err != nil {
		panic(err) // it depends on nothing
	}
	return p
}()

// start returns the state at the beginning of a text.
func (g *Grammar) start() rules.State {
	if g == nil || g.program == nil {
		return empty.Start()
	}
	return g.program.Start()
}

// Kind says what the grammar was made of: "regex", "grammar", "choice" and so on.
func (g *Grammar) Kind() string {
	if g == nil {
		return ""
	}
	return g.kind
}

// Match reports whether text as a whole fits the grammar.
func (g *Grammar) Match(text string) bool {
	s := g.start()
	for k := range len(text) {
		if s = s.Step(text[k]); s.Dead() {
			return false
		}
	}
	return s.CanEnd()
}

// Choice returns the grammar of the given texts: one of them, as it is.
func Choice(texts ...string) (*Grammar, error) {
	if len(texts) == 0 {
		return nil, errors.New("choice: there is no text to choose")
	}
	b := rules.NewBuilder(rules.Limits{})
	all := make([]rules.Expr, len(texts))
	for k, s := range texts {
		if !utf8.ValidString(s) {
			return nil, fmt.Errorf("choice: text %d is not UTF-8", k+1)
		}
		all[k] = b.Bytes(s)
	}
	return build(b, b.Or(all...), "choice")
}

// Size returns what the grammar was compiled to: how many rules, which are what can lie
// in itself, and how many different expressions.
func (g *Grammar) Size() (rules, expressions int) {
	if g == nil || g.program == nil {
		return empty.Size()
	}
	return g.program.Size()
}

// Memory returns about how many bytes the grammar takes: its expressions, the states that texts
// have led to, and the masks of the vocabularies that it was used with. They grow while the
// grammar is used, each kind up to a bound.
func (g *Grammar) Memory() int64 {
	if g == nil || g.program == nil {
		return 0
	}
	return int64(g.program.Memory()) + int64(g.text) + g.masks.memory()
}
