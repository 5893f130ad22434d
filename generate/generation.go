package generate

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// generation is one answer in the making: what a stream keeps from token to
// token.
type generation struct {
	g       *Generator
	bound   *boundModel // the function that answers
	opts    Options
	sampler *samplerChain
	// logProbs is nil unless Options.LogProbs asks for them, and guide unless there is guidance.
	logProbs *logProbs
	guide    *guide
	endIDs   []int // all that end the answer, for what keeps them away
	stop     stopMatcher
	plain    plainText
	decoder  *tokenizer.Decoder
	chat     bool        // the answer is one to messages
	calls    int         // of functions in the conversation so far
	tools    *toolReader // nil where there is nothing to find
	ends     map[int]bool
	turnEnd  int
	limit    int
	// pictures are those of the prompt in their places, and shown all of them in
	// their order.
	pictures []placed
	shown    []*picture

	// prompt is how many of the sequence's tokens are no part of the answer, opening the
	// end of them as they were, and kept what stays at the beginning when it is slid along.
	prompt, kept int
	opening      []int
	// asked is the whole prompt, for which a state is looked for.
	asked    []int
	resumed  *resumed // what the answer goes on with, nil for nothing
	thoughts thoughts
	spec     *speculator // nil where nothing is drafted
	// restarts says that further answers begin where the prompt ends.
	restarts bool
	// settings are those of the sampler, nil for none, and request what is observed.
	settings *Sampling
	request  *request
	finished FinishReason
	waited   time.Duration // for a state

	start time.Time
	first time.Time // of the first token
	stats Stats
	// next are the tokens of the answer that the sequence does not hold yet: the last one,
	// with those that a grammar forced before it. No step allocates them.
	next []int
}

// newGeneration checks opts and prepares an answer. Chat says that it is one to
// messages, which may call tools and ends as the chat template says.
func (g *Generator) newGeneration(ctx context.Context, opts *Options, chat bool, start time.Time) (*generation, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	if g.tok == nil {
		return nil, ErrNoTokenizer
	}
	r := &generation{g: g, start: start, turnEnd: -1, next: make([]int, 0, 8)}
	if opts != nil {
		r.opts = *opts
	}
	var err error
	if r.bound, err = g.function(ctx, r.opts.Function, r.opts.Adapters); err != nil {
		return nil, err
	}
	if err := r.opts.validate(int(r.bound.vocabulary.Load())); err != nil {
		return nil, err
	}
	sampling := r.opts.Sampling
	if sampling == nil {
		sampling = g.defaults.Sampling
	}
	if err := r.checkGreedy(); err != nil {
		return nil, err
	}
	if r.bound.greedyOnly() {
		sampling = nil // the model's own settings, where the caller has none, cannot be had
	}
	if r.sampler, err = newSamplerChain(sampling, &r.opts); err != nil {
		return nil, err
	}
	if err := r.bindSampler(ctx, sampling); err != nil {
		return nil, err
	}
	r.settings = sampling
	r.limit = g.tokenLimit(r.opts.MaxTokens)
	r.stats.Load, r.stats.Seed, r.stats.Greedy = g.load, r.sampler.seed, r.sampler.greedy
	r.thoughts.budget = r.opts.ReasoningBudget
	r.prepareText(ctx, chat)
	return r, r.bindGrammar(ctx)
}

// checkGreedy refuses what a package that chooses its tokens itself cannot do.
func (r *generation) checkGreedy() error {
	if !r.bound.greedyOnly() {
		return nil
	}
	const reason = "is set, but the package chooses its tokens itself (%s): only the likeliest can be had"
	name := r.bound.outputName()
	if len(r.opts.Processors) > 0 {
		return configErrorf("Processors", reason, name)
	}
	if r.opts.Sampler != nil {
		return configErrorf("Sampler", reason, name)
	}
	if r.opts.LogProbs != 0 {
		return configErrorf("LogProbs", reason, name)
	}
	if r.opts.Grammar != nil {
		return configErrorf("Grammar", reason, name)
	}
	if r.opts.Guidance.on() {
		return configErrorf("Guidance", reason, name)
	}
	if s := r.opts.Sampling; s != nil {
		if field := s.needsLogits(); field != "" {
			return configErrorf("Sampling."+field, reason, name)
		}
	}
	return nil
}

