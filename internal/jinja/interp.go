package jinja

import (
	"time"
)

// interp is the state of one rendering. It belongs to one goroutine. What is
// shared between renderings, the tree and the globals, does not change.
type interp struct {
	scope *scope
	out   *builder
	now   func() time.Time
	depth int
	// autoescape says whether blocks escape that are told so by the rendering.
	autoescape bool
	meter
}

// scope holds the variables of a block. The map is made with the first
// variable: most blocks set none.
type scope struct {
	vars   map[string]Value
	parent *scope
}

// nearScopes is how many scopes are asked for a name within one step. More are
// rare, and a template that nests thousands of them is to pay for the walk.
const nearScopes = 8

// lookup returns a variable, and how many scopes were asked for it.
func (s *scope) lookup(id string) (v Value, ok bool, walked int) {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[id]; ok {
			return v, true, walked
		}
		walked++
	}
	return nil, false, walked
}

func (s *scope) set(id string, v Value) {
	if s.vars == nil {
		s.vars = make(map[string]Value, 4)
	}
	s.vars[id] = v
}

// write appends text to the output.
func (in *interp) write(text string) error { return in.out.write(text) }

// eval evaluates an expression within the limits. The place of the node is
// added to the error on the way out. As an error keeps its first place, this is
// the innermost node that failed.
func (in *interp) eval(e expr) (Value, error) {
	if in.steps--; in.steps < in.poll {
		if err := in.look(false); err != nil {
			return nil, e.where().at(err)
		}
	}
	// Go's stack would grow to a gigabyte and then end the process, which no
	// recover can stop.
	if in.depth++; in.depth > maxEval {
		return nil, e.where().at(fail(LimitError, "the template is nested too deeply"))
	}
	v, err := e.eval(in)
	in.depth--
	if err != nil {
		return nil, e.where().at(err)
	}
	return v, nil
}

// run executes statements until one leaves the loop around them. A break or
// continue passes through every block between it and its loop.
func (in *interp) run(body []stmt) (signal, error) {
	if in.depth++; in.depth > maxEval {
		return normal, fail(LimitError, "the template is nested too deeply")
	}
	defer func() { in.depth-- }()
	for _, s := range body {
		if err := in.spend(1); err != nil {
			return normal, err
		}
		// What comes behind a break is not executed.
		if sig, err := s.exec(in); err != nil || sig != normal {
			return sig, err
		}
	}
	return normal, nil
}

// within executes statements in a scope of their own. The scope is put back
// after an error too: the caller may go on.
func (in *interp) within(s *scope, body []stmt) (signal, error) {
	outer := in.scope
	in.scope = s
	sig, err := in.run(body)
	in.scope = outer
	return sig, err
}

// capture executes statements in a scope and returns what they write. Output
// goes to a builder of its own meanwhile, so that blocks can be nested.
func (in *interp) capture(s *scope, body []stmt) (string, signal, error) {
	outer := in.out
	out := builder{in: in}
	in.out = &out
	sig, err := in.within(s, body)
	in.out = outer
	if err != nil {
		return "", sig, err
	}
	text, err := out.text()
	return text, sig, err
}

// evalAll evaluates expressions from left to right.
func (in *interp) evalAll(list []expr) ([]Value, error) {
	out := make([]Value, len(list))
	for i, e := range list {
		var err error
		if out[i], err = in.eval(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// truth evaluates a condition.
func (in *interp) truth(e expr) (bool, error) {
	v, err := in.eval(e)
	if err != nil {
		return false, err
	}
	return truth(v), nil
}

// captureFunc returns what f writes. A recursive loop writes into the page, and
// its call has that as its value.
func (in *interp) captureFunc(f func() error) (Value, error) {
	outer := in.out
	out := builder{in: in}
	in.out = &out
	err := f()
	in.out = outer
	if err != nil {
		return nil, err
	}
	text, err := out.text()
	return in.captured(text), err
}
