package enginetest

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// FixturesEnv names the environment variable that may hold a folder of further
// fixtures. These are too large for the repository, and tests do without them
// where it is not set.
const FixturesEnv = "COREML_FIXTURES"

// cases is the content of a cases.json; testdata/README.md describes it.
type cases struct {
	Package   string `json:"package"`
	Tensors   string `json:"tensors"`
	Tolerance struct {
		MaxAbsOverMax float64 `json:"max_abs_over_max"`
		Cosine        float64 `json:"cosine"`
	} `json:"tolerance"`
	Runs []struct {
		Function string `json:"function"`
		Steps    []step `json:"steps"`
		// Names of states to names of tensors.
		StateAfter map[string]string `json:"state_after"`
	} `json:"runs"`
}

// step maps names of features to names of tensors in the file beside the cases.
type step struct {
	Inputs  map[string]string `json:"inputs"`
	Outputs map[string]string `json:"outputs"`
}

// Fixtures returns the folders with a cases.json below the module's testdata,
// in fixtures and macos, and below the folder that the environment variable
// COREML_FIXTURES names. A folder of a name that has come already is left out.
// A pattern without a match is a failure: a suite without cases would pass for
// nothing.
func Fixtures(t testing.TB) []string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	patterns := []string{
		filepath.Join(root, "testdata", "fixtures", "*", "cases.json"),
		filepath.Join(root, "testdata", "macos", "*", "cases.json"),
	}
	if dir := os.Getenv(FixturesEnv); dir != "" {
		patterns = append(patterns, filepath.Join(dir, "*", "cases.json"))
	}
	var dirs []string
	seen := map[string]bool{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			t.Errorf("no fixtures match %s", pattern)
		}
		for _, file := range files {
			dir := filepath.Dir(file)
			if name := filepath.Base(dir); !seen[name] {
				seen[name] = true
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

// moduleRoot walks up from the working directory, which for a test is its
// package's, to the root module: the one with the testdata. Tests of several
// packages run the suite.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "testdata", "fixtures")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no testdata/fixtures above the working directory")
		}
		dir = up
	}
}

// RunFixtures runs the cases of every folder in every arithmetic, with and
// without fusion. testdata/README.md says where the expected numbers come from:
// never from an engine of this module. Short tests run one way only.
func RunFixtures(t *testing.T, e engine.Engine, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		check(t, e, "fixtures", filepath.Base(dir), func(t *testing.T) {
			c, file := readCases(t, dir)
			traits := traitsOf(e)
			// Slack widens both tolerances alike: that of the cosine by its
			// distance from 1.
			c.Tolerance.MaxAbsOverMax = traits.tolerance(c.Tolerance.MaxAbsOverMax)
			c.Tolerance.Cosine = 1 - traits.tolerance(1-c.Tolerance.Cosine)
			// Arithmetic Fast is not among them: it is no more exact than its
			// own bound.
			ways := map[string]engine.Config{
				"faithful":         {Arithmetic: engine.ArithmeticFaithful},
				"faithful unfused": {Arithmetic: engine.ArithmeticFaithful, NoFusion: true},
				"wide":             {Arithmetic: engine.ArithmeticWide},
				"on one thread":    {Threads: 1},
			}
			if traits.OneArithmetic {
				ways = map[string]engine.Config{"faithful": {}}
			}
			for name, cfg := range ways {
				// The others take several times as long.
				if testing.Short() && name != "faithful" {
					continue
				}
				t.Run(name, func(t *testing.T) { c.run(t, e, dir, file, cfg) })
			}
		})
	}
}

// readCases reads a cases.json and opens the file of its tensors. Tolerances of
// 0 are refused, as they would come from a missing field.
func readCases(t *testing.T, dir string) (*cases, *safetensors.File) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	c := &cases{}
	if err := json.Unmarshal(raw, c); err != nil {
		t.Fatal(err)
	}
	if len(c.Runs) == 0 || c.Tolerance.MaxAbsOverMax <= 0 || c.Tolerance.Cosine <= 0 {
		t.Fatal("cases.json lacks runs or a tolerance")
	}
	file, err := safetensors.Open(os.DirFS(dir), c.Tensors)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, file
}

// run makes every run from a fresh state, one program for each function. Steps
// of a run share the state; programs are loaded once, since loading costs most.
func (c *cases) run(t *testing.T, e engine.Engine, dir string, file *safetensors.File, cfg engine.Config) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(c.Package))
	src := engine.Source{FS: os.DirFS(path), Dir: ".", Path: path}
	programs := map[string]*program{}
	for i, run := range c.Runs {
		p := programs[run.Function]
		if p == nil {
			cfg.Function = run.Function
			p = load(t, e, src, cfg)
			programs[run.Function] = p
		}
		// An engine that loads the default whatever is asked for would else
		// pass.
		if p.desc.Function != run.Function {
			t.Fatalf("loaded function %q, want %q", p.desc.Function, run.Function)
		}
		var st engine.State
		if len(p.desc.States) > 0 {
			st = p.newState(t)
		}
		for k, step := range run.Steps {
			out := p.must(t, fetch(t, file, step.Inputs), st)
			for name, want := range fetch(t, file, step.Outputs) {
				c.compare(t, fmt.Sprintf("run %d, step %d, output %s", i, k, name), out[name], want)
			}
		}
		for name, want := range fetch(t, file, run.StateAfter) {
			got, err := st.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			c.compare(t, fmt.Sprintf("run %d, state %s", i, name), got, want)
		}
	}
}

// fetch reads the tensors that a step names.
func fetch(t *testing.T, file *safetensors.File, names map[string]string) values {
	t.Helper()
	out := values{}
	for feature, name := range names {
		v, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		out[feature] = v
	}
	return out
}

// compare holds a result to the tolerance of the cases. There are two measures
// because each misses something. The largest error misses many small elements
// that are all wrong; the cosine misses a single wrong one.
func (c *cases) compare(t *testing.T, what string, got, want *tensor.Tensor) {
	t.Helper()
	if err := got.Err(); err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if !equal(got.Shape(), want.Shape()) {
		t.Errorf("%s: shape %v, want %v", what, got.Shape(), want.Shape())
		return
	}
	d := distance(floats(t, got), floats(t, want))
	// Written so that NaN fails.
	if !(d.maxAbs <= c.Tolerance.MaxAbsOverMax*d.maxWant) || !(d.cosine >= c.Tolerance.Cosine) {
		t.Errorf("%s: largest error %.3g of largest value %.3g (allowed %g of it), cosine %.7f (at least %g)",
			what, d.maxAbs, d.maxWant, c.Tolerance.MaxAbsOverMax, d.cosine, c.Tolerance.Cosine)
	}
}

// difference measures how far two lists of numbers are apart.
type difference struct{ maxAbs, maxWant, cosine float64 }

// distance computes the largest error, the largest expected value to which it
// is related, and the cosine between the lists. Two lists of zeros are alike.
func distance(got, want []float64) difference {
	var d difference
	var gg, ww, gw float64
	for i, w := range want {
		g := got[i]
		// NaN must survive, and max of the standard library keeps it.
		d.maxAbs = math.Max(d.maxAbs, math.Abs(g-w))
		d.maxWant = math.Max(d.maxWant, math.Abs(w))
		gg, ww, gw = gg+g*g, ww+w*w, gw+g*w
	}
	switch {
	case gg == 0 && ww == 0:
		d.cosine = 1
	default:
		d.cosine = gw / math.Sqrt(gg*ww)
	}
	return d
}
