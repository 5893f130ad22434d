package main

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/modelgen"
)

// synth makes a package and returns its path.
func synth(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.mlpackage")
	call(t, append([]string{"synth", path}, args...)...).want(t, exitOK, "", "million weights")
	return path
}

// small is a shape in which no two sizes are equal, so that none can stand in
// for another.
var small = modelgen.Shape{
	Layers: 3, Hidden: 96, Heads: 6, KVHeads: 2, HeadDim: 32, FFN: 160, Vocab: 208, Context: 48,
	RopeBase: 1e4, NormEpsilon: 1e-5,
}

var smallFlags = []string{
	"--shape", "tiny", "--layers", "3", "--hidden", "96", "--heads", "6", "--kv-heads", "2", "--head-dim", "32",
	"--ffn", "160", "--vocab", "208", "--context", "48",
}

func TestASyntheticModelEqualsItsDefinition(t *testing.T) {
	for name, args := range map[string][]string{
		"int4 in blocks of 32":       nil,
		"int4 in blocks of 16":       {"--block", "16"},
		"int8":                       {"--weights", "int8"},
		"int8 in blocks":             {"--weights", "int8", "--block", "32"},
		"fp16":                       {"--weights", "fp16"},
		"2-bit palettes":             {"--weights", "lut2"},
		"3-bit palettes":             {"--weights", "lut3"},
		"4-bit palettes":             {"--weights", "lut4"},
		"one 6-bit palette a matrix": {"--weights", "lut6", "--block", "-1"},
		"8-bit palettes":             {"--weights", "lut8"},
		"rotary tables":              {"--rotary", "tables"},
		"a tied head":                {"--tied"},
		"another seed":               {"--seed", "7"},
	} {
		t.Run(name, func(t *testing.T) {
			path := synth(t, append(slices.Clone(smallFlags), args...)...)
			shape := small
			shape.Tied = slices.Contains(args, "--tied")
			ids := make([]int, 21)
			for i := range ids {
				ids[i] = (i*i*37 + 11) % shape.Vocab
			}
			want := readReference(t, path, shape).logits(ids)
			for _, chunk := range []int{-1, 5, 1} {
				compareLogits(t, path, ids, chunk, want)
			}
		})
	}
}

// compareLogits feeds the tokens chunk by chunk. The bound is that of the other
// packages' recorded answers: the error of rounding to fp16 at each operation.
func compareLogits(t *testing.T, path string, ids []int, chunk int, want [][]float64) {
	t.Helper()
	m, err := coreml.Load(t.Context(), path, &coreml.Config{Engine: coreml.EnginePortable, Arithmetic: coreml.Faithful})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := generate.New(m, nil, &generate.Options{PrefillChunk: chunk})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	seq, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer seq.Close()
	worst, most := 0.0, 0.0
	err = seq.AppendRows(t.Context(), ids, func(pos int, logits []float32) error {
		for i, v := range logits {
			// A difference that is no number is kept: it is never below a bound.
			if d := math.Abs(float64(v) - want[pos][i]); !(d <= worst) {
				worst = d
			}
			most = max(most, math.Abs(want[pos][i]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !(worst <= 0.003*most) || most < 3 || most > 30 {
		t.Errorf("chunks of %d: logits differ by %.4f from the definition, whose largest is %.2f", chunk, worst, most)
	}
}

func TestSynthRepeatsItself(t *testing.T) {
	weights := func(args ...string) []byte {
		data, err := os.ReadFile(filepath.Join(synth(t, args...), "Data/com.apple.CoreML/weights/weight.bin"))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	one := weights(smallFlags...)
	if !bytes.Equal(one, weights(smallFlags...)) {
		t.Error("the same call made other weights")
	}
	if bytes.Equal(one, weights(append(slices.Clone(smallFlags), "--seed", "1")...)) {
		t.Error("another seed made the same weights")
	}
}

func TestSynthNeverReplacesAPackage(t *testing.T) {
	path := synth(t)
	call(t, "synth", path).want(t, exitFailure, "", "exists")
}

func TestSynthSaysWhatCannotBeMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made.mlpackage")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"an unknown shape":             {[]string{"--shape", "giant"}, "mistral-7b"},
		"an unknown format":            {[]string{"--weights", "int3"}, "int4"},
		"heads that share unevenly":    {[]string{"--heads", "5"}, "cannot share"},
		"an odd head":                  {[]string{"--head-dim", "33"}, "odd"},
		"blocks that do not fit":       {[]string{"--hidden", "100"}, "do not divide"},
		"a negative size":              {[]string{"--layers", "-1"}, "layers"},
		"a size beyond every machine":  {[]string{"--vocab", "2000000000"}, "--vocab"},
		"a cache beyond every machine": {[]string{"--layers", "1000", "--context", "1000000", "--head-dim", "1024"}, "cache"},
		"palettes that do not fit":     {[]string{"--weights", "lut4", "--vocab", "500"}, "rows"},
		"a block below -1":             {[]string{"--block", "-2"}, "block"},
	} {
		t.Run(name, func(t *testing.T) {
			call(t, append([]string{"synth", path}, c.args...)...).want(t, exitUsage, "", c.want)
			if _, err := os.Stat(path); err == nil {
				t.Error("the package is there")
			}
		})
	}
}

// TestCoremltoolsLoadsWhatSynthMakes needs COREML_PYTHON, the path of a Python
// interpreter that has coremltools.
func TestCoremltoolsLoadsWhatSynthMakes(t *testing.T) {
	python := os.Getenv("COREML_PYTHON")
	if python == "" {
		t.Skip("COREML_PYTHON names no Python interpreter with coremltools")
	}
	for _, weights := range []string{"int4", "int8", "fp16", "lut3"} {
		t.Run(weights, func(t *testing.T) {
			path := synth(t, append(slices.Clone(smallFlags), "--weights", weights)...)
			var stderr bytes.Buffer
			cmd := exec.CommandContext(t.Context(), python, "../../internal/mil/testdata/load.py", path)
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
			for _, want := range []string{"spec 9\n", "function main iOS18\n", "op scaled_dot_product_attention layers_2_attention\n", "op linear head\n"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("coremltools did not find %q in\n%s", want, out)
				}
			}
		})
	}
}
