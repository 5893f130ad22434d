package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/coreml/convert"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tensor"
)

// recordedRows is what transformers gave for a checkpoint: testdata/gen/architectures.py of package convert.
type recordedRows struct {
	IDs  []int32     `json:"ids"`
	Rows [][]float64 `json:"rows"`
	// Greedy are the likeliest tokens after the ids, of models for which they were recorded.
	Greedy []int `json:"greedy"`
}

// convertTiny converts a checkpoint of testdata/architectures and loads the package.
func convertTiny(t *testing.T, name string, o *convert.Options) (*coreml.Model, *recordedRows) {
	t.Helper()
	dir := filepath.Join("../../coreml/convert/testdata/architectures", name)
	data, err := os.ReadFile(filepath.Join(dir, "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := new(recordedRows)
	if err := json.Unmarshal(data, r); err != nil || len(r.Rows) != len(r.IDs) {
		t.Fatalf("%d rows for %d ids: %v", len(r.Rows), len(r.IDs), err)
	}
	pkg := filepath.Join(t.TempDir(), "m.mlpackage")
	if _, err := convert.Convert(t.Context(), dir, pkg, o); err != nil {
		t.Fatal(err)
	}
	m, err := coreml.Load(t.Context(), pkg, &coreml.Config{Engine: coreml.EnginePortable})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m, r
}

// feed gives a decoder the ids behind past others, and returns the logits in a row.
func feed(t *testing.T, m *coreml.Model, s *coreml.State, ids []int32, past int) []float64 {
	t.Helper()
	n := len(ids)
	seen := tensor.Arange[int32](0, int32(past+n), 1).Reshape(1, past+n).LessEqual(tensor.Arange[int32](int32(past), int32(past+n), 1).Reshape(n, 1))
	mask := tensor.Where(seen, tensor.Scalar[float32](0), tensor.Scalar(float32(math.Inf(-1))))
	out, err := m.Predict(t.Context(), coreml.Features{
		"inputIds":   coreml.MultiArray(tensor.FromSlice(ids, 1, n)),
		"causalMask": coreml.MultiArray(mask.To(tensor.Float16).Reshape(1, 1, n, past+n)),
	}, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return doubles(t, out.Tensor("logits"))
}

func doubles(t *testing.T, x *tensor.Tensor) []float64 {
	t.Helper()
	list, err := tensor.Values[float64](x.To(tensor.Float64))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// near compares with the reference: the largest difference by the largest number.
func near(t *testing.T, got []float64, want [][]float64, most float64) {
	t.Helper()
	width, top, worst := len(want[0]), 0.0, 0.0
	if len(got) != width*len(want) {
		t.Fatalf("%d numbers, want %d rows of %d", len(got), len(want), width)
	}
	for i, row := range want {
		for k, w := range row {
			d := math.Abs(got[i*width+k] - w)
			if !(d <= worst) {
				worst = d
			}
			top = max(top, math.Abs(w))
		}
	}
	if !(worst <= most*top) {
		t.Errorf("the largest difference is %v of %v", worst, top)
	}
}

// fp32 leaves the states in fp16, which costs some digits. A window, a bias or an expert
// that is overlooked costs a hundred times as much.
var decoderForms = map[string]convert.Options{
	"fp32":      {DType: "fp32"},
	"fp32 conv": {DType: "fp32", Layout: "conv"},
}

// decoderNames are the decoders of testdata/architectures.
var decoderNames = []string{
	"gpt2", "gpt2-scaled", "gpt-neox", "gpt-neox-sequential", "stablelm", "stablelm-parallel",
	"starcoder2", "starcoder2-plain", "mixtral", "qwen2-moe", "qwen3-moe",
	"gemma", "phi", "cohere", "cohere2", "glm", "glm4", "nemotron", "arcee", "helium", "ernie4-5", "seed-oss", "exaone4",
	"mixtral-fused", "qwen2-moe-fused", "qwen3-moe-fused", "mixtral-mlx", "qwen2-moe-mlx", "qwen3-moe-mlx", "qwen3-moe-fp8",
	"olmo", "olmo3", "olmoe", "granitemoe", "ministral",
	"openelm", "openelm-lists", "openlm", "openlm-options",
}

func TestDecodersGiveTheLogitsOfTransformers(t *testing.T) {
	for _, name := range decoderNames {
		for form, o := range decoderForms {
			t.Run(name+" "+form, func(t *testing.T) {
				m, want := convertTiny(t, name, &o)
				s, err := m.NewState()
				if err != nil {
					t.Fatal(err)
				}
				got := feed(t, m, s, want.IDs[:7], 0)
				for i := 7; i < len(want.IDs); i++ {
					got = append(got, feed(t, m, s, want.IDs[i:i+1], i)...)
				}
				near(t, got, want.Rows, 0.003)
			})
		}
	}
}

// In fp16, wherever the caches are, Generate gives the recorded tokens: also where the
// layers have different numbers of heads in one cache.
func TestGenerateDrivesDecodersOfTheirOwnKind(t *testing.T) {
	for _, name := range []string{"openelm", "openelm-lists", "openlm", "openlm-options"} {
		for form, o := range map[string]convert.Options{
			"state": {}, "conv": {Layout: "conv"}, "io": {Cache: "io"}, "none": {Cache: "none"}, "batch": {Batch: 2}, "last": {Logits: "last"},
		} {
			t.Run(name+" "+form, func(t *testing.T) {
				m, want := convertTiny(t, name, &o)
				g, err := generate.New(m, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer g.Close()
				s, err := g.NewSequence(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				var next, got []int
				for _, id := range want.IDs {
					next = append(next, int(id))
				}
				for range want.Greedy {
					logits, err := s.Append(t.Context(), next)
					if err != nil {
						t.Fatal(err)
					}
					next = []int{slices.Index(logits, slices.Max(logits))}
					got = append(got, next...)
				}
				if !slices.Equal(got, want.Greedy) {
					t.Errorf("tokens %v, want %v", got, want.Greedy)
				}
			})
		}
	}
}

// OpenELM comes without a tokenizer: the package names the repository of Llama 2's, whatever
// repository the weights are of, unless a tokenizer lies beside it.
func TestAPackageOfOpenELMNamesTheTokenizerOfAnother(t *testing.T) {
	for _, c := range []struct {
		name, file, want string
	}{
		{"openelm", "", "meta-llama/Llama-2-7b-hf"},
		{"openelm", "tokenizer.json", "org/elm"},
		{"openlm", "", "org/elm"},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(filepath.Join("../../coreml/convert/testdata/architectures", c.name))); err != nil {
			t.Fatal(err)
		}
		if c.file != "" {
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		pkg := filepath.Join(t.TempDir(), "m.mlpackage")
		if _, err := convert.Convert(t.Context(), dir, pkg, &convert.Options{Repository: "org/elm", Revision: "0123abc"}); err != nil {
			t.Fatal(err)
		}
		m, err := coreml.Load(t.Context(), pkg, &coreml.Config{Engine: coreml.EnginePortable})
		if err != nil {
			t.Fatal(err)
		}
		about := m.Description()
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		if got := about.UserDefined[repositoryKey]; got != c.want {
			t.Errorf("%s %s: the tokenizer is that of %q, want %q", c.name, c.file, got, c.want)
		}
		_, there := about.UserDefined["com.github.gocoreml.revision"]
		if own := c.want == "org/elm"; there != own {
			t.Errorf("%s %s: a revision is named: %t, want %t", c.name, c.file, there, own)
		}
	}
}

// Of two texts the shorter one begins behind padding that the mask hides. Where positions
// are learned, its first token has the first of them all the same.
func TestTextsOfABatchHavePositionsOfTheirOwn(t *testing.T) {
	const padding = 3
	for _, name := range []string{"gpt2", "gpt-neox"} {
		for _, cache := range []string{"state", "none"} {
			t.Run(name+" "+cache, func(t *testing.T) {
				m, want := convertTiny(t, name, &convert.Options{DType: "fp32", Batch: 2, Cache: cache})
				n := len(want.IDs)
				ids := append(append(want.IDs[:n:n], make([]int32, padding)...), want.IDs[:n-padding]...)
				mask := make([]float32, 2*n*n)
				for i := range 2 * n * n {
					text, q, k := i/(n*n), i/n%n, i%n
					if hidden := text == 1 && k < padding && q >= padding; k > q || hidden {
						mask[i] = float32(math.Inf(-1))
					}
				}
				in := coreml.Features{
					"inputIds":   coreml.MultiArray(tensor.FromSlice(ids, 2, n)),
					"causalMask": coreml.MultiArray(tensor.FromSlice(mask, 2, 1, n, n).To(tensor.Float16)),
				}
				var s *coreml.State
				if cache == "state" {
					var err error
					if s, err = m.NewState(); err != nil {
						t.Fatal(err)
					}
				}
				out, err := m.Predict(t.Context(), in, s, nil)
				if err != nil {
					t.Fatal(err)
				}
				got := doubles(t, out.Tensor("logits"))
				width := len(got) / (2 * n)
				near(t, got[:n*width], want.Rows[:n], 0.003)
				near(t, got[(n+padding)*width:], want.Rows[:n-padding], 0.003)
			})
		}
	}
}

// What is behind a text changes nothing where the mask hides it.
func TestEncodersGiveTheVectorsOfTransformers(t *testing.T) {
	for _, name := range []string{"bert", "xlm-roberta", "modernbert"} {
		for _, padding := range []int{0, 3} {
			t.Run(name, func(t *testing.T) {
				m, want := convertTiny(t, name, &convert.Options{DType: "fp32"})
				n := len(want.IDs)
				ids, mask := append([]int32{}, want.IDs...), make([]int32, n+padding)
				for i := range n {
					mask[i] = 1
				}
				for range padding {
					ids = append(ids, 4)
				}
				in := coreml.Features{
					"inputIds":      coreml.MultiArray(tensor.FromSlice(ids, 1, n+padding)),
					"attentionMask": coreml.MultiArray(tensor.FromSlice(mask, 1, n+padding)),
				}
				if m.Description().Input("tokenTypeIds") != nil {
					in["tokenTypeIds"] = coreml.MultiArray(tensor.FromSlice(make([]int32, n+padding), 1, n+padding))
				}
				out, err := m.Predict(t.Context(), in, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				got := doubles(t, out.Tensor("lastHiddenState"))
				near(t, got[:n*len(want.Rows[0])], want.Rows, 0.0005)
			})
		}
	}
}
