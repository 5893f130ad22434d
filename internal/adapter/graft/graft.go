package graft

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/adapter"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/quote"
)

// Use is an adapter that is to be applied. Scale multiplies its products, beside the
// scale that belongs to each of them.
type Use struct {
	Adapter *adapter.Adapter
	Scale   float64
}

// Config says how adapters are applied.
type Config struct {
	// Uses are applied together: their products are added.
	Uses []Use
	// Tensors is the object of [TensorsKey], nil where there is none.
	Tensors map[string]string
	// Stored makes operations that a package can hold: in the types that the program
	// has. Else products keep float32 until they are added, and factors are stored as
	// halves only where that loses nothing of weight.
	Stored bool
}

// MismatchError lists the modules of an adapter that a program has no place for.
type MismatchError struct {
	Adapter string
	// Modules are their names, each with the reason behind a colon.
	Modules []string
	// Has are names of the program's weights, some of them.
	Has []string
}

// maxListed bounds the modules and the weights that a message lists.
const (
	maxListed = 1000
	maxHas    = 8
)

// Error lists the modules.
func (e *MismatchError) Error() string {
	list := e.Modules[:min(len(e.Modules), maxListed)]
	text := fmt.Sprintf("adapter %s: the program has no place for %s: %s", show(e.Adapter), counted(len(e.Modules), "module"), strings.Join(list, "; "))
	if n := len(e.Modules) - len(list); n > 0 {
		text += fmt.Sprintf("; and %d more", n)
	}
	if len(e.Has) > 0 {
		text += " (weights of the program are " + strings.Join(e.Has, ", ") + ")"
	}
	return text
}

// Unwrap returns adapter.ErrFormat: the adapter is not this model's.
func (e *MismatchError) Unwrap() error { return adapter.ErrFormat }

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// show shows a name of a file's.
func show(s string) string { return quote.Name(s, 200) }

// factor is the two matrices of a piece.
type factor struct {
	use    Use
	module *adapter.Module
	piece
}

// Apply adds the products of adapters to a function, which must be the caller's alone.
// After an error the function is of no use.
func Apply(ctx context.Context, fn *mil.Function, c *Config) error {
	ix := newIndex(sitesOf(fn, c.Tensors))
	e := &editor{Config: c, fn: fn, names: namesOf(fn), before: map[*mil.Op][]*mil.Op{}, after: map[*mil.Op][]*mil.Op{}, zeros: map[int]*mil.Value{}, biased: map[*mil.Op]bool{}}
	factors := map[*site][]factor{}
	for _, u := range c.Uses {
		missing := &MismatchError{Adapter: u.Adapter.Name}
		for i := range u.Adapter.Modules {
			m := &u.Adapter.Modules[i]
			if err := ctx.Err(); err != nil {
				return err
			}
			pieces, err := ix.match(m)
			if err != nil {
				missing.Modules = append(missing.Modules, show(m.Name)+": "+err.Error())
				continue
			}
			if err := e.replace(u, m, pieces); err != nil {
				return fmt.Errorf("adapter %s: module %s: %w", show(u.Adapter.Name), show(m.Name), err)
			}
			if m.Rank == 0 {
				continue
			}
			for _, p := range pieces {
				factors[p.site] = append(factors[p.site], factor{u, m, p})
			}
		}
		if len(missing.Modules) > 0 {
			missing.Has = ix.some()
			return missing
		}
	}
	for _, s := range ix.sites {
		if len(factors[s]) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.add(s, factors[s]); err != nil {
			return err
		}
	}
	e.insert()
	return nil
}

// some returns names of weights for a message.
func (ix *index) some() []string {
	var out []string
	for _, s := range ix.sites {
		if n := show(s.weight.Name); len(out) < maxHas && !slices.Contains(out, n) && s.kind != lookup {
			out = append(out, n)
		}
	}
	return out
}

// namesOf returns every name of a function that a new one must differ from.
func namesOf(fn *mil.Function) map[string]bool {
	names := map[string]bool{}
	for _, v := range fn.Inputs {
		names[v.Name] = true
	}
	var walk func(b *mil.Block)
	walk = func(b *mil.Block) {
		for _, v := range b.Inputs {
			names[v.Name] = true
		}
		for _, o := range b.Ops {
			names[o.Name] = true
			for _, v := range o.Outputs {
				names[v.Name] = true
			}
			for _, inner := range o.Blocks {
				walk(inner)
			}
		}
	}
	walk(fn.Body)
	return names
}
