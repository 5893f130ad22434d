package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
)

// Save writes the tokens and what the model's cache holds of them to w, as
// [Generator.RestoreSequence] reads it. Of a cache that is not full only the part with
// content is written. The file names the model, the tokenizer and the driver by checksums
// of their files, which are read the first time that anything is saved or restored.
//
// A sequence with pictures fails with [ErrNotSaved]. The sequence is in use until Save
// returns; it stays as it is. A nil ctx never ends.
func (s *Sequence) Save(ctx context.Context, w io.Writer) error {
	if err := s.save(background(ctx), w, nil); err != nil {
		return prefixed(fmt.Errorf("save: %w", err))
	}
	return nil
}

// save writes the header and the caches. Session is what the sequence
// belongs to, nil for nothing.
func (s *Sequence) save(ctx context.Context, w io.Writer, session *savedSession) error {
	h := &savedHeader{}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if w == nil {
		return configErrorf("w", "is nil")
	}
	l, err := s.savedLane()
	if err != nil {
		return err
	}
	if h.identity, err = s.g.identity(ctx, s.bound); err != nil {
		return err
	}
	if err := s.settle(ctx, l); err != nil {
		return err
	}
	list := l.buffers()
	h.Function, h.Session, h.Tokens, h.Buffers = s.bound.function, session, s.ids, savedBuffers(list)
	out, err := newSavedWriter(writerOf(ctx, w), h)
	if err != nil {
		return err
	}
	if err := l.save(out, list); err != nil {
		return err
	}
	return out.close()
}

// settle makes the caches those of the sequence's tokens. A model that fails at that
// leaves the sequence empty, as in Append.
func (s *Sequence) settle(ctx context.Context, l *stageLane) error {
	s.lease.running = true
	err := l.settle(ctx, s.ids)
	s.lease.running = false
	if err != nil {
		return s.resetAfter(0, err)
	}
	return nil
}

// writerOf ends with the context.
func writerOf(ctx context.Context, w io.Writer) io.Writer { return contextWriter{ctx, w} }

type contextWriter struct {
	ctx context.Context //nolint:containedctx // it lives for one file
	w   io.Writer
}

// Write writes unless the context has ended.
func (c contextWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

// RestoreSequence reads what [Sequence.Save] wrote, or the sequence of a saved session. It
// goes on with the same tokens as the one that was saved. It waits for a free state, or
// until ctx ends; a nil ctx never ends.
//
// What was saved with another model, tokenizer or driver, or by a version that writes
// another form, is refused with [ErrSavedMismatch]; what is no such file, or was damaged, with
// [ErrSaved]. Exactly the saved bytes are read where r is buffered no further than a
// bufio.Reader does. A file is not to be trusted with more than the session that it
// holds: its checksum finds damage and no forgery.
func (g *Generator) RestoreSequence(ctx context.Context, r io.Reader, opts *Options) (*Sequence, error) {
	ctx, g = background(ctx), g.made()
	in, bound, err := g.openSaved(ctx, r, opts)
	if err != nil {
		return nil, prefixed(fmt.Errorf("restore: %w", err))
	}
	s, err := g.restoreSequence(ctx, in, bound)
	if err != nil {
		return nil, prefixed(fmt.Errorf("restore: %w", err))
	}
	return s, nil
}

// openSaved reads the header of a file and refuses one that belongs to something else.
func (g *Generator) openSaved(ctx context.Context, r io.Reader, opts *Options) (*savedReader, *boundModel, error) {
	if err := g.check(); err != nil {
		return nil, nil, err
	}
	if r == nil {
		return nil, nil, configErrorf("r", "is nil")
	}
	in, err := openSaved(r)
	if err != nil {
		return nil, nil, err
	}
	h, o := &in.header, valueOr(opts, Options{})
	bound, err := g.function(ctx, cmp.Or(o.Function, h.Function), o.Adapters)
	if unknown, ok := errors.AsType[*FunctionError](err); ok && o.Function == "" {
		return nil, nil, &SavedError{Part: "function", Reason: unknown.Error(), Err: err, kind: ErrSavedMismatch}
	}
	if err != nil {
		return nil, nil, err
	}
	want, err := g.identity(ctx, bound)
	if err != nil {
		return nil, nil, err
	}
	if err := h.fits(&want); err != nil {
		return nil, nil, err
	}
	return in, bound, h.check(bound)
}

// restoreSequence reads the rest of a file.
func (g *Generator) restoreSequence(ctx context.Context, in *savedReader, bound *boundModel) (*Sequence, error) {
	s, err := g.newSequence(ctx, bound, 0)
	if err != nil {
		return nil, err
	}
	if err := s.load(ctx, in); err != nil {
		return nil, errors.Join(err, s.close()) // the lane is reset before it is used again
	}
	return s, nil
}

// load reads the caches of a sequence that nothing else knows yet.
func (s *Sequence) load(ctx context.Context, in *savedReader) error {
	l, err := s.savedLane()
	if err != nil {
		return err
	}
	list := l.buffers()
	if err := in.header.fitsBuffers(list); err != nil {
		return err
	}
	s.lease.running = true // until all is there
	if err := l.load(ctx, in, list, len(in.header.Tokens)); err != nil {
		return err
	}
	if err := in.close(); err != nil {
		return err
	}
	s.lease.running = false
	s.ids = in.header.Tokens
	return nil
}

// check refuses tokens that the function cannot have seen.
func (h *savedHeader) check(b *boundModel) error {
	if len(h.Tokens) > b.context {
		return &SavedError{Part: "tokens", Reason: fmt.Sprintf("it has %d tokens, and the model takes %d", len(h.Tokens), b.context), kind: ErrSaved}
	}
	if err := b.checkTokens(h.Tokens, "the saved tokens"); err != nil {
		return &SavedError{Part: "tokens", Reason: err.Error(), Err: err, kind: ErrSaved}
	}
	return nil
}

// fitsBuffers refuses other buffers than the lane's, whose sizes bound what is read.
func (h *savedHeader) fitsBuffers(list []laneBuffer) error {
	want := savedBuffers(list)
	if len(h.Buffers) != len(want) {
		return &SavedError{Part: "buffers", Reason: fmt.Sprintf("it has %d buffers, and the model has %d", len(h.Buffers), len(want)), kind: ErrSavedMismatch}
	}
	for i := range want {
		if got := &h.Buffers[i]; got.Name != want[i].Name || got.DType != want[i].DType || !sameShape(got.Shape, want[i].Shape) {
			return &SavedError{
				Part: want[i].Name, Reason: fmt.Sprintf("the model's %s is %s %v, and that in the file is another", want[i].Name, want[i].DType, want[i].Shape), kind: ErrSavedMismatch,
			}
		}
	}
	return nil
}

// savedBuffers are the buffers as a file names them.
func savedBuffers(list []laneBuffer) []savedBuffer {
	out := make([]savedBuffer, len(list))
	for i := range list {
		out[i] = savedBuffer{list[i].name, list[i].dtype.String(), list[i].shape}
	}
	return out
}

func sameShape(a, b []int) bool {
	return fmt.Sprint(a) == fmt.Sprint(b) // nil and empty are the same
}
