package generate_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// wantContradiction fails unless err names the file's field and both values.
func wantContradiction(t *testing.T, err error, file, field, says, is string) {
	t.Helper()
	got, ok := errors.AsType[*generate.ContradictionError](err)
	switch {
	case !ok || !errors.Is(err, generate.ErrDriver):
		t.Errorf("got %v, want a ContradictionError", err)
	case got.File != file || got.Field != field || got.Says != says || !strings.Contains(got.Is, is):
		t.Errorf("got %v; want %s of %s, %q against %q", err, field, file, says, is)
	}
}

const parameters = "model_info.parameters."

func TestMetaThatContradictsItsPackagesIsRefused(t *testing.T) {
	middle := &coreml.Description{
		Function: "prefill",
		Inputs:   features{halfs("hidden_states", 1, 8, 64), ints("position_ids", 8), halfs("causal_mask", 1, 1, 8, 128), ints("current_pos", 1)},
		Outputs:  features{halfs("output_hidden_states", 1, 1, 64)},
		States:   features{halfs("kv", 6, 2, 128, 16)},
	}
	head := &coreml.Description{Function: "main", Inputs: features{halfs("hidden_states", 1, 1, 64)}, Outputs: features{halfs("logits1", 1, 1, 500), halfs("logits2", 1, 1, 491)}}
	good := "num_chunks: 1\n    context_length: 128\n    batch_size: 8\n    ffn: a_FFN.mlmodelc\n    embeddings: none"
	for _, c := range []struct {
		desc            *coreml.Description
		text            string
		field, says, is string
	}{
		{middle, good, "", "", ""},
		{middle, "num_chunks: 3", "num_chunks", "3", "has 1 chunks"},
		{middle, "num_chunks: many", "num_chunks", "many", "a number"},
		{middle, "context_length: 256", "context_length", "256", "is 128 wide"},
		{middle, "context_length: 4096\n    attention_size: 128", "", "", ""},
		{middle, "context_length: 128\n    attention_size: 512", "attention_size", "512", "is 128 wide"},
		{middle, "context_length: 64", "context_length", "64", "is 128 wide"},
		{middle, "batch_size: 64", "batch_size", "64", "takes 8 tokens"},
		{middle, "ffn: b_FFN_PF.mlmodelc", "ffn", "b_FFN_PF.mlmodelc", "there are a_FFN_chunk_01of01.mlpackage"},
		{middle, "embeddings: a_embeddings.mlmodelc", "embeddings", "a_embeddings.mlmodelc", "no such package"},
		{middle, "lm_head: ../a_lm_head.mlmodelc", "lm_head", "../a_lm_head.mlmodelc", "no such package"},
		{head, "split_lm_head: 2\n    vocab_size: 991", "", "", ""},
		{head, "split_lm_head: 8", "split_lm_head", "8", "gives 2 parts"},
		{head, "vocab_size: 1000", "vocab_size", "1000", "gives 991 logits"},
		{head, "split_lm_head: 2\n    lm_head_chunk_sizes: [500, 400, 91]", "lm_head_chunk_sizes", "500,400,91", "the parts are 2"},
		{head, "split_lm_head: 2\n    vocab_size: 991\n    lm_head_chunk_sizes: [500, 400]", "lm_head_chunk_sizes", "500,400", "together that is 900"},
	} {
		err := generate.CheckBeside(nil, []byte("model_info:\n  parameters:\n    "+c.text+"\n"), "a_FFN_chunk_01of01.mlpackage", c.desc, "a_FFN_chunk_01of01.mlpackage", "meta.yaml")
		if c.field == "" {
			if err != nil {
				t.Errorf("%q gave %v", c.text, err)
			}
			continue
		}
		wantContradiction(t, err, "meta.yaml", parameters+c.field, c.says, c.is)
	}
}

func TestModelConfigThatContradictsItsPackageIsRefused(t *testing.T) {
	desc := &coreml.Description{
		Inputs:  features{ints("input_ids", 1, 1), halfs("causal_mask", 1, 1, 1, 128)},
		Outputs: features{halfs("logits", 1, 1, 991)},
	}
	for _, c := range []struct{ text, field, says, is string }{
		{`{"parts": {"model": "model.mlpackage"}, "context_length": 128, "vocab_size": 991, "architecture": "x"}`, "", "", ""},
		{`{"parts": {"model": "model.mlmodelc", "more": ["x"], "n": 3}}`, "", "", ""},
		{`{"context_length": 5}`, "", "", ""}, // of something else
		{`{"parts": {"model": "other.mlpackage"}}`, "parts.model", "other.mlpackage", "there are model.mlpackage"},
		{`{"parts": {"model": "model.mlpackage"}, "context_length": 2048}`, "context_length", "2048", "is 128 wide"},
		{`{"parts": {"model": "model.mlpackage"}, "context_length": "long"}`, "context_length", `"long"`, "a number"},
		{`{"parts": {"model": "model.mlpackage"}, "vocab_size": 151936}`, "vocab_size", "151936", "gives 991 logits"},
	} {
		err := generate.CheckBeside([]byte(c.text), nil, "model.mlpackage", desc, "model.mlpackage", "model_config.json")
		if c.field == "" {
			if err != nil {
				t.Errorf("%s gave %v", c.text, err)
			}
			continue
		}
		wantContradiction(t, err, "model_config.json", c.field, c.says, c.is)
	}
	if err := generate.CheckBeside([]byte(`[`), nil, "m", desc); !errors.Is(err, generate.ErrDriver) {
		t.Errorf("no JSON gave %v", err)
	}
}

// TestFilesBesideAPackageAreCompared opens a package with a file that lies, and with a
// driver that holds in its place.
func TestFilesBesideAPackageAreCompared(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(tinyRoot, "lengths"))); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "model_config.json")
	open := func(d *generate.Driver) error {
		g, err := generate.Open(t.Context(), filepath.Join(dir, "model.mlpackage"), &generate.Config{Tokenizer: filepath.Join(tinyRoot, "tokenizer"), Driver: d})
		if err == nil {
			err = g.Close()
		}
		return err
	}
	if err := os.WriteFile(config, []byte(`{"parts": {"model": "model.mlpackage"}, "context_length": 4096}`), 0o600); err != nil {
		t.Fatal(err)
	}
	wantContradiction(t, open(nil), "model_config.json", "context_length", "4096", "is 48 wide")
	if err := open(&generate.Driver{ContextLength: 48}); err != nil {
		t.Errorf("a driver that says it gave %v", err)
	}
	if err := os.WriteFile(config, []byte(`{"parts": {"model": "model.mlmodelc"}, "context_length": 48}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(nil); err != nil {
		t.Errorf("a file that is right gave %v", err)
	}
}

// FuzzBeside compares anything with a package.
func FuzzBeside(f *testing.F) {
	f.Add(`{"parts": {"model": "m.mlpackage"}, "context_length": 4096, "vocab_size": 3}`)
	f.Add("model_info:\n  parameters:\n    num_chunks: 3\n    lm_head_chunk_sizes: [1, 2]\n    split_lm_head: 2\n    sliding_window: 5\n")
	f.Fuzz(func(t *testing.T, text string) {
		desc := statefulDescription()
		for _, err := range []error{
			generate.CheckBeside([]byte(text), nil, "m.mlpackage", desc, "m.mlpackage"),
			generate.CheckBeside(nil, []byte(text), "m.mlpackage", desc, "m.mlpackage"),
		} {
			if err != nil && !errors.Is(err, generate.ErrDriver) {
				t.Errorf("%v is no ErrDriver", err)
			}
		}
	})
}
