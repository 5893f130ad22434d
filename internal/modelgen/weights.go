package modelgen

import (
	"context"

	"github.com/gocoreml/coreml/internal/mil"
)

// Weights lists the weights that the graph of a model asks for, in its order, without
// making a package.
func (m *Model) Weights(f *Form) ([]Weight, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	if err := f.check(m); err != nil {
		return nil, err
	}
	var list lister
	g := newGraph(m, f, &Store{Builder: mil.NewBuilder("main", f.opset())}, &list)
	g.listing = true
	err := g.build(context.Background())
	return list.weights, err
}

// lister is a source that only notes what it is asked for.
type lister struct{ weights []Weight }

func (*lister) Check(*Model) error { return nil }

func (l *lister) Weight(s *Store, w Weight) (*mil.Value, error) {
	l.weights = append(l.weights, w)
	return s.Again(w.Name, w.Type, w.Shape(), 0), nil
}
