package coreml_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

const (
	loraFixture = "../testdata/fixtures/lora-multifunction"
	poet        = "../testdata/adapters/poet"  // in the form of PEFT, scale 2
	coder       = "../testdata/adapters/coder" // in the form of mlx-lm, scale 4
)

// recorded are PyTorch's answers of the functions of the fixture.
type recorded struct {
	tensors *safetensors.File
	Runs    []struct {
		Function string
		Steps    []struct{ Inputs, Outputs map[string]string }
	}
}

func readRecorded(t *testing.T) *recorded {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(loraFixture, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorded{}
	if err := json.Unmarshal(raw, r); err != nil {
		t.Fatal(err)
	}
	if r.tensors, err = safetensors.Open(os.DirFS(loraFixture), "tensors.safetensors"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.tensors.Close() }) // only read
	return r
}

func (r *recorded) tensor(t *testing.T, name string) *tensor.Tensor {
	t.Helper()
	x, err := r.tensors.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// answers predicts the steps that were recorded of a function and returns the logits,
// with the largest error relative to the largest logit.
func (r *recorded) answers(t *testing.T, m *coreml.Model, function string) (logits []float32, worst float64) {
	t.Helper()
	for _, run := range r.Runs {
		if run.Function != function {
			continue
		}
		st := newState(t, m)
		for _, step := range run.Steps {
			in := coreml.Features{}
			for name, key := range step.Inputs {
				in[name] = coreml.MultiArray(r.tensor(t, key))
			}
			out, err := m.Predict(t.Context(), in, st, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, want := floats(t, out.Tensor("logits")), floats(t, r.tensor(t, step.Outputs["logits"]))
			if len(got) != len(want) {
				t.Fatalf("%d logits, want %d", len(got), len(want))
			}
			largest, diff := 0.0, 0.0
			for i := range want {
				largest = max(largest, math.Abs(float64(want[i])))
				diff = max(diff, math.Abs(float64(got[i])-float64(want[i])))
			}
			worst = max(worst, diff/largest)
			logits = append(logits, got...)
		}
	}
	return logits, worst
}

// loadAdapted loads the fixture's base with adapters.
func loadAdapted(t *testing.T, cfg coreml.Config, adapters ...coreml.Adapter) *coreml.Model {
	t.Helper()
	cfg.Engine, cfg.Adapters = coreml.EnginePortable, adapters
	m, err := coreml.Load(t.Context(), filepath.Join(loraFixture, "model.mlpackage"), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// The fixture's functions were exported with the very numbers that the adapters hold.
func TestAnAdapterGivesWhatItsFunctionGives(t *testing.T) {
	r := readRecorded(t)
	for _, c := range []struct {
		name, function string
		cfg            coreml.Config
		adapters       []coreml.Adapter
	}{
		{"of PEFT", "poet", coreml.Config{}, []coreml.Adapter{{Path: poet}}},
		{"of mlx-lm", "coder", coreml.Config{}, []coreml.Adapter{{Path: coder}}},
		{"wide", "poet", coreml.Config{Arithmetic: coreml.ArithmeticWide}, []coreml.Adapter{{Path: poet}}},
		{"fast", "coder", coreml.Config{Arithmetic: coreml.ArithmeticFast}, []coreml.Adapter{{Path: coder}}},
		{"each operation by itself", "poet", coreml.Config{NoFusion: true}, []coreml.Adapter{{Path: poet}}},
		{"without the other", "poet", coreml.Config{}, []coreml.Adapter{{Path: coder, Scale: new(0.0)}, {Path: poet}}},
		{"in two halves", "coder", coreml.Config{}, []coreml.Adapter{{Path: coder, Scale: new(0.5)}, {Path: coder, Scale: new(0.5)}}},
		{"with a scale of nothing", "base", coreml.Config{}, []coreml.Adapter{{Path: coder, Scale: new(0.0)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := loadAdapted(t, c.cfg, c.adapters...)
			// The fixture's own tolerance.
			if _, worst := r.answers(t, m, c.function); !(worst <= 0.01) {
				t.Errorf("logits are off by %v of the largest, want at most 0.01", worst)
			}
		})
	}
	m := loadAdapted(t, coreml.Config{}, coreml.Adapter{Path: coder})
	if _, worst := r.answers(t, m, "poet"); worst < 0.1 {
		t.Errorf("another adapter is off by %v only: the test tells nothing", worst)
	}
}

func TestAnAdaptersBitsDoNotDependOnThreads(t *testing.T) {
	r := readRecorded(t)
	one, _ := r.answers(t, loadAdapted(t, coreml.Config{Threads: 1}, coreml.Adapter{Path: poet}), "poet")
	many, _ := r.answers(t, loadAdapted(t, coreml.Config{}, coreml.Adapter{Path: poet}), "poet")
	if !slices.Equal(one, many) {
		t.Error("one thread gives other bits than several")
	}
}

func TestAStepWithAnAdapterAllocatesNothing(t *testing.T) {
	m := loadAdapted(t, coreml.Config{}, coreml.Adapter{Path: poet})
	st, in, opts := newState(t, m), decodeStep(5, 1), &coreml.PredictOptions{Outputs: coreml.Features{}}
	n := testing.AllocsPerRun(20, func() {
		if _, err := m.Predict(t.Context(), in, st, opts); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations in a step, want none", n)
	}
}

// A model gives others of its package: with other adapters, or with its own.
func TestModelsWithOtherAdaptersAreLoadedFromOne(t *testing.T) {
	r := readRecorded(t)
	m := loadAdapted(t, coreml.Config{}, coreml.Adapter{Path: poet})
	for _, c := range []struct {
		name, want string
		load       func() (*coreml.Model, error)
	}{
		{"another adapter", "coder", func() (*coreml.Model, error) {
			return m.LoadAdapted(t.Context(), "", coreml.Adapter{Path: coder})
		}},
		{"no adapter", "base", func() (*coreml.Model, error) { return m.LoadAdapted(t.Context(), "base") }},
		{"its own", "poet", func() (*coreml.Model, error) { return m.LoadFunction(t.Context(), "base") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			other, err := c.load()
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close() //nolint:errcheck // only read
			if _, worst := r.answers(t, other, c.want); !(worst <= 0.01) {
				t.Errorf("logits are off by %v of the largest", worst)
			}
		})
	}
}

// copyAdapter copies an adapter's folder and lets edit change its configuration.
func copyAdapter(t *testing.T, from string, edit func(config string) string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "adapter_config.json")
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(edit(string(raw))), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAdaptersThatCannotBeUsedAreRefused(t *testing.T) {
	dora := copyAdapter(t, poet, func(c string) string { return strings.Replace(c, "{", `{"use_dora": true,`, 1) })
	for _, c := range []struct {
		name, pkg string
		adapter   coreml.Adapter
		want      error
		words     string
	}{
		{"no folder", loraFixture, coreml.Adapter{Path: "../testdata/adapters/nobody"}, fs.ErrNotExist, "nobody"},
		{"an empty path", loraFixture, coreml.Adapter{}, coreml.ErrAdapter, "path is empty"},
		{"a folder without an adapter", loraFixture, coreml.Adapter{Path: loraFixture}, coreml.ErrAdapter, "adapter_config.json"},
		{"a scale that is none", loraFixture, coreml.Adapter{Path: poet, Scale: new(math.NaN())}, coreml.ErrAdapter, "NaN"},
		{"DoRA", loraFixture, coreml.Adapter{Path: dora}, coreml.ErrAdapter, "use_dora"},
		{"another model", loraFixture, coreml.Adapter{Path: strangers(t)}, coreml.ErrAdapter, "model.layers.7.self_attn.q_proj"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := coreml.Load(t.Context(), filepath.Join(c.pkg, "model.mlpackage"), &coreml.Config{Engine: coreml.EnginePortable, Adapters: []coreml.Adapter{c.adapter}})
			if !errors.Is(err, c.want) || err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("the error is %v, want %v with %q", err, c.want, c.words)
			}
		})
	}
}

// strangers is an adapter for modules that the fixture lacks, or has in other sizes.
func strangers(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var tensors []safetensors.Named
	for _, m := range []struct {
		module  string
		in, out int
	}{{"model.layers.7.self_attn.q_proj", 128, 128}, {"model.layers.0.self_attn.k_proj", 96, 64}, {"model.layers.0.self_attn.q_proj", 128, 128}} {
		tensors = append(tensors,
			safetensors.Named{Name: "base_model.model." + m.module + ".lora_A.weight", Tensor: tensor.New(tensor.Float32, 4, m.in)},
			safetensors.Named{Name: "base_model.model." + m.module + ".lora_B.weight", Tensor: tensor.New(tensor.Float32, m.out, 4)})
	}
	f, err := os.Create(filepath.Join(dir, "adapter_model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	config := []byte(`{"peft_type": "LORA", "r": 4, "lora_alpha": 4}`)
	if err := errors.Join(safetensors.Write(f, tensors, nil), f.Close(), os.WriteFile(filepath.Join(dir, "adapter_config.json"), config, 0o600)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAllModulesThatAModelLacksAreListed(t *testing.T) {
	_, err := coreml.Load(t.Context(), filepath.Join(loraFixture, "model.mlpackage"), &coreml.Config{
		Engine: coreml.EnginePortable, Adapters: []coreml.Adapter{{Path: strangers(t)}},
	})
	m, ok := errors.AsType[*coreml.AdapterMismatchError](err)
	if !ok {
		t.Fatalf("the error is %v", err)
	}
	if len(m.Modules) != 2 || !strings.Contains(m.Modules[0], "layers.0.self_attn.k_proj") || !strings.Contains(m.Modules[1], "layers.7.self_attn.q_proj") {
		t.Errorf("the modules are %q", m.Modules)
	}
}
