package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/gocoreml/coreml/coreml"
)

// functions are the functions of a package that a generator answers with: the one, or
// the pair, that it was opened for, and others from when they are first asked for.
type functions struct {
	src      functionSource
	override *Driver
	file     string   // of the package, as in packageFunctions
	own      []string // what the generator was opened for goes by these names
	names    []string // of all that can be chosen, in order
	several  bool     // packages, whose functions belong together
	set      []packageFunctions

	loading chan struct{} // has an element while somebody loads
	mu      sync.Mutex    // for what follows
	others  map[string]*boundModel
	adapted []*adaptedSource // of those of others that have adapters
}

// newFunctions finds the names that can be chosen. D is the driver that was found.
func newFunctions(src functionSource, set []packageFunctions, override, d *Driver) *functions {
	f := &functions{src: src, override: override, file: set[0].file, set: set, loading: make(chan struct{}, 1), others: map[string]*boundModel{}}
	f.several = len(set) > 1 || slices.ContainsFunc(d.Stages, func(s Stage) bool { return s.Package != "" && s.Package != f.file })
	desc := set[0].find("")
	if desc == nil {
		desc = set[0].functions[0]
	}
	if len(d.Stages) == 0 {
		f.own = []string{desc.Function}
	}
	for i := range d.Stages {
		s := &d.Stages[i]
		f.own = append(f.own, cmp.Or(s.Function, desc.Function), cmp.Or(s.Prefill, s.Function, desc.Function))
		f.own = append(f.own, s.Prefills...)
	}
	if d.Rotation != nil {
		for _, turned := range d.Rotation.Functions {
			f.own = append(f.own, turned)
		}
	}
	slices.Sort(f.own)
	f.own = slices.Compact(f.own)
	f.names = f.own
	if !f.several && len(desc.Functions) > 0 {
		f.names = slices.Sorted(slices.Values(desc.Functions))
	}
	return f
}

// driverOf returns what of the caller's driver holds for another function: the stages of
// several functions are those of the functions that they name.
func (f *functions) driverOf() *Driver {
	if f.override == nil || len(f.override.Stages) > 1 {
		return nil
	}
	d := f.override.clone()
	d.Rotation = nil
	for i := range d.Stages {
		d.Stages[i].Function, d.Stages[i].Prefill, d.Stages[i].Prefills = "", "", nil
	}
	return d
}

// otherFunction is the source of the functions of a driver that names none.
type otherFunction struct {
	functionSource
	name string
}

func (o otherFunction) function(ctx context.Context, pkg, name string) (predictor, *coreml.Description, error) {
	return o.functionSource.function(ctx, pkg, cmp.Or(name, o.name))
}

// Functions returns the names that [Options.Function] takes, in order: the functions of
// the package. Those that do not write text are among them.
func (g *Generator) Functions() []string {
	f := g.made().functions
	if f == nil {
		return nil
	}
	return slices.Clone(f.names)
}

// function returns a function of that name, loaded when it is first asked for; the empty
// name is what the generator was opened for. Adapters, unless they are nil, take the
// place of those that the generator was opened with.
func (g *Generator) function(ctx context.Context, name string, adapters []coreml.Adapter) (*boundModel, error) {
	f := g.functions
	if f != nil && slices.Contains(f.own, name) {
		name = ""
	}
	switch {
	case f == nil || name == "" && adapters == nil:
		return g.bound, nil
	case name != "" && !slices.Contains(f.names, name):
		return nil, &FunctionError{Function: name, Functions: slices.Clone(f.names)}
	}
	function := name
	if adapters != nil {
		name = adaptedName(function, adapters)
	}
	if b := f.loaded(name); b != nil {
		return b, nil
	}
	select {
	case f.loading <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-f.loading }()
	if b := f.loaded(name); b != nil { // by whom this call has waited for
		return b, nil
	}
	b, err := g.loadFunction(ctx, name, function, adapters)
	switch {
	case err != nil && function == "":
		return nil, unlessEnded(ctx, err)
	case err != nil:
		return nil, unlessEnded(ctx, fmt.Errorf("function %q: %w", function, err))
	}
	return b, nil
}

func (f *functions) loaded(name string) *boundModel {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.others[name]
}

// loadFunction loads and binds a function and keeps it under a name.
func (g *Generator) loadFunction(ctx context.Context, name, function string, adapters []coreml.Adapter) (b *boundModel, err error) {
	if err := g.pool.beginLoad(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.pool.endLoad()) }()
	f := g.functions
	if adapters != nil {
		b, err = g.loadAdapted(ctx, function, adapters)
	} else {
		b, err = g.bindOther(ctx, otherFunction{f.src, function}, function)
	}
	if err != nil {
		return nil, err
	}
	b.function = function
	f.mu.Lock()
	f.others[name] = b
	f.mu.Unlock()
	return b, nil
}

// bindOther binds a function with a driver of its own. What contradicts the caller's
// driver, which is that of the function the generator was opened for, is detected as if
// there were none.
func (g *Generator) bindOther(ctx context.Context, src functionSource, name string) (*boundModel, error) {
	f := g.functions
	_, desc, err := src.function(ctx, f.file, name)
	if err != nil {
		return nil, err
	}
	set := []packageFunctions{{file: f.file, functions: []*coreml.Description{desc}}}
	override := f.driverOf()
	b, _, err := g.bind(ctx, src, set, override)
	if _, ok := errors.AsType[*DriverError](err); ok && override != nil {
		if own, _, again := g.bind(ctx, src, set, nil); again == nil {
			b, err = own, nil
		}
	}
	return b, err
}

// release gives back what the other functions have mapped.
func (f *functions) release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, b := range f.others {
		errs = append(errs, b.release())
	}
	for _, a := range f.adapted {
		errs = append(errs, a.close())
	}
	clear(f.others)
	f.adapted = nil
	return errors.Join(errs...)
}

// furtherFunctions loads functions of a model that the caller has loaded, and owns them.
type furtherFunctions struct {
	model *coreml.Model
	more  map[string]*coreml.Model
}

func (f *furtherFunctions) load(ctx context.Context, name string) (predictor, *coreml.Description, error) {
	m, ok := f.more[name]
	if !ok {
		var err error
		if m, err = f.model.LoadFunction(ctx, name); err != nil {
			return nil, nil, err
		}
		f.more[name] = m
	}
	return m, m.Description(), nil
}

func (f *furtherFunctions) close() error {
	var errs []error
	for _, m := range f.more {
		errs = append(errs, m.Close())
	}
	clear(f.more)
	return errors.Join(errs...)
}
