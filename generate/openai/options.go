package openai

import (
	"math"
	"net/http"

	"github.com/gocoreml/coreml/generate"
)

const (
	// maxStops bounds the stop strings, and maxStop the length of each in bytes: every token is
	// compared with all of them.
	maxStops = 64
	maxStop  = 1024
	// maxLimit is the greatest number of tokens that can be asked for.
	maxLimit = math.MaxInt32
)

// newJob begins a job with what all interfaces have in common: the model and the session.
func (x *exchange) newJob(o *object) (*job, error) {
	name, adapter, function := o.text("model"), o.text("adapter"), o.text("function")
	if err := o.failed(); err != nil {
		return nil, err
	}
	to, err := x.find(name)
	if err != nil {
		return nil, err
	}
	if bad := to.selectBy(adapter, function); bad != nil {
		return nil, bad
	}
	if to.Generator == nil {
		return nil, badField("model", "%s gives vectors and writes no text", shown(to.name))
	}
	session, err := x.sessionOf()
	if err != nil {
		return nil, err
	}
	return &job{
		x: x, to: to, answers: 1, session: session,
		opts: generate.Options{Function: to.function, Adapters: to.adapters},
	}, nil
}

// find returns the model that a request names.
func (x *exchange) find(name string) (*target, error) {
	to, err := x.h.models.find(name)
	if err != nil {
		if loading, _ := x.h.state(); loading {
			return nil, &apiError{status: http.StatusServiceUnavailable, code: "loading", message: "models are being loaded", retryAfter: 1, cause: err}
		}
		return nil, err
	}
	x.stats.Model = to.name
	return to, nil
}

// sampleFields reads how tokens are chosen, by the names that all interfaces share.
func (j *job) sampleFields(o *object) {
	j.opts.Sampling = o.sampling(j.to.Generator)
	if n, ok := o.integer("priority", -1000, 1000); ok {
		j.opts.Priority = n
	}
	scale, ok := o.number("guidance_scale")
	negative := o.text("negative_prompt")
	switch {
	case ok && scale != 1:
		j.opts.Guidance = &generate.Guidance{Scale: scale}
		if negative != "" {
			j.opts.Guidance.Negative = &generate.Prompt{Text: negative}
		}
	case negative != "":
		o.bad("negative_prompt", "needs a guidance_scale, such as 1.5")
	}
}

// endFields reads when the answer ends, but for the limit of tokens.
func (j *job) endFields(o *object) {
	j.opts.Stop = o.texts("stop", maxStops)
	for _, s := range j.opts.Stop {
		if len(s) > maxStop {
			o.bad("stop", "has a text of %d bytes, want %d at most", len(s), maxStop)
		}
	}
	for _, name := range []string{"stop_token_ids", "end_tokens"} {
		if o.has(name) {
			j.opts.EndTokens = o.ids(name, maxListed)
		}
	}
	for _, name := range []string{"ignore_eos", "ignore_end"} {
		j.opts.IgnoreEnd = o.flag(name) || j.opts.IgnoreEnd
	}
	switch overflow := o.text("overflow"); overflow {
	case "", "error":
	case "slide":
		j.opts.Overflow = generate.OverflowSlide
	case "drop-turns", "drop_turns":
		j.opts.Overflow = generate.OverflowDropTurns
	default:
		o.bad("overflow", "is %s, want error, drop-turns or slide", shown(overflow))
	}
}

// limitFields reads the limit of tokens from the first of the names that is there; def is that
// of a request without any.
func (j *job) limitFields(o *object, def int, names ...string) {
	j.opts.MaxTokens = def
	for _, name := range names {
		n, ok := o.integer(name, -1, maxLimit)
		if !ok {
			continue
		}
		if n == 0 {
			o.bad(name, "is 0, want 1 or more, or -1 for as many as the context holds")
		}
		j.opts.MaxTokens = n
		return
	}
}

// chatLimit is the limit of an answer to messages without one of the request: the model's own,
// or what the context holds.
func (j *job) chatLimit() int {
	if j.to.Generator.Defaults().MaxTokens > 0 {
		return 0
	}
	return -1
}

// wantsUsage reads whether a stream ends with the counts of tokens.
func (o *object) wantsUsage() bool {
	options := o.object("stream_options")
	if options == nil {
		return false
	}
	defer o.join(options)
	return options.flag("include_usage")
}

// answersField reads the number of answers.
func (j *job) answersField(o *object) {
	if n, ok := o.integer("n", 1, j.x.h.config.MaxAnswers); ok {
		j.answers = n
	}
}

// refuseCommon refuses the fields of other servers that cannot be honoured.
func refuseCommon(o *object) {
	o.refuse("beam search is not served", "use_beam_search")
	o.refuse("the stop string is never part of the text", "include_stop_str_in_output")
	o.refuse("there are no processors of requests", "logits_processors")
	o.refuse("log-probabilities of the prompt come with echo and logprobs of /v1/completions", "prompt_logprobs")
	if o.has("skip_special_tokens") && !o.flag("skip_special_tokens") {
		o.fail(unsupported(o.at("skip_special_tokens"), "special tokens are never part of the text"))
	}
}
