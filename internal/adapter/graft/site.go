package graft

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/mil"
)

// TensorsKey is the key of a package's metadata under which a JSON object gives for the
// name of each weight the name of the checkpoint's tensor that it comes from. A weight
// that is some of a tensor's rows has them behind it: "name[from:to]", or
// "name[from:to:every]" where as many follow in each further run of every rows.
const TensorsKey = "com.github.gocoreml.tensors"

// kind says how an operation uses its weight.
type kind int

const (
	linear  kind = iota // weight [out, in]
	conv                // weight [out, in, 1, …], x [batch, in, …]
	columns             // matmul by weight [in, out]
	rows                // matmul by the transpose of weight [out, in]
	lookup              // gather from weight [in, out]
)

// site is an operation that multiplies by a constant matrix, or looks rows of one up.
type site struct {
	op      *mil.Op
	kind    kind
	weight  *mil.Value
	in, out int
	// name is what the weight is called, with underscores in place of dots and without
	// what converters append.
	name string
	// module is the one that the package's metadata names, empty where it does not say, and
	// of its rows those that the weight is, nil for all.
	module string
	rows   *span
}

// span is rows of a matrix: of each run of every rows the first n behind the first from,
// and where every is 0 the one run of n rows.
type span struct{ from, n, every int }

// at returns the place of row r of the span.
func (s *span) at(r int) int {
	if s.every == 0 {
		return s.from + r
	}
	return s.from + r/s.n*s.every + r%s.n
}

// sitesOf finds the operations of a function's body.
func sitesOf(fn *mil.Function, tensors map[string]string) []*site {
	var out []*site
	for _, o := range fn.Body.Ops {
		s := siteOf(o)
		if s == nil {
			continue
		}
		s.identify(tensors)
		out = append(out, s)
	}
	return out
}

// siteOf looks at one operation.
func siteOf(o *mil.Op) *site {
	if len(o.Outputs) != 1 {
		return nil
	}
	s := &site{op: o, weight: o.Input("weight")}
	switch o.Type {
	case "linear":
		s.kind = linear
	case "conv":
		if s.kind = conv; !pointwise(o) {
			return nil
		}
	case "matmul":
		s.weight, s.kind = o.Input("y"), columns
		if isTrue(o.Input("transpose_x")) {
			return nil
		}
		if isTrue(o.Input("transpose_y")) {
			s.kind = rows
		}
	case "gather":
		s.weight, s.kind = o.Input("x"), lookup
		if !isZero(o.Input("axis")) || !isZero(o.Input("batch_dims")) {
			return nil
		}
	default:
		return nil
	}
	if s.weight == nil || !constant(s.weight) || !s.measure() {
		return nil
	}
	return s
}

// measure reads the sizes of the matrix.
func (s *site) measure() bool {
	shape := s.weight.Type.Shape
	if s.kind == conv {
		if len(shape) < 3 || slices.ContainsFunc(shape[2:], func(n int) bool { return n != 1 }) {
			return false
		}
		shape = shape[:2]
	}
	if len(shape) != 2 || shape[0] < 1 || shape[1] < 1 || !s.weight.Type.DType.IsFloat() {
		return false
	}
	s.out, s.in = shape[0], shape[1]
	if s.kind == columns || s.kind == lookup {
		s.out, s.in = s.in, s.out
	}
	return true
}

// pointwise reports whether a convolution is a product of channels alone. Of a filter of
// one element neither strides nor padding of other than that may be left.
func pointwise(o *mil.Op) bool {
	if v := o.Input("groups"); v != nil && !isInt(v, 1) {
		return false
	}
	for _, key := range []string{"strides", "pad"} {
		v := o.Input(key)
		if v == nil {
			continue
		}
		want := 0
		if key == "strides" {
			want = 1
		}
		if v.Const == nil {
			return false
		}
		list, err := v.Const.Ints()
		if err != nil || slices.ContainsFunc(list, func(n int) bool { return n != want }) {
			return false
		}
	}
	return true
}

// constant reports whether a value is a weight: stored, or made of stored ones alone by
// an operation that decompresses.
func constant(v *mil.Value) bool {
	return v.Const != nil || v.Producer != nil && strings.HasPrefix(v.Producer.Type, "constexpr_")
}

