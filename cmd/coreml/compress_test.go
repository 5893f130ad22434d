package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// logits predicts three tokens with a synthetic model.
func logits(t *testing.T, path, function string) []float32 {
	t.Helper()
	m, err := coreml.Load(t.Context(), path, &coreml.Config{Engine: coreml.EnginePortable, Function: function})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	st, err := m.NewState()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	mask := make([]float32, 9)
	mask[1], mask[2], mask[5] = -1e4, -1e4, -1e4
	out, err := m.Predict(t.Context(), coreml.Features{
		"inputIds":   coreml.MultiArray(tensor.FromSlice([]int32{3, 70, 11}, 1, 3)),
		"causalMask": coreml.MultiArray(tensor.FromSlice(mask, 1, 1, 3, 3).To(tensor.Float16)),
	}, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := tensor.Values[float32](out.Tensor("logits"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestACompressedModelPredictsAsItsDecompressedTwin(t *testing.T) {
	in := synth(t, append([]string{"--weights", "fp16"}, smallFlags...)...)
	for _, args := range [][]string{
		{"--quantize", "int4"},
		{"--quantize", "uint4:block=16"},
		{"--palettize", "lut4:group=16"},
		{"--palettize", "lut3:uniform"},
		{"--palettize", "lut4:scale"},
		{"--prune", "0.5", "--quantize", "int8"},
		{"--prune", "2:4", "--palettize", "lut6", "--quantize", "int8"},
		{"--quantize", "int8", "--palettize", "lut4"},
	} {
		dir := t.TempDir()
		small, dense := filepath.Join(dir, "small.mlpackage"), filepath.Join(dir, "dense.mlpackage")
		call(t, append([]string{"compress", in, small}, args...)...).want(t, exitOK, "", "weights")
		call(t, "compress", small, dense, "--decompress").want(t, exitOK, "", "weights")
		a, b := logits(t, small, ""), logits(t, dense, "")
		for i := range a {
			if a[i] != b[i] {
				t.Errorf("%v: logit %d is %v, of the twin %v", args, i, a[i], b[i])
				break
			}
		}
	}
}

func TestConfigurationsAreReadFromYAMLAndJSONAlike(t *testing.T) {
	in, dir := synth(t, append([]string{"--weights", "fp16"}, smallFlags...)...), t.TempDir()
	for name, text := range map[string]string{
		"c.json": `{"config_type": "OpPalettizerConfig", "global_config": {"mode": "uniform", "nbits": 4}, "op_type_configs": {"gather": null}}`,
		"c.yaml": "config_type: OpPalettizerConfig\nglobal_config:\n  mode: uniform\n  nbits: 4\nop_type_configs:\n  gather:\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var reports []string
	for _, name := range []string{"c.json", "c.yaml"} {
		r := call(t, "compress", in, filepath.Join(dir, name+".mlpackage"), "--config", filepath.Join(dir, name), "--json", "-q")
		if r.status != exitOK {
			t.Fatal(r)
		}
		var report compressJSON
		if err := json.Unmarshal([]byte(r.out), &report); err != nil {
			t.Fatal(err)
		}
		for _, w := range report.Weights {
			if strings.Contains(w.Name, "embed") {
				t.Errorf("%s: the embedding was compressed: %+v", name, w)
			}
		}
		if len(report.Weights) == 0 || report.After >= report.Before {
			t.Errorf("%s: %d weights", name, len(report.Weights))
		}
		reports = append(reports, r.out)
	}
	if reports[0] != reports[1] {
		t.Errorf("reports differ:\n%s\n%s", reports[0], reports[1])
	}
}

func TestWhatCannotBeCompressedIsSaid(t *testing.T) {
	in, dir := synth(t, smallFlags...), t.TempDir()
	out := filepath.Join(dir, "out.mlpackage")
	call(t, "compress", in, out).want(t, exitUsage, "", "nothing is to be done")
	call(t, "compress", in, out, "--quantize", "int5").want(t, exitUsage, "", "int5")
	call(t, "compress", in, out, "--palettize", "int4").want(t, exitUsage, "", "lut4:group=16")
	call(t, "compress", in, dir, "--decompress").want(t, exitFailure, "", "exists")
	call(t, "compress", in, out, "--config", filepath.Join(dir, "none.yaml")).want(t, exitFailure, "", "none.yaml")
}

func TestFunctionsAreMergedRenamedAndSplit(t *testing.T) {
	a := synth(t, append([]string{"--weights", "fp16"}, smallFlags...)...)
	dir := t.TempDir()
	b, both, one := filepath.Join(dir, "b.mlpackage"), filepath.Join(dir, "both.mlpackage"), filepath.Join(dir, "one.mlpackage")
	call(t, "compress", a, b, "--quantize", "int4").want(t, exitOK, "", "weights")
	call(t, "edit", a, both, "--merge", "same="+a, "--merge", "small="+b+":main", "--rename-function", "main=base",
		"--author", "me", "--metadata", "tokenizer=org/name", "--feature", "inputIds=the tokens").want(t, exitOK, "", "both")
	call(t, "inspect", both).want(t, exitOK, "function base (CoreML8, the default)", "")
	sizeA, err := folderSize(a)
	if err != nil {
		t.Fatal(err)
	}
	sizeB, _ := folderSize(b)
	sizeBoth, _ := folderSize(both)
	if sizeBoth > sizeA+sizeB+100_000 {
		t.Errorf("%d bytes of packages became %d: equal weights are not shared", sizeA+sizeB, sizeBoth)
	}
	call(t, "edit", both, one, "--only", "small", "--clear", "author").want(t, exitOK, "", "one")
	for path, function := range map[string]string{a: "", both: "same"} {
		if x, y := logits(t, a, ""), logits(t, path, function); !equalFloats(x, y) {
			t.Errorf("%s %s predicts something else", path, function)
		}
	}
	if x := logits(t, b, ""); !equalFloats(x, logits(t, both, "small")) || !equalFloats(x, logits(t, one, "")) {
		t.Error("the merged function predicts something else")
	}
	call(t, "edit", a, filepath.Join(dir, "x"), "--only", "none").want(t, exitFailure, "", "no function")
	call(t, "edit", a, filepath.Join(dir, "x"), "--feature", "none=x").want(t, exitFailure, "", "none")
	call(t, "edit", a, filepath.Join(dir, "x"), "--merge", "main="+b).want(t, exitFailure, "", "already")
}

func equalFloats(a, b []float32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}
