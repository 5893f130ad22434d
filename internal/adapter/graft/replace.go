package graft

import (
	"errors"

	"github.com/gocoreml/coreml/internal/adapter"
)

// The reasons why a whole module is not replaced.
var (
	errPart     = errors.New("the program computes it together with others")
	errLookup   = errors.New("embeddings are not replaced")
	errBias     = errors.New("the program's operation takes no bias")
	errReplaced = errors.New("another adapter replaces it too")
)

// replace gives the operations of a module the weight, and the bias, that the adapter
// has for it. The scale has no part in it.
func (e *editor) replace(ix *index, u Use, m *adapter.Module, pieces []piece) error {
	for _, p := range pieces {
		if p.n != m.Weight[0] || p.site.out != m.Weight[0] || p.rows.from != 0 {
			return errPart
		}
		if p.site.kind == lookup {
			return errLookup
		}
	}
	w, bias, err := u.Adapter.Replacement(m)
	if err != nil {
		return err
	}
	for _, p := range pieces {
		if err := e.exchange(p.site, w, bias); err != nil {
			return err
		}
	}
	return nil
}

// exchange replaces the weight of one site.
func (e *editor) exchange(s *site, w, bias []float32) error {
	operand, shape := "weight", []int{s.out, s.in}
	switch s.kind {
	case conv:
		shape = append(shape, s.trailing()...)
	case columns:
		operand, shape, w = "y", []int{s.in, s.out}, transpose(w, s.out, s.in)
	case rows:
		operand = "y"
	}
	if s.op.Input(operand) != s.weight {
		return errReplaced
	}
	t := s.weight.Type.DType
	v, err := e.constant(s.weight.Name+"_saved", w, shape, t)
	if err != nil {
		return err
	}
	set(s.op, operand, v)
	e.before[s.op] = append(e.before[s.op], v.Producer)
	if bias == nil {
		return nil
	}
	if operand == "y" {
		return errBias
	}
	b, err := e.constant(s.weight.Name+"_bias_saved", bias, []int{s.out}, t)
	if err != nil {
		return err
	}
	set(s.op, "bias", b)
	e.before[s.op] = append(e.before[s.op], b.Producer)
	return nil
}
