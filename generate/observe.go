package generate

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Tracer is told of what a generator does as spans: pieces of work with a beginning, an
// end and attributes, one within another. It has what a tracer of OpenTelemetry needs, and
// few lines make one of it, so that this module does not depend on that one. The spans are
//
//	generate           an answer, from the call to its last token
//	generate.wait      until there was a state
//	generate.prefill   the prompt is read
//	generate.decode    the tokens behind the first one
//
// Attributes have the names of OpenTelemetry's conventions for generative AI where these
// have one (gen_ai.usage.input_tokens, gen_ai.response.finish_reasons), else gocoreml.*.
// Neither prompts nor answers are among them.
//
// Start is called from any number of goroutines, what it returns from one at a time, or
// from one after another.
type Tracer interface {
	// Start begins a span within that of ctx, and returns a context within it.
	Start(ctx context.Context, name string, attributes ...slog.Attr) (context.Context, Span)
}

// Span is a piece of work that has begun.
type Span interface {
	// SetAttributes adds attributes.
	SetAttributes(attributes ...slog.Attr)
	// End ends the span; err says what went wrong, nil nothing. It is called once.
	End(err error)
}

// request is what is observed of one answer. A nil one is of an answer that was refused
// before it began.
type request struct {
	g     *Generator
	r     *generation
	ctx   context.Context //nolint:containedctx // of the span, which lives as long as the answer
	span  Span            // nil without a tracer, as the next
	part  Span
	ended bool
}

// begin notes that an answer begins.
func (g *Generator) begin(ctx context.Context, r *generation) *request {
	q := &request{g: g, r: r, ctx: ctx}
	r.request = q
	g.sums.mu.Lock()
	g.sums.Answers++
	g.sums.Active++
	g.sums.mu.Unlock()
	if g.tracer == nil {
		return q
	}
	operation := "text_completion"
	if r.chat {
		operation = "chat"
	}
	attributes := []slog.Attr{slog.String("gen_ai.operation.name", operation), slog.Int("gen_ai.request.max_tokens", r.limit)}
	if s := r.settings; s != nil && s.Temperature > 0 {
		attributes = append(attributes,
			slog.Float64("gen_ai.request.temperature", s.Temperature), slog.Float64("gen_ai.request.top_p", s.TopP),
			slog.Int("gen_ai.request.top_k", s.TopK), slog.Uint64("gen_ai.request.seed", r.sampler.seed))
	}
	if r.opts.Function != "" {
		attributes = append(attributes, slog.String("gocoreml.function", r.opts.Function))
	}
	if r.opts.Priority != 0 {
		attributes = append(attributes, slog.Int("gocoreml.priority", r.opts.Priority))
	}
	q.ctx, q.span = g.tracer.Start(ctx, "generate", attributes...)
	return q
}

// errUnwound is the error of an answer that a panic or runtime.Goexit has ended.
var errUnwound = errors.New("a panic ended the answer")

// observed notes the beginning and the end of an answer, however it ends.
func (r *generation) observed(ctx context.Context, answer func() error) (err error) {
	q := r.g.begin(ctx, r)
	err = errUnwound
	defer func() { q.end(err) }()
	return answer()
}

// enter begins a part of the answer, and ends the one before it.
func (q *request) enter(name string, attributes ...slog.Attr) {
	if q == nil || q.span == nil {
		return
	}
	q.leave(nil)
	_, q.part = q.g.tracer.Start(q.ctx, name, attributes...)
}

// leave ends the part of the answer that has begun.
func (q *request) leave(err error) {
	if q != nil && q.part != nil {
		q.part.End(err)
		q.part = nil
	}
}

// queued tells that the answer has to wait for a state.
func (q *request) queued() {
	if q != nil && q.g.log != nil {
		q.g.log.LogAttrs(q.ctx, slog.LevelDebug, "answer waits for a state", slog.Int("priority", q.r.opts.Priority))
	}
}

// prefilled tells that the prompt was read.
func (q *request) prefilled() {
	if q == nil || q.g.log == nil {
		return
	}
	s := &q.r.stats
	q.g.log.LogAttrs(q.ctx, slog.LevelDebug, "prompt read",
		slog.Int("prompt_tokens", s.PromptTokens), slog.Int("cached_tokens", s.CachedTokens),
		slog.Duration("prefill", s.Prefill), slog.Duration("waited", q.r.waited))
}

// end notes that the answer has ended, with err. Only the first call counts.
func (q *request) end(err error) {
	if q == nil || q.ended {
		return
	}
	q.ended = true
	s := q.r.stats
	if s.Tokens > 0 {
		s.Decode = time.Since(q.r.first)
	}
	s.Speculation = q.r.spec.result()
	q.g.sums.add(&s, q.r.waited, err)
	q.leave(err)
	if q.span != nil {
		attributes := []slog.Attr{
			slog.Int("gen_ai.usage.input_tokens", s.PromptTokens), slog.Int("gen_ai.usage.output_tokens", s.Tokens),
			slog.Int("gocoreml.cached_tokens", s.CachedTokens),
		}
		if q.r.finished != FinishNone {
			attributes = append(attributes, slog.Any("gen_ai.response.finish_reasons", []string{string(q.r.finished)}))
		}
		if s.Speculation != nil {
			attributes = append(attributes, slog.Int("gocoreml.speculation.drafted", s.Speculation.Drafted),
				slog.Int("gocoreml.speculation.accepted", s.Speculation.Accepted))
		}
		q.span.SetAttributes(attributes...)
		q.span.End(err)
	}
	q.logEnd(&s, err)
}

// logEnd logs the end of the answer.
func (q *request) logEnd(s *Stats, err error) {
	if q.g.log == nil {
		return
	}
	attributes := []slog.Attr{
		slog.Int("prompt_tokens", s.PromptTokens), slog.Int("cached_tokens", s.CachedTokens), slog.Int("tokens", s.Tokens),
		slog.Duration("waited", q.r.waited), slog.Duration("first_token", s.FirstToken),
		slog.Duration("prefill", s.Prefill), slog.Duration("decode", s.Decode),
	}
	switch {
	case err == nil:
		q.g.log.LogAttrs(q.ctx, slog.LevelInfo, "answer ended", append(attributes, slog.String("finish", string(q.r.finished)))...)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		q.g.log.LogAttrs(q.ctx, slog.LevelInfo, "answer cancelled", append(attributes, slog.Any("error", err))...)
	default:
		q.g.log.LogAttrs(q.ctx, slog.LevelWarn, "answer failed", append(attributes, slog.Any("error", err))...)
	}
}
