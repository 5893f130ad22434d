package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml/convert"
	"github.com/gocoreml/coreml/hub/hubtest"
	"github.com/gocoreml/coreml/internal/safetensors"
	"github.com/gocoreml/coreml/tensor"
)

// tinyAdapter is a folder with an adapter of rank 2 on the queries of the first layer of
// tinyLlama, as PEFT writes it.
func tinyAdapter(t *testing.T) hubtest.FS {
	t.Helper()
	const module = "base_model.model.model.layers.0.self_attn.q_proj."
	var weights bytes.Buffer
	err := safetensors.Write(&weights, []safetensors.Named{
		{Name: module + "lora_A.weight", Tensor: tensor.Arange[float32](0, 128, 1).Reshape(2, 64)},
		{Name: module + "lora_B.weight", Tensor: tensor.Arange[float32](0, 128, 1).Reshape(64, 2)},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return hubtest.FS{
		"adapter_config.json":       hubtest.Text(`{"peft_type": "LORA", "r": 2, "lora_alpha": 0.0001, "target_modules": ["q_proj"]}`),
		"adapter_model.safetensors": hubtest.Text(weights.String()), "README.md": hubtest.Text("x"), "training_args.bin": hubtest.Text("x"),
	}
}

func TestConvertTakesAdaptersByName(t *testing.T) {
	files := tinyAdapter(t)
	sub := hubtest.FS{"deep/" + "adapter_config.json": files["adapter_config.json"], "deep/adapter_model.safetensors": files["adapter_model.safetensors"]}
	server, _ := newUser(t, hubtest.Repo{ID: "org/poet", Files: files}, hubtest.Repo{ID: "org/deep", Files: sub},
		hubtest.Repo{ID: "org/pickled", Files: hubtest.FS{"adapter_config.json": hubtest.Text("{}"), "adapter_model.bin": hubtest.Text("x")}},
		hubtest.Repo{ID: "org/model", Files: os.DirFS(tinyRepository(t))})
	t.Setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
	out := t.TempDir()
	made := filepath.Join(out, "made.mlpackage")
	call(t, "convert", tinyLlama, made, "-q", "--adapter", "poet=org/poet@main", "--adapter", "other=org/deep:deep").want(t, exitOK, "", "")
	for name := range server.Bodies() {
		if strings.Contains(name, "README") || strings.HasSuffix(name, ".bin") {
			t.Errorf("%s was fetched", name)
		}
	}
	if base, poet := logitsOf(t, made, ""), logitsOf(t, made, "poet"); slices.Equal(base, poet) || !slices.Equal(poet, logitsOf(t, made, "other")) {
		t.Error("the functions are not those of the adapters")
	}
	server.ClearLog()
	call(t, "convert", tinyLlama, filepath.Join(out, "again.mlpackage"), "-q", "--offline", "--adapter", "poet=org/poet").want(t, exitOK, "", "")
	call(t, "convert", tinyLlama, filepath.Join(out, "x.mlpackage"), "--offline", "--adapter", "poet=org/absent").
		want(t, exitFailure, "", `adapter "poet": there is no adapter "org/absent": it is no file or folder here`)
	if got := operations(server); len(got) != 0 {
		t.Errorf("offline the hub was asked %q", got)
	}
	for name, want := range map[string]string{
		"org/pickled": "only pickled weights", "org/model": "no adapter_config.json", "org/deep": "no adapter_config.json", "org/poet:sub": "no adapter lies there",
		"org/poet@old": "no such revision", "org/absent": `there is no adapter "org/absent"`,
	} {
		call(t, "convert", tinyLlama, filepath.Join(out, "x.mlpackage"), "--adapter", "a="+name).want(t, exitFailure, "", want)
	}
	if _, err := os.Stat(filepath.Join(out, "x.mlpackage")); err == nil {
		t.Error("a package was left")
	}
}

// A dry run says which functions adapters become, and refuses those that do not fit.
func TestADryRunShowsAdapters(t *testing.T) {
	dir := t.TempDir()
	for name, file := range tinyAdapter(t) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(file.(hubtest.Text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "out.mlpackage")
	report := func(args ...string) *convert.Report {
		t.Helper()
		r := call(t, append([]string{"convert", tinyLlama, out, "--json"}, args...)...)
		if r.status != exitOK {
			t.Fatal(r.err)
		}
		var report convert.Report
		if err := json.Unmarshal([]byte(r.out), &report); err != nil {
			t.Fatal(err)
		}
		return &report
	}
	call(t, "convert", tinyLlama, out, "--dry-run", "--adapter", "poet="+dir).want(t, exitOK, "poet      "+dir, "")
	want := convert.AdapterReport{Function: "poet", Path: dir, Modules: 1, Tensors: 2, Bytes: 512}
	for _, args := range [][]string{{"--dry-run"}, nil} {
		if got := report(append(args, "--adapter", "poet="+dir)...).Adapters; !slices.Equal(got, []convert.AdapterReport{want}) {
			t.Errorf("%q: %+v, want %+v", args, got, want)
		}
	}
	call(t, "convert", "../../testdata/checkpoints/gemma3-text", filepath.Join(t.TempDir(), "g.mlpackage"), "--dry-run", "--adapter", "poet="+dir).want(t, exitFailure, "", "q_proj")
	call(t, "convert", tinyLlama, filepath.Join(t.TempDir(), "g.mlpackage"), "--dry-run", "--adapter", "poet="+dir+"x").want(t, exitFailure, "", "adapter")
}