// prepareText prepares what finds the end of the text.
func (r *generation) prepareText(ctx context.Context, chat bool) {
	r.stop = newStopMatcher(r.opts.Stop)
	r.plain.stop = newStopMatcher(r.opts.Stop)
	r.chat = chat
	if !r.opts.IgnoreEnd {
		r.ends = r.g.ends
		if chat {
			r.turnEnd = r.g.turnEndOf(ctx, &r.opts)
		}
	}
}

// prepareDecoder prepares what makes text of the tokens that answer a prompt.
func (r *generation) prepareDecoder(prompt []int) {
	r.prompt, r.opening = len(prompt), slices.Clone(prompt[max(0, len(prompt)-promptEnd):])
	if r.resumed != nil {
		r.prompt, r.opening = max(0, len(prompt)-len(r.resumed.last.Answer)), r.resumed.last.Opening
		prompt = r.opening
	}
	if r.chat {
		r.tools = newToolReader(r.g.tok, r.g.chatOptions(&r.opts), prompt, r.calls)
	}
	// Calls and thinking may be written with special tokens, which text leaves out.
	r.decoder = r.g.tok.NewDecoder(r.tools == nil)
	r.sampler.bound.begin(r)
}

// tokenLimit returns the greatest number of tokens of an answer for
// Options.MaxTokens.
func (g *Generator) tokenLimit(asked int) int {
	switch {
	case asked < 0:
		return maxContext
	case asked > 0:
		return asked
	case g.defaults.MaxTokens > 0:
		return g.defaults.MaxTokens
	}
	return DefaultMaxTokens
}

// run prefills the part of prompt that seq does not hold yet and decodes token
// after token, until the answer ends or emit returns false.
func (r *generation) run(ctx context.Context, seq *Sequence, prompt []int, emit func(Token) bool) error {
	logits, err := r.prefill(ctx, seq, prompt)
	if err != nil {
		return err
	}
	return r.goOn(ctx, seq, prompt, logits, emit)
}

// goOn is run behind a prompt, whose last logits are given.
func (r *generation) goOn(ctx context.Context, seq *Sequence, prompt []int, logits []float32, emit func(Token) bool) (err error) {
	defer func() {
		if !leavesSound(ctx, err) {
			seq.spoil()
		}
	}()
	r.prepareDecoder(prompt)
	defer r.bound.company.leave(r)
	if r.resumed != nil {
		if err := r.resume(ctx); err != nil {
			return err
		}
	}
	for {
		tok, err := r.step(ctx, seq.ids, r.prompt, logits)
		if err != nil {
			return err
		}
		r.next = append(r.next[:0], tok.ID)
		if !emit(tok) {
			return nil
		}
		if tok.Finish != FinishNone {
			return r.sampler.bound.incomplete(tok)
		}
		if r.g.pool.isClosed() {
			return fmt.Errorf("step %d: %w", r.stats.Tokens, ErrClosed)
		}
		if r.slides(len(seq.ids)) {
			logits, err = r.slide(ctx, seq, tok.ID)
		} else {
			logits, err = r.goAhead(ctx, seq, tok.ID, emit)
		}
		if logits == nil || err != nil {
			return err
		}
	}
}

// step chooses the token that follows ids, the first of which are the prompt.
func (r *generation) step(ctx context.Context, ids []int, prompt int, logits []float32) (Token, error) {
	step := r.stats.Tokens
	r.sampler.bound.leave(r.room(len(ids)))
	id, err := r.choose(ctx, ids, logits)
	if err != nil {
		return Token{}, fmt.Errorf("step %d: %w", step, err)
	}
	return r.take(ctx, ids, prompt, id)
}

