package mil

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/dtype"
)

// Info sums a program up for people: what inspect shows. Nothing is decided by
// it.
type Info struct {
	Functions []FunctionInfo
	// Weights are by format, the one with the most bytes first. A tensor that
	// several functions share counts once.
	Weights []WeightInfo
}

// FunctionInfo sums one function up.
type FunctionInfo struct {
	Name, Opset string
	// Ops counts the operations, those of nested blocks included and constants
	// not.
	Ops []OpCount
	// Total is the sum of Ops.
	Total int
}

// OpCount is how often an operator occurs.
type OpCount struct {
	Type  string
	Count int
}

// WeightInfo sums up the weights of one format. Two weights have one format
// when they are stored alike, whatever their shapes.
type WeightInfo struct {
	// Format is such as fp16, "int4 per block of 32" or "lut4 per group of 8".
	Format string
	// Count is the number of tensors and Elements that of their elements once
	// decoded.
	Count    int
	Elements int64
	// Bytes is what they take in the package, with scales and tables.
	Bytes int64
}

// minWeightElements keeps parameters of operations out of the list of weights:
// axes, shapes and perms have a few elements, the vectors of norms hundreds. It
// is for constants that are stored as they are; compressed ones count whatever
// their size.
const minWeightElements = 32

// Summarize counts the operations and weights of a program. It reads types and
// lengths alone, not the weights' bytes.
func Summarize(p *Program) Info {
	var info Info
	s := &summary{weights: map[string]*WeightInfo{}, seen: map[storedKey]bool{}}
	for _, f := range p.Functions {
		s.ops = map[string]int{}
		s.parts = map[*Value]bool{}
		s.block(f.Body)
		fi := FunctionInfo{Name: f.Name, Opset: f.Opset}
		for _, name := range slices.Sorted(maps.Keys(s.ops)) {
			fi.Ops = append(fi.Ops, OpCount{name, s.ops[name]})
			fi.Total += s.ops[name]
		}
		slices.SortStableFunc(fi.Ops, func(a, b OpCount) int { return b.Count - a.Count })
		info.Functions = append(info.Functions, fi)
	}
	for _, key := range slices.Sorted(maps.Keys(s.weights)) {
		info.Weights = append(info.Weights, *s.weights[key])
	}
	slices.SortStableFunc(info.Weights, func(a, b WeightInfo) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return info
}

// storedKey recognises stored content across functions. Two constants of one
// place in the weight file are one tensor.
type storedKey struct {
	blob   string
	offset uint64
	value  *Const // for constants in the program itself
}

// keyOf tells stored constants apart, so that one that several functions share
// is counted once.
func keyOf(c *Const) storedKey {
	if c.Blob != "" {
		return storedKey{blob: c.Blob, offset: c.Offset}
	}
	return storedKey{value: c}
}

// summary collects the counts of one function, and the weights of all of them:
// seen is shared, so that a weight of several functions counts once.
type summary struct {
	ops     map[string]int
	parts   map[*Value]bool // operands of constexpr operations in this function
	weights map[string]*WeightInfo
	seen    map[storedKey]bool
}

// block counts the operations of a block. What feeds a constexpr operation is a
// part of its weight and no weight by itself, which has to be known before
// anything is counted. Nested blocks are counted with the function. Parts are
// looked for in one block at a time, as converters write a part and its user
// into the same one.
func (s *summary) block(b *Block) {
	for _, op := range b.Ops {
		if isConstexpr(op) {
			for _, a := range op.Inputs {
				for _, v := range a.Values {
					s.parts[v] = true
				}
			}
		}
	}
	for _, op := range b.Ops {
		if op.Type != "const" {
			s.ops[op.Type]++
		}
		switch {
		case isConstexpr(op) && len(op.Outputs) == 1 && !s.parts[op.Outputs[0]]:
			s.add(weightFormat(op), op.Outputs[0])
		case op.Type == "const" && len(op.Outputs) == 1 && !s.parts[op.Outputs[0]]:
			if c := op.Outputs[0].Const; c != nil && c.DType != dtype.String && c.Len() >= minWeightElements {
				s.add(c.DType.String(), op.Outputs[0])
			}
		}
		for _, nested := range op.Blocks {
			s.block(nested)
		}
	}
}

// add counts a weight, unless another function has it already. A weight of
// which nothing is new adds neither count nor bytes.
func (s *summary) add(format string, v *Value) {
	fresh := s.bytes(v, map[*Value]bool{})
	if fresh == 0 {
		return
	}
	w := s.weights[format]
	if w == nil {
		w = &WeightInfo{Format: format}
		s.weights[format] = w
	}
	// An open dimension gives 0: a weight has none.
	n, _ := dtype.Count(v.Type.Shape)
	w.Count++
	w.Elements += int64(n)
	w.Bytes += fresh
}

// bytes is the stored size of everything that v is decoded from and that has not
// been counted before.
func (s *summary) bytes(v *Value, visited map[*Value]bool) int64 {
	// One constant may be an operand twice; a file may also chain constexpr
	// operations so that ways double at each, and each value is visited once.
	if visited[v] {
		return 0
	}
	visited[v] = true
	if v.Const != nil {
		key := keyOf(v.Const)
		if s.seen[key] {
			return 0
		}
		s.seen[key] = true
		return int64(len(v.Const.Data))
	}
	if v.Producer == nil || !isConstexpr(v.Producer) {
		return 0
	}
	var n int64
	for _, a := range v.Producer.Inputs {
		for _, x := range a.Values {
			n += s.bytes(x, visited)
		}
	}
	return n
}

// weightFormat names how the result of a constexpr operation is stored. The
// operands' names are those of coremltools' operators. An operator that is not
// listed shows as its own name.
func weightFormat(op *Op) string {
	switch op.Type {
	case "constexpr_affine_dequantize":
		format := operandFormat(op, "quantized_data")
		if scale := op.Input("scale"); scale != nil && len(scale.Type.Shape) > 0 {
			return format + " per channel"
		}
		return format + " per tensor"
	case "constexpr_cast":
		return operandFormat(op, "source_val")
	case "constexpr_blockwise_shift_scale", "constexpr_sparse_blockwise_shift_scale":
		return scaledFormat(op)
	case "constexpr_lut_to_dense", "constexpr_lut_to_sparse":
		return lutFormat(op)
	case "constexpr_sparse_to_dense":
		return "sparse " + operandFormat(op, "nonzero_data")
	default:
		return strings.TrimPrefix(op.Type, "constexpr_")
	}
}

// operandFormat is the format of what an operand itself is stored as.
// Compressed operands, such as a palette of int8 numbers with a scale, are
// named from the inside out.
func operandFormat(op *Op, name string) string {
	v := op.Input(name)
	switch {
	case v == nil:
		return "unknown"
	case v.Producer != nil && isConstexpr(v.Producer):
		return weightFormat(v.Producer)
	default:
		return v.Type.DType.String()
	}
}

// scaledFormat is weightFormat for codes with scales, dense or sparse.
func scaledFormat(op *Op) string {
	name := "data"
	if op.Input(name) == nil {
		name = "nonzero_data"
	}
	format := operandFormat(op, name)
	scale := op.Input("scale")
	// The data of the sparse form is flat: only the mask tells the shape.
	shape := op.Input(name)
	if mask := op.Input("data_mask"); mask != nil {
		shape = mask
	}
	if scale == nil || shape == nil {
		return format
	}
	if strings.HasPrefix(format, "lut") {
		return format + " with scales"
	}
	format += " " + granularity(shape.Type.Shape, scale.Type.Shape)
	if op.Input("offset") != nil {
		format += " with offsets"
	}
	return format
}

// granularity says how finely scales divide a weight. A scale of size 1 along
// an axis is shared by all of it; one of the axis's own size is a scale for
// each place; anything between divides it into blocks. Where several axes are
// divided, the innermost counts. shape and scale have one rank from iOS18 on.
func granularity(shape, scale []int) string {
	if len(shape) != len(scale) {
		return "per tensor"
	}
	block, channels := 0, false
	for i, n := range scale {
		switch {
		case n <= 1 || shape[i] < n:
		case n == shape[i]:
			channels = true
		default:
			block = shape[i] / n
		}
	}
	switch {
	case block > 0:
		return fmt.Sprintf("per block of %d", block)
	case channels:
		return "per channel"
	default:
		return "per tensor"
	}
}

// lutFormat is weightFormat for palettes. Their width follows from the number
// of entries: the indices themselves may be stored wider. From iOS18 on the
// palette's shape is groups along each axis, entries, and the length of
// vectors; before, it is entries alone.
func lutFormat(op *Op) string {
	lut := op.Input("lut")
	if lut == nil {
		return "lut"
	}
	shape := lut.Type.Shape
	entries, vector := 0, 1
	switch {
	case len(shape) == 1: // the form before iOS18
		entries = shape[0]
	case len(shape) >= 2:
		entries, vector = shape[len(shape)-2], shape[len(shape)-1]
	}
	format := fmt.Sprintf("lut%d", max(bits.Len(uint(max(entries, 1)))-1, 0))
	// A palette may be compressed itself.
	if lut.Producer != nil && isConstexpr(lut.Producer) {
		format += " of " + weightFormat(lut.Producer)
	} else if t := lut.Type.DType; t != dtype.Float16 && t != dtype.Float32 {
		format += " of " + t.String()
	}
	indices := op.Input("indices")
	if indices == nil {
		indices = op.Input("indices_mask")
	}
	if indices != nil && len(shape) == len(indices.Type.Shape)+2 {
		for i, n := range shape[:len(shape)-2] {
			if n > 1 {
				format += fmt.Sprintf(" per group of %d", max(indices.Type.Shape[i]/n, 1))
				break
			}
		}
	}
	if vector > 1 {
		format += fmt.Sprintf(", vectors of %d", vector)
	}
	return format
}
