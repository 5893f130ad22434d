package graft

import (
	"errors"

	"github.com/gocoreml/coreml/internal/adapter"
	"github.com/gocoreml/coreml/internal/mil"
)

// The reasons why a whole module, or its bias, is not replaced.
var (
	errPart     = errors.New("the program computes it together with others, and its weight is not replaced")
	errBias     = errors.New("the program's operation takes no bias")
	errReplaced = errors.New("another adapter replaces it too")
)

// replace gives the operations of a module the weight, and the bias, that the adapter
// has for it: what modules_to_save names, and trained biases. The scale has no part in it.
func (e *editor) replace(u Use, m *adapter.Module, pieces []piece) error {
	if m.Weight == nil && m.Bias == nil {
		return nil
	}
	w, bias, err := u.Adapter.Replacement(m)
	if err != nil {
		return err
	}
	for _, p := range pieces {
		if w != nil {
			if err := e.exchange(p, w); err != nil {
				return err
			}
		}
		if bias != nil {
			if err := e.exchangeBias(p, bias); err != nil {
				return err
			}
		}
	}
	return nil
}

// exchange replaces the weight of one site, which is some of the module's rows. Of an
// embedding w is [entries, width], as the operation has it.
func (e *editor) exchange(p piece, w []float32) error {
	s := p.site
	if p.n != s.out || s.kind == lookup && len(w) != s.in*s.out {
		return errPart
	}
	if s.kind != lookup {
		w = p.take(w, s.in)
	}
	operand, shape := "weight", []int{s.out, s.in}
	switch s.kind {
	case conv:
		shape = append(shape, s.trailing()...)
	case columns:
		operand, shape, w = "y", []int{s.in, s.out}, transpose(w, s.out, s.in)
	case rows:
		operand = "y"
	case lookup:
		operand, shape = "x", []int{s.in, s.out}
	}
	if s.op.Input(operand) != s.weight {
		return errReplaced
	}
	return e.bind(s.op, operand, s.weight.Name+"_saved", w, shape, s.weight)
}

// exchangeBias replaces the bias of one site.
func (e *editor) exchangeBias(p piece, bias []float32) error {
	s := p.site
	switch {
	case p.n != s.out:
		return errPart
	case s.kind != linear && s.kind != conv:
		return errBias
	case e.biased[s.op]:
		return errReplaced
	}
	e.biased[s.op] = true
	return e.bind(s.op, "bias", s.weight.Name+"_bias_saved", p.take(bias, 1), []int{s.out}, s.weight)
}

// bind gives an operation a new constant, of the type that its weight has.
func (e *editor) bind(op *mil.Op, operand, name string, w []float32, shape []int, like *mil.Value) error {
	v, err := e.constant(name, w, shape, like.Type.DType)
	if err != nil {
		return err
	}
	set(op, operand, v)
	e.before[op] = append(e.before[op], v.Producer)
	return nil
}

// take returns the rows of a module's matrix that are the site's, each of width numbers.
func (p *piece) take(w []float32, width int) []float32 {
	if len(w) == p.n*width && p.rows.from == 0 {
		return w
	}
	out := make([]float32, 0, p.n*width)
	for r := range p.n {
		at := p.rows.at(r) * width
		out = append(out, w[at:at+width]...)
	}
	return out
}
