package openai

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/internal/promptdone"
	"github.com/gocoreml/coreml/tokenizer"
)

// job is what a request wants written. Each interface parses its requests to jobs and writes
// the events of [exchange.answer] in its own form: that is all that it does by itself.
type job struct {
	x      *exchange
	to     *target
	prompt generate.Prompt
	opts   generate.Options
	// answers is how many answers there are to the prompt.
	answers int
	// promptField is the field that has the prompt, for errors about it.
	promptField string
	// session is the name of the conversation, "" for none.
	session string
	// oneCall leaves out all calls of functions but the first.
	oneCall bool
	// hideThinking leaves out what the thinking says.
	hideThinking bool
	// calls is the number of calls in the messages, behind which those of the answer are
	// counted: no two of a conversation have one id.
	calls int
}

// finishReason says why an answer ended, for interfaces to put it in their words.
type finishReason string

const (
	finishNone   finishReason = ""
	finishEnd    finishReason = "stop"       // the model ended it
	finishStop   finishReason = "stop_text"  // one of job.opts.Stop did
	finishLength finishReason = "length"     // the limit of tokens, or of the context
	finishCalls  finishReason = "tool_calls" // it has calls
)

// openAI returns the reason in OpenAI's words.
func (f finishReason) openAI() string {
	if f == finishStop {
		return string(finishEnd)
	}
	return string(f)
}

// event is what became known of an answer with one token.
type event struct {
	// answer is the number of the answer.
	answer int
	// token is what the generator gave. What follows is taken from it.
	token *generate.Token
	// text is the answer without thinking and calls, in whole characters.
	text string
	// reasoning is the thinking.
	reasoning string
	// calls are calls of functions, each whole.
	calls []tokenizer.ToolCall
	// finish is set in the last event of an answer, and stop is the stop string that ended it.
	finish finishReason
	stop   string
}

// isEmpty reports whether an event changes nothing that can be seen.
func (e *event) isEmpty() bool {
	return e.text == "" && e.reasoning == "" && len(e.calls) == 0 && e.finish == finishNone
}

// usage counts the tokens of a request.
type usage struct {
	prompt, cached, completion, reasoning int
}

// answer writes the answers of a job: emit is told of each token, one answer after the other,
// and its error ends them. What is known of them so far is counted in the exchange.
func (x *exchange) answer(j *job, emit func(e *event) error) (usage, error) {
	if x.stream == nil {
		x.boundGathered(j)
	}
	w := &writing{x: x, j: j, emit: emit}
	for w.done < j.answers {
		err := w.run()
		if errors.Is(err, generate.ErrIncomplete) && w.finished {
			// The text is as long as it could be, which its finish tells; those that are left
			// are asked for anew.
			continue
		}
		if err != nil {
			return w.usage, w.j.explain(err)
		}
	}
	return w.usage, nil
}

const (
	// maxGathered is how many tokens, and alternatives to them, a reply has that is sent as a
	// whole: about 100 MB at most. What is streamed has no such bound.
	maxGathered = 1 << 20
	// maxGaps is the most of RequestStats.TokenGaps.
	maxGaps = 1 << 16
)

// boundGathered shortens the limit of answers that are gathered: a text that slides along, or
// many answers with all alternatives, would fill the memory. One that is cut by it ends as by
// any limit.
func (x *exchange) boundGathered(j *job) {
	each := (1 + max(j.opts.LogProbs, 0)) * max(j.answers, 1)
	most := max((maxGathered-x.gathered)/each, 1)
	limit, g := j.opts.MaxTokens, j.to.Generator
	if limit == 0 {
		limit = g.Defaults().MaxTokens
	}
	if limit < 0 {
		limit = g.ContextLength()
		if j.opts.Overflow == generate.OverflowSlide {
			limit = maxGathered + 1 // or any number
		}
	}
	if limit > most {
		j.opts.MaxTokens, limit = most, most
	}
	x.gathered += limit * each
}

// writing are the answers of a job under way.
type writing struct {
	x    *exchange
	j    *job
	emit func(e *event) error

	done     int  // answers that are over
	finished bool // the last token was the last of an answer
	calls    int  // of the answer
	last     time.Time
	usage    usage
}

