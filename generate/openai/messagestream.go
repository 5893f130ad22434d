package openai

import "github.com/gocoreml/coreml/tokenizer"

// The events of a streamed message.
type (
	messageStart struct {
		Type    string        `json:"type"`
		Message *messageReply `json:"message"`
	}
	blockStart struct {
		Type  string       `json:"type"`
		Index int          `json:"index"`
		Block messageBlock `json:"content_block"`
	}
	blockDelta struct {
		Type  string     `json:"type"`
		Index int        `json:"index"`
		Delta blockPiece `json:"delta"`
	}
	blockPiece struct {
		Type        string  `json:"type"`
		Text        *string `json:"text,omitempty"`
		Thinking    *string `json:"thinking,omitempty"`
		PartialJSON *string `json:"partial_json,omitempty"`
	}
	blockStop struct {
		Type  string `json:"type"`
		Index int    `json:"index"`
	}
	messageDelta struct {
		Type  string       `json:"type"`
		Delta messageEnd   `json:"delta"`
		Usage messageUsage `json:"usage"`
	}
	messageEnd struct {
		StopReason   *string `json:"stop_reason"`
		StopSequence *string `json:"stop_sequence"`
	}
	typeOnly struct {
		Type string `json:"type"`
	}
)

// streamMessage answers with the events of a message. The first one comes with the first
// token, so that a request that is refused until then has a status that says so.
func (x *exchange) streamMessage(j *job) error {
	s := &messageStream{events: x.openStream(), message: newMessage(j)}
	s.blocks = blockWriter{hideThinking: j.hideThinking, start: s.start, delta: s.delta, stop: s.stop}
	used, err := x.answer(j, s.add)
	if err != nil {
		return err
	}
	end := messageEnd{s.message.StopReason, s.message.StopSequence}
	if err := s.events.send("message_delta", messageDelta{"message_delta", end, messageUsageOf(used)}); err != nil {
		return err
	}
	return s.events.send("message_stop", typeOnly{"message_stop"})
}

// messageStream is a message that is being written.
type messageStream struct {
	events  *eventWriter
	message *messageReply
	blocks  blockWriter
	begun   bool
	index   int
}

// add writes what became known.
func (s *messageStream) add(e *event) error {
	if !s.begun {
		s.begun = true
		s.message.Usage = messageUsageOf(usage{prompt: e.token.PromptTokens, cached: e.token.CachedTokens})
		if err := s.events.send("message_start", messageStart{"message_start", s.message}); err != nil {
			return err
		}
		if err := s.events.send("ping", typeOnly{"ping"}); err != nil {
			return err
		}
	}
	if e.finish != finishNone {
		s.message.end(e)
	}
	return s.blocks.add(e)
}

func (s *messageStream) start(kind string, call *tokenizer.ToolCall) error {
	return s.events.send("content_block_start", blockStart{"content_block_start", s.index, newBlock(kind, call)})
}

func (s *messageStream) delta(kind, piece string) error {
	var d blockPiece
	switch kind {
	case blockThinking:
		d = blockPiece{Type: "thinking_delta", Thinking: &piece}
	case blockCall:
		d = blockPiece{Type: "input_json_delta", PartialJSON: &piece}
	default:
		d = blockPiece{Type: "text_delta", Text: &piece}
	}
	return s.events.send("content_block_delta", blockDelta{"content_block_delta", s.index, d})
}

func (s *messageStream) stop(string) error {
	index := s.index
	s.index++
	return s.events.send("content_block_stop", blockStop{"content_block_stop", index})
}
