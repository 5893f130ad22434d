package generate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// run is one answer in the making.
type run struct {
	g       *Generator
	opts    Options
	choose  *chooser
	stop    stopMatcher
	decoder *tokenizer.Decoder
	tools   *toolReader // nil without tools
	ends    map[int]bool
	turnEnd int
	limit   int

	start time.Time
	stats Stats
	next  [1]int
}

func (g *Generator) newRun(opts *Options, chat bool, start time.Time) (*run, error) {
	if g.tok == nil {
		return nil, ErrNoTokenizer
	}
	r := &run{g: g, start: start, turnEnd: -1}
	if opts != nil {
		r.opts = *opts
	}
	sampling := r.opts.Sampling
	if sampling == nil {
		sampling = g.defaults.Sampling
	}
	if err := r.opts.validate(int(g.bound.vocabulary.Load())); err != nil {
		return nil, err
	}
	var err error
	if r.choose, err = newChooser(sampling, &r.opts); err != nil {
		return nil, err
	}
	r.stop = newStopMatcher(r.opts.Stop)
	if chat {
		r.tools = newToolReader(g.tok, &r.opts)
	}
	r.decoder = g.tok.NewDecoder(r.tools == nil)
	if !r.opts.IgnoreEnd {
		r.ends = g.ends
		if chat {
			r.turnEnd = g.turnEnd
		}
	}
	switch r.limit = r.opts.MaxTokens; {
	case r.limit < 0:
		r.limit = maxContext
	case r.limit == 0 && g.defaults.MaxTokens > 0:
		r.limit = g.defaults.MaxTokens
	case r.limit == 0:
		r.limit = DefaultMaxTokens
	}
	r.stats.Load, r.stats.Seed, r.stats.Greedy = g.load, r.choose.seed, r.choose.greedy
	return r, nil
}

// isEnd reports whether id ends the answer.
func (r *run) isEnd(id int) bool {
	if r.ends[id] || id == r.turnEnd {
		return true
	}
	for _, end := range r.opts.EndTokens {
		if id == end {
			return true
		}
	}
	return false
}

// run feeds the part of prompt that seq does not hold yet and then token after
// token, until the answer ends or emit returns false.
func (r *run) run(ctx context.Context, seq *Sequence, prompt []int, emit func(Token) bool) error {
	logits, err := r.prefill(ctx, seq, prompt)
	if err != nil {
		return err
	}
	var first time.Time
	for step := 0; ; step++ {
		id, err := r.choose.choose(ctx, seq.ids, logits)
		if err != nil {
			return fmt.Errorf("generate: step %d: %w", step, err)
		}
		r.choose.note(id)
		r.stats.Tokens++
		now := time.Now()
		if step == 0 {
			first = now
			r.stats.FirstToken = now.Sub(r.start)
		}
		tok := r.token(id, r.finish(id, seq))
		if tok.Finish != FinishNone {
			r.stats.Decode = now.Sub(first)
			r.stats.Loop = r.loop(seq.ids[len(prompt):], tok)
			stats := r.stats
			tok.Stats = &stats
		}
		// Whoever waits in the caller's loop when ctx ends need not be waited for:
		// see Sequence.expire. Hence the look at ctx before.
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("generate: step %d: %w", step, err)
		}
		if !emit(tok) || tok.Finish != FinishNone {
			return nil
		}
		if r.g.pool.isClosed() {
			return fmt.Errorf("generate: step %d: %w", step+1, ErrClosed)
		}
		r.next[0] = id
		if logits, err = seq.Append(ctx, r.next[:]); err != nil {
			return err
		}
	}
}

// prefill feeds what seq lacks of prompt and returns the logits of the first
// step.
func (r *run) prefill(ctx context.Context, seq *Sequence, prompt []int) ([]float32, error) {
	// The last token is always fed: its logits are the first step.
	shared := min(sharedPrefix(seq.ids, prompt), len(prompt)-1)
	if err := seq.Truncate(shared); err != nil {
		return nil, err
	}
	r.stats.PromptTokens, r.stats.CachedTokens = len(prompt), shared
	r.choose.note(prompt...)

	start, calls := time.Now(), seq.calls
	logits, err := seq.Append(ctx, prompt[shared:])
	if err != nil {
		return nil, err
	}
	r.stats.PrefillCalls = seq.calls - calls
	r.stats.Prefill = time.Since(start)
	// The model's vocabulary may be known only now.
	if err := r.opts.validate(len(logits)); err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	return logits, seq.reserve(r.limit)
}

// loop looks for what the answer repeats at its end; fed is the answer without
// its last token.
func (r *run) loop(fed []int, last Token) Loop {
	if last.Finish == FinishEnd {
		return FindLoop(fed)
	}
	return FindLoop(append(slices.Clip(fed), last.ID))
}

// finish says why id is the last token, but for stop strings.
func (r *run) finish(id int, seq *Sequence) FinishReason {
	switch {
	case r.isEnd(id):
		return FinishEnd
	case r.stats.Tokens >= r.limit:
		return FinishLength
	case seq.Len() >= r.g.bound.context:
		return FinishContext
	}
	return FinishNone
}

// token decodes id and looks for stop strings. The last token brings all text
// that was held back.
func (r *run) token(id int, finish FinishReason) Token {
	tok := Token{ID: id, Finish: finish}
	var text string
	if finish != FinishEnd && r.tools.keeps(id) {
		text = r.decoder.Next(id)
	}
	if finish != FinishNone {
		text += r.decoder.Flush()
	}
	text, tok.Calls = r.tools.read(text, finish != FinishNone)
	var found bool
	if tok.Text, found = r.stop.push(text); found {
		tok.Finish = FinishStop
	} else if finish != FinishNone {
		tok.Text += r.stop.flush()
	}
	return tok
}

// sharedPrefix returns the number of leading elements that a and b share.
func sharedPrefix(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
