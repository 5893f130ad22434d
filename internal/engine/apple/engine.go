//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
)

// Name is the engine's name in the registry.
const Name = "framework"

// Engine runs models through CoreML.framework. The zero Engine is the one to use;
// it is not registered by itself.
type Engine struct{}

// Name returns "framework".
func (Engine) Name() string { return Name }

// open loads the framework and says whether the system is new enough for it to
// be of use at all. objc.Load does its work once for the process. The methods
// named here are those without which no prediction can be made; features such
// as states are asked for where they are used. compileModelAtURL with a
// completion handler makes macOS 13 the oldest system.
func open() error {
	if err := objc.Load(); err != nil {
		return fmt.Errorf("load Core ML: %w", err)
	}
	return need("Core ML", objc.MLModel.Compile, objc.MLModel.Load, objc.MLModel.Predict, objc.MLModel.Description,
		objc.MLModelConfiguration.Init, objc.MLPredictionOptions.Init, objc.MLMultiArray.InitWithDataPointer,
		objc.MLMultiArray.GetBytes, objc.MLMultiArray.GetMutableBytes, objc.MLDictionaryFeatureProvider.InitWithDictionary)
}

// Load compiles a package, unless that has been done before, and loads one
// function of it. A source that is a compiled model is loaded as it is. The
// order matters: what can be said without the framework's help, from the
// package's own file, is said before anything is compiled.
func (Engine) Load(ctx context.Context, src engine.Source, cfg engine.Config) (engine.Program, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(cfg.Adapters) > 0 {
		return nil, engine.ErrNoAdapters
	}
	if err := open(); err != nil {
		return nil, err
	}
	s, err := newSource(src)
	if err != nil {
		return nil, err
	}
	o, err := s.outline(cfg.Function)
	if err != nil {
		return nil, err
	}
	if len(o.states) > 0 {
		if err := needStates(); err != nil {
			return nil, err
		}
	}
	c, err := openCache(cfg.Framework.CacheDir, objc.OSBuild())
	if err != nil {
		return nil, err
	}
	p, err := load(ctx, s, o, c, cfg)
	if err != nil {
		return nil, cancelled(ctx, err)
	}
	return p, nil
}

// load compiles and loads. An entry of the cache that the framework does not
// take is compiled once more. Only an answer of the framework (*Error) leads to
// that, and only for an entry that was there before: a model that was compiled
// just now would fail again.
func load(ctx context.Context, s source, o *outline, c *cache, cfg engine.Config) (*program, error) {
	plain, err := s.asItIs(ctx)
	if err != nil {
		return nil, err
	}
	if plain {
		return loadCompiled(ctx, made{dir: s.path}, o, cfg)
	}
	m, err := s.compile(ctx, c)
	if err != nil {
		return nil, err
	}
	p, err := loadCompiled(ctx, m, o, cfg)
	var refused *Error
	if err == nil || m.fresh || ctx.Err() != nil || !errors.As(err, &refused) {
		return p, err
	}
	if e := c.discard(m.digest); e != nil {
		return nil, errors.Join(err, e)
	}
	if m, err = s.compile(ctx, c); err != nil {
		return nil, err
	}
	return loadCompiled(ctx, m, o, cfg)
}

// loadCompiled loads a compiled model and describes it. A model that is not in
// the cache belongs to the program, or is removed. p owns what it has been
// given so far at every point, so that closing it is all that an error needs.
func loadCompiled(ctx context.Context, m made, o *outline, cfg engine.Config) (_ *program, err error) {
	p := &program{
		dir: m.dir, own: m.own, backed: cfg.Framework.OutputBackings, promptly: promptly,
		// A semaphore and not a mutex, because waiting for it ends with a
		// context.
		planning: make(chan struct{}, 1),
	}
	defer func() {
		if err != nil {
			err = joinClose(err, p)
		}
	}()
	function, err := chooseFunction(ctx, m.dir, o, cfg.Function)
	if err != nil {
		return nil, err
	}
	config, notes, err := configuration(cfg, function)
	if err != nil {
		return nil, err
	}
	p.config = config
	if p.model, err = loadModel(ctx, m.dir, config); err != nil {
		return nil, err
	}
	err = objc.WithPoolError(func() error {
		d := objc.Send(p.model.obj.ID(), objc.MLModel.Description)
		if d == 0 {
			return failed("load", fmt.Errorf("%w: a description", ErrMissing))
		}
		p.desc, err = describe(d, o)
		return err
	})
	if err == nil && len(p.desc.States) > 0 {
		err = needStates()
	}
	if err != nil {
		return nil, fmt.Errorf("describe the model: %w", err)
	}
	p.in, p.out = newNames(p.desc.Inputs), newNames(p.desc.Outputs)
	// Asynchronous predictions came with macOS 14, those with a state with
	// macOS 15, at once with states.
	p.async = objc.MLModel.PredictAsync.Available()
	if len(p.desc.States) > 0 {
		p.async = objc.MLModel.PredictStateAsync.Available()
	}
	p.info = info(cfg, notes)
	return p, nil
}

// info says what was asked for and what is had. Settings of the portable engine
// mean nothing here, which is said rather than refused: the same program runs
// on both.
func info(cfg engine.Config, notes []string) engine.Info {
	names, missing := usable(devices(), cfg.ComputeUnits)
	if cfg.Arithmetic != engine.ArithmeticDefault || cfg.Threads != 0 || cfg.NoFusion {
		notes = append(notes, "Core ML itself decides on arithmetic, threads and fusion")
	}
	return engine.Info{Engine: Name, Devices: names, Notes: slices.Concat(missing, notes)}
}

// chooseFunction returns the name to be set in the configuration, which is
// empty for the default function, and completes the outline. A name that the
// model does not have is refused here. The outline has no functions where the
// file does not tell: a compiled model with other metadata, a package that is
// no ML Program. Then the framework is asked.
func chooseFunction(ctx context.Context, dir string, o *outline, want string) (string, error) {
	if len(o.functions) == 0 {
		names, err := functionNames(ctx, dir)
		if err != nil {
			return "", err
		}
		o.functions = names
		if len(names) == 0 {
			o.functions = []string{mainFunction}
		}
		switch {
		case o.defaultFunction != "":
		case len(o.functions) == 1:
			o.defaultFunction = o.functions[0]
		case slices.Contains(o.functions, mainFunction):
			o.defaultFunction = mainFunction
		}
	}
	if want == "" {
		want = o.defaultFunction
	}
	if o.function == "" {
		o.function = want
	}
	switch {
	case want == "":
		return "", nil // the framework knows its default, or says that it has none
	case !slices.Contains(o.functions, want):
		return "", unknownFunction(want, o.functions)
	case want == o.defaultFunction:
		return "", nil
	}
	return want, nil
}
