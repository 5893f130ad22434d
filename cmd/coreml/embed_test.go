package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/npy"
	"github.com/gocoreml/coreml/tensor"
)

// encoders are tiny models of embeddings with the answers of sentence-transformers.
const encoders = "../../generate/embed/testdata/encoders"

func encoder(name string) string { return filepath.Join(encoders, name, "model.mlpackage") }

// vectorsOf reads the lines of a call with --json.
func vectorsOf(t *testing.T, args ...string) []textVector {
	t.Helper()
	r := call(t, append([]string{"embed", "--json"}, args...)...)
	r.want(t, exitOK, "", "")
	var list []textVector
	for line := range strings.Lines(r.out) {
		var v textVector
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		list = append(list, v)
	}
	return list
}

// recordedVectors are those that the reference gave for the first case of a model.
func recordedVectors(t *testing.T, name string) (texts []string, vectors [][]float32) {
	t.Helper()
	var f struct {
		Texts []string
		Cases []struct{ Embeddings [][]float32 }
	}
	data, err := os.ReadFile(filepath.Join(encoders, name, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f.Texts, f.Cases[0].Embeddings
}

func alike(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) < 0.01 })
}

func TestEmbedPrintsALineForEachText(t *testing.T) {
	texts, want := recordedVectors(t, "mean-bert")
	m := encoder("mean-bert")
	got := vectorsOf(t, "-m", m, "--", texts[0], texts[1])
	if len(got) != 2 || got[0].Text != texts[0] || !alike(got[0].Embedding, want[0]) || !alike(got[1].Embedding, want[1]) || got[0].Truncated {
		t.Errorf("%+v", got)
	}
	file := filepath.Join(t.TempDir(), "texts.txt")
	if err := os.WriteFile(file, []byte("\ufeff"+strings.Join(texts, "\r\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := vectorsOf(t, "-m", m, "--file", file, "--batch", "2", "--compute-units", "cpu-only")
	if len(all) != len(texts) {
		t.Fatalf("%d lines for %d texts", len(all), len(texts))
	}
	for i := range all {
		if all[i].Text != texts[i] || !alike(all[i].Embedding, want[i]) || all[i].Truncated != (i == 5) {
			t.Errorf("line %d: %+v", i, all[i])
		}
	}
	// A pipe is read without asking.
	r := callWith(t, texts[0]+"\n"+texts[1], "embed", "-m", m)
	r.want(t, exitOK, "", "")
	if lines := strings.Split(r.out, "\n"); len(lines) != 3 || len(strings.Fields(lines[1])) != 32 {
		t.Errorf("%q", r.out)
	}
	if dash := callWith(t, texts[0]+"\n"+texts[1], "embed", "-m", m, "--file", "-"); dash.out != r.out {
		t.Errorf("%q, want %q", dash.out, r.out)
	}
	call(t, "embed", "-m", m, texts[5]).want(t, exitOK, " ", "1 text was longer than 32 tokens and cut: --refuse-long makes it an error")
	call(t, "embed", "-m", m, "--refuse-long", texts[5]).want(t, exitFailure, "", "text 0 has 36 tokens, the model takes 32")
	if r := call(t, "embed", "-m", m, "-q", texts[5]); r.err != "" {
		t.Errorf("a quiet call says %q", r.err)
	}
}

func TestEmbedTakesPromptsAndForms(t *testing.T) {
	m := encoder("mean-bert")
	same := func(a, b []textVector) bool { return alike(a[0].Embedding, b[0].Embedding) }
	query := vectorsOf(t, "-m", m, "--prefix", "cat: ", "mat")
	for _, flags := range [][]string{{"--query"}, {"--prompt", "query"}} {
		if got := vectorsOf(t, append(append([]string{"-m", m}, flags...), "mat")...); !same(got, query) || got[0].Text != "mat" {
			t.Errorf("%q: %v", flags, got)
		}
	}
	if got := vectorsOf(t, "-m", m, "--document", "mat"); same(got, query) {
		t.Error("--document and --query are the same")
	}
	short := vectorsOf(t, "-m", m, "--dimensions", "4", "mat")[0].Embedding
	if length := math.Hypot(math.Hypot(float64(short[0]), float64(short[1])), math.Hypot(float64(short[2]), float64(short[3]))); len(short) != 4 || math.Abs(length-1) > 1e-5 {
		t.Errorf("%v", short)
	}
	raw := vectorsOf(t, "-m", m, "--dimensions", "4", "--no-normalize", "mat")[0].Embedding
	if len(raw) != 4 || alike(raw, short) {
		t.Errorf("%v", raw)
	}
	if cls := vectorsOf(t, "-m", m, "--pooling", "cls", "mat"); len(cls[0].Embedding) != 32 || same(cls, vectorsOf(t, "-m", m, "mat")) {
		t.Errorf("%v", cls)
	}
	if got := vectorsOf(t, "-m", m, "--pooling", "none", "--max-tokens", "4", "--normalize", "mat"); len(got[0].Embedding) != 32 {
		t.Errorf("%v", got)
	}
	driver := filepath.Join(t.TempDir(), "driver.json")
	writeJSONFile(t, driver, object{"output": "pooler_output"})
	if got := vectorsOf(t, "-m", m, "--driver", driver, "mat"); !same(got, vectorsOf(t, "-m", m, "--pooling", "none", "mat")) {
		t.Errorf("%v", got)
	}
}

func TestEmbedWritesAMatrix(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "vectors.npy")
	texts, want := recordedVectors(t, "pooled-roberta")
	r := call(t, "embed", "-m", encoder("pooled-roberta"), "--normalize", "--out", out, texts[0], texts[1], texts[2])
	if r.want(t, exitOK, "", ""); r.out != "" {
		t.Errorf("printed %q", r.out)
	}
	matrix := vectorFile(t, dir, "vectors.npy")
	data, err := tensor.Values[float32](matrix)
	if err != nil || !slices.Equal(matrix.Shape(), []int{3, 12}) || !alike(data[12:24], want[1]) {
		t.Errorf("%v, %v", matrix, err)
	}
	callWith(t, "", "embed", "-m", encoder("mean-bert"), "-o", filepath.Join(dir, "none.npy")).want(t, exitOK, "", "")
	if none := vectorFile(t, dir, "none.npy"); !slices.Equal(none.Shape(), []int{0, 0}) {
		t.Errorf("%v", none)
	}
	failed := filepath.Join(dir, "failed.npy")
	call(t, "embed", "-m", encoder("mean-bert"), "-o", failed, "--refuse-long", texts[5]).want(t, exitFailure, "", "36 tokens")
	if onDisk(failed) {
		t.Error("there is a file of a call that failed")
	}
	list := filepath.Join(dir, "scores.npy")
	call(t, "embed", "-m", encoder("reranker"), "--score", "where did the cat sit", "-o", list, "the cat sat on the mat", "mat").want(t, exitOK, "", "")
	if scores := vectorFile(t, dir, "scores.npy"); !slices.Equal(scores.Shape(), []int{2}) {
		t.Errorf("%v", scores)
	}
}

func vectorFile(t *testing.T, dir, name string) *tensor.Tensor {
	t.Helper()
	m, err := npy.Open(os.DirFS(dir), name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEmbedRanksTexts(t *testing.T) {
	call(t, "embed", "-m", encoder("reranker"), "--score", "where did the cat sit", "--json", "the cat sat on the mat", "a kitten rested").
		want(t, exitOK, `{"text":"the cat sat on the mat","score":0.71`, "")
	classes := []string{"embed", "-m", encoder("reranker-classes"), "--score", "where", "mat"}
	call(t, classes...).want(t, exitUsage, "", `--label is not set, and the model has 3 classes: name the one whose probability is the score: "no", "maybe", "yes"`)
	call(t, append(classes, "--label", "yes")...).want(t, exitOK, "0.", "")
	call(t, "embed", "-m", encoder("reranker"), "mat").want(t, exitFailure, "", "no embeddings: output logits")
	call(t, "embed", "-m", encoder("mean-bert"), "--score", "x", "mat").want(t, exitFailure, "", "no scores: output last_hidden_state")
	call(t, "embed", "-m", encoder("reranker"), "--score", "x", "--dimensions", "3", "mat").want(t, exitOK, "0.", "--dimensions has no effect with --score")
}

func TestInspectSaysWhatEmbedWouldDo(t *testing.T) {
	for name, want := range map[string]string{
		"mean-bert":      "a vector for each token (output last_hidden_state) of input_ids, attention_mask, token_type_ids",
		"pooled-roberta": "a vector for each text (output sentence_embedding) of input_ids, attention_mask, position_ids",
		"reranker":       "scores (output logits) of input_ids, attention_mask, token_type_ids",
	} {
		call(t, "inspect", encoder(name)).want(t, exitOK, "  embeddings: "+want+"\n", "")
		call(t, "inspect", encoder(name), "--json").want(t, exitOK, `"embeddings": "`+want+`"`, "")
	}
	if r := call(t, "inspect", model); strings.Contains(r.out, "embeddings:") {
		t.Error("a language model gives embeddings")
	}
}

func TestEmbedRefusesWhatItCannotDo(t *testing.T) {
	m := encoder("mean-bert")
	for want, args := range map[string][]string{
		"embed needs a --model": {"x"},
		"exclude each other":    {"-m", m, "--query", "--document", "x"},
		"given twice":           {"-m", m, "--file", "a", "x"},
		"are written as .npy":   {"-m", m, "-o", "x.txt", "x"},
		"--dimensions is -1":    {"-m", m, "--dimensions=-1", "x"},
		"--batch is 2000":       {"-m", m, "--batch", "2000", "x"},
		"--max-tokens is -1":    {"-m", m, "--max-tokens=-1", "x"},
		`--pooling is "sum"`:    {"-m", m, "--pooling", "sum", "x"},
		`--prompt is "no", and the model has the prompts "document", "other", "query"`: {"-m", m, "--prompt", "no", "x"},
		"--dimensions is 64, and the model's vectors have 32":                          {"-m", m, "--dimensions", "64", "x"},
	} {
		call(t, append([]string{"embed"}, args...)...).want(t, exitUsage, "", want)
	}
	dir := t.TempDir()
	driver := filepath.Join(dir, "d.json")
	writeJSONFile(t, driver, object{"inputs": "x"})
	for want, args := range map[string][]string{
		"no embeddings: the function keeps states (keyCache), as language models do: coreml generate runs these": {"-m", model, "x"},
		"no embeddings: output last_hidden_state": {"-m", m, "--pooling", "none", "--driver", driverOf(t, dir), "x"},
		`there is no field "inputs"`:              {"-m", m, "--driver", driver, "x"},
		"no such file":                            {"-m", m, "--file", filepath.Join(dir, "absent"), "--json"},
		"dance":                                   {"-m", m, "--function", "dance", "x"},
		"no tokenizer in ":                        {"-m", m, "--tokenizer", dir, "x"},
	} {
		call(t, append([]string{"embed"}, args...)...).want(t, exitFailure, "", want)
	}
	call(t, "embed", "-m", "testdata/classifier/model.mlpackage", "x").want(t, exitFailure, "", "no embeddings: no input takes token ids")
}

// driverOf writes a driver that takes the rows and leaves open how they become one.
func driverOf(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "rows.json")
	writeJSONFile(t, name, object{"output": "last_hidden_state"})
	return name
}

func TestTheFamilyOfEmbeddings(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skipf("SKIPPED: %s needs COREML_FIXTURES, which is not set", t.Name())
	}
	dir := filepath.Join(fixtures, "..", "families", "embedding-bert")
	data, err := os.ReadFile(filepath.Join(dir, "embeddings.json"))
	if err != nil {
		t.Skipf("SKIPPED: %s needs the folder families beside COREML_FIXTURES", t.Name())
	}
	var want struct {
		Texts []struct {
			Text      string
			Embedding []float32
		}
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	args := []string{"-m", filepath.Join(dir, "model.mlpackage"), "--tokenizer", dir, "--arithmetic", "wide", "--"}
	for _, c := range want.Texts {
		args = append(args, c.Text)
	}
	for i, v := range vectorsOf(t, args...) {
		if !alike(v.Embedding, want.Texts[i].Embedding) {
			t.Errorf("text %d: %v", i, v)
		}
	}
}
