package schema

import (
	"errors"
	"fmt"
	"sync"

	"github.com/gocoreml/coreml/generate/grammar/internal/jsonvalue"
	"github.com/gocoreml/coreml/generate/grammar/internal/rules"
)

// instanceDepth is how deep the arrays and objects of a value may lie in each other.
const instanceDepth = 1_000

// defaultSearch bounds the search for what fits several patterns at once, where the caller
// leaves it open.
const defaultSearch = 20_000

// Options say how a schema is compiled.
type Options struct {
	// Narrow allows less than keywords do that no automaton decides, in place of an
	// error.
	Narrow bool
	// Limits bound the program.
	Limits rules.Limits
}

// builder returns the builder of a program.
func (o Options) builder() *rules.Builder {
	limits := o.Limits
	if limits.Search == 0 {
		limits.Search = defaultSearch
	}
	return rules.NewBuilder(limits)
}

// Compile returns the program of the canonical forms of the values that a schema allows.
// Its errors are [*Error], and [rules.ErrNothing] if the schema allows none.
func Compile(text []byte, opts Options) (*rules.Program, error) {
	b := opts.builder()
	start, err := Add(b, "", text, opts)
	if err != nil {
		return nil, err
	}
	p, err := b.Build(start)
	if limit, ok := errors.AsType[*rules.LimitError](err); ok {
		return nil, &Error{Reason: fmt.Sprintf("is too large: %s", limit), Unsupported: true}
	}
	return p, err
}

// Add returns the rule of the values that a schema allows, as a part of what else b makes.
// The names of its rules begin with prefix. Its errors are [*Error].
func Add(b *rules.Builder, prefix string, text []byte, opts Options) (rules.Expr, error) {
	c, err := compile(b, prefix, text, opts)
	if err != nil {
		return b.Nothing(), err
	}
	return c.lower(c.schema(c.doc.root)), nil
}

// compile makes the rules of a schema.
func compile(b *rules.Builder, prefix string, text []byte, opts Options) (*compiler, error) {
	doc, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := newCompiler(doc, b, prefix)
	c.narrow = opts.Narrow
	c.lower(c.schema(doc.root))
	return c, c.finish()
}

// Writer writes values in the canonical form that the program of a schema reads. It is
// safe for concurrent use, one value at a time.
type Writer struct {
	mu sync.Mutex
	c  *compiler
}

// NewWriter returns the writer for a schema. Its errors are those of [Compile].
func NewWriter(text []byte, opts Options) (*Writer, error) {
	c, err := compile(opts.builder(), "", text, opts)
	if err != nil {
		return nil, err
	}
	return &Writer{c: c}, nil
}

// Canonical returns the canonical form of a JSON text. A value that the schema does not
// allow has one too, which no program of the schema reads: the members of its objects
// stay in their order. Its error is that of what is no JSON.
func (w *Writer) Canonical(text []byte) ([]byte, error) {
	v, err := jsonvalue.Parse(text, instanceDepth, jsonvalue.LastWins)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	one := writer{w.c, map[written]result{}}
	r, err := one.value(w.c.schema(w.c.doc.root), v)
	if err != nil {
		return nil, err
	}
	if !r.ok {
		r.text = jsonvalue.Append(nil, v)
	}
	return r.text, nil
}