// run writes the answers that are left.
func (w *writing) run() error {
	w.finished, w.calls = false, 0
	for tok, err := range w.stream() {
		if err != nil {
			return err
		}
		if err := w.token(&tok); err != nil {
			return err
		}
		if err := w.x.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// token passes a token on.
func (w *writing) token(tok *generate.AnswerToken) error {
	w.measure(&tok.Token)
	e := &event{answer: w.done, token: &tok.Token, text: tok.Content, reasoning: tok.Reasoning, calls: tok.Calls}
	if w.j.oneCall && w.calls > 0 {
		e.text, e.calls = "", nil
	} else if w.j.oneCall && len(e.calls) > 1 {
		e.calls = e.calls[:1]
	}
	for k := range e.calls {
		w.calls++
		if ownID.MatchString(e.calls[k].ID) || e.calls[k].ID == "" {
			e.calls[k].ID = fmt.Sprintf("call%05d", w.j.calls+w.calls)
		}
	}
	w.finished = tok.Finish != generate.FinishNone
	if w.finished {
		e.finish, e.stop = finishOf(tok.Finish), tok.StopString
		if w.calls > 0 && e.finish != finishLength {
			e.finish = finishCalls
		}
		w.calls = 0
		w.done++
	}
	return w.emit(e)
}

// ownID matches the ids that the generator gives to calls without one.
var ownID = regexp.MustCompile(`^call\d{5}$`)

// finishOf returns why an answer ended.
func finishOf(f generate.FinishReason) finishReason {
	switch f {
	case generate.FinishEnd:
		return finishEnd
	case generate.FinishStop:
		return finishStop
	case generate.FinishLength, generate.FinishContext:
		return finishLength
	}
	return finishNone
}

// measure counts a token.
func (w *writing) measure(tok *generate.Token) {
	s, now := &w.x.stats, time.Now()
	w.usage.completion++
	s.Tokens++
	switch {
	case s.FirstToken == 0:
		w.x.prepared()
		if w.x.begun != nil {
			w.x.begun()
		}
		s.FirstToken = max(now.Sub(w.x.start), 1)
	case !w.last.IsZero() && len(s.TokenGaps) < maxGaps:
		s.TokenGaps = append(s.TokenGaps, now.Sub(w.last))
	}
	if w.usage.prompt == 0 { // what later answers find in the cache is the first one's
		w.usage.prompt, w.usage.cached = tok.PromptTokens, tok.CachedTokens
		s.PromptTokens += tok.PromptTokens
		s.CachedTokens += tok.CachedTokens
	}
	if w.last = now; tok.Stats == nil {
		return
	}
	w.last = time.Time{}
	w.usage.reasoning += tok.Stats.ReasoningTokens
	if w.done == 0 {
		s.Queued += max(tok.Stats.FirstToken-tok.Stats.Prefill, 0)
	}
}

// stream returns the tokens of the answers that are left.
func (w *writing) stream() iter.Seq2[generate.AnswerToken, error] {
	j, ctx, n := w.j, w.x.ctx, w.j.answers-w.done
	if w.x.large {
		ctx = promptdone.Tell(ctx, w.x.prepared)
	}
	opts := j.opts
	if s := opts.Sampling; s != nil && s.Seed != nil && w.done > 0 {
		next := *s
		next.Seed = new(*s.Seed + uint64(w.done)) //nolint:gosec // not below 0
		opts.Sampling = &next
	}
	g := j.to.Generator
	switch {
	case j.answers > 1:
		return g.StreamAnswers(ctx, j.prompt, n, &opts)
	case j.prompt.Messages == nil && j.prompt.Tokens != nil:
		return single(g.StreamTokens(ctx, j.prompt.Tokens, &opts))
	case j.prompt.Messages == nil:
		return single(g.Stream(ctx, j.prompt.Text, &opts))
	case j.session != "" && j.to.Sessions != nil && j.mayHaveSession():
		return w.inSession(ctx, &opts)
	}
	return single(g.Chat(ctx, j.prompt.Messages, &opts))
}

// mayHaveSession reports whether a session can answer: it has no two texts, begins messages of
// its own, and is of a model with a template. What it cannot is answered all the same.
func (j *job) mayHaveSession() bool {
	chat := j.opts.Chat
	if j.opts.Guidance != nil || chat != nil && chat.ContinueFinalMessage {
		return false
	}
	return j.to.Generator.HasChatTemplate()
}

// single makes the tokens of one answer those of the first of several.
func single(stream iter.Seq2[generate.Token, error]) iter.Seq2[generate.AnswerToken, error] {
	return func(yield func(generate.AnswerToken, error) bool) {
		for tok, err := range stream {
			if !yield(generate.AnswerToken{Token: tok}, err) {
				return
			}
		}
	}
}

// explain adds to an error what only the job knows.
func (j *job) explain(err error) error {
	if cause := context.Cause(j.x.ctx); cause != nil && isEnd(err) {
		err = cause
	}
	e := errorOf(err)
	told := *e
	if told.cause == nil {
		told.cause = err
	}
	if told.param == "" && (told.code == "context_length_exceeded" || told.code == "no_chat_template") {
		told.param = j.promptField
	}
	if told.code == "queue_full" {
		told.retryAfter = retryAfter(j.to.Generator.Stats())
	}
	return &told
}

// retryAfter estimates in how many seconds there is a state again: the answers so far tell
// how long one takes.
func retryAfter(s generate.GeneratorStats) int {
	over := float64(s.Answers) - float64(s.Active)
	if over < 1 || s.States < 1 {
		return 1
	}
	each := (s.Prefill + s.Decode).Seconds() / over
	return int(min(max(math.Ceil(each*float64(s.Waiting+1)/float64(s.States)), 1), 60))
}

// maxSession is the greatest length of a session's name.
const maxSession = 256

// sessionOf returns the name of the conversation that a request belongs to.
func (x *exchange) sessionOf() (string, error) {
	name := strings.TrimSpace(x.r.Header.Get("X-Session-Id"))
	if len(name) > maxSession || !isPrintable(name) {
		return "", badField("x-session-id", "is %s, want at most %d printable characters", shown(name), maxSession)
	}
	return name, nil
}
