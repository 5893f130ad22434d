package portable_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/tensor"
)

// smollm2 loads the 135M model, or skips by name.
func smollm2(b *testing.B, cfg engine.Config) engine.Program {
	b.Helper()
	dir := os.Getenv("COREML_FIXTURES")
	if dir == "" {
		b.Skip("COREML_FIXTURES is not set: no SmolLM2-135M")
	}
	prog, err := portable.Engine{}.Load(b.Context(), engine.Source{Path: filepath.Join(dir, "smollm2/model.mlpackage")}, cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := prog.Close(); err != nil {
			b.Error(err)
		}
	})
	return prog
}

// pass feeds q tokens after past ones.
type pass struct{ in, out []*tensor.Tensor }

func newPass(q, past int) pass {
	const vocabulary = 49152
	ids := make([]int32, q)
	for k := range ids {
		ids[k] = int32(300 + 7*k)
	}
	mask := tensor.New(tensor.Float16, 1, 1, q, past+q)
	half, err := tensor.Data[tensor.Half](mask)
	if err != nil {
		panic(err)
	}
	for r := range q {
		for c := past + r + 1; c < past+q; c++ {
			half[r*(past+q)+c] = 0xfc00 // -inf
		}
	}
	return pass{
		in:  []*tensor.Tensor{tensor.Wrap(ids, 1, q), mask},
		out: []*tensor.Tensor{tensor.New(tensor.Float16, 1, q, vocabulary)},
	}
}

func benchmarkPass(b *testing.B, q, past int, cfg engine.Config) {
	prog := smollm2(b, cfg)
	st := benchText(b, prog, past+q)
	p := newPass(q, past)
	if err := prog.Predict(b.Context(), p.in, p.out, st); err != nil { // warm up
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := prog.Predict(b.Context(), p.in, p.out, st); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(q)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

func BenchmarkSmolLM2(b *testing.B) {
	for _, c := range []struct {
		name    string
		q, past int
		cfg     engine.Config
	}{
		{"decode/context=0/faithful", 1, 0, engine.Config{}},
		{"decode/context=0/wide", 1, 0, engine.Config{Arithmetic: engine.ArithmeticWide}},
		{"decode/context=0/wide/threads=1", 1, 0, engine.Config{Arithmetic: engine.ArithmeticWide, Threads: 1}},
		{"decode/context=0/fast", 1, 0, engine.Config{Arithmetic: engine.ArithmeticFast}},
		{"prefill/128/fast", 128, 0, engine.Config{Arithmetic: engine.ArithmeticFast}},
		{"decode/context=512/wide", 1, 512, engine.Config{Arithmetic: engine.ArithmeticWide}},
		{"decode/context=512/unfused", 1, 512, engine.Config{NoFusion: true}},
		{"prefill/128/wide", 128, 0, engine.Config{Arithmetic: engine.ArithmeticWide}},
		{"prefill/512/wide", 512, 0, engine.Config{Arithmetic: engine.ArithmeticWide}},
		{"prefill/512/faithful", 512, 0, engine.Config{}},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkPass(b, c.q, c.past, c.cfg) })
	}
}

// BenchmarkTogether decodes several texts in one pass over the weights: the tokens of all
// of them count.
func BenchmarkTogether(b *testing.B) {
	for _, past := range []int{0, 512, 1500} {
		for _, n := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("SmolLM2/context=%d/sequences=%d", past, n), func(b *testing.B) {
				benchmarkTogether(b, n, past)
			})
		}
	}
}

func benchmarkTogether(b *testing.B, n, past int) {
	prog, ok := smollm2(b, engine.Config{Arithmetic: engine.ArithmeticFast}).(engine.ManyProgram)
	if !ok {
		b.Fatal("the engine makes one prediction at a time")
	}
	requests := make([]engine.Request, n)
	text := benchText(b, prog, past+n)
	for i := range requests {
		st, err := text.Clone()
		if err != nil {
			b.Fatal(err)
		}
		p := newPass(1, past+i)
		requests[i] = engine.Request{Context: b.Context(), Inputs: p.in, Outputs: p.out, State: st}
	}
	step := func() {
		prog.PredictMany(requests)
		for i := range requests {
			if err := requests[i].Err; err != nil {
				b.Fatal(err)
			}
		}
	}
	step() // warm up
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// benchText returns the state of a text of so many tokens. All pages of a state that
// nobody wrote to are the same zeros, which are read from the first cache.
func benchText(b *testing.B, prog engine.Program, length int) engine.State {
	b.Helper()
	st, err := prog.NewState()
	if err != nil {
		b.Fatal(err)
	}
	p := newPass(length, 0)
	if err := prog.Predict(b.Context(), p.in, p.out, st); err != nil {
		b.Fatal(err)
	}
	return st
}
