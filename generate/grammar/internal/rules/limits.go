package rules

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/internal/quote"
)

// Limits bound what a grammar may take. A zero field is the default.
type Limits struct {
	// Nodes is how many different expressions a builder may make: 1 million.
	Nodes int
	// Memory is how many bytes the expressions may take, and, apart from them, the
	// cache of a program: 64 MiB each.
	Memory int
	// Depth is how deep expressions may lie in each other: 20,000.
	Depth int
	// Search is how many states are looked at to find out whether an intersection is
	// empty: 50,000.
	Search int
	// Alternatives is how many ways there may be to read a text: 10,000.
	Alternatives int
}

// defaults fills in the zero fields.
func (l Limits) defaults() Limits {
	fill := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	fill(&l.Nodes, 1_000_000)
	fill(&l.Memory, 64<<20)
	fill(&l.Depth, 20_000)
	fill(&l.Search, 50_000)
	fill(&l.Alternatives, 10_000)
	return l
}

// LimitError says that a grammar takes more than its [Limits] allow.
type LimitError struct {
	What  string // what there is too much of, in the plural
	Limit int
}

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("the grammar is too large: more than %d %s; make it simpler or its repetitions shorter", e.Limit, e.What)
}

// RuleError says what is wrong with a rule.
type RuleError struct {
	Rule    string
	Problem string
}

// Error implements error.
func (e *RuleError) Error() string {
	return fmt.Sprintf("rule %s %s", quote.Name(e.Rule, 60), e.Problem)
}

// ErrNothing says that no text at all fits a grammar.
var ErrNothing = errors.New("no text fits the grammar")

// errSealed says that a builder is used after its program was made.
var errSealed = errors.New("the builder has made its program")
