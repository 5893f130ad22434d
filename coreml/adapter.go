package coreml

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/gocoreml/coreml/internal/adapter"
	"github.com/gocoreml/coreml/internal/adapter/graft"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// The reasons for which an adapter is refused.
var (
	// ErrAdapter: an adapter is broken, of a kind that is not applied, or made for another
	// model. An [AdapterMismatchError] says which of its modules the model lacks.
	ErrAdapter = adapter.ErrFormat
	// ErrNoAdapters: the engine applies no adapters. Core ML itself does not: there an
	// adapter is a function of the package, which converting makes of it.
	ErrNoAdapters = engine.ErrNoAdapters
)

// Adapter is a low-rank adapter (LoRA) in a folder, as PEFT or mlx-lm wrote it: beside each
// linear layer that it names the portable engine computes Scale·s·B·(A·x), where A and B
// are the adapter's small matrices and s is its own scale. The weights of the model stay
// as they are, mapped and compressed, and all adapters of a model share them.
type Adapter struct {
	// Path is the folder, with adapter_config.json and the weights.
	Path string
	// Scale multiplies what the adapter adds, beside the scale of its own. Nil means 1.
	// Modules that the adapter replaces as a whole (modules_to_save) have no part in it.
	Scale *float64
}

// AdapterMismatchError lists the modules of an adapter that the model has no place for.
type AdapterMismatchError struct {
	// Adapter is the name of the adapter's folder.
	Adapter string
	// Modules are the names of the modules, each with the reason behind a colon.
	Modules []string
	// Err is what the engine said.
	Err error
}

// Error lists the modules.
func (e *AdapterMismatchError) Error() string { return e.Err.Error() }

// Unwrap returns Err, which wraps [ErrAdapter].
func (e *AdapterMismatchError) Unwrap() error { return e.Err }

// maxAdapters bounds the adapters that are applied together.
const maxAdapters = 64

// scale returns the adapter's factor.
func (a *Adapter) scale() float64 {
	if a.Scale == nil {
		return 1
	}
	return *a.Scale
}

// openAdapters opens adapters for one load. The function that it returns closes them.
func openAdapters(ctx context.Context, list []Adapter) (_ []engine.Adapter, closeAll func() error, err error) {
	var open []engine.Adapter
	closeAll = func() error {
		var errs []error
		for _, a := range open {
			errs = append(errs, a.Weights.Close())
		}
		return errors.Join(errs...)
	}
	if len(list) > maxAdapters {
		return nil, closeAll, fmt.Errorf("%w: %d adapters at once, at most %d", ErrAdapter, len(list), maxAdapters)
	}
	for i := range list {
		a := &list[i]
		if s := a.scale(); math.IsNaN(s) || math.IsInf(s, 0) {
			return nil, closeAll, fmt.Errorf("%w: the scale of %q is %v", ErrAdapter, a.Path, s)
		}
		if a.Path == "" {
			return nil, closeAll, fmt.Errorf("%w: the path is empty", ErrAdapter)
		}
		w, err := adapter.Open(ctx, a.Path)
		if err != nil {
			return nil, closeAll, err
		}
		open = append(open, engine.Adapter{Weights: w, Scale: a.scale()})
	}
	return open, closeAll, nil
}

// withAdapters calls load with a configuration in which the adapters are open.
func withAdapters(ctx context.Context, cfg engine.Config, list []Adapter, load func(engine.Config) error) (err error) {
	open, closeAll, err := openAdapters(ctx, list)
	defer func() { err = cmp.Or(err, closeAll()) }()
	if err != nil {
		return err
	}
	cfg.Adapters = open
	return adapterError(load(cfg))
}

// adapterError makes the public error of one that lists modules.
func adapterError(err error) error {
	if m, ok := errors.AsType[*graft.MismatchError](err); ok {
		return &AdapterMismatchError{Adapter: m.Adapter, Modules: slices.Clone(m.Modules), Err: err}
	}
	return err
}

// LoadAdapted loads a function of the same package with other adapters than m has; none
// is the function alone. It is [Model.LoadFunction] otherwise: an empty name is the
// package's default function, the weight files that m has mapped are used, and the new
// Model is closed by itself. What it holds beside them is the adapters' matrices and what
// an engine makes of a function.
func (m *Model) LoadAdapted(ctx context.Context, function string, adapters ...Adapter) (*Model, error) {
	other, err := m.loadFunction(orBackground(ctx), function, slices.Clone(adapters))
	runtime.KeepAlive(m)
	if err != nil {
		return nil, fail("load function", err)
	}
	return other, nil
}

// loadFunction loads a function of the package with adapters.
func (m *Model) loadFunction(ctx context.Context, name string, adapters []Adapter) (*Model, error) {
	p := m.program()
	if !p.gate.enter() {
		return nil, ErrClosed
	}
	defer p.gate.leave()
	from := p.loaded
	from.cfg.Function, from.adapters = name, adapters
	load := func(ctx context.Context, cfg engine.Config) (engine.Program, error) {
		return from.engine.Load(ctx, from.src, cfg)
	}
	if f, ok := p.prog.(engine.FunctionProgram); ok {
		load = f.LoadFunction
	}
	var prog engine.Program
	err := withAdapters(ctx, from.cfg, adapters, func(cfg engine.Config) (err error) {
		prog, err = load(ctx, cfg)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from.name, engineError(modelpkg.Locate(err, from.name)))
	}
	return newModel(prog, from, p.note), nil
}
