package openai

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gocoreml/coreml/generate"
)

// maxPrompts bounds the prompts of a request.
const maxPrompts = 256

// completions answers POST /v1/completions.
func (h *Handler) completions(x *exchange) error {
	o, err := x.readObject()
	if err != nil {
		return err
	}
	r, err := x.completionReply(o)
	if err != nil {
		return err
	}
	if o.flag("stream") {
		if r.best > r.j.answers {
			return badField("best_of", "cannot be streamed unless it is n: the best are known at the end")
		}
		return r.stream()
	}
	return r.whole()
}

// completionReply parses a request of completions.
func (x *exchange) completionReply(o *object) (*completionReply, error) {
	j, err := x.newJob(o)
	if err != nil {
		return nil, err
	}
	r := &completionReply{x: x, j: j, id: newID("cmpl-"), created: time.Now().Unix(), echo: o.flag("echo")}
	refuseCommon(o)
	o.refuse("the model goes on behind a text and puts nothing into one", "suffix")
	j.promptField, j.session = "prompt", "" // sessions are conversations
	j.sampleFields(o)
	j.endFields(o)
	if n, ok := o.integer("max_tokens", 0, maxLimit); ok && n == 0 {
		r.nothing = true
		if !r.echo {
			o.bad("max_tokens", "is 0, want 1 or more, or echo to be true")
		}
	} else {
		j.limitFields(o, 0, "max_tokens", "max_completion_tokens")
	}
	j.answersField(o)
	r.best = j.answers
	if n, ok := o.integer("best_of", 1, x.h.config.MaxAnswers); ok {
		if r.best = n; n < j.answers {
			o.bad("best_of", "is %d, want n, %d, or more", n, j.answers)
		}
	}
	r.logProbs = -1
	if raw := o.raw("logprobs"); raw != nil && string(raw) != "false" {
		n, _ := o.integer("logprobs", 0, generate.MaxLogProbs)
		if r.logProbs, j.opts.LogProbs = n, n; n == 0 {
			j.opts.LogProbs = -1
		}
	}
	if r.best > j.answers && j.opts.LogProbs == 0 {
		j.opts.LogProbs = -1 // which tell the best
	}
	j.grammarFields(o)
	r.usage = o.wantsUsage()
	r.prompts = readPrompts(o)
	o.flag("stream")
	return r, o.failed()
}

// readPrompts reads a text, a list of token ids, or a list of some.
func readPrompts(o *object) []generate.Prompt {
	raw := o.raw("prompt")
	switch {
	case raw == nil:
		o.bad("prompt", "is missing")
		return nil
	case kindOfJSON(raw) == "a string":
		return []generate.Prompt{{Text: o.text("prompt")}}
	case kindOfJSON(raw) != "a list":
		o.bad("prompt", "is %s, want a string, a list of token ids, or a list of some", kindOfJSON(raw))
		return nil
	}
	var list []json.RawMessage
	o.value("prompt", "a list", &list)
	switch {
	case len(list) == 0:
		o.bad("prompt", "is an empty list")
		return nil
	case kindOfJSON(list[0]) == "a number":
		return []generate.Prompt{{Tokens: o.ids("prompt", maxValues)}}
	case len(list) > maxPrompts:
		o.bad("prompt", "has %d elements, want %d at most", len(list), maxPrompts)
		return nil
	}
	var out []generate.Prompt
	inner := &object{path: "", fields: map[string]json.RawMessage{}}
	for k, one := range list {
		name := element("prompt", k)
		inner.fields[name] = one
		switch kindOfJSON(one) {
		case "a string":
			out = append(out, generate.Prompt{Text: inner.text(name)})
		case "a list":
			ids := inner.ids(name, maxValues)
			if len(ids) == 0 {
				inner.bad(name, "has no token")
			}
			out = append(out, generate.Prompt{Tokens: ids})
		default:
			inner.bad(name, "is %s, want a string or a list of token ids", kindOfJSON(one))
		}
	}
	o.join(inner)
	return out
}

