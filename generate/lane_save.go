package generate

import (
	"context"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// laneBuffer is one of the buffers that make up what a lane has seen: a buffer of a
// state, or a cache that goes in and out of a stage.
type laneBuffer struct {
	name  string // as it is shown: quoted, with the number of the state or stage
	dtype tensor.DType
	shape []int
	state int // the index of the state, -1 for a cache
	stage int
	key   string // the name of the buffer or of the input
}

// settle makes the caches those of the tokens and of nothing else, which a sequence that
// was cut back leaves to the next pass.
func (l *stageLane) settle(ctx context.Context, tokens []int) error { return l.rewind(ctx, tokens) }

// buffers lists the buffers in an order that depends on the model alone.
func (l *stageLane) buffers() []laneBuffer {
	var list []laneBuffer
	for i, features := range l.m.stateFeatures {
		for k := range features {
			f := &features[k]
			list = append(list, laneBuffer{
				name: fmt.Sprintf("state %d %s", i, storage.Quote(f.Name)), dtype: f.DType, shape: f.Shape, state: i, key: f.Name,
			})
		}
	}
	for i := range l.m.stages {
		for _, c := range l.m.stages[i].caches {
			list = append(list, laneBuffer{
				name: fmt.Sprintf("cache %d %s", i, storage.Quote(c.in)), dtype: c.dtype, shape: c.shape, state: -1, stage: i, key: c.in,
			})
		}
	}
	return list
}

// read returns the content of a buffer. A cache is the lane's own: nobody may write to it.
func (l *stageLane) read(b *laneBuffer) (*tensor.Tensor, error) {
	if b.state >= 0 {
		return l.states[b.state].Read(b.key)
	}
	t := l.held[b.stage].Tensor(b.key)
	if err := t.Err(); err != nil {
		return nil, err
	}
	if t.DType() != b.dtype || !hasShape(t, b.shape) {
		return nil, &SavedError{Part: b.name, Reason: fmt.Sprintf("the cache is %v %v, where the package declares %v %v", t.DType(), t.Shape(), b.dtype, b.shape), kind: ErrNotSaved}
	}
	return t, nil
}

// write replaces the content of a buffer. The tensor becomes the lane's.
func (l *stageLane) write(b *laneBuffer, t *tensor.Tensor) error {
	l.dirty = true
	if b.state >= 0 {
		return l.states[b.state].Write(b.key, t)
	}
	l.held[b.stage][b.key] = coreml.MultiArray(t)
	return nil
}

// hold says that the buffers hold n tokens.
func (l *stageLane) hold(n int) { l.length, l.dirty = n, true }

// save writes the buffers.
func (l *stageLane) save(w *savedWriter, list []laneBuffer) error {
	for i := range list {
		t, err := l.read(&list[i])
		if err == nil {
			err = w.buffer(t)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", list[i].name, err)
		}
	}
	return nil
}

// load reads what save wrote for n tokens. After an error the lane has to be reset.
func (l *stageLane) load(ctx context.Context, r *savedReader, list []laneBuffer, n int) error {
	for i := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		t, err := r.buffer(&list[i])
		if err != nil {
			return err
		}
		if err := l.write(&list[i], t); err != nil {
			return fmt.Errorf("%s: %w", list[i].name, err)
		}
	}
	l.hold(n)
	return nil
}

// savedLane returns the lane of a sequence as one that can be saved.
func (s *Sequence) savedLane() (*stageLane, error) {
	l, ok := s.lease.lane.(*stageLane)
	switch {
	case !ok:
		return nil, errors.New("the lane has no buffers")
	case len(s.pictures) > 0:
		return nil, errPictures()
	}
	return l, nil
}

// errPictures refuses to save pictures.
func errPictures() error {
	return &SavedError{Part: "pictures", Reason: "the text holds some, and their rows are not written to files", kind: ErrNotSaved}
}
