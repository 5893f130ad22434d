package jinja

import (
	"strings"
	"time"
)

// Options are the settings of a rendering; the zero value has the defaults.
type Options struct {
	// Now is the clock of strftime_now, time.Now if nil.
	Now func() time.Time
	// MaxSteps bounds the work: nodes that are evaluated, and what filters and
	// operators go over. 0 is 10 million.
	MaxSteps int
	// MaxBytes bounds the memory that a rendering takes in all, counting what
	// it gave back meanwhile too. 0 is 256 MiB.
	MaxBytes int
}

const (
	defaultSteps = 10_000_000
	defaultBytes = 256 << 20
	// maxEval bounds how deeply evaluations are nested, through expressions
	// and macros that call themselves.
	maxEval = 3000
)

// interp is the state of one rendering.
type interp struct {
	scope *scope
	out   *strings.Builder
	now   func() time.Time
	steps int
	bytes int
	depth int
}

// scope holds the variables of a block.
type scope struct {
	vars   map[string]Value
	parent *scope
}

func (s *scope) lookup(id string) (Value, bool) {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[id]; ok {
			return v, true
		}
	}
	return nil, false
}

func (s *scope) set(id string, v Value) {
	if s.vars == nil {
		s.vars = make(map[string]Value, 4)
	}
	s.vars[id] = v
}

// Render returns the output of a template with the variables of vars, which
// may be nil.
func (t *Template) Render(vars *Dict, o *Options) (string, error) {
	if o == nil {
		o = &Options{}
	}
	in := &interp{now: o.Now, steps: o.MaxSteps, bytes: o.MaxBytes, out: &strings.Builder{}}
	if in.now == nil {
		in.now = time.Now
	}
	if in.steps <= 0 {
		in.steps = defaultSteps
	}
	if in.bytes <= 0 {
		in.bytes = defaultBytes
	}
	base := &scope{parent: globals}
	if vars != nil {
		for i, k := range vars.keys {
			if id, ok := k.(string); ok {
				base.set(id, vars.vals[i])
			}
		}
	}
	in.scope = &scope{parent: base}
	if _, err := in.run(t.body); err != nil {
		return "", err
	}
	return in.out.String(), nil
}

// charge takes n bytes, and the steps that making them takes, from the budget.
func (in *interp) charge(n int) error {
	if in.bytes -= n; in.bytes < 0 || n < 0 {
		return fail(LimitError, "the template uses too much memory")
	}
	return in.spend(n >> 4)
}

// spend takes n steps from the budget.
func (in *interp) spend(n int) error {
	if in.steps -= n; in.steps < 0 || n < 0 {
		return fail(LimitError, "the template takes too many steps")
	}
	return nil
}

// write appends text to the output.
func (in *interp) write(text string) error {
	if err := in.charge(len(text)); err != nil {
		return err
	}
	in.out.WriteString(text)
	return nil
}

// eval evaluates an expression within the limits.
func (in *interp) eval(e expr) (Value, error) {
	if in.steps--; in.steps < 0 {
		return nil, e.where().at(fail(LimitError, "the template takes too many steps"))
	}
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

// run executes statements until one leaves the loop around them.
func (in *interp) run(body []stmt) (signal, error) {
	if in.depth++; in.depth > maxEval {
		return normal, fail(LimitError, "the template is nested too deeply")
	}
	defer func() { in.depth-- }()
	for _, s := range body {
		if err := in.spend(1); err != nil {
			return normal, err
		}
		if sig, err := s.exec(in); err != nil || sig != normal {
			return sig, err
		}
	}
	return normal, nil
}

// within executes statements in a scope of their own.
func (in *interp) within(s *scope, body []stmt) (signal, error) {
	outer := in.scope
	in.scope = s
	sig, err := in.run(body)
	in.scope = outer
	return sig, err
}

// capture executes statements in a scope and returns what they write.
func (in *interp) capture(s *scope, body []stmt) (string, error) {
	outer := in.out
	in.out = &strings.Builder{}
	_, err := in.within(s, body)
	text := in.out.String()
	in.out = outer
	return text, err
}
