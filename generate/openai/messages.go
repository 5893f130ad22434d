package openai

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// messages answers POST /v1/messages, which is Anthropic's interface.
func (h *Handler) messages(x *exchange) error {
	x.nameForAnthropic()
	o, err := x.readObject()
	if err != nil {
		return err
	}
	j, err := x.messageJob(o)
	if err != nil {
		return err
	}
	if !o.has("max_tokens") {
		o.bad("max_tokens", "is missing: how long may the answer be?")
	}
	j.limitFields(o, 0, "max_tokens")
	stream := o.flag("stream")
	if err := o.failed(); err != nil {
		return err
	}
	if stream {
		return x.streamMessage(j)
	}
	return x.wholeMessage(j)
}

// countMessage answers POST /v1/messages/count_tokens.
func (h *Handler) countMessage(x *exchange) error {
	x.nameForAnthropic()
	o, err := x.readObject()
	if err != nil {
		return err
	}
	j, err := x.messageJob(o)
	if err != nil {
		return err
	}
	if len(j.opts.Images) > 0 {
		return unsupported("messages", "have pictures, whose tokens are known only when they have been read")
	}
	ids, err := j.promptTokens()
	if err != nil {
		return err
	}
	n := len(ids)
	x.stats.PromptTokens = n
	return x.reply(http.StatusOK, struct {
		InputTokens int `json:"input_tokens"`
	}{n})
}

// nameForAnthropic gives the reply its id by the name that Anthropic's clients look for.
func (x *exchange) nameForAnthropic() { x.w.Header().Set("Request-Id", x.id) }

// messageReply is a message, whole or as it begins.
type messageReply struct {
	ID           string         `json:"id"`
	Type         string         `json:"type"`
	Role         string         `json:"role"`
	Model        string         `json:"model"`
	Content      []messageBlock `json:"content"`
	StopReason   *string        `json:"stop_reason"`
	StopSequence *string        `json:"stop_sequence"`
	Usage        messageUsage   `json:"usage"`
}

// messageBlock is a part of an answer. Which fields are there depends on the type.
type messageBlock struct {
	Type      string          `json:"type"`
	Text      *string         `json:"text,omitempty"`
	Thinking  *string         `json:"thinking,omitempty"`
	Signature *string         `json:"signature,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
}

// messageUsage counts tokens: those of the prompt are all three numbers together.
type messageUsage struct {
	InputTokens   int `json:"input_tokens"`
	CacheCreation int `json:"cache_creation_input_tokens"`
	CacheRead     int `json:"cache_read_input_tokens"`
	OutputTokens  int `json:"output_tokens"`
}

// messageUsageOf returns the tokens of an answer in Anthropic's numbers.
func messageUsageOf(u usage) messageUsage {
	return messageUsage{InputTokens: u.prompt - u.cached, CacheRead: u.cached, OutputTokens: u.completion}
}

// newMessage returns a message without content.
func newMessage(j *job) *messageReply {
	return &messageReply{ID: newID("msg_"), Type: "message", Role: "assistant", Model: j.to.name, Content: []messageBlock{}}
}

// newBlock returns a block without content: of thinking, of a call, or of text.
func newBlock(kind string, call *tokenizer.ToolCall) messageBlock {
	b := messageBlock{Type: kind}
	switch kind {
	case blockThinking:
		// No model here signs what it thinks; clients want the field.
		b.Thinking, b.Signature = new(""), new("")
	case blockCall:
		b.ID, b.Name, b.Input = call.ID, call.Name, json.RawMessage("{}")
	default:
		b.Text = new("")
	}
	return b
}

// end notes why an answer is over.
func (m *messageReply) end(e *event) {
	reason := "end_turn"
	switch {
	case e.finish == finishCalls:
		reason = "tool_use"
	case e.finish == finishStop:
		reason, m.StopSequence = "stop_sequence", &e.stop
	case e.finish == finishLength && e.token.Finish == generate.FinishContext:
		reason = "model_context_window_exceeded"
	case e.finish == finishLength:
		reason = "max_tokens"
	}
	m.StopReason = &reason
}

// wholeMessage answers with a whole message.
func (x *exchange) wholeMessage(j *job) error {
	m := newMessage(j)
	var text strings.Builder
	b := &blockWriter{
		hideThinking: j.hideThinking,
		start: func(kind string, call *tokenizer.ToolCall) error {
			m.Content = append(m.Content, newBlock(kind, call))
			text.Reset()
			return nil
		},
		delta: func(_, piece string) error {
			text.WriteString(piece)
			return nil
		},
		stop: func(kind string) error {
			switch last, all := &m.Content[len(m.Content)-1], text.String(); kind {
			case blockThinking:
				last.Thinking = &all
			case blockCall:
				last.Input = json.RawMessage(all)
			default:
				last.Text = &all
			}
			return nil
		},
	}
	used, err := x.answer(j, func(e *event) error {
		if e.finish != finishNone {
			m.end(e)
		}
		return b.add(e)
	})
	if err != nil {
		return err
	}
	m.Usage = messageUsageOf(used)
	return x.reply(http.StatusOK, m)
}
