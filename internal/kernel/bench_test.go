package kernel_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/kernel"
	"github.com/gocoreml/coreml/internal/workpool"
)

// BenchmarkAttention is a token over 512 and 2048 keys of 16 bits, a piece of a prompt
// and a whole one, of a small and of a large model. Its bytes are those of the keys and
// values.
func BenchmarkAttention(b *testing.B) {
	for _, s := range []attnSpec{
		{9, 3, 1, 512, 64, 64, true, false, true, false},
		{32, 8, 1, 512, 128, 128, true, false, true, false},
		{9, 3, 1, 2048, 64, 64, true, false, true, false},
		{32, 8, 1, 2048, 128, 128, true, false, true, false},
		{9, 3, 128, 512, 64, 64, true, false, true, false},
		{9, 3, 512, 512, 64, 64, true, false, true, false},
		{32, 8, 128, 512, 128, 128, true, false, true, true},
	} {
		b.Run(s.String(), func(b *testing.B) {
			a := s.build(b, newRand(1))
			for b.Loop() {
				a.Go(nil, 0)
			}
			reportRates(b, 2*s.kv*s.keys*(s.dim+s.vdim), 2*float64(s.heads*s.queries*s.keys)*float64(s.dim+s.vdim), 1)
		})
	}
}

// BenchmarkAttentionMemory is a token of caches that lie in memory: those of many layers,
// in turns.
func BenchmarkAttentionMemory(b *testing.B) {
	for _, s := range []attnSpec{
		{9, 3, 1, 2048, 64, 64, true, false, true, false},
		{32, 8, 1, 2048, 128, 128, true, false, true, false},
	} {
		for _, threads := range benchThreads() {
			b.Run(fmt.Sprintf("%s/threads=%d", s, threads), func(b *testing.B) {
				a, keys, values := s.build(b, newRand(1)), [][]uint16{}, [][]uint16{}
				stored := 2 * len(a.K16) * 2
				for range benchMemory / stored {
					keys, values = append(keys, slices.Clone(a.K16)), append(values, slices.Clone(a.V16))
				}
				p := workpool.New(threads)
				defer p.Close()
				layer := 0
				for b.Loop() {
					a.K16, a.V16 = keys[layer], values[layer]
					a.Go(p, 0)
					layer = (layer + 1) % len(keys)
				}
				reportRates(b, stored, 2*float64(s.heads*s.queries*s.keys)*float64(s.dim+s.vdim), threads)
			})
		}
	}
}

// BenchmarkVector is what runs over one vector of 4096 numbers.
func BenchmarkVector(b *testing.B) {
	r := newRand(1)
	x, y, z := normals(b, r, 4096), normals(b, r, 4096), make([]float32, 4096)
	for _, f := range []struct {
		name string
		run  func()
	}{
		{"Softmax", func() { copy(z, x); kernel.Softmax(z) }},
		{"Silu", func() { kernel.Silu(z, x) }},
		{"GeluErf", func() { kernel.GeluErf(z, x) }},
		{"RMSNorm", func() { kernel.RMSNorm(z, x, y, 1e-5) }},
		{"LayerNorm", func() { kernel.LayerNorm(z, x, y, y, 1e-5) }},
		{"Add", func() { kernel.Add(z, x, y) }},
		{"RoundF16", func() { kernel.RoundF16(z) }},
		{"Dot", func() { kernel.Dot(x, y) }},
	} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				f.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/element")
		})
	}
}
