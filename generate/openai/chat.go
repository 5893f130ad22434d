package openai

import (
	"net/http"
	"time"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// chatCompletions answers POST /v1/chat/completions.
func (h *Handler) chatCompletions(x *exchange) error {
	o, err := x.readObject()
	if err != nil {
		return err
	}
	j, err := x.chatJob(o)
	if err != nil {
		return err
	}
	r := &chatReply{x: x, j: j, id: newID("chatcmpl-"), created: time.Now().Unix()}
	stream := o.flag("stream")
	r.usage = o.wantsUsage()
	if err := o.failed(); err != nil {
		return err
	}
	if stream {
		return r.stream()
	}
	return r.whole()
}

// chatJob parses a request of chat completions.
func (x *exchange) chatJob(o *object) (*job, error) {
	j, err := x.newJob(o)
	if err != nil {
		return nil, err
	}
	refuseCommon(o)
	o.refuse("is served by /v1/completions alone", "echo", "best_of")
	o.refuse("sounds are not served", "audio")
	o.refuse("there is no search of the web", "web_search_options")
	for _, kind := range o.texts("modalities", maxListed) {
		if kind != "text" {
			o.fail(unsupported("modalities", "has %s, want text alone", shown(kind)))
		}
	}
	j.sampleFields(o)
	j.endFields(o)
	j.limitFields(o, j.chatLimit(), "max_completion_tokens", "max_tokens")
	j.answersField(o)
	j.chatLogProbs(o)
	j.grammarFields(o)
	j.toolFields(o)
	j.templateFields(o)
	j.messageFields(o)
	return j, o.failed()
}

// chatLogProbs reads the log-probabilities that are wanted.
func (j *job) chatLogProbs(o *object) {
	n, given := o.integer("top_logprobs", 0, generate.MaxLogProbs)
	switch {
	case o.flag("logprobs"):
		j.opts.LogProbs = -1
		if n > 0 {
			j.opts.LogProbs = n
		}
	case given && n > 0:
		o.bad("top_logprobs", "needs logprobs to be true")
	}
}

// The parts of a reply.
type (
	chatCompletion struct {
		ID      string        `json:"id"`
		Object  string        `json:"object"`
		Created int64         `json:"created"`
		Model   string        `json:"model"`
		Choices []*chatChoice `json:"choices"`
		Usage   *usageReply   `json:"usage"`
	}
	chatChoice struct {
		Index        int           `json:"index"`
		Message      chatMessage   `json:"message"`
		LogProbs     *chatLogProbs `json:"logprobs"`
		FinishReason string        `json:"finish_reason"`
	}
	chatMessage struct {
		Role      string         `json:"role"`
		Content   *string        `json:"content"`
		Refusal   *string        `json:"refusal"`
		Reasoning string         `json:"reasoning_content,omitempty"`
		ToolCalls []chatToolCall `json:"tool_calls,omitempty"`
	}
	chatToolCall struct {
		Index    *int             `json:"index,omitempty"` // in streams alone
		ID       string           `json:"id"`
		Type     string           `json:"type"`
		Function chatFunctionCall `json:"function"`
	}
	chatFunctionCall struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	}
)

// usageReply counts tokens as OpenAI's interface does.
type usageReply struct {
	PromptTokens     int               `json:"prompt_tokens"`
	CompletionTokens int               `json:"completion_tokens"`
	TotalTokens      int               `json:"total_tokens"`
	Prompt           promptDetails     `json:"prompt_tokens_details"`
	Completion       completionDetails `json:"completion_tokens_details"`
}

type promptDetails struct {
	CachedTokens int `json:"cached_tokens"`
}

type completionDetails struct {
	ReasoningTokens int `json:"reasoning_tokens"`
}

// reply returns the counts as chat completions and completions write them.
func (u usage) reply() *usageReply {
	return &usageReply{
		u.prompt, u.completion, u.prompt + u.completion,
		promptDetails{u.cached},
		completionDetails{u.reasoning},
	}
}

// toolCall returns a call as the interface writes it.
func toolCall(c tokenizer.ToolCall) chatToolCall {
	arguments := string(c.Arguments)
	if arguments == "" {
		arguments = "{}"
	}
	return chatToolCall{ID: c.ID, Type: "function", Function: chatFunctionCall{c.Name, arguments}}
}

// chatReply writes the answers of a job as chat completions.
type chatReply struct {
	x       *exchange
	j       *job
	id      string
	created int64
	usage   bool // a stream ends with the counts
}

// whole writes the reply of a request without stream.
func (r *chatReply) whole() error {
	reply := &chatCompletion{ID: r.id, Object: "chat.completion", Created: r.created, Model: r.j.to.name}
	answers := make([]answerText, r.j.answers)
	probs := r.j.newLogProbs()
	for k := range answers {
		reply.Choices = append(reply.Choices, &chatChoice{Index: k, Message: chatMessage{Role: "assistant"}})
	}
	used, err := r.x.answer(r.j, func(e *event) error {
		c := reply.Choices[e.answer]
		answers[e.answer].add(e)
		for _, call := range e.calls {
			c.Message.ToolCalls = append(c.Message.ToolCalls, toolCall(call))
		}
		if probs != nil {
			c.LogProbs = c.LogProbs.join(probs.of(e))
		}
		c.FinishReason = e.finish.openAI()
		return nil
	})
	if err != nil {
		return err
	}
	for k, c := range reply.Choices {
		c.Message.Reasoning = answers[k].reasoning.String()
		if text := answers[k].text.String(); text != "" || len(c.Message.ToolCalls) == 0 {
			c.Message.Content = &text
		}
	}
	reply.Usage = used.reply()
	return r.x.reply(http.StatusOK, reply)
}
