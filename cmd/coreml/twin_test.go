package main

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/tensor"
)

// asCommand is the environment variable with which the test is the command itself.
const asCommand = "COREML_TEST_IS_COMMAND"

// TestMain keeps the tests on the portable engine on every system, but for those
// that name another one, and away from any hub but for those that start one.
//
// The program of the scripts is this one under another name, which runs with what its
// script sets, and that of a terminal the same with a variable set.
func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	testscript.Main(hermetic{m}, map[string]func(){"coreml": main})
}

// hermetic runs the tests in an environment that nobody has set up.
type hermetic struct{ *testing.M }

// Run implements [testscript.TestingM].
func (m hermetic) Run() int {
	if os.Getenv("COREML_ENGINE") == "" {
		if err := os.Setenv("COREML_ENGINE", "portable"); err != nil {
			panic(err)
		}
	}
	for _, verb := range verbsOf() {
		for _, flag := range verbFlags(verb) {
			if name := variable(flag.Name); name != "" {
				if err := os.Unsetenv(name); err != nil {
					panic(err)
				}
			}
		}
	}
	if err := os.Unsetenv("COLUMNS"); err != nil {
		panic(err)
	}
	for name, value := range map[string]string{envConfig: noSettings, "HF_HUB_OFFLINE": "1", "HF_TOKEN": "", "HF_ENDPOINT": nobody} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	return m.M.Run()
}

// verbsOf are the commands.
func verbsOf() []*kong.Node {
	var c cli
	parser, err := kong.New(&c, kong.Name("coreml"), kong.Vars(synthVars()), kong.PostBuild(needValues), kong.ValueFormatter(helpText))
	if err != nil {
		panic(err)
	}
	return slices.DeleteFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Hidden })
}

// twin stands in the place of CoreML.framework: the portable engine, with
// something wrong about it where a test says so.
type twin struct {
	engine.Engine
	// spoil changes the outputs of prediction n of a program.
	spoil func(n int, in, out []*tensor.Tensor) error
	// old makes it refuse states.
	old   bool
	found *engine.Examination
}

// install registers the twin for the length of a test.
func (e *twin) install(t *testing.T) {
	t.Helper()
	before := engine.Lookup("framework")
	e.Engine = engine.Lookup("portable")
	engine.Register(e)
	t.Cleanup(func() {
		if before == nil {
			engine.Remove("framework")
			return
		}
		engine.Register(before)
	})
}

// withoutFramework hides the framework of a system that has one.
func withoutFramework(t *testing.T) {
	t.Helper()
	if before := engine.Lookup("framework"); before != nil {
		engine.Remove("framework")
		t.Cleanup(func() { engine.Register(before) })
	}
}

func (*twin) Name() string { return "framework" }

func (e *twin) Load(ctx context.Context, src engine.Source, cfg engine.Config) (engine.Program, error) {
	p, err := e.Engine.Load(ctx, src, cfg)
	if err != nil {
		return nil, err
	}
	if e.old && len(p.Description().States) > 0 {
		return nil, errors.Join(engine.ErrUnsupportedOS, p.Close())
	}
	return &twinProgram{Program: p, twin: e}, nil
}

func (e *twin) Examine(ctx context.Context) (*engine.Examination, error) {
	if e.found == nil {
		return nil, errors.New("cannot be loaded")
	}
	return e.found, ctx.Err()
}

type twinProgram struct {
	engine.Program
	twin *twin
	n    int
}

func (p *twinProgram) Info() engine.Info {
	return engine.Info{Engine: "framework", Devices: []string{"CPU", "Neural Engine"}}
}

func (p *twinProgram) Predict(ctx context.Context, in, out []*tensor.Tensor, st engine.State) error {
	if err := p.Program.Predict(ctx, in, out, st); err != nil {
		return err
	}
	p.n++
	if p.twin.spoil == nil {
		return nil
	}
	return p.twin.spoil(p.n, in, out)
}

func (*twinProgram) ComputePlan(context.Context) ([]engine.PlannedOperation, error) {
	return []engine.PlannedOperation{
		{Operator: "const", Output: "weight", Cost: 0},
		{Operator: "ios18.linear", Output: "hidden", Device: "Neural Engine", Supported: []string{"CPU", "Neural Engine"}, Cost: 0.75},
		{Operator: "ios18.linear", Output: "logits", Device: "CPU", Supported: []string{"CPU"}, Cost: 0.25},
		{Operator: "ios18.gather", Output: "row", Device: "CPU", Supported: []string{"CPU"}, Cost: -1},
	}, nil
}

// change applies f to every element of an fp16 or fp32 output.
func change(out *tensor.Tensor, f func(i int, x float64) float64) error {
	v, err := tensor.Values[float64](out)
	if err != nil {
		return err
	}
	w := make([]float32, len(v))
	for i, x := range v {
		w[i] = float32(f(i, x))
	}
	return tensor.FromSlice(w, out.Shape()...).To(out.DType()).CopyTo(out)
}

// spoilFrom returns a fault that begins with prediction n.
func spoilFrom(n int, f func(i int, x float64) float64) func(int, []*tensor.Tensor, []*tensor.Tensor) error {
	return func(k int, _, out []*tensor.Tensor) error {
		if k < n {
			return nil
		}
		for _, t := range out {
			if err := change(t, f); err != nil {
				return err
			}
		}
		return nil
	}
}

// The faults that a device has been seen to have.
var (
	negated   = func(_ int, x float64) float64 { return -x }
	tooLarge  = func(i int, x float64) float64 { return x + float64(i%2)*2 }
	notNumber = func(i int, x float64) float64 {
		if i == 5 {
			return math.NaN()
		}
		return x
	}
	lastBits = func(_ int, x float64) float64 { return x * (1 + 1e-3) }
	zero     = func(int, float64) float64 { return 0 }
)
