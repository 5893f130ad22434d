package portable_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// cases is the part of a fixture's cases.json that this test reads.
type cases struct {
	Package, Tensors string
	Tolerance        struct {
		MaxAbsOverMax float64 `json:"max_abs_over_max"`
		Cosine        float64
	}
	Runs []struct {
		Function string
		Steps    []struct{ Inputs, Outputs map[string]string }
		After    map[string]string `json:"state_after"`
	}
}

// fixtures lists the fixture folders of the repository and, when it is set, of
// COREML_FIXTURES.
func fixtures(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("../../../testdata/fixtures/*/cases.json")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("the repository's fixtures are missing: %v", err)
	}
	if more := os.Getenv("COREML_FIXTURES"); more != "" {
		all, err := filepath.Glob(filepath.Join(more, "*", "cases.json"))
		if err != nil || len(all) == 0 {
			t.Fatalf("COREML_FIXTURES=%s holds no fixtures: %v", more, err)
		}
		return all
	}
	t.Log("COREML_FIXTURES is not set: only the small fixtures of the repository run")
	return dirs
}

func TestFixturesGiveTheRecordedAnswers(t *testing.T) {
	for _, file := range fixtures(t) {
		dir := filepath.Dir(file)
		for _, mode := range []struct {
			name string
			cfg  engine.Config
		}{
			{"faithful unfused", engine.Config{Arithmetic: engine.ArithmeticFaithful, NoFusion: true}},
			{"faithful", engine.Config{Arithmetic: engine.ArithmeticFaithful}},
			{"wide unfused", engine.Config{Arithmetic: engine.ArithmeticWide, NoFusion: true}},
			{"wide", engine.Config{Arithmetic: engine.ArithmeticWide}},
		} {
			t.Run(filepath.Base(dir)+"/"+mode.name, func(t *testing.T) { runCases(t, dir, mode.cfg) })
		}
	}
}

func runCases(t *testing.T, dir string, cfg engine.Config) {
	raw, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cs cases
	if err := json.Unmarshal(raw, &cs); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Open(os.DirFS(dir), cs.Tensors)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, run := range cs.Runs {
		cfg.Function = run.Function
		prog, err := portable.Engine{}.Load(t.Context(), engine.Source{Path: filepath.Join(dir, cs.Package)}, cfg)
		if err != nil {
			t.Fatal(err)
		}
		st, err := prog.NewState()
		if err != nil {
			t.Fatal(err)
		}
		d := prog.Description()
		for k, step := range run.Steps {
			in := make([]*tensor.Tensor, len(d.Inputs))
			for i, f := range d.Inputs {
				in[i] = read(t, file, step.Inputs[f.Name]).To(f.DType)
			}
			out := make([]*tensor.Tensor, len(d.Outputs))
			if err := prog.Predict(t.Context(), in, out, st); err != nil {
				t.Fatalf("step %d: %v", k, err)
			}
			for i, f := range d.Outputs {
				if name, ok := step.Outputs[f.Name]; ok {
					compare(t, f.Name, out[i], read(t, file, name), cs)
				}
			}
		}
		for name, want := range run.After {
			got, err := st.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, name, got, read(t, file, want), cs)
		}
		if err := prog.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, f *safetensors.File, name string) *tensor.Tensor {
	t.Helper()
	x, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func compare(t *testing.T, name string, got, want *tensor.Tensor, cs cases) {
	t.Helper()
	g, err := tensor.Values[float32](got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := tensor.Values[float32](want)
	if err != nil {
		t.Fatal(err)
	}
	if len(g) != len(w) {
		t.Fatalf("%s: %d elements, want %d", name, len(g), len(w))
	}
	var worst, top, dot, gg, ww float64
	for k := range g {
		a, b := float64(g[k]), float64(w[k])
		if math.IsNaN(a) || math.IsInf(a, 0) {
			t.Fatalf("%s: element %d is %v, want %v", name, k, a, b)
		}
		worst, top = max(worst, math.Abs(a-b)), max(top, math.Abs(b))
		dot, gg, ww = dot+a*b, gg+a*a, ww+b*b
	}
	if worst > cs.Tolerance.MaxAbsOverMax*top {
		t.Errorf("%s: largest difference %.3g of a largest value of %.3g", name, worst, top)
	}
	if cosine := dot / math.Sqrt(gg*ww); gg*ww > 0 && cosine < cs.Tolerance.Cosine {
		t.Errorf("%s: cosine %.6f", name, cosine)
	}
}
