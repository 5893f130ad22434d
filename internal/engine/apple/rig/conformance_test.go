//go:build linux && (amd64 || arm64)

package rig_test

import (
	"context"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
	"github.com/gocoreml/coreml/internal/enginetest"
)

// framework is the engine under test with a cache of its own. Packages get the
// options first.
type framework struct {
	apple.Engine
	t       testing.TB
	dir     string
	backing bool
	options []string
}

func (f framework) Load(ctx context.Context, src engine.Source, cfg engine.Config) (engine.Program, error) {
	cfg.Framework.CacheDir = f.dir
	cfg.Framework.OutputBackings = f.backing
	if len(f.options) > 0 {
		src = rig.Copy(f.t, src.Path, f.options...)
	}
	return f.Engine.Load(ctx, src, cfg)
}

// newFramework returns the engine over the stand-in. What the test leaves alive
// in the framework fails it.
func newFramework(t testing.TB) framework {
	t.Helper()
	rig.Start(t)
	rig.Balance(t)
	return framework{t: t, dir: t.TempDir()}
}

func TestEngineKeepsTheContract(t *testing.T) {
	for _, test := range []struct {
		name   string
		long   bool
		change func(*framework)
	}{
		{"as it comes", false, func(*framework) {}},
		{"with all that is unusual", false, func(f *framework) {
			f.backing, f.options = true, []string{"pad=64", "state-pad=64", "pixels=1", "keep-inputs=1"}
		}},
		{"with output backings", true, func(f *framework) { f.backing = true }},
		{"with padded rows", true, func(f *framework) { f.options = []string{"pad=64", "state-pad=32"} }},
		{"with pixel buffers", true, func(f *framework) { f.options = []string{"pixels=1"} }},
		{"with inputs that it keeps", true, func(f *framework) { f.options = []string{"keep-inputs=1"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.long && testing.Short() {
				t.Skip("takes some seconds more")
			}
			e := newFramework(t)
			test.change(&e)
			enginetest.Run(t, e)
		})
	}
}