// take makes id the token that follows ids.
func (r *generation) take(ctx context.Context, ids []int, prompt, id int) (Token, error) {
	step := r.stats.Tokens
	r.sampler.accept(id)
	r.stats.Tokens++
	now := time.Now()
	if step == 0 {
		r.first = now
		r.stats.FirstToken = now.Sub(r.start)
		r.request.enter("generate.decode")
	}
	finish, err := r.sampler.bound.accept(id, r.finish(id, len(ids)))
	if err != nil {
		return Token{}, fmt.Errorf("step %d: %w", step, err)
	}
	tok, err := r.token(ctx, id, finish)
	if step == 0 {
		tok.PromptTokens, tok.CachedTokens = r.stats.PromptTokens, r.stats.CachedTokens
	}
	if r.logProbs != nil && err == nil {
		scored := r.logProbs.of(r.g.tok, id)
		tok.LogProb, tok.TopLogProbs, tok.scored = scored.LogProb, scored.Top, &scored
	}
	if r.finished = tok.Finish; tok.Finish != FinishNone {
		tok.Stats = r.finalStats(now.Sub(r.first), findLoopWith(ids[prompt:], tok))
	}
	// While the caller's loop has the token, the end of ctx closes the sequence
	// (see Sequence.expire). Hence the look at ctx before.
	if ended := ctx.Err(); ended != nil {
		err = ended
	}
	if err != nil {
		return tok, fmt.Errorf("step %d: %w", step, err)
	}
	return tok, nil
}

// finalStats returns a copy of the measures with what the last token completes.
func (r *generation) finalStats(decode time.Duration, loop Loop) *Stats {
	stats := r.stats
	stats.Speculation = r.spec.result()
	stats.Decode, stats.Loop = decode, loop
	return &stats
}

// prefill appends what seq lacks of prompt and returns the logits of the first
// step.
func (r *generation) prefill(ctx context.Context, seq *Sequence, prompt []int) ([]float32, error) {
	r.request.enter("generate.prefill", slog.Int("gen_ai.usage.input_tokens", len(prompt)))
	// The last token is always appended: its logits are the first step.
	cached := keptPictures(seq.pictures, r.pictures, min(sharedPrefix(seq.ids, prompt), len(prompt)-1))
	if k := r.g.prefixes.find(r.bound, prompt, cached); k != nil {
		if err := seq.adopt(k); err != nil {
			return nil, err
		}
		cached = keptPictures(seq.pictures, r.pictures, min(sharedPrefix(seq.ids, prompt), len(prompt)-1))
	}
	if err := seq.truncate(cached); err != nil {
		return nil, err
	}
	if err := seq.show(r.pictures); err != nil {
		return nil, err
	}
	r.stats.PromptTokens, r.stats.CachedTokens = len(prompt), cached
	r.begin(prompt)

	seq.turn.priority = r.opts.Priority
	start, calls := time.Now(), seq.calls
	logits, err := seq.append(ctx, prompt[cached:], nil)
	if err != nil {
		return nil, err
	}
	r.stats.PrefillCalls = seq.calls - calls
	r.stats.Prefill = time.Since(start)
	r.request.prefilled()
	// The model's vocabulary may be known only now.
	if err := r.opts.validate(len(logits)); err != nil {
		return nil, err
	}
	if r.spec = r.newSpeculator(seq); r.spec != nil {
		return logits, seq.reserve(r.limit + r.spec.most)
	}
	return logits, seq.reserve(r.limit)
}

// decode appends one token of the answer and returns the logits that follow it.
func (r *generation) decode(ctx context.Context, seq *Sequence, id int) ([]float32, error) {
	crowded := r.bound.company.step(r)
	if r.spec != nil {
		r.spec.crowded = crowded
		return r.spec.decode(ctx, seq, id)
	}
	return seq.append(ctx, r.next, nil)
}

// newSpeculator prepares drafts where they are asked for. There are none where tokens
// come by other ways than single steps.
func (r *generation) newSpeculator(seq *Sequence) *speculator {
	o := r.opts.Speculation
	if o == nil {
		o = r.g.speculation
	}
	off := ""
	switch {
	case o == nil:
		return nil
	case r.sampler.bound != nil:
		off = "the answer has a grammar, which forces tokens itself"
	case r.opts.Overflow == OverflowSlide:
		off = "the text slides along when the context is full"
	case r.restarts:
		off = "several answers share the sequence"
	default:
		return newSpeculator(o, seq, r.limit)
	}
	return &speculator{bound: seq.bound, stats: SpeculationStats{Off: off}}
}

