package mil_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
)

func TestSummaryNamesTheFormatsOfTheFixtures(t *testing.T) {
	// The formats that carry the most and, where there is one, the second most
	// bytes, as the fixtures' makers chose them.
	want := map[string][]string{
		"llama-fp16":                {"fp16"},
		"llama-int4":                {"int4 per block of 32", "fp16"},
		"llama-int8":                {"int8 per channel", "fp16"},
		"llama-lut4-grouped":        {"lut4 per group of 16", "fp16"},
		"llama-lut6":                {"lut6", "fp16"},
		"llama-sparse":              {"sparse fp16", "fp16"},
		"mistral-transformers-int4": {"int4 per block of 32", "fp16"},
		"qwen2-uint4":               {"uint4 per block of 16 with offsets", "fp16"},
		"gpt2-fp16":                 {"fp16"},
		"io-cache-int4":             {"int4 per block of 32", "fp16"},
		"lora-multifunction":        {"int4 per block of 32", "fp16"},
		"lut4-iOS16":                {"lut4", "fp16"},
		"lut4-iOS18":                {"lut4", "fp16"},
		"int8-iOS16":                {"int8 per channel", "fp16"},
		"int8-iOS18":                {"int8 per channel with offsets", "fp16"},
		"sparse-iOS16":              {"sparse fp16", "fp16"},
		"sparse-iOS18":              {"sparse fp16", "fp16"},
		"sparse-lut4-iOS18":         {"sparse lut4", "fp16"},
		"sparse-int8-iOS18":         {"sparse int8 per channel", "fp16"},
	}
	for _, path := range fixturePackages(t) {
		name := filepath.Base(filepath.Dir(path))
		if want[name] == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			pkg := open(t, path)
			p, err := mil.Read(t.Context(), pkg)
			if err != nil {
				t.Fatal(err)
			}
			info := mil.Summarize(p)
			var got []string
			var bytes int64
			for _, w := range info.Weights {
				bytes += w.Bytes
				if len(got) < len(want[name]) {
					got = append(got, w.Format)
				}
			}
			if diff := cmp.Diff(want[name], got); diff != "" {
				t.Errorf("formats (-want +got):\n%s\n%+v", diff, info.Weights)
			}
			// Headers and alignment take up to 190 bytes a blob.
			if file := weightBytes(t, pkg); bytes > file || bytes < file*9/10-1000 {
				t.Errorf("weights have %d bytes, the weight file %d", bytes, file)
			}
		})
	}
}

func TestSummaryCountsOperationsOfNestedBlocks(t *testing.T) {
	info := mil.Summarize(buildStep(t))
	if len(info.Functions) != 1 {
		t.Fatalf("%d functions", len(info.Functions))
	}
	counts := map[string]int{}
	for _, c := range info.Functions[0].Ops {
		counts[c.Type] = c.Count
	}
	want := map[string]int{
		"constexpr_blockwise_shift_scale": 1, "read_state": 1, "concat": 1, "linear": 1, "slice_by_size": 1,
		"write_state": 1, "cast": 1, "squeeze": 1, "cond": 1, "relu": 1, "sigmoid": 1, "identity": 1,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
	if info.Functions[0].Total != 12 {
		t.Errorf("total is %d", info.Functions[0].Total)
	}
}

func TestSummaryNamesEveryKindOfCompression(t *testing.T) {
	fp16 := func(shape ...int) mil.Type { return mil.TensorType(dtype.Float16, shape...) }
	zeros := func(b *mil.Builder, typ dtype.Type, shape ...int) *mil.Value {
		n, _ := dtype.Count(shape)
		size, _ := typ.PackedLen(n)
		return b.Const("", typ, shape, make([]byte, size))
	}
	tests := map[string]func(b *mil.Builder) *mil.Value{
		"int8 per tensor": func(b *mil.Builder) *mil.Value {
			return b.Op("constexpr_affine_dequantize", "", fp16(8, 8), mil.Args{
				"quantized_data": zeros(b, dtype.Int8, 8, 8), "scale": zeros(b, dtype.Float16), "zero_point": zeros(b, dtype.Int8), "axis": b.Int("", 0),
			})
		},
		"uint8 per channel": func(b *mil.Builder) *mil.Value {
			return b.Op("constexpr_affine_dequantize", "", fp16(8, 8), mil.Args{
				"quantized_data": zeros(b, dtype.UInt8, 8, 8), "scale": zeros(b, dtype.Float16, 8), "zero_point": zeros(b, dtype.UInt8, 8), "axis": b.Int("", 0),
			})
		},
		"lut2": func(b *mil.Builder) *mil.Value {
			return b.Op("constexpr_lut_to_dense", "", fp16(8, 8), mil.Args{
				"indices": zeros(b, dtype.UInt8, 16), "lut": zeros(b, dtype.Float16, 4), "shape": b.IntTensor("", dtype.UInt32, []int{2}, 8, 8),
			})
		},
		"lut4 per group of 4, vectors of 2": func(b *mil.Builder) *mil.Value {
			return b.Op("constexpr_lut_to_dense", "", fp16(16, 8), mil.Args{
				"indices": zeros(b, dtype.UInt4, 8, 8), "lut": zeros(b, dtype.Float16, 2, 1, 16, 2), "vector_axis": b.Int("", 0),
			})
		},
		"lut4 with scales": func(b *mil.Builder) *mil.Value {
			w := b.Op("constexpr_lut_to_dense", "", fp16(8, 8), mil.Args{
				"indices": zeros(b, dtype.UInt4, 8, 8), "lut": zeros(b, dtype.Float16, 1, 1, 16, 1),
			})
			return b.Op("constexpr_blockwise_shift_scale", "", fp16(8, 8), mil.Args{"data": w, "scale": zeros(b, dtype.Float16, 8, 1)})
		},
		"sparse int8 per channel": func(b *mil.Builder) *mil.Value {
			parts := b.MultiOp("constexpr_sparse_blockwise_shift_scale", "", []mil.Type{mil.TensorType(dtype.UInt1, 8, 8), fp16(16)}, mil.Args{
				"data_mask": zeros(b, dtype.UInt1, 8, 8), "nonzero_data": zeros(b, dtype.Int8, 16), "scale": zeros(b, dtype.Float16, 8, 1),
			})
			return b.Op("constexpr_sparse_to_dense", "", fp16(8, 8), mil.Args{"mask": parts[0], "nonzero_data": parts[1]})
		},
		"fp16": func(b *mil.Builder) *mil.Value {
			return b.Op("constexpr_cast", "", mil.TensorType(dtype.Float32, 8, 8), mil.Args{
				"source_val": zeros(b, dtype.Float16, 8, 8), "output_dtype": b.Text("", "fp32"),
			})
		},
	}
	for want, build := range tests {
		t.Run(want, func(t *testing.T) {
			b := mil.NewBuilder("main", "CoreML8")
			w := build(b)
			b.Output("y", b.Op("identity", "", w.Type, mil.Args{"x": w}))
			p, err := b.Program()
			if err != nil {
				t.Fatal(err)
			}
			info := mil.Summarize(p)
			if len(info.Weights) != 1 || info.Weights[0].Format != want {
				t.Errorf("weights are %+v, want %s", info.Weights, want)
			}
		})
	}
}
