package generate

import (
	"context"
	"fmt"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// run is one answer in the making.
type run struct {
	g       *Generator
	cfg     Config
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

func (g *Generator) newRun(cfg *Config, chat bool, start time.Time) (*run, error) {
	if g.tok == nil {
		return nil, ErrNoTokenizer
	}
	r := &run{g: g, start: start, turnEnd: -1}
	if cfg != nil {
		r.cfg = *cfg
	}
	sampling := r.cfg.Sampling
	if sampling == nil {
		sampling = g.defaults.Sampling
	}
	var err error
	if r.choose, err = newChooser(sampling, &r.cfg); err != nil {
		return nil, err
	}
	r.stop = newStopMatcher(r.cfg.Stop)
	if chat {
		r.tools = newToolReader(g.tok, &r.cfg)
	}
	r.decoder = g.tok.NewDecoder(r.tools == nil)
	if !r.cfg.IgnoreEnd {
		r.ends = g.ends
		if chat {
			r.turnEnd = g.turnEnd
		}
	}
	switch r.limit = r.cfg.MaxTokens; {
	case r.limit < 0:
		r.limit = maxContext
	case r.limit == 0 && g.defaults.MaxTokens > 0:
		r.limit = g.defaults.MaxTokens
	case r.limit == 0:
		r.limit = DefaultMaxTokens
	}
	r.stats.Load, r.stats.Seed = g.load, r.choose.seed
	return r, nil
}

// isEnd reports whether id ends the answer.
func (r *run) isEnd(id int) bool {
	if r.ends[id] || id == r.turnEnd {
		return true
	}
	for _, end := range r.cfg.EndTokens {
		if id == end {
			return true
		}
	}
	return false
}

// run feeds the part of prompt that seq does not hold yet and then token after
// token, until the answer ends or emit returns false.
func (r *run) run(ctx context.Context, seq *Sequence, prompt []int, emit func(Token) bool) error {
	if len(prompt) == 0 {
		return fmt.Errorf("generate: %w: the prompt has no tokens", ErrConfig)
	}
	// The last token is always fed: its logits are the first step.
	shared := min(sharedPrefix(seq.ids, prompt), len(prompt)-1)
	if err := seq.Truncate(shared); err != nil {
		return err
	}
	r.stats.PromptTokens, r.stats.CachedTokens = len(prompt), shared
	r.choose.note(prompt...)

	prefill, calls := time.Now(), seq.calls
	logits, err := seq.Append(ctx, prompt[shared:])
	if err != nil {
		return err
	}
	r.stats.PrefillCalls = seq.calls - calls
	r.stats.Prefill = time.Since(prefill)
	seq.reserve(r.limit)

	var first time.Time
	for step := 0; ; step++ {
		id, err := r.choose.choose(seq.ids, logits)
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
			stats := r.stats
			tok.Stats = &stats
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

// finish says why id is the last token, but for stop strings.
func (r *run) finish(id int, seq *Sequence) FinishReason {
	switch {
	case r.isEnd(id):
		return FinishEnd
	case r.stats.Tokens >= r.limit:
		return FinishLength
	case seq.Len() >= r.g.prog.context:
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
