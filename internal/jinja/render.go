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

// Template is a parsed template. It does not change and is safe for concurrent
// use. Parsing one takes longer than rendering it, so that it is kept with the
// model.
type Template struct{ body []stmt }

// Render returns the output of a template with the variables of vars, which
// may be nil. It ends with the context, in the middle of a large text too, and
// returns the error of the context then.
func (t *Template) Render(ctx context.Context, vars *Dict, o *Options) (string, error) {
	in := newInterp(ctx, vars, o)
	// A break outside of a loop is refused by the parser, so no signal is left.
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

// newInterp returns the state at the start of a rendering. The variables of the
// caller lie in a scope between the globals and the template, so that a set at
// the top does not change the mapping that was handed over.
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
