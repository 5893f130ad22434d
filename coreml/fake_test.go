package coreml_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/tensor"
)

// The fake engine stands in the place of the framework, so that the tests of
// the API do not depend on what a real engine can do. A folder's name chooses
// the program.
func init() { engine.Register(fakeEngine{}) }

type fakeEngine struct{}

func (fakeEngine) Name() string { return "framework" }

var fakeFS = fstest.MapFS{
	"adder.mlpackage/Manifest.json":     {},
	"other.mlpackage/Manifest.json":     {},
	"bigger.mlpackage/Manifest.json":    {},
	"stateless.mlpackage/Manifest.json": {},
	"kinds.mlpackage/Manifest.json":     {},
	"ops.mlpackage/Manifest.json":       {},
	"planned.mlpackage/Manifest.json":   {},
	"failing.mlpackage/Manifest.json":   {},
	"old.mlmodelc/metadata.json":        {},
}

func (fakeEngine) Load(ctx context.Context, src engine.Source, cfg engine.Config) (engine.Program, error) {
	if cfg.Function != "" && cfg.Function != "main" {
		return nil, fmt.Errorf("function %q: %w", cfg.Function, coreml.ErrUnknownFunction)
	}
	p := &fakeProgram{cfg: cfg, desc: adderDescription()}
	switch src.Dir {
	case "adder.mlpackage", "other.mlpackage", "old.mlmodelc":
	case "bigger.mlpackage":
		p.desc.States[0].Shape = []int{8}
	case "stateless.mlpackage":
		p.desc.States = nil
	case "kinds.mlpackage":
		p.desc.States = nil
		p.desc.Inputs = []engine.Feature{
			{Name: "i", Kind: engine.Int64, Optional: true},
			{Name: "d", Kind: engine.Double, Optional: true},
			{Name: "picture", Kind: engine.Image, Optional: true},
		}
		p.desc.Outputs = []engine.Feature{{Name: "i2", Kind: engine.Int64}, {Name: "d2", Kind: engine.Double}}
	case "ops.mlpackage":
		return nil, fakeOpsError{}
	case "planned.mlpackage":
		return plannedProgram{p}, ctx.Err()
	case "failing.mlpackage":
		return nil, fmt.Errorf("compile: %w", fakeNSError{})
	case needsNewSystem:
		return nil, fmt.Errorf("states need macOS 15, this is macOS 14: %w", coreml.ErrUnsupportedOS)
	default:
		return nil, coreml.ErrNotPackage
	}
	return p, ctx.Err()
}

type fakeOpsError struct{}

func (fakeOpsError) Error() string { return "cannot do it" }
func (fakeOpsError) UnsupportedOps() (function string, ops []string) {
	return "main", []string{"gru", "lstm"}
}

// adderDescription: y = 2x + bias + acc[0], after which acc[0] grows by the sum
// of x and steps[0] by 1.
func adderDescription() *engine.Description {
	return &engine.Description{
		Function: "main", Functions: []string{"main"}, DefaultFunction: "main", SpecificationVersion: 9,
		ShortDescription: "adds", UserDefined: map[string]string{"k": "v"},
		Inputs: []engine.Feature{
			{Name: "x", DType: tensor.Float32, Shape: []int{1, 1}, Ranges: []engine.Range{{Lower: 1, Upper: 1}, {Lower: 1, Upper: 5}}},
			{Name: "bias", DType: tensor.Float16, Shape: []int{1}, Optional: true, Default: 0.5},
		},
		Outputs: []engine.Feature{{Name: "y", DType: tensor.Float32}, {Name: "n", DType: tensor.Int32, Shape: []int{1}}},
		States: []engine.Feature{
			{Name: "acc", Kind: engine.StateArray, DType: tensor.Float16, Shape: []int{4}},
			{Name: "steps", Kind: engine.StateArray, DType: tensor.Float32, Shape: []int{1}},
		},
	}
}

type fakeProgram struct {
	cfg    engine.Config
	desc   *engine.Description
	closed atomic.Int32
	// hook, when set, is called after the first buffer has been updated.
	hook func(ctx context.Context) error
}

// fakeOf finds the program behind a model by loading through a hook.
var lastFake atomic.Pointer[fakeProgram]

func (p *fakeProgram) Description() *engine.Description { lastFake.Store(p); return p.desc }

func (p *fakeProgram) Info() engine.Info {
	return engine.Info{
		Engine: "framework", Devices: []string{"CPU"}, Notes: []string{"no GPU"},
		Arithmetic: p.cfg.Arithmetic, Threads: p.cfg.Threads, Instructions: "none",
	}
}

func (p *fakeProgram) PlanText() string { return "plan" }

func (p *fakeProgram) Close() error {
	if p.closed.Add(1) > 1 {
		return errors.New("closed twice")
	}
	return nil
}

