package generate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gocoreml/coreml/internal/storage"
)

// Save writes the conversation and what the model's cache holds of it to w, as
// [Generator.RestoreSession] reads it: the session that is restored goes on with the same
// tokens. What is written, and what is refused, is as for [Sequence.Save]; a session
// without a state, before its first turn or after Close, is written without a cache.
// While a turn is running it fails with [ErrBusy].
//
// The file holds the text of the conversation as it is: it is as private as that.
func (s *Session) Save(ctx context.Context, w io.Writer) error {
	if err := s.save(background(ctx), w); err != nil {
		return prefixed(fmt.Errorf("save session: %w", err))
	}
	return nil
}

// SaveFile is [Session.Save] into a file, which it makes or replaces. The file appears
// under its name when it is whole and on the disk: whoever is interrupted, even by the
// end of the process, leaves what was there before or all of the new session.
func (s *Session) SaveFile(ctx context.Context, name string) error {
	ctx = background(ctx)
	err := storage.WriteFile(ctx, name, func(w io.Writer) error { return s.save(ctx, w) })
	if err != nil {
		return prefixed(fmt.Errorf("save session: %w", err))
	}
	return nil
}

func (s *Session) save(ctx context.Context, w io.Writer) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if w == nil {
		return configErrorf("w", "is nil")
	}
	if len(s.pictures) > 0 {
		return errPictures()
	}
	saved := &savedSession{Messages: s.Messages(), Text: s.text, Calls: s.calls, Generation: s.generation, Last: s.last}
	if s.seq != nil && !s.seq.isClosed() {
		return s.seq.save(ctx, w, saved)
	}
	bound, err := s.g.function(ctx, s.function, s.adapters)
	if err != nil {
		return err
	}
	h := &savedHeader{Function: bound.function, Session: saved}
	if h.identity, err = s.g.identity(ctx, bound); err != nil {
		return err
	}
	out, err := newSavedWriter(writerOf(ctx, w), h)
	if err != nil {
		return err
	}
	return out.close()
}

// RestoreSession reads what [Session.Save] wrote. What it waits for, what it refuses and
// what of opts counts is as for [Generator.RestoreSequence]; a file of [Sequence.Save]
// holds no session and is refused with [ErrSaved].
func (g *Generator) RestoreSession(ctx context.Context, r io.Reader, opts *Options) (*Session, error) {
	s, err := g.made().restoreSession(background(ctx), r, opts)
	if err != nil {
		return nil, prefixed(fmt.Errorf("restore session: %w", err))
	}
	return s, nil
}

// RestoreSessionFile is [Generator.RestoreSession] for the regular file of that name,
// which holds nothing else. One that is not there is an fs.ErrNotExist.
func (g *Generator) RestoreSessionFile(ctx context.Context, name string, opts *Options) (*Session, error) {
	s, err := g.made().restoreFile(background(ctx), name, opts)
	if err != nil {
		return nil, prefixed(fmt.Errorf("restore session: %w", err))
	}
	return s, nil
}

func (g *Generator) restoreFile(ctx context.Context, name string, opts *Options) (_ *Session, err error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	f, err := storage.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// The reader is handed on as it is, so that what follows the session is seen here.
	in := bufio.NewReaderSize(f, savedBufferSize)
	s, err := g.restoreSession(ctx, in, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", storage.Quote(name), err)
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		err = &SavedError{Part: "file", Reason: "it goes on behind its end", kind: ErrSaved}
		return nil, errors.Join(fmt.Errorf("%s: %w", storage.Quote(name), err), s.Close())
	}
	return s, nil
}

func (g *Generator) restoreSession(ctx context.Context, r io.Reader, opts *Options) (*Session, error) {
	in, bound, err := g.openSaved(ctx, r, opts)
	if err != nil {
		return nil, err
	}
	saved := in.header.Session
	switch {
	case saved == nil:
		return nil, &SavedError{Part: "session", Reason: "the file holds a sequence alone: RestoreSequence reads it", kind: ErrSaved}
	case saved.Last != nil:
		if err := saved.Last.check(bound); err != nil {
			return nil, err
		}
	}
	if !saved.Text && !g.HasChatTemplate() {
		return nil, ErrNoChatTemplate
	}
	if g.tok == nil {
		return nil, ErrNoTokenizer
	}
	var seq *Sequence
	if len(in.header.Tokens)+len(in.header.Buffers) == 0 {
		err = in.close() // of a session without a state
	} else {
		seq, err = g.restoreSequence(ctx, in, bound)
	}
	if err != nil {
		return nil, err
	}
	s := &Session{
		g: g, text: saved.Text, calls: max(saved.Calls, 0), generation: saved.Generation, last: saved.Last, messages: saved.Messages,
		function: bound.function, adapters: valueOr(opts, Options{}).Adapters, seq: seq,
	}
	if seq != nil && seq.Len() > 0 {
		s.bound = bound
	}
	if s.text && s.last != nil {
		s.earlier = []*lastTurn{nil} // the file has the text and not its turns
	}
	return s, nil
}

// check refuses what no answer of a function leaves behind.
func (l *lastTurn) check(b *boundModel) error {
	for _, ids := range [][]int{l.Tokens, l.Opening, l.Answer} {
		if len(ids) > maxContext {
			return &SavedError{Part: "last", Reason: fmt.Sprintf("its last answer has %d tokens", len(ids)), kind: ErrSaved}
		}
		if err := b.checkTokens(ids, "the saved answer"); err != nil {
			return &SavedError{Part: "last", Reason: err.Error(), Err: err, kind: ErrSaved}
		}
	}
	if len(l.Tokens) == 0 || len(l.Answer) == 0 {
		return &SavedError{Part: "last", Reason: "its last answer has no tokens", kind: ErrSaved}
	}
	return nil
}