func isTrue(v *mil.Value) bool { return isInt(v, 1) }

// isZero reports whether a value is absent or a constant zero.
func isZero(v *mil.Value) bool { return v == nil || isInt(v, 0) }

func isInt(v *mil.Value, want int) bool {
	if v == nil || v.Const == nil {
		return false
	}
	n, err := v.Const.Int()
	return err == nil && n == want
}

// appended is what converters and compressors append to the name of a weight.
var appended = []string{
	"_to_fp16", "_to_fp32", "_cast_fp16", "_cast_fp32", "_quantized", "_palettized", "_sparsified", "_pcs", "_affine_quantized", "_decompressed",
	"_promoted",
}

// maxName bounds the names that are compared: longer ones are no module's.
const maxName = 512

// identify finds out what a weight is called.
func (s *site) identify(tensors map[string]string) {
	names := chain(s.weight)
	// A tensor that is declared twice, in two shapes, has a number behind its name once.
	for _, as := range []func(string) string{func(n string) string { return n }, unnumbered} {
		for _, n := range names {
			for _, form := range forms(n) {
				if t, ok := tensors[as(form)]; ok {
					s.module, s.rows = parseTensor(t)
					s.name = plain(s.module)
					return
				}
			}
		}
	}
	if len(names) > 0 && len(names[0]) <= maxName {
		last := forms(names[0])
		n := last[len(last)-1]
		s.name = plain(strings.TrimSuffix(strings.TrimSuffix(n, "_weight"), ".weight"))
	}
}

// unnumbered returns a name without the number at its end.
func unnumbered(n string) string { return strings.TrimSuffix(strings.TrimRight(n, "0123456789"), "_") }

// forms returns a name as it is, and with less and less of what was appended.
func forms(n string) []string {
	out := []string{n}
	for cut := true; cut; {
		cut = false
		for _, suffix := range appended {
			if rest, ok := strings.CutSuffix(n, suffix); ok && rest != "" {
				n, cut = rest, true
				out = append(out, n)
			}
		}
	}
	return out
}

// maxChain bounds the operations behind a compressed weight.
const maxChain = 16

// chain returns the names of a weight and of what it is made of.
func chain(v *mil.Value) []string {
	var out []string
	queue := []*mil.Value{v}
	for len(queue) > 0 && len(out) < maxChain {
		v := queue[0]
		queue = queue[1:]
		if v.Name != "" {
			out = append(out, v.Name)
		}
		if v.Const != nil || v.Producer == nil {
			continue
		}
		for _, a := range v.Producer.Inputs {
			queue = append(queue, a.Values...)
		}
	}
	return out
}

// parseTensor takes the name of a tensor apart: "a.b.weight[0:64]" is rows 0 to 63 of
// the weight of a.b.
func parseTensor(t string) (module string, rows *span) {
	if head, tail, ok := strings.Cut(t, "["); ok {
		var list [3]int
		parts := strings.Split(strings.TrimSuffix(tail, "]"), ":")
		good := len(parts) == 2 || len(parts) == 3
		for i := range min(len(parts), len(list)) {
			n, err := strconv.Atoi(parts[i])
			good, list[i] = good && err == nil && n >= 0 && n <= maxRows, n
		}
		if n := list[1] - list[0]; good && n > 0 && (list[2] == 0 || list[2] >= n) {
			t, rows = head, &span{list[0], n, list[2]}
		}
	}
	return strings.TrimSuffix(t, ".weight"), rows
}

// maxRows bounds the rows of a matrix.
const maxRows = 1 << 30

// plain makes names of checkpoints and of programs alike.
func plain(n string) string { return strings.NewReplacer(".", "_", "-", "_", "/", "_").Replace(n) }

// TensorsOf reads the object that a package's metadata has under [TensorsKey]. What is no
// such object says nothing: the weights' own names are compared then.
func TensorsOf(metadata map[string]string) map[string]string {
	var out map[string]string
	if text, ok := metadata[TensorsKey]; !ok || json.Unmarshal([]byte(text), &out) != nil {
		return nil
	}
	return out
}