func (p *fakeProgram) Predict(ctx context.Context, in, out []*tensor.Tensor, state engine.State) error {
	if p.closed.Load() > 0 {
		return errors.New("used after Close")
	}
	if p.desc.Inputs[0].Kind == engine.Int64 {
		out[0], out[1] = in[0], in[1]
		return nil
	}
	x, err := tensor.Data[float32](in[0])
	if err != nil {
		return err
	}
	bias := float32(p.desc.Inputs[1].Default)
	if in[1] != nil {
		b, err := tensor.Data[tensor.Half](in[1])
		if err != nil {
			return err
		}
		bias = b[0].Float32()
	}
	if out[0] == nil {
		out[0] = tensor.New(tensor.Float32, 1, len(x))
	}
	if out[1] == nil {
		out[1] = tensor.New(tensor.Int32, 1)
	}
	y, err := tensor.Data[float32](out[0])
	if err != nil {
		return err
	}
	if len(y) != len(x) {
		return fmt.Errorf("output y: %w", tensor.ErrShape)
	}
	n, err := tensor.Data[int32](out[1])
	if err != nil {
		return err
	}
	return p.run(ctx, x, y, n, bias, state)
}

func (p *fakeProgram) run(ctx context.Context, x, y []float32, n []int32, bias float32, state engine.State) error {
	s, ok := state.(*fakeState)
	if !ok {
		s = newFakeState(adderDescription())
	}
	sum := float32(0)
	for i, v := range x {
		y[i] = 2*v + bias + s.acc[0].Float32()
		sum += v
	}
	s.acc[0] = tensor.HalfOf(s.acc[0].Float32() + sum)
	if p.hook != nil {
		if err := p.hook(ctx); err != nil {
			return err
		}
	}
	s.steps[0]++
	n[0] = int32(s.steps[0])
	return ctx.Err()
}

func (p *fakeProgram) NewState() (engine.State, error) { return newFakeState(p.desc), nil }

type fakeState struct {
	acc    []tensor.Half
	steps  []float32
	closed atomic.Int32
}

var (
	lastFakeState  atomic.Pointer[fakeState]
	fakeWriteError atomic.Pointer[error]
)

func newFakeState(d *engine.Description) *fakeState {
	s := &fakeState{acc: make([]tensor.Half, d.States[0].Shape[0]), steps: make([]float32, 1)}
	lastFakeState.Store(s)
	return s
}

func (s *fakeState) tensor(name string) *tensor.Tensor {
	if name == "acc" {
		return tensor.Wrap(s.acc, len(s.acc))
	}
	return tensor.Wrap(s.steps, 1)
}

func (s *fakeState) Read(name string) (*tensor.Tensor, error) { return s.tensor(name).Clone(), nil }

func (s *fakeState) Write(name string, t *tensor.Tensor) error {
	if err := fakeWriteError.Load(); err != nil && name == "steps" {
		return *err
	}
	return t.CopyTo(s.tensor(name))
}

func (s *fakeState) Clone() (engine.State, error) {
	c := &fakeState{acc: append([]tensor.Half(nil), s.acc...), steps: append([]float32(nil), s.steps...)}
	return c, nil
}

func (s *fakeState) Reset() error {
	clear(s.acc)
	clear(s.steps)
	return nil
}

func (s *fakeState) Close() error {
	if s.closed.Add(1) > 1 {
		return errors.New("closed twice")
	}
	return nil
}

// load returns a model of the fake engine and the program behind it.
func load(t testing.TB, name string) (*coreml.Model, *fakeProgram) {
	t.Helper()
	m, err := coreml.LoadFS(t.Context(), fakeFS, name+".mlpackage", &coreml.Config{Engine: coreml.EngineFramework})
	if err != nil {
		t.Fatal(err)
	}
	p := lastFake.Load()
	t.Cleanup(func() {
		p.hook = nil
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m, p
}

func newState(t testing.TB, m *coreml.Model) *coreml.State {
	t.Helper()
	st, err := m.NewState()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// x returns the inputs of the adder.
func x(v ...float32) coreml.Features {
	return coreml.Features{"x": coreml.MultiArray(tensor.FromSlice(v, 1, len(v)))}
}

func floats(t testing.TB, a *tensor.Tensor) []float32 {
	t.Helper()
	v, err := tensor.Values[float32](a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// step predicts once and returns y.
func step(t testing.TB, m *coreml.Model, st *coreml.State, v ...float32) []float32 {
	t.Helper()
	out, err := m.Predict(t.Context(), x(v...), st, nil)
	if err != nil {
		t.Fatal(err)
	}
	return floats(t, out.Tensor("y"))
}

func read(t testing.TB, st *coreml.State, name string) []float32 {
	t.Helper()
	a, err := st.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return floats(t, a)
}
