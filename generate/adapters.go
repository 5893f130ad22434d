package generate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// maxAdapted bounds the combinations of function, adapters and scales that a generator
// keeps loaded. Each holds its matrices and what the engine made of the function; a
// caller that takes scales from requests without a bound would fill the memory.
const maxAdapted = 64

// adaptedSource is the source of the functions of a package with adapters. It owns the
// models that it loads.
type adaptedSource struct {
	functionSource
	adapters []coreml.Adapter
	models   map[functionKey]*coreml.Model
}

func (a *adaptedSource) function(ctx context.Context, pkg, name string) (predictor, *coreml.Description, error) {
	key := functionKey{pkg, name}
	if m, ok := a.models[key]; ok {
		return m, m.Description(), nil
	}
	base, desc, err := a.functionSource.function(ctx, pkg, name)
	if err != nil {
		return nil, nil, err
	}
	of, ok := base.(*coreml.Model)
	if !ok {
		return nil, nil, fmt.Errorf("%w: the model is none that takes adapters", ErrConfig)
	}
	m, err := of.LoadAdapted(ctx, desc.Function, a.adapters...)
	if err != nil {
		return nil, nil, err
	}
	a.models[key] = m
	return m, m.Description(), nil
}

func (a *adaptedSource) close() error {
	var errs []error
	for _, m := range a.models {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// adaptedName is the name under which a function with adapters is kept: another scale is
// another function. It begins with what no name of a function holds.
func adaptedName(function string, adapters []coreml.Adapter) string {
	var b strings.Builder
	b.WriteString("\x00" + function)
	for _, a := range adapters {
		path := a.Path
		if whole, err := filepath.Abs(path); err == nil {
			path = whole
		}
		scale := 1.0
		if a.Scale != nil {
			scale = *a.Scale
		}
		b.WriteString("\x00" + path + "\x00" + strconv.FormatUint(math.Float64bits(scale), 16))
	}
	return b.String()
}

// loadAdapted loads and binds a function with adapters. The caller has begun a load.
func (g *Generator) loadAdapted(ctx context.Context, function string, adapters []coreml.Adapter) (b *boundModel, err error) {
	f := g.functions
	f.mu.Lock()
	n := len(f.adapted)
	f.mu.Unlock()
	if n >= maxAdapted {
		return nil, configErrorf("Adapters", "would be loaded in the %dth combination of adapters and scales; a generator keeps %d", n+1, maxAdapted)
	}
	src := &adaptedSource{functionSource: f.src, adapters: slices.Clone(adapters), models: map[functionKey]*coreml.Model{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, src.close())
		}
	}()
	if function == "" {
		b, _, err = g.bind(ctx, src, f.set, f.override)
	} else {
		b, err = g.bindOther(ctx, otherFunction{src, function}, function)
	}
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.adapted = append(f.adapted, src)
	f.mu.Unlock()
	return b, nil
}
