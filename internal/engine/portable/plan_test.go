package portable_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tensor"
)

func TestConstantsAreFolded(t *testing.T) {
	p := build(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, 2)
		c := b.Op("add", "", half(2), mil.Args{"x": b.Float16s("", []int{2}, 1, 2), "y": b.Float("", dtype.Float16, 3)})
		c = b.Op("sqrt", "", half(2), mil.Args{"x": c})
		b.Output("y", b.Op("mul", "", half(2), mil.Args{"x": x, "y": c}))
	})
	if strings.Contains(p.Plan(), "sqrt") {
		t.Errorf("a constant expression is computed in every prediction:\n%s", p.Plan())
	}
	if got := run(t, p, nil, halves(10, 10))[0]; got[0] != 20 {
		t.Errorf("10 times the root of 4 is %v", got[0])
	}
}

func TestUnusedOperationsAreNotRun(t *testing.T) {
	p := build(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, 2)
		b.Op("exp", "", half(2), mil.Args{"x": x})
		b.Output("y", b.Op("abs", "", half(2), mil.Args{"x": x}))
	})
	if strings.Contains(p.Plan(), "exp ") {
		t.Errorf("the plan has an operation that nothing needs:\n%s", p.Plan())
	}
}

func TestUnsupportedOperatorsAreAllNamed(t *testing.T) {
	b := mil.NewBuilder("main", "CoreML7")
	x := b.Input("x", dtype.Float16, 2)
	y := b.Op("no_such_operator", "first", half(2), mil.Args{"x": x})
	y = b.Op("nor_this", "second", half(2), mil.Args{"x": y})
	y = b.Op("no_such_operator", "third", half(2), mil.Args{"x": y})
	b.Output("y", y)
	_, err := portable.Build(b, engine.ArithmeticFaithful, true)
	var unsupported *portable.UnsupportedError
	if !errors.As(err, &unsupported) || len(unsupported.Ops) != 3 {
		t.Fatalf("error is %v, want three unsupported operations", err)
	}
	for _, part := range []string{"no_such_operator", "nor_this", "first", "second", "CoreML7"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %s", err, part)
		}
	}
}

func TestErrorsNameTheOperation(t *testing.T) {
	p := build(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, mil.Unknown)
		b.Output("y", b.Op("reshape", "square", half(2, 2), mil.Args{"x": x, "shape": b.Ints("", 2, 2)}))
	})
	_, err := p.Run(nil, halves(1, 2, 3))
	var op *portable.OpError
	if !errors.As(err, &op) || op.Op != "reshape" || op.Function != "main" {
		t.Fatalf("error is %v, want one that names the reshape in main", err)
	}
}

// Programs that ask for absurd sizes must fail with an error and in bounded
// memory.
func TestAbsurdSizesAreRefused(t *testing.T) {
	for name, fill := range map[string]func(b *mil.Builder, x, n *mil.Value) *mil.Value{
		"tile": func(b *mil.Builder, x, n *mil.Value) *mil.Value {
			return b.Op("tile", "", half(mil.Unknown), mil.Args{"x": x, "reps": n})
		},
		"fill": func(b *mil.Builder, _, n *mil.Value) *mil.Value {
			return b.Op("fill", "", half(mil.Unknown), mil.Args{"shape": n, "value": b.Float("", dtype.Float16, 1)})
		},
		"reshape": func(b *mil.Builder, x, n *mil.Value) *mil.Value {
			return b.Op("reshape", "", half(mil.Unknown), mil.Args{"x": x, "shape": n})
		},
	} {
		for _, n := range []int32{1 << 30, -5, 1<<31 - 1} {
			t.Run(name, func(t *testing.T) {
				p := build(t, func(b *mil.Builder) {
					x, n := b.Input("x", dtype.Float16, 2), b.Input("n", dtype.Int32, 1)
					b.Output("y", fill(b, x, n))
				})
				_, err := p.Run(nil, halves(1, 2), tensor.FromSlice([]int32{n}, 1))
				if err == nil {
					t.Fatalf("%d is accepted", n)
				}
				if strings.Contains(err.Error(), "internal fault") {
					t.Errorf("%d is met by a fault, not a check: %v", n, err)
				}
			})
		}
	}
}

