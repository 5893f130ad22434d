package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tensor"
)

func TestCheckPassesOnEveryFixture(t *testing.T) {
	dirs, err := filepath.Glob(fixtures + "/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("the repository's fixtures are missing: %v", err)
	}
	if root := os.Getenv("COREML_FIXTURES"); root != "" && !testing.Short() {
		more, err := filepath.Glob(filepath.Join(root, "*", "cases.json"))
		if err != nil || len(more) == 0 {
			t.Fatalf("COREML_FIXTURES holds no fixtures: %v", err)
		}
		for _, file := range more {
			dirs = append(dirs, filepath.Dir(file))
		}
	}
	for _, flags := range [][]string{nil, {"--no-fusion"}, {"--arithmetic", "wide", "--threads", "1"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			r := call(t, append(append([]string{"check", story}, dirs...), flags...)...)
			if r.status != exitOK || !regexp.MustCompile(`^\d+ passed, 0 failed$`).MatchString(r.lastLine()) || strings.Contains(r.out, "FAIL") {
				t.Errorf("status %d\n%s%s", r.status, r.out, r.err)
			}
		})
	}
}

func TestCheckReportsEveryWayOfFeeding(t *testing.T) {
	r := call(t, "check", story)
	for _, want := range []string{"run 0", "generation in one prefill", "generation in chunks of 7", "generation token by token", "5 passed, 0 failed"} {
		r.want(t, exitOK, want, "")
	}
}

// tampered copies the records of the storyteller and changes a JSON file.
func tampered(t *testing.T, file string, change func(v any) any) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(story)); err != nil {
		t.Fatal(err)
	}
	pkg, err := filepath.Abs(model)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(name string, change func(v any) any) {
		path := filepath.Join(dir, name)
		var v any
		if err := readJSON(path, &v); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(change(v))
		if err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	rel, err := filepath.Rel(dir, pkg)
	if err != nil { // another drive of Windows
		rel = filepath.Base(pkg)
		if err := os.CopyFS(filepath.Join(dir, rel), os.DirFS(pkg)); err != nil {
			t.Fatal(err)
		}
	}
	edit("cases.json", func(v any) any {
		v.(map[string]any)["package"] = rel
		return v
	})
	edit(file, change)
	return dir
}

func TestCheckFailsOnWhatDiffers(t *testing.T) {
	run := func(v any) map[string]any { return v.(map[string]any)["runs"].([]any)[0].(map[string]any) }
	step := func(v any) map[string]any { return run(v)["steps"].([]any)[0].(map[string]any) }
	for _, c := range []struct {
		name, file, want, last string
		change                 func(v any) any
	}{
		{
			"a tolerance that nothing keeps", "cases.json", "of the largest value (limit 1e-09)", "3 passed, 2 failed",
			func(v any) any {
				v.(map[string]any)["tolerance"].(map[string]any)["max_abs_over_max"] = 1e-9
				return v
			},
		},
		{
			"a cosine that nothing reaches", "cases.json", "cosine", "3 passed, 2 failed",
			func(v any) any {
				v.(map[string]any)["tolerance"].(map[string]any)["cosine"] = 1.5
				return v
			},
		},
		{
			"another prompt's answer", "cases.json", "shape", "4 passed, 1 failed",
			func(v any) any {
				step(v)["outputs"].(map[string]any)["logits"] = "r0.s1.out.logits"
				return v
			},
		},
		{
			"an output that the package lacks", "cases.json", "output scores", "4 passed, 1 failed",
			func(v any) any {
				step(v)["outputs"].(map[string]any)["scores"] = "r0.s0.out.logits"
				return v
			},
		},
		{
			"a state that differs", "cases.json", "state keyCache", "4 passed, 1 failed",
			func(v any) any {
				after := run(v)["state_after"].(map[string]any)
				after["keyCache"] = after["valueCache"]
				return v
			},
		},
		{
			"a token that differs", "generation.json", "where the reference has", "2 passed, 3 failed",
			func(v any) any {
				r := v.([]any)[2].(map[string]any)
				r["greedy"].([]any)[0] = 5
				r["margin"].([]any)[0] = 1.0
				return v
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := call(t, "check", tampered(t, c.file, c.change))
			r.want(t, exitFailure, "FAIL", "")
			r.want(t, exitFailure, c.want, "")
			if r.lastLine() != c.last {
				t.Errorf("the last line is %q, want %q\n%s", r.lastLine(), c.last, r.out)
			}
		})
	}
}

func TestCheckSaysWhatIsWrongWithTheRecords(t *testing.T) {
	for _, c := range []struct {
		name, want string
		dir        func(t *testing.T) string
	}{
		{"neither file", "neither cases.json nor generation.json", func(t *testing.T) string { return t.TempDir() }},
		{"no folder", "no such file", func(*testing.T) string { return "nowhere" }},
		{"no JSON", "invalid character", func(t *testing.T) string {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "cases.json"), []byte("cases"), 0o600); err != nil {
				t.Fatal(err)
			}
			return dir
		}},
		{"no runs", "no runs", func(t *testing.T) string {
			return tampered(t, "cases.json", func(v any) any {
				v.(map[string]any)["runs"] = []any{}
				return v
			})
		}},
		{"margins that do not fit", "margins", func(t *testing.T) string {
			return tampered(t, "generation.json", func(v any) any {
				v.([]any)[0].(map[string]any)["margin"] = []any{1.0}
				return v
			})
		}},
		{"a tensor that is not there", "nothing", func(t *testing.T) string {
			return tampered(t, "cases.json", func(v any) any {
				v.(map[string]any)["tensors"] = "nothing.safetensors"
				return v
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := call(t, "check", c.dir(t))
			r.want(t, exitFailure, "failed", "coreml: check ")
			r.want(t, exitFailure, "", c.want)
		})
	}
	// A folder that fails does not keep the next from being checked.
	r := call(t, "check", t.TempDir(), fixtures+"/io-cache-int4")
	if r.status != exitFailure || r.lastLine() != "1 passed, 1 failed" {
		t.Errorf("status %d, last line %q", r.status, r.lastLine())
	}
}

func TestCompareMeasuresDifferences(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	vec := func(v ...float64) *tensor.Tensor { return tensor.FromSlice(v, len(v)) }
	for _, c := range []struct {
		name             string
		got, want        *tensor.Tensor
		relative, cosine float64
	}{
		{"equal", vec(1, -2, 3), vec(1, -2, 3), 0, 1},
		{"all zero", vec(0, 0), vec(0, 0), 0, 1},
		{"equal infinities", vec(1, inf, -inf), vec(1, inf, -inf), 0, 1},
		{"opposite", vec(1, -2), vec(-1, 2), 2, -1},
		{"a tenth of the largest", vec(3, 4.4), vec(3, 4), 0.1, 0.99898},
		{"something where nothing should be", vec(1, 0), vec(0, 0), inf, nan},
		{"a NaN", vec(1, nan), vec(1, 2), nan, nan},
		{"an infinity", vec(1, inf), vec(1, 2), inf, nan},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := compare(c.got, c.want)
			if err != nil {
				t.Fatal(err)
			}
			same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-4 }
			if !same(d.relative, c.relative) || !same(d.cosine, c.cosine) {
				t.Errorf("got %+v, want %v and %v", d, c.relative, c.cosine)
			}
		})
	}
	if _, err := compare(vec(1, 2), vec(1, 2, 3)); err == nil {
		t.Error("different shapes were compared")
	}
}
