package coreml_test

import (
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// BenchmarkPredictOverhead measures what the API adds to an engine that does
// next to nothing.
func BenchmarkPredictOverhead(b *testing.B) {
	m, _ := load(b, "adder")
	st := newState(b, m)
	in := x(1, 2)
	opts := &coreml.PredictOptions{Outputs: coreml.Features{
		"y": coreml.MultiArray(tensor.New(tensor.Float32, 1, 2)),
		"n": coreml.MultiArray(tensor.New(tensor.Int32, 1)),
	}}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Predict(ctx, in, st, opts); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeStep is one token of a small decoder.
func BenchmarkDecodeStep(b *testing.B) {
	m, in := decoder(b)
	st := newState(b, m)
	opts := &coreml.PredictOptions{Outputs: coreml.Features{}}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Predict(ctx, in, st, opts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tok/s")
}