// isEnd reports whether id ends the answer. What the template puts behind an answer may
// also be what ends a thought, behind which the answer goes on.
func (r *generation) isEnd(id int) bool {
	return r.ends[id] || id == r.turnEnd && !r.tools.endsThinking(id) || slices.Contains(r.opts.EndTokens, id)
}

// finish says why id, which follows n tokens, is the last, but for stop strings.
func (r *generation) finish(id, n int) FinishReason {
	switch {
	case r.isEnd(id):
		return FinishEnd
	case r.stats.Tokens >= r.limit:
		return FinishLength
	case n >= r.bound.context && r.opts.Overflow != OverflowSlide || r.guide.full():
		return FinishContext
	}
	return FinishNone
}

// token decodes id and looks for stop strings. The last token brings all text
// that was held back.
func (r *generation) token(ctx context.Context, id int, finish FinishReason) (Token, error) {
	tok := Token{ID: id, Finish: finish}
	if _, ok := r.g.tok.IDToToken(id); !ok && finish != FinishEnd {
		// Rows that only round the number of logits up never win in a model whose
		// tokenizer this is.
		return tok, &TokenError{ID: id, Where: "the answer", Reason: fmt.Sprintf("the tokenizer, of %d entries, has no token with it", r.g.tok.VocabSize())}
	}
	text, err := r.text(ctx, id, finish)
	if err != nil {
		return tok, err
	}
	place := r.tools.place()
	part, err := r.parts(text, finish != FinishNone)
	if err != nil {
		return tok, err
	}
	tok.Calls, tok.Reasoning, tok.CallErrors = part.Calls, part.Reasoning, part.Errors
	tok.Kind, tok.CallText = r.kind(place, len(part.Calls)+len(part.Errors)), r.tools.callText()
	var found bool
	if tok.Text, found = r.stop.push(part.All); found {
		tok.Finish, tok.StopString = FinishStop, r.stop.matched
	} else if finish != FinishNone {
		tok.Text += r.stop.flush()
	}
	if tok.Content = tok.Text; r.chat {
		tok.Content = r.plain.add(part.Text, tok.Finish != FinishNone)
	}
	r.sampler.bound.wrote(tok)
	return tok, nil
}

// text returns the text that is certain with id. It fails where the tokenizer's
// decoder takes longer than any that was made for a model.
func (r *generation) text(ctx context.Context, id int, finish FinishReason) (text string, err error) {
	if r.sampler.bound.binds() {
		return r.sampler.bound.text(), nil
	}
	if finish != FinishEnd && r.tools.isText(id) {
		text, err = r.decoder.NextContext(ctx, id)
	}
	if err != nil || finish == FinishNone {
		return text, err
	}
	rest, err := r.decoder.FlushContext(ctx)
	return text + rest, err
}

// findLoopWith looks for what an answer repeats at its end. Tokens is the answer
// without its last token, which is no part of the text when it is an end token.
func findLoopWith(tokens []int, last Token) Loop {
	if last.Finish == FinishEnd {
		return FindLoop(tokens)
	}
	return FindLoop(append(slices.Clip(tokens), last.ID))
}

// sharedPrefix returns the number of leading elements that a and b share.
func sharedPrefix(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// sequence takes a sequence for the answer.
func (r *generation) sequence(ctx context.Context) (*Sequence, error) {
	list, err := r.sequences(ctx, 1)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// sequences takes n sequences at once.
func (r *generation) sequences(ctx context.Context, n int) ([]*Sequence, error) {
	r.request.enter("generate.wait")
	start := time.Now()
	defer func() { r.waited = time.Since(start) }()
	c := claim{of: r.bound, priority: r.opts.Priority, request: r.request, lanes: n}
	if len(r.pictures) == 0 { // rows of pictures are not known by their tokens
		c.prompt, c.most = r.asked, mostReused(len(r.asked), r.g.chunk)
		if k := r.g.prefixes.find(r.bound, c.prompt, 0); k != nil {
			c.over = sharedPrefix(k.ids, c.prompt)
		}
	}
	return r.g.claimSequences(ctx, c)
}
