package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// transformersAnswers are what transformers answers about a checkpoint: reference.json.
type transformersAnswers struct {
	Tolerance struct {
		MaxAbs float64 `json:"max_abs_over_max"`
		Margin float64 `json:"margin"`
	} `json:"tolerance"`
	Prompts []struct {
		IDs    []int     `json:"ids"`
		Greedy []int     `json:"greedy"`
		Margin []float64 `json:"margin"`
		Logits string    `json:"logits"`
	} `json:"prompts"`
	// Switch is a length beyond which other rotary factors hold for all positions.
	Switch int `json:"switch"`
}

// checkpoints lists folders with answers: those of this repository, and the many that lie
// beside COREML_FIXTURES.
func checkpoints(t *testing.T) []string {
	t.Helper()
	roots := []string{"../../testdata/checkpoints"}
	if fixtures := os.Getenv("COREML_FIXTURES"); fixtures != "" && !testing.Short() {
		roots = append(roots, filepath.Join(fixtures, "../checkpoints"))
	} else {
		t.Log("SKIPPED: the other checkpoints need COREML_FIXTURES and no -short")
	}
	var list []string
	for _, root := range roots {
		found, err := filepath.Glob(filepath.Join(root, "*", "reference.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			list = append(list, filepath.Dir(f))
		}
	}
	if len(list) == 0 {
		t.Fatal("there is no checkpoint")
	}
	return list
}

func TestAConvertedModelAnswersAsTransformersDoes(t *testing.T) {
	for _, dir := range checkpoints(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, "reference.json"))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(raw), `"refuse"`) {
				t.Skip("it must be refused, which another test looks at")
			}
			var want transformersAnswers
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			pkg := filepath.Join(t.TempDir(), "made.mlpackage")
			source := dir
			if _, err := os.Stat(filepath.Join(dir, "model.gguf")); err == nil {
				source = filepath.Join(dir, "model.gguf")
			}
			r := call(t, "convert", source, pkg, "-q")
			r.want(t, exitOK, "", "")
			file, err := safetensors.Open(os.DirFS(dir), "reference.safetensors")
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close() //nolint:errcheck // it was only read
			for _, chunk := range []int{-1, 7} {
				compareAnswers(t, pkg, &want, file, chunk)
			}
		})
	}
}

// compareAnswers compares logits and the likeliest tokens.
func compareAnswers(t *testing.T, pkg string, want *transformersAnswers, file *safetensors.File, chunk int) {
	t.Helper()
	m, err := coreml.Load(t.Context(), pkg, &coreml.Config{Engine: coreml.EnginePortable, Arithmetic: coreml.ArithmeticFaithful})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := generate.New(m, nil, &generate.Config{PrefillChunk: chunk})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for i, p := range want.Prompts {
		if want.Switch > 0 && chunk > 0 && len(p.IDs) > want.Switch {
			continue // parts of it lie on both sides of the switch
		}
		logits, err := file.Tensor(p.Logits)
		if err != nil {
			t.Fatal(err)
		}
		expected, err := tensor.Values[float32](logits)
		if err != nil {
			t.Fatal(err)
		}
		worst, top := 0.0, 0.0
		width := logits.Shape()[1]
		got := rowsOf(t, g, p.IDs)
		for at, row := range got {
			for k, v := range row {
				e := float64(expected[at*width+k])
				top = max(top, math.Abs(e))
				if d := math.Abs(float64(v) - e); !(d <= worst) {
					worst = d
				}
			}
		}
		if !(worst <= want.Tolerance.MaxAbs*top) {
			t.Errorf("chunks of %d, prompt %d: logits differ by %.4f of %.2f", chunk, i, worst, top)
		}
		whole := slices.Concat(p.IDs, p.Greedy[:len(p.Greedy)-1])
		if want.Switch > 0 && len(whole) > want.Switch && len(p.IDs) <= want.Switch {
			continue
		}
		for k, row := range rowsOf(t, g, whole)[len(p.IDs)-1:] {
			if best := slices.Index(row, slices.Max(row)); best != p.Greedy[k] && p.Margin[k] >= want.Tolerance.Margin {
				t.Errorf("chunks of %d, prompt %d, step %d: token %d, want %d", chunk, i, k, best, p.Greedy[k])
			}
		}
	}
}

