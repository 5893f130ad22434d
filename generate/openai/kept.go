package openai

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"log/slog"
	"sync"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/quote"
)

// inSession answers in the session of the request. The client sends the whole conversation,
// which takes the place of what the session has: the model's cache keeps what both share. So
// nothing is lost where what was saved cannot be read: the request is answered without it.
func (w *writing) inSession(ctx context.Context, opts *generate.Options) iter.Seq2[generate.AnswerToken, error] {
	return func(yield func(generate.AnswerToken, error) bool) {
		// An adapter's cache is its own.
		name := w.j.session + "\x00" + w.j.to.variant
		leave, ok := w.j.to.waiting.enter(name, mostInSession)
		if !ok {
			yield(generate.AnswerToken{}, errSessionBusy)
			return
		}
		defer leave()
		turn := &sessionTurn{w: w, opts: opts, yield: yield}
		run := func(s *generate.Session) error { return turn.run(ctx, s) }
		sessions := w.j.to.Sessions
		err := sessions.Do(ctx, name, run)
		if turn.isUnread(err) {
			w.noteSaved(err)
			if errors.Is(err, generate.ErrSavedMismatch) || errors.Is(err, generate.ErrSaved) {
				// What was saved is another model's, or damaged, and will always be.
				if err = sessions.Delete(ctx, name); err == nil {
					err = sessions.Do(ctx, name, run)
				}
			}
		}
		w.noteSaved(sessions.Stats().Err)
		if turn.isUnread(err) {
			w.noteSaved(err)
			single(w.j.to.Generator.Chat(ctx, w.j.prompt.Messages, opts))(yield)
			return
		}
		if err != nil && !turn.stopped {
			yield(generate.AnswerToken{}, err)
		}
	}
}

// sessionTurn is the answer to a request in a session.
type sessionTurn struct {
	w              *writing
	opts           *generate.Options
	yield          func(generate.AnswerToken, error) bool
	began, stopped bool
}

// run writes the answer.
func (t *sessionTurn) run(ctx context.Context, s *generate.Session) error {
	t.began = true
	if err := s.SetMessages(nil); err != nil {
		return err
	}
	for tok, err := range s.SendMessages(ctx, t.w.j.prompt.Messages, t.opts) {
		if err != nil {
			return err
		}
		if t.stopped = !t.yield(generate.AnswerToken{Token: tok}, nil); t.stopped {
			return nil
		}
	}
	return nil
}

// isUnread reports whether an error is that of a session that could not be read: what else
// there is before an answer begins would end one without a session too.
func (t *sessionTurn) isUnread(err error) bool {
	return err != nil && !t.began && t.w.x.ctx.Err() == nil && !isEnd(err) &&
		!errors.Is(err, generate.ErrClosed) && !errors.Is(err, generate.ErrQueueFull) && !errors.Is(err, generate.ErrBusy)
}

// noteSaved logs what is wrong with the place where sessions are kept, which no answer tells.
func (w *writing) noteSaved(err error) {
	log := w.x.h.config.Logger
	if err == nil || log == nil || !w.j.to.unsaved.isNew(err) {
		return
	}
	log.ErrorContext(context.WithoutCancel(w.x.ctx), "sessions are not kept as they should be",
		slog.String("request", w.x.id), slog.String("model", w.j.to.ID), slog.String("error", quote.Text(err.Error(), 8000)))
}

// repeated tells errors that were not seen before from others: a disk that is full is told
// of once and not with each request.
type repeated struct {
	mu   sync.Mutex
	seen map[string]bool
}

// isNew reports whether no error of the kind was there before.
func (r *repeated) isNew(err error) bool {
	kind := kindOfSaved(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[kind] {
		return false
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[kind] = true
	return true
}

// kindOfSaved is what an error has in common with those of other files: what happened, and not
// to which of them.
func kindOfSaved(err error) string {
	var saved *generate.SavedError
	var path *fs.PathError
	switch {
	case errors.As(err, &saved):
		return "saved " + saved.Part
	case errors.As(err, &path):
		return path.Op + " " + path.Err.Error()
	}
	return "other"
}
