//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple"
	"github.com/gocoreml/coreml/internal/enginetest"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// Question E: how does each device lay out the rows of its outputs? Rows of 3 and
// of 200 float16 elements are those that devices like to pad.
func TestQuestionE_RowsOfEachDevice(t *testing.T) {
	dir := compiled(t, "padded-rows")
	onEveryDevice(t, func(t *testing.T, cfg coreml.Config) {
		balanced(t)
		m, err := rawModel(dir, "", cfg.ComputeUnits)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		objc.WithPool(func() {
			x, err := rawArray(float16Type, 1, 5, 32)
			if err != nil {
				t.Error(err)
				return
			}
			defer x.Close()
			if err := zero(x.ID()); err != nil {
				t.Error(err)
			}
			result, err := rawPredict(m, nil, nil, map[string]objc.ID{"x": x.ID()})
			if err != nil {
				t.Error(err)
				return
			}
			for _, name := range []string{"narrow", "wide"} {
				a, err := rawResult(result, name)
				if err != nil {
					t.Error(err)
					continue
				}
				text, shape, strides := layout(t, a)
				dense := []int{shape[1] * shape[2], shape[2], 1}
				if !slices.Equal(strides, dense) {
					text += " padded"
				}
				tell(t, "rows-"+name, "%s", text)
			}
		})
	})
}

// Question E: whatever the layout, are the rows right? And are they so when Core
// ML is given buffers to write into?
func TestQuestionE_RowsAreRight(t *testing.T) {
	states := start(t).States
	onEveryDevice(t, func(t *testing.T, cfg coreml.Config) {
		for _, backed := range []bool{false, true} {
			name := "arrays that Core ML makes"
			if backed {
				name = "buffers that it is given"
			}
			t.Run(name, func(t *testing.T) {
				balanced(t)
				cfg := cfg
				cfg.Framework.OutputBackings = backed
				dirs := []string{filepath.Join(packages, "padded-rows")}
				if states {
					dirs = append(dirs, filepath.Join(packages, "accumulator"))
				}
				enginetest.RunFixtures(t, enginetest.With(onUnits(cfg), traits), dirs...)
			})
		}
	})
}

// Question E: does Core ML take buffers for its outputs at all?
func TestQuestionE_OutputBuffersAreTaken(t *testing.T) {
	onEveryDevice(t, func(t *testing.T, cfg coreml.Config) {
		balanced(t)
		cfg.Framework.OutputBackings = true
		m := open(t, "padded-rows", cfg)
		x := tensor.New(tensor.Float16, 1, 5, 32)
		for range 10 {
			if _, err := m.Predict(t.Context(), coreml.Features{"x": coreml.MultiArray(x)}, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		answer := "are taken"
		for _, note := range m.Info().Notes {
			if strings.Contains(note, "buffers") {
				answer = note
			}
		}
		tell(t, "output-buffers", "%s", answer)
	})
}

// traits are those of the framework: devices round in their own way. What is
// exact in the recorded answers of testdata/macos stays so.
var traits = enginetest.Traits{OneArithmetic: true, Slack: 4}

// devicesOf is the framework's engine with some of its devices.
type devicesOf struct {
	apple.Engine
	cfg coreml.Config
}

func onUnits(cfg coreml.Config) engine.Engine { return devicesOf{cfg: cfg} }

// Load loads a package for the chosen devices.
func (d devicesOf) Load(ctx context.Context, src engine.Source, cfg engine.Config) (engine.Program, error) {
	if cfg.ComputeUnits == engine.UnitsAll {
		cfg.ComputeUnits = engine.ComputeUnits(d.cfg.ComputeUnits)
	}
	cfg.Framework.CacheDir = cacheDir
	cfg.Framework.OutputBackings = d.cfg.Framework.OutputBackings
	return d.Engine.Load(ctx, src, cfg)
}
