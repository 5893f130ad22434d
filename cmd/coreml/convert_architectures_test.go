package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/coreml/convert"
	"github.com/gocoreml/coreml/tensor"
)

// recordedRows is what transformers gave for a checkpoint: testdata/gen/architectures.py of package convert.
type recordedRows struct {
	IDs  []int32     `json:"ids"`
	Rows [][]float64 `json:"rows"`
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

func TestDecodersGiveTheLogitsOfTransformers(t *testing.T) {
	for _, name := range []string{
		"gpt2", "gpt2-scaled", "gpt-neox", "gpt-neox-sequential", "stablelm", "stablelm-parallel",
		"starcoder2", "starcoder2-plain", "mixtral", "qwen2-moe", "qwen3-moe",
		"mixtral-fused", "qwen2-moe-fused", "qwen3-moe-fused", "mixtral-mlx", "qwen2-moe-mlx", "qwen3-moe-mlx", "qwen3-moe-fp8",
	} {
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
