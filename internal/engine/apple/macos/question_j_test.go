//go:build (darwin || linux) && (amd64 || arm64)

package macos_test

import (
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// rivals are the configurations whose speed is compared.
func rivals(b *testing.B, run func(b *testing.B, cfg coreml.Config)) {
	b.Helper()
	found := start(b)
	for _, s := range selections {
		for _, backed := range []bool{false, true} {
			cfg := config(s.units)
			cfg.Framework.OutputBackings = backed
			name := "framework/" + s.units.String()
			if backed {
				name += "/output-buffers"
			}
			b.Run(name, func(b *testing.B) {
				needDevice(b, found.Devices, s.needs)
				run(b, cfg)
			})
		}
	}
	b.Run("portable", func(b *testing.B) {
		run(b, coreml.Config{Engine: coreml.EnginePortable, Arithmetic: coreml.ArithmeticWide})
	})
}

// Question J: what does a prediction cost by itself? The model does next to
// nothing.
func BenchmarkQuestionJ_Prediction(b *testing.B) {
	rivals(b, func(b *testing.B, cfg coreml.Config) {
		m := open(b, "accumulator", cfg)
		st := newState(b, m)
		in := coreml.Features{"x": coreml.MultiArray(tensor.New(tensor.Float16, 1, 4))}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.Predict(b.Context(), in, st, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Question J: how long does one take that computes?
func BenchmarkQuestionJ_MatrixProducts(b *testing.B) {
	rivals(b, func(b *testing.B, cfg coreml.Config) {
		m := open(b, "slow", cfg)
		in := coreml.Features{"x": coreml.MultiArray(tensor.New(tensor.Float16, 128, 128))}
		for b.Loop() {
			if _, err := m.Predict(b.Context(), in, nil, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Question J: how many tokens come in a second?
func BenchmarkQuestionJ_Tokens(b *testing.B) {
	rivals(b, func(b *testing.B, cfg coreml.Config) {
		g, err := generate.OpenFS(b.Context(), storyteller.FS(), storyteller.Package, &generate.Config{Model: &cfg, MaxStates: 1})
		if err != nil {
			b.Fatal(err)
		}
		defer g.Close()
		tokens, seed := 0, uint64(1)
		for b.Loop() {
			r, err := g.Generate(b.Context(), "Once upon a time", &generate.Options{
				MaxTokens: 64, Sampling: &generate.Sampling{Temperature: 1, Seed: &seed},
			})
			if err != nil {
				b.Fatal(err)
			}
			tokens += len(r.Tokens)
		}
		b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tok/s")
	})
}
