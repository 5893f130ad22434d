//go:build linux && (amd64 || arm64)

package apple

import (
	"context"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/apple/rig"
	"github.com/gocoreml/coreml/tensor"
)

// BenchmarkPredict shows what a prediction costs besides the computation: the
// stand-in hands it to the portable engine, whose own time is the last one.
func BenchmarkPredict(b *testing.B) {
	rig.Start(b)
	src := rig.Package(b, keeper)
	base, err := engine.Lookup("portable").Load(b.Context(), src, engine.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer base.Close()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	for _, way := range []struct {
		name string
		p    engine.Program
		done bool // whether the caller may leave
	}{
		{"on this thread", loadTest(b, src), false},
		{"on this thread by experience", loadTest(b, src), true},
		{"asynchronous", loadTest(b, src), true},
		{"portable", base, false},
	} {
		b.Run(way.name, func(b *testing.B) {
			st, err := way.p.NewState()
			if err != nil {
				b.Fatal(err)
			}
			defer st.Close()
			run := context.Background()
			if way.done {
				run = ctx
			}
			in, out := []*tensor.Tensor{half(1, 2, 3, 4)}, make([]*tensor.Tensor, 1)
			b.ReportAllocs()
			for b.Loop() {
				if p, ok := way.p.(*program); ok && way.name == "asynchronous" {
					p.quick.Store(0)
				}
				if err := way.p.Predict(run, in, out, st); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
