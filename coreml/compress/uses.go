package compress

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/quantize/declare"
)

// use is an operand of an operation.
type use struct {
	op   *mil.Op
	name string
}

// function is what has to be known of a function while its weights are exchanged.
type function struct {
	*mil.Function
	uses  map[*mil.Value][]use // by operations that are not constexpr
	inner map[*mil.Value]bool  // used by constexpr operations
}

// survey finds out who uses what.
func survey(f *mil.Function) *function {
	s := &function{Function: f, uses: map[*mil.Value][]use{}, inner: map[*mil.Value]bool{}}
	each(f.Body, func(op *mil.Op) {
		for _, a := range op.Inputs {
			for _, v := range a.Values {
				if declare.IsConstexpr(op) {
					s.inner[v] = true
				} else {
					s.uses[v] = append(s.uses[v], use{op: op, name: a.Name})
				}
			}
		}
	})
	return s
}

// chain returns the names of the operations that make a weight, the stored numbers
// first.
func chain(v *mil.Value) []string {
	var names []string
	for v != nil {
		if v.Producer == nil {
			break
		}
		names = append([]string{v.Producer.Name}, names...)
		if !declare.IsConstexpr(v.Producer) {
			break
		}
		var next *mil.Value
		for _, key := range []string{"data", "lut", "nonzero_data", "indices_nonzero_data", "quantized_data"} {
			if x := v.Producer.Input(key); x != nil {
				next = x
				break
			}
		}
		v = next
	}
	return names
}

// settingFor returns what a step says of a weight: by the names of the operations that
// make it, then by those of the operations that use it. byName is true for the first.
func (s *step) settingFor(v *mil.Value, uses []use) (_ *setting, byName bool, _ error) {
	for _, name := range chain(v) {
		if op, ok := s.names[name]; ok {
			return op, true, nil
		}
	}
	of := func(op *mil.Op) *setting {
		if x, ok := s.names[op.Name]; ok {
			return x
		}
		if x, ok := s.types[op.Type]; ok {
			return x
		}
		return s.global
	}
	first := of(uses[0].op)
	for _, u := range uses[1:] {
		if x := of(u.op); !same(x, first) {
			return nil, false, fmt.Errorf("%w: %s and %s use %s", ErrConflict,
				mil.Quote(uses[0].op.Name), mil.Quote(u.op.Name), mil.Quote(v.Name))
		}
	}
	return first, false, nil
}

// same reports whether two settings say the same.
func same(a, b *setting) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.threshold == b.threshold && a.form.String() == b.form.String()
}

// axes returns the axes of output and input channels of a weight, as the operations
// that use it have them. ok is false when they differ.
func axes(v *mil.Value, uses []use) (out, in int, ok bool) {
	out, in = 0, 1
	for i, u := range uses {
		o, n := axesIn(v, u)
		if i > 0 && (o != out || n != in) {
			return 0, 1, false
		}
		out, in = o, n
	}
	return out, in, true
}

func axesIn(v *mil.Value, u use) (out, in int) {
	rank := len(v.Type.Shape)
	switch u.op.Type {
	case "conv_transpose":
		return 1, 0
	case "matmul":
		// [..., in, out] for the right operand, and the other way round for the left one
		// and for transposed ones.
		transposed := "transpose_" + u.name
		turn := u.name == "x"
		if t := u.op.Input(transposed); t != nil && t.Const != nil {
			if n, err := t.Const.Int(); err == nil && n != 0 {
				turn = !turn
			}
		}
		if turn {
			return max(rank-2, 0), max(rank-1, 0)
		}
		return max(rank-1, 0), max(rank-2, 0)
	default:
		return 0, 1
	}
}

// structuralFits reports whether a weight is used by operations only whose weights may
// lose neighbours.
func structuralFits(uses []use) bool {
	for _, u := range uses {
		if u.name != "weight" || u.op.Type != "linear" && u.op.Type != "conv" {
			return false
		}
	}
	return true
}

// vectorFits reports whether vectors of so many channels do not cross the groups of a
// convolution.
func vectorFits(v *mil.Value, uses []use, axis, vector int) bool {
	for _, u := range uses {
		if !strings.HasPrefix(u.op.Type, "conv") || axis >= len(v.Type.Shape) {
			continue
		}
		n := v.Type.Shape[axis]
		if g := u.op.Input("groups"); g != nil && g.Const != nil && axis == 0 {
			if groups, err := g.Const.Int(); err == nil && groups > 1 {
				n /= groups
			}
		}
		if n%vector != 0 {
			return false
		}
	}
	return true
}