// The parts of a reply.
type (
	completion struct {
		ID      string              `json:"id"`
		Object  string              `json:"object"`
		Created int64               `json:"created"`
		Model   string              `json:"model"`
		Choices []*completionChoice `json:"choices"`
		Usage   json.RawMessage     `json:"usage,omitempty"`
	}
	completionChoice struct {
		Index        int                 `json:"index"`
		Text         string              `json:"text"`
		LogProbs     *completionLogProbs `json:"logprobs"`
		FinishReason *string             `json:"finish_reason"`
	}
)

// completionReply writes the answers to prompts as completions.
type completionReply struct {
	x       *exchange
	j       *job
	prompts []generate.Prompt
	id      string
	created int64
	// best is how many answers are written for each prompt, of which the best are given.
	best     int
	logProbs int  // how many likely tokens are wanted, -1 where there are no log-probabilities
	usage    bool // a stream ends with the counts
	echo     bool // the text begins with the prompt
	nothing  bool // and ends with it
}

// reply returns a reply with choices.
func (r *completionReply) reply(choices ...*completionChoice) *completion {
	c := &completion{ID: r.id, Object: "text_completion", Created: r.created, Model: r.j.to.name, Choices: choices}
	if c.Choices == nil {
		c.Choices = []*completionChoice{}
	}
	return c
}

// whole writes the reply of a request without stream.
func (r *completionReply) whole() error {
	reply := r.reply()
	used, err := r.choices(reply)
	if err != nil {
		return err
	}
	for k, c := range reply.Choices {
		c.Index = k
	}
	text, err := json.Marshal(used.reply())
	if err != nil {
		return err
	}
	reply.Usage = text
	return r.x.reply(http.StatusOK, reply)
}

// choices adds the answers to all prompts to a reply.
func (r *completionReply) choices(reply *completion) (used usage, err error) {
	if len(r.prompts) == 1 {
		reply.Choices, err = r.answer(0, &used)
		return used, err
	}
	lists := make([][]*completionChoice, len(r.prompts))
	return r.several(true, func(run *promptRun) (err error) {
		lists[run.k], err = run.r.answer(run.k, &run.used)
		return err
	}, func(run *promptRun) error {
		<-run.over
		reply.Choices = append(reply.Choices, lists[run.k]...)
		return run.err
	})
}

// ranked is an answer with its mean log-probability.
type ranked struct {
	choice *completionChoice
	text   strings.Builder
	runes  int // in text
	sum    float64
	tokens int
}

