package generate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// become copies the states and caches of another lane. States are cloned rather than
// written, since a clone takes time and memory for what is filled alone.
func (l *stageLane) become(other lane) error {
	src, ok := other.(*stageLane)
	if !ok || src.m != l.m {
		return errors.New("the lanes are of different functions")
	}
	l.trim()
	for i, s := range src.states {
		clone, err := s.Clone()
		if err != nil {
			return fmt.Errorf("copy state: %w", err)
		}
		old := l.states[i]
		l.states[i] = clone
		if err := old.Close(); err != nil && !errors.Is(err, coreml.ErrClosed) {
			return err
		}
	}
	for i := range l.m.stages {
		for _, c := range l.m.stages[i].caches {
			t, err := cloneFilled(src.held[i].Tensor(c.in))
			if err != nil {
				return fmt.Errorf("copy cache %s: %w", c.in, err)
			}
			l.held[i][c.in] = coreml.MultiArray(t)
		}
		clear(l.spare[i])
	}
	l.length, l.pictures, l.rows, l.next = src.length, src.pictures, nil, pass{}
	l.prompt, l.dirty = src.prompt, src.dirty
	l.copies = slices.Clone(src.copies) // none of them is ever written to
	return nil
}

// cloneFilled is Clone for a tensor most of which may be zero.
func cloneFilled(t *tensor.Tensor) (*tensor.Tensor, error) {
	b, err := t.Bytes()
	if err != nil { // of a view, or of memory that is an engine's own
		c := t.Clone()
		return c, c.Err()
	}
	c := tensor.FromBytes(t.DType(), storage.CloneFilled(b), t.Shape()...)
	return c, c.Err()
}
