package weight_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/weight"
	"github.com/gocoreml/coreml/internal/mil"
)

func f16(shape ...int) mil.Type  { return mil.TensorType(dtype.Float16, shape...) }
func f32(shape ...int) mil.Type  { return mil.TensorType(dtype.Float32, shape...) }
func i32(shape ...int) mil.Type  { return mil.TensorType(dtype.Int32, shape...) }
func i8(shape ...int) mil.Type   { return mil.TensorType(dtype.Int8, shape...) }
func bits(shape ...int) mil.Type { return mil.TensorType(dtype.UInt1, shape...) }

// operation is a constexpr operation of little content.
type operation struct {
	typ  string
	args func(b *mil.Builder) mil.Args
}

// bytes adds a constant of zeros: of packed codes, or of a table.
func bytes(b *mil.Builder, t dtype.Type, shape ...int) *mil.Value {
	n, _ := dtype.Count(shape)
	return b.IntTensor("", t, shape, make([]int, n)...)
}

// twoOnes adds the mask of [2, 3] that the sparse operations have here.
func twoOnes(b *mil.Builder) *mil.Value {
	return b.IntTensor("", dtype.UInt1, []int{2, 3}, 1, 0, 0, 0, 0, 1)
}

var (
	affine = operation{"constexpr_affine_dequantize", func(b *mil.Builder) mil.Args {
		return mil.Args{
			"quantized_data": bytes(b, dtype.Int8, 2, 3), "zero_point": b.IntTensor("", dtype.Int8, nil, 0),
			"scale": b.Float16s("", []int{3}, 1, 1, 1), "axis": b.Int("", 1),
		}
	}}
	cast = operation{"constexpr_cast", func(b *mil.Builder) mil.Args {
		return mil.Args{"source_val": b.Float16s("", []int{2, 3}, 1, 2, 3, 4, 5, 6), "output_dtype": b.Text("", "fp32")}
	}}
	castOfFloat32 = operation{"constexpr_cast", func(b *mil.Builder) mil.Args {
		return mil.Args{"source_val": b.Float32s("", []int{1}, 1), "output_dtype": b.Text("", "fp32")}
	}}
	blockwise = operation{"constexpr_blockwise_shift_scale", func(b *mil.Builder) mil.Args {
		return mil.Args{"data": bytes(b, dtype.Int8, 2, 3), "scale": b.Float16s("", []int{2, 1}, 1, 1)}
	}}
	blockwiseByInts = operation{"constexpr_blockwise_shift_scale", func(b *mil.Builder) mil.Args {
		return mil.Args{"data": bytes(b, dtype.Int8, 2, 3), "scale": bytes(b, dtype.Int32, 2, 1)}
	}}
	flatTable = operation{"constexpr_lut_to_dense", func(b *mil.Builder) mil.Args {
		return mil.Args{
			"indices": bytes(b, dtype.UInt8, 1), "lut": b.Float16s("", []int{2}, 1, 2),
			"shape": b.IntTensor("", dtype.UInt32, []int{2}, 2, 3),
		}
	}}
	table = operation{"constexpr_lut_to_dense", func(b *mil.Builder) mil.Args {
		return mil.Args{"indices": bytes(b, dtype.UInt1, 2, 3), "lut": b.Float16s("", []int{1, 1, 2, 1}, 1, 2)}
	}}
	tableOfInts = operation{"constexpr_lut_to_dense", func(b *mil.Builder) mil.Args {
		return mil.Args{"indices": bytes(b, dtype.UInt1, 2, 3), "lut": bytes(b, dtype.Int8, 1, 1, 2, 1)}
	}}
	tableOfVectors = operation{"constexpr_lut_to_dense", func(b *mil.Builder) mil.Args {
		return mil.Args{
			"indices": bytes(b, dtype.UInt1, 2, 3), "lut": b.Float32s("", []int{1, 1, 2, 2}, 1, 2, 3, 4), "vector_axis": b.Int("", 0),
		}
	}}
	flatSparse = operation{"constexpr_sparse_to_dense", func(b *mil.Builder) mil.Args {
		return mil.Args{
			"nonzero_data": b.Float16s("", []int{2}, 1, 2), "mask": b.IntTensor("", dtype.UInt8, []int{1}, 3),
			"shape": b.IntTensor("", dtype.UInt32, []int{2}, 2, 3),
		}
	}}
	sparse = operation{"constexpr_sparse_to_dense", func(b *mil.Builder) mil.Args {
		return mil.Args{"nonzero_data": b.Float16s("", []int{2}, 1, 2), "mask": twoOnes(b)}
	}}
	sparseTable = operation{"constexpr_lut_to_sparse", func(b *mil.Builder) mil.Args {
		return mil.Args{
			"indices_mask": twoOnes(b), "indices_nonzero_data": bytes(b, dtype.UInt1, 2),
			"lut": b.Float16s("", []int{1, 1, 2, 1}, 1, 2),
		}
	}}
	sparseVectors = operation{"constexpr_lut_to_sparse", func(b *mil.Builder) mil.Args {
		return mil.Args{
			"indices_mask": twoOnes(b), "indices_nonzero_data": bytes(b, dtype.UInt1, 2),
			"lut": b.Float16s("", []int{1, 1, 2, 2}, 1, 2, 3, 4), "vector_axis": b.Int("", 1),
		}
	}}
	sparseBlockwise = operation{"constexpr_sparse_blockwise_shift_scale", func(b *mil.Builder) mil.Args {
		return mil.Args{"data_mask": twoOnes(b), "nonzero_data": bytes(b, dtype.Int8, 2), "scale": b.Float16s("", []int{2, 1}, 1, 1)}
	}}
)