// answer returns the answers to a prompt.
func (r *completionReply) answer(k int, used *usage) ([]*completionChoice, error) {
	one := *r.j
	one.prompt, one.answers = r.prompts[k], r.best
	head, err := r.head(&one, used)
	if err != nil {
		return nil, err
	}
	if r.nothing {
		head.FinishReason = new(string(finishLength))
		return []*completionChoice{head}, nil
	}
	list := make([]*ranked, one.answers)
	probs := r.newProbs()
	for k := range list {
		list[k] = &ranked{choice: &completionChoice{LogProbs: head.LogProbs.clone()}}
		list[k].text.WriteString(head.Text)
		list[k].runes = utf8.RuneCountInString(head.Text)
	}
	u, err := r.x.answer(&one, func(e *event) error {
		a := list[e.answer]
		a.sum += e.token.LogProb
		a.tokens++
		if probs != nil {
			a.choice.LogProbs = probs.add(a.choice.LogProbs, e, a.runes)
		}
		a.text.WriteString(e.text)
		a.runes += utf8.RuneCountInString(e.text)
		if e.finish != finishNone {
			a.choice.FinishReason = new(e.finish.openAI())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	used.add(u)
	if r.best > r.j.answers {
		slices.SortStableFunc(list, func(a, b *ranked) int { return cmp.Compare(b.mean(), a.mean()) })
	}
	var out []*completionChoice
	for _, a := range list[:r.j.answers] {
		a.choice.Text = a.text.String()
		out = append(out, a.choice)
	}
	return out, nil
}

func (a *ranked) mean() float64 { return a.sum / float64(max(a.tokens, 1)) }

// add adds the counts of another prompt.
func (u *usage) add(other usage) {
	u.prompt += other.prompt
	u.cached += other.cached
	u.completion += other.completion
	u.reasoning += other.reasoning
}

// head returns what comes before an answer: the prompt where it is wanted.
func (r *completionReply) head(j *job, used *usage) (*completionChoice, error) {
	c := &completionChoice{}
	if r.logProbs >= 0 {
		c.LogProbs = &completionLogProbs{Tokens: []string{}, TokenLogProbs: []*float64{}, TextOffset: []int{}}
	}
	if !r.echo {
		return c, nil
	}
	tok := j.to.Generator.Tokenizer()
	if tok == nil {
		return nil, errors.New("the model has no tokenizer")
	}
	if j.prompt.Tokens != nil {
		text, err := tok.DecodeContext(r.x.ctx, j.prompt.Tokens, true)
		if err != nil {
			return nil, err
		}
		c.Text = text
	} else {
		c.Text = j.prompt.Text
	}
	if r.logProbs < 0 && !r.nothing {
		return c, nil
	}
	opts := &generate.Options{Function: j.opts.Function, Adapters: j.opts.Adapters, LogProbs: max(r.logProbs, 0)}
	var s *generate.Score
	var err error
	if j.prompt.Tokens != nil {
		s, err = j.to.Generator.ScoreTokens(r.x.ctx, j.prompt.Tokens, opts)
	} else {
		s, err = j.to.Generator.Score(r.x.ctx, j.prompt.Text, opts)
	}
	if err != nil {
		return nil, j.explain(err)
	}
	if r.nothing {
		used.prompt += len(s.Tokens)
		r.x.stats.PromptTokens += len(s.Tokens)
	}
	if c.LogProbs != nil {
		c.LogProbs.prompt(s, c.Text, newTokenTexts(tok), r.logProbs)
	}
	return c, nil
}

// stream writes the reply of a request with stream.
func (r *completionReply) stream() error {
	out := r.x.openStream()
	used, err := r.streamAll(out)
	if err != nil {
		return err
	}
	if r.usage {
		last := r.reply()
		var err error
		if last.Usage, err = json.Marshal(used.reply()); err != nil {
			return err
		}
		if err := out.send("", last); err != nil {
			return err
		}
	}
	return out.sendText("", []byte("[DONE]"))
}

// streamAll writes the answers to all prompts, in their order.
func (r *completionReply) streamAll(out *eventWriter) (used usage, err error) {
	if len(r.prompts) == 1 {
		err = r.streamOne(0, &used, func(v any) error { return out.send("", v) })
		return used, err
	}
	return r.several(false, func(run *promptRun) error {
		return run.r.streamOne(run.k, &run.used, func(v any) error { return run.queue.put(run.r.x.ctx, v) })
	}, func(run *promptRun) error { return run.relay(out) })
}

// streamOne passes the events of the answers to a prompt to put.
func (r *completionReply) streamOne(k int, used *usage, put func(v any) error) error {
	one := *r.j
	one.prompt = r.prompts[k]
	head, err := r.head(&one, used)
	if err != nil {
		return err
	}
	send := func(c *completionChoice) error {
		reply := r.reply(c)
		if r.usage {
			reply.Usage = json.RawMessage("null")
		}
		return put(reply)
	}
	first := k * r.j.answers
	if r.nothing {
		head.Index, head.FinishReason = first, new(string(finishLength))
		return send(head)
	}
	begun, runes := -1, 0
	probs := r.newProbs()
	u, err := r.x.answer(&one, func(e *event) error {
		if e.answer > begun {
			begun = e.answer
			runes = utf8.RuneCountInString(head.Text)
			if r.echo {
				c := *head
				c.Index = first + e.answer
				if err := send(&c); err != nil {
					return err
				}
			}
		}
		c := &completionChoice{Index: first + e.answer, Text: e.text}
		if probs != nil {
			c.LogProbs = probs.add(nil, e, runes)
		}
		runes += utf8.RuneCountInString(e.text)
		if e.finish != finishNone {
			c.FinishReason = new(e.finish.openAI())
		}
		if c.Text == "" && c.LogProbs == nil && c.FinishReason == nil {
			return nil
		}
		return send(c)
	})
	used.add(u)
	if err != nil && len(r.prompts) > 1 {
		return fmt.Errorf("prompt %d: %w", k, err)
	}
	return err
}
