package generate

import (
	"cmp"
	"context"
	"fmt"
)

// bindStages binds the functions of all stages and joins them to chains. Where stages
// have functions for several numbers of tokens, there is a chain for each of them.
func (b *boundModel) bindStages(ctx context.Context, src functionSource, stages []Stage) error {
	lengths := 1
	for i := range stages {
		n := 1 + len(stages[i].Prefills)
		if lengths > 1 && n > 1 && n != lengths {
			return driverErrorf(fmt.Sprintf("stages.%d.prefills", i), "has functions for %d numbers of tokens, and an earlier stage for %d", n, lengths)
		}
		lengths = max(lengths, n)
	}
	b.decode, b.prefills = new(chain), newChains(lengths)
	if r := b.d.Rotation; r != nil {
		b.rotated, b.rotatedPrefills, b.rotateFrom = new(chain), newChains(lengths), r.From
	}
	labels := map[string]int{}
	for i := range stages {
		s := &stages[i]
		bound := boundStageFunctions{b: b, ctx: ctx, src: src, stage: i, s: s, fns: map[string]*boundFunction{}}
		one, err := bound.bind(s.Function)
		if err != nil {
			return err
		}
		if err := bound.join(b.decode, b.prefills, func(name string) string { return name }); err != nil {
			return err
		}
		if b.rotated != nil {
			turned := func(name string) string { return cmp.Or(b.d.Rotation.Functions[name], name) }
			if err := bound.join(b.rotated, b.rotatedPrefills, turned); err != nil {
				return err
			}
		}
		if err := b.bindStage(ctx, src, s, one, labels); err != nil {
			return err
		}
	}
	return b.joinChains()
}

func newChains(n int) []*chain {
	list := make([]*chain, n)
	for i := range list {
		list[i] = new(chain)
	}
	return list
}

// boundStageFunctions binds the functions of a stage, each once.
type boundStageFunctions struct {
	b     *boundModel
	ctx   context.Context //nolint:containedctx // it lives as long as one call
	src   functionSource
	stage int
	s     *Stage
	fns   map[string]*boundFunction
}

func (f *boundStageFunctions) bind(name string) (fn *boundFunction, err error) {
	fn, ok := f.fns[name]
	if !ok {
		if fn, err = f.b.bindFunction(f.ctx, f.src, f.stage, f.s, name); err == nil {
			f.fns[name] = fn
		}
	}
	return fn, err
}

// join appends the stage's functions to chains, under the names that other gives for
// theirs.
func (f *boundStageFunctions) join(one *chain, many []*chain, other func(string) string) error {
	fn, err := f.bind(other(f.s.Function))
	if err != nil {
		return err
	}
	one.fns = append(one.fns, fn)
	for k, c := range many {
		name := cmp.Or(f.s.Prefill, f.s.Function)
		if k < len(f.s.Prefills) {
			name = f.s.Prefills[k]
		}
		if fn, err = f.bind(other(name)); err != nil {
			return err
		}
		c.fns = append(c.fns, fn)
	}
	return nil
}
