package jinja

import (
	"context"
	"time"
)

// Options are the settings of a rendering; the zero value has the defaults.
type Options struct {
	// Now is the clock of strftime_now, time.Now if nil.
	Now func() time.Time
	// MaxSteps bounds the work: nodes that are evaluated, and the bytes and
	// items that filters, tests, methods and operators touch, 4 to 64 bytes a
	// step by what is done with them. 0 is 30 million, about two seconds.
	MaxSteps int
	// MaxBytes bounds the memory that a rendering takes in all, counting what
	// it gave back meanwhile too. 0 is 256 MiB.
	MaxBytes int
}

const (
	defaultSteps = 30_000_000
	defaultBytes = 256 << 20
	// maxEval bounds how deeply evaluations are nested, through expressions
	// and macros that call themselves.
	maxEval = 3000
)

// interp is the state of one rendering.
type interp struct {
	scope *scope
	out   *builder
	now   func() time.Time
	depth int
	meter
}

// scope holds the variables of a block.
type scope struct {
	vars   map[string]Value
	parent *scope
}

// nearScopes is how many scopes are asked for a name within one step.
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

// Render returns the output of a template with the variables of vars, which
// may be nil. It ends with the context, in the middle of a large text too, and
// returns the error of the context then.
func (t *Template) Render(ctx context.Context, vars *Dict, o *Options) (string, error) {
	in := newInterp(ctx, vars, o)
	_, err := in.run(t.body)
	if in.stopped != nil {
		// Whatever an operation made of it, this is why the rendering ended.
		err = in.stopped
	}
	if err != nil {
		return "", err
	}
	return in.out.text()
}

// newInterp returns the state at the start of a rendering.
func newInterp(ctx context.Context, vars *Dict, o *Options) *interp {
	if o == nil {
		o = &Options{}
	}
	steps, bytes := o.MaxSteps, o.MaxBytes
	if steps <= 0 {
		steps = defaultSteps
	}
	if bytes <= 0 {
		bytes = defaultBytes
	}
	in := &interp{now: o.Now, meter: newMeter(ctx, steps, bytes)}
	in.out = &builder{in: in}
	if in.now == nil {
		in.now = time.Now
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
	return in
}

// write appends text to the output.
func (in *interp) write(text string) error { return in.out.write(text) }

// eval evaluates an expression within the limits.
func (in *interp) eval(e expr) (Value, error) {
	if in.steps--; in.steps < in.poll {
		if err := in.look(false); err != nil {
			return nil, e.where().at(err)
		}
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
	out := builder{in: in}
	in.out = &out
	_, err := in.within(s, body)
	in.out = outer
	if err != nil {
		return "", err
	}
	return out.text()
}