// made is the error of making the operation with the declared results.
func made(o operation, results ...mil.Type) error {
	b := mil.NewBuilder("main", "CoreML8")
	r := b.MultiOp(o.typ, "w", results, o.args(b))
	_, err := weight.New(nil, r[0].Producer, nil, false)
	return err
}

// The types are those that coremltools 9 infers for the same operands.
func TestDecodedConstantsHaveTheTypeThatTheirOperandsGive(t *testing.T) {
	for _, c := range []struct {
		name    string
		op      operation
		results []mil.Type
	}{
		{"affine: of scale and data", affine, []mil.Type{f16(2, 3)}},
		{"cast: fp32", cast, []mil.Type{f32(2, 3)}},
		{"blockwise: of scale and data", blockwise, []mil.Type{f16(2, 3)}},
		{"a table up to iOS17: of table and shape", flatTable, []mil.Type{f16(2, 3)}},
		{"a table: of table and indices", table, []mil.Type{f16(2, 3)}},
		{"a table of integers", tableOfInts, []mil.Type{i8(2, 3)}},
		{"a table of vectors: longer along the axis", tableOfVectors, []mil.Type{f32(4, 3)}},
		{"sparse up to iOS17: of values and shape", flatSparse, []mil.Type{f16(2, 3)}},
		{"sparse: of values and mask", sparse, []mil.Type{f16(2, 3)}},
		{"a sparse table: mask and values", sparseTable, []mil.Type{bits(2, 3), f16(2)}},
		{"a sparse table of vectors: both longer", sparseVectors, []mil.Type{bits(2, 6), f16(4)}},
		{"sparse blockwise: mask and values", sparseBlockwise, []mil.Type{bits(2, 3), f16(2)}},
		{"a dimension that is left open", blockwise, []mil.Type{f16(2, mil.Unknown)}},
		{"a shape that is left open", blockwise, []mil.Type{{DType: dtype.Float16, Variadic: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := made(c.op, c.results...); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDecodedConstantsThatAreDeclaredOtherwiseAreRefused(t *testing.T) {
	list := mil.Type{Kind: mil.List}
	for _, c := range []struct {
		name    string
		op      operation
		results []mil.Type
		reason  string
	}{
		{"affine of another shape", affine, []mil.Type{f16(3, 2)}, "result w is declared tensor<fp16, [3, 2]> where the operands give tensor<fp16, [2, 3]>"},
		{"affine of another type than its scale", affine, []mil.Type{f32(2, 3)}, "tensor<fp32, [2, 3]> where the operands give tensor<fp16, [2, 3]>"},
		{"a cast to fp16", cast, []mil.Type{f16(2, 3)}, "tensor<fp16, [2, 3]> where the operands give tensor<fp32, [2, 3]>"},
		{"a cast to another shape", cast, []mil.Type{f32(6)}, "tensor<fp32, [6]> where"},
		{"a cast of fp32", castOfFloat32, []mil.Type{f32(1)}, "operand source_val is of type fp32, want one of [fp16]"},
		{"blockwise with a dimension of another size", blockwise, []mil.Type{f16(3, 3)}, "tensor<fp16, [3, 3]> where"},
		{"blockwise of another rank", blockwise, []mil.Type{f16(6)}, "tensor<fp16, [6]> where"},
		{"blockwise of another type than its scale", blockwise, []mil.Type{f32(2, 3)}, "tensor<fp32, [2, 3]> where"},
		{"blockwise of integers", blockwise, []mil.Type{i32(2, 3)}, "tensor<int32, [2, 3]> where"},
		{"blockwise of another size beside an open one", blockwise, []mil.Type{f16(mil.Unknown, 4)}, "tensor<fp16, [?, 4]> where"},
		{"blockwise that is no tensor", blockwise, []mil.Type{list}, "result w is declared list"},
		{"blockwise with a scale of integers", blockwiseByInts, []mil.Type{i32(2, 3)}, "operand scale is of type int32, want one of [fp16 fp32]"},
		{"a table up to iOS17 of another shape", flatTable, []mil.Type{f16(6)}, "tensor<fp16, [6]> where"},
		{"a table up to iOS17 of another type", flatTable, []mil.Type{f32(2, 3)}, "tensor<fp32, [2, 3]> where"},
		{"a table of another shape than its indices", table, []mil.Type{f16(2, 4)}, "tensor<fp16, [2, 4]> where"},
		{"a table of another type", table, []mil.Type{f32(2, 3)}, "tensor<fp32, [2, 3]> where"},
		{"a table of integers as numbers", tableOfInts, []mil.Type{f16(2, 3)}, "where the operands give tensor<int8, [2, 3]>"},
		{"a table of vectors of the shape of its indices", tableOfVectors, []mil.Type{f32(2, 3)}, "where the operands give tensor<fp32, [4, 3]>"},
		{"a table of vectors along another axis", tableOfVectors, []mil.Type{f32(2, 6)}, "where the operands give tensor<fp32, [4, 3]>"},
		{"sparse up to iOS17 of another shape", flatSparse, []mil.Type{f16(2)}, "tensor<fp16, [2]> where"},
		{"sparse up to iOS17 of another type", flatSparse, []mil.Type{f32(2, 3)}, "tensor<fp32, [2, 3]> where"},
		{"sparse of the shape of its values", sparse, []mil.Type{f16(2)}, "tensor<fp16, [2]> where"},
		{"sparse of another type than its values", sparse, []mil.Type{f32(2, 3)}, "tensor<fp32, [2, 3]> where"},
		{"a sparse table with a mask of bools", sparseTable, []mil.Type{mil.TensorType(dtype.Bool, 2, 3), f16(2)}, "result w_0 is declared tensor<bool, [2, 3]>"},
		{"a sparse table with a mask of another shape", sparseTable, []mil.Type{bits(6), f16(2)}, "result w_0 is declared tensor<uint1, [6]>"},
		{"a sparse table with a value too many", sparseTable, []mil.Type{bits(2, 3), f16(3)}, "result w_1 is declared tensor<fp16, [3]>"},
		{"a sparse table with values of another type", sparseTable, []mil.Type{bits(2, 3), f32(2)}, "result w_1 is declared tensor<fp32, [2]>"},
		{"a sparse table of vectors with the mask of its indices", sparseVectors, []mil.Type{bits(2, 3), f16(4)}, "result w_0 is declared tensor<uint1, [2, 3]>"},
		{"a sparse table of vectors with a value for each index", sparseVectors, []mil.Type{bits(2, 6), f16(2)}, "result w_1 is declared tensor<fp16, [2]>"},
		{"sparse blockwise with a mask of another shape", sparseBlockwise, []mil.Type{bits(3, 2), f16(2)}, "result w_0 is declared tensor<uint1, [3, 2]>"},
		{"sparse blockwise with dense values", sparseBlockwise, []mil.Type{bits(2, 3), f16(2, 3)}, "result w_1 is declared tensor<fp16, [2, 3]>"},
		{"sparse blockwise with values as stored", sparseBlockwise, []mil.Type{bits(2, 3), i8(2)}, "result w_1 is declared tensor<int8, [2]>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := made(c.op, c.results...)
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %v, want an error with %q", err, c.reason)
			}
		})
	}
}