// rowsOf returns the logits behind each token.
func rowsOf(t *testing.T, g *generate.Generator, ids []int) [][]float32 {
	t.Helper()
	seq, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer seq.Close()
	var rows [][]float32
	err = seq.AppendRows(t.Context(), ids, func(_ int, logits []float32) error {
		rows = append(rows, slices.Clone(logits))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// Every form of a package computes the same model.
func TestEveryFormOfAPackageWritesTheSame(t *testing.T) {
	for _, model := range []string{"llama-tied", "gemma3-text"} {
		story := func(args ...string) string {
			pkg := filepath.Join(t.TempDir(), "made.mlpackage")
			call(t, append([]string{"convert", "../../testdata/checkpoints/" + model, pkg, "-q"}, args...)...).want(t, exitOK, "", "")
			r := call(t, "generate", "-m", pkg, "--raw", "-q", "-n", "12", "--temperature", "0", "--engine", "portable", "--arithmetic", "faithful", "Once upon a time")
			r.want(t, exitOK, "", "")
			return r.out
		}
		want := story()
		for _, args := range [][]string{
			{"--cache", "io"},
			{"--cache", "none"},
			{"--logits", "last"},
			{"--batch", "2"},
			{"--layout", "conv"},
			{"--dtype", "fp32"},
			{"--cache", "io", "--batch", "2", "--logits", "last"},
			{"--layout", "conv", "--cache", "io"},
			{"--function", "other"},
		} {
			t.Run(fmt.Sprint(model, args), func(t *testing.T) {
				if got := story(args...); got != want || len(got) < 12 {
					t.Errorf("it writes %q, want %q", got, want)
				}
			})
		}
	}
}

func TestConvertingAgainGivesTheSameBytes(t *testing.T) {
	files := func(args ...string) map[string]string {
		pkg := filepath.Join(t.TempDir(), "made.mlpackage")
		call(t, append([]string{"convert", "../../testdata/checkpoints/llama-tied", pkg, "-q"}, args...)...).want(t, exitOK, "", "")
		out := map[string]string{}
		for _, name := range []string{"Manifest.json", "Data/com.apple.CoreML/model.mlmodel", "Data/com.apple.CoreML/weights/weight.bin"} {
			data, err := os.ReadFile(filepath.Join(pkg, name))
			if err != nil {
				t.Fatal(err)
			}
			out[name] = string(data)
		}
		return out
	}
	for _, quantize := range []string{"none", "int4", "int8"} {
		one, many := files("--quantize", quantize, "--threads", "1"), files("--quantize", quantize, "--threads", "5")
		for name := range one {
			if one[name] != many[name] {
				t.Errorf("%s: %s differs with another number of threads", quantize, name)
			}
		}
	}
}

func TestConvertSaysWhatItRefuses(t *testing.T) {
	base := "../../testdata/checkpoints/llama-tied"
	config, err := os.ReadFile(filepath.Join(base, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(c map[string]any)
		want   string
	}{
		"an unknown architecture": {func(c map[string]any) { c["model_type"] = "granola" }, "granola"},
		"an unknown rope type":    {func(c map[string]any) { c["rope_scaling"] = map[string]any{"rope_type": "spiral"} }, "spiral"},
		"a field of a rope type": {func(c map[string]any) {
			c["rope_scaling"] = map[string]any{"rope_type": "linear", "factor": 2, "bend": 3}
		}, "rope_scaling.bend"},
		"an unknown activation":              {func(c map[string]any) { c["hidden_act"] = "mish" }, "mish"},
		"a field that nobody knows":          {func(c map[string]any) { c["logit_softness"] = 3 }, "logit_softness"},
		"a head that is not there":           {func(c map[string]any) { c["tie_word_embeddings"] = false }, "lm_head.weight"},
		"biases that are not there":          {func(c map[string]any) { c["attention_bias"] = true }, "q_proj.bias"},
		"a layer that is left over":          {func(c map[string]any) { c["num_hidden_layers"] = 2 }, "model.layers.2."},
		"another width":                      {func(c map[string]any) { c["intermediate_size"] = 128 }, "gate_proj.weight"},
		"an absurd number of layers":         {func(c map[string]any) { c["num_hidden_layers"] = 1 << 29 }, "num_hidden_layers"},
		"a width that is no number":          {func(c map[string]any) { c["hidden_size"] = "wide" }, "hidden_size"},
		"no width":                           {func(c map[string]any) { delete(c, "hidden_size") }, "hidden_size"},
		"weights in a form nobody knows":     {func(c map[string]any) { c["quantization_config"] = map[string]any{"quant_method": "squash"} }, "squash"},
		"a name that could command a screen": {func(c map[string]any) { c["model_type"] = "a\x1b[2Jb" }, `\x1b`},
	} {
		t.Run(name, func(t *testing.T) {
			var fields map[string]any
			if err := json.Unmarshal(config, &fields); err != nil {
				t.Fatal(err)
			}
			c.change(fields)
			dir := t.TempDir()
			changed, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "config.json"), changed, 0o600); err != nil {
				t.Fatal(err)
			}
			weights, err := filepath.Abs(filepath.Join(base, "model.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(weights)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "model.safetensors"), data, 0o600); err != nil {
				t.Fatal(err)
			}
			out := t.TempDir()
			call(t, "convert", dir, filepath.Join(out, "made.mlpackage")).want(t, exitFailure, "", c.want)
			if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	out := t.TempDir()
	call(t, "convert", "../../testdata/checkpoints/llama-tied", filepath.Join(out, "made.mlpackage"), "--ignore", "softness", "--json", "--context", "64", "--dry-run").
		want(t, exitOK, `"Context": 64`, "")
	call(t, "convert", "../../testdata/checkpoints/llama-tied", filepath.Join(out, "made.mlpackage"), "--quantize", "int4", "--keep", "*embed*", "--dry-run").
		want(t, exitOK, "model.layers.2.mlp.down_proj.weight", "")
	if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// The report says of which tensors the codes are the checkpoint's own.
func TestConvertSaysWhatIsCarriedOver(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skip("set COREML_FIXTURES to the fixtures' folder, beside which the checkpoints lie")
	}
	model, dir := filepath.Join(fixtures, "../checkpoints/gguf-q4_0/model.gguf"), t.TempDir()
	call(t, "convert", model, filepath.Join(dir, "a.mlpackage"), "--json").want(t, exitOK, `"Codes": "carried over"`, "")
	call(t, "convert", model, filepath.Join(dir, "b.mlpackage"), "--dry-run").want(t, exitOK, "int4:block=32 (carried over)", "")
	if r := call(t, "convert", model, filepath.Join(dir, "c.mlpackage")); r.status != exitOK || !strings.Contains(r.err, "int4:block=32 (carried over)") {
		t.Errorf("status %d: %s", r.status, r.err)
	}
	if r := call(t, "convert", model, filepath.Join(dir, "d.mlpackage"), "--quantize", "none"); r.status != exitOK || strings.Contains(r.err, "carried over") {
		t.Errorf("status %d: %s", r.status, r.err)
	}
}

func TestASyntheticCheckpointConverts(t *testing.T) {
	dir := t.TempDir()
	call(t, "synth", filepath.Join(dir, "ck"), "--checkpoint", "--vocab", "100").want(t, exitOK, "", "bfloat16")
	call(t, "convert", filepath.Join(dir, "ck"), filepath.Join(dir, "made.mlpackage"), "--quantize", "int4").want(t, exitOK, "", "rms error")
	call(t, "synth", filepath.Join(dir, "ck"), "--checkpoint").want(t, exitFailure, "", "exists")
}