func TestPredictStopsWhenTheContextEnds(t *testing.T) {
	dir := filepath.Dir(fixtures(t)[0])
	prog, err := portable.Engine{}.Load(t.Context(), engine.Source{Path: filepath.Join(dir, "model.mlpackage")}, engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := prog.Description()
	in := make([]*tensor.Tensor, len(d.Inputs))
	for k, f := range d.Inputs {
		in[k] = tensor.New(f.DType, f.Shape...)
	}
	st, err := prog.NewState()
	if err != nil {
		t.Fatal(err)
	}
	if err := prog.Predict(ctx, in, make([]*tensor.Tensor, len(d.Outputs)), st); !errors.Is(err, context.Canceled) {
		t.Errorf("Predict returns %v, want context.Canceled", err)
	}
}

func TestPredictAllocatesNothingInSteadyState(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	for _, cfg := range []engine.Config{{}, {Arithmetic: engine.ArithmeticWide}, {NoFusion: true}} {
		prog, in, out, st := loadSmall(t, "llama-int4", cfg)
		step := func() {
			if err := prog.Predict(t.Context(), in, out, st); err != nil {
				t.Fatal(err)
			}
		}
		step()
		if n := testutil.Allocs(50, step); n >= 1 {
			t.Errorf("%+v: a prediction makes %v allocations, want 0", cfg, n)
		}
	}
}

// loadSmall loads a fixture of the repository with inputs for one token after 8.
func loadSmall(t *testing.T, name string, cfg engine.Config) (engine.Program, []*tensor.Tensor, []*tensor.Tensor, engine.State) {
	t.Helper()
	path := filepath.Join("../../../testdata/fixtures", name, "model.mlpackage")
	prog, err := portable.Engine{}.Load(t.Context(), engine.Source{Path: path}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = prog.Close() })
	st, err := prog.NewState()
	if err != nil {
		t.Fatal(err)
	}
	in := []*tensor.Tensor{tensor.FromSlice([]int32{5}, 1, 1), tensor.New(tensor.Float16, 1, 1, 1, 9)}
	return prog, in, []*tensor.Tensor{tensor.New(tensor.Float16, 1, 1, 512)}, st
}

func TestConcurrentPredictionsAgree(t *testing.T) {
	prog, in, out, st := loadSmall(t, "llama-int4", engine.Config{})
	if err := prog.Predict(t.Context(), in, out, st); err != nil {
		t.Fatal(err)
	}
	want, err := tensor.Values[float32](out[0])
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				own, err := prog.NewState()
				if err != nil {
					t.Error(err)
					return
				}
				out := make([]*tensor.Tensor, 1)
				if err := prog.Predict(t.Context(), in, out, own); err != nil {
					t.Error(err)
					return
				}
				got, err := tensor.Values[float32](out[0])
				if err != nil {
					t.Error(err)
					return
				}
				for k := range got {
					if got[k] != want[k] {
						t.Errorf("element %d is %v, alone it was %v", k, got[k], want[k])
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestResultsDoNotDependOnThreads(t *testing.T) {
	results := map[int][]float32{}
	for _, threads := range []int{1, 2} {
		prog, in, out, st := loadSmall(t, "llama-int4", engine.Config{Threads: threads})
		if err := prog.Predict(t.Context(), in, out, st); err != nil {
			t.Fatal(err)
		}
		v, err := tensor.Values[float32](out[0])
		if err != nil {
			t.Fatal(err)
		}
		results[threads] = v
	}
	for k := range results[1] {
		if results[1][k] != results[2][k] {
			t.Fatalf("element %d is %v with one thread and %v with two", k, results[1][k], results[2][k])
		}
	}
}
