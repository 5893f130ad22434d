package openai

import (
	"encoding/json"
	"strings"
)

// The parts of a stream of chat completions.
type (
	chatChunk struct {
		ID      string            `json:"id"`
		Object  string            `json:"object"`
		Created int64             `json:"created"`
		Model   string            `json:"model"`
		Choices []chatChunkChoice `json:"choices"`
		// Usage is null in all chunks but the last where it was asked for, else absent.
		Usage json.RawMessage `json:"usage,omitempty"`
	}
	chatChunkChoice struct {
		Index        int           `json:"index"`
		Delta        chatDelta     `json:"delta"`
		LogProbs     *chatLogProbs `json:"logprobs"`
		FinishReason *string       `json:"finish_reason"`
	}
	chatDelta struct {
		Role      string         `json:"role,omitempty"`
		Content   *string        `json:"content,omitempty"`
		Reasoning string         `json:"reasoning_content,omitempty"`
		ToolCalls []chatToolCall `json:"tool_calls,omitempty"`
	}
)

// answerText gathers the text of an answer.
type answerText struct{ text, reasoning strings.Builder }

// add adds an event.
func (a *answerText) add(e *event) {
	a.text.WriteString(e.text)
	a.reasoning.WriteString(e.reasoning)
}

// chunk returns a chunk with choices.
func (r *chatReply) chunk(choices ...chatChunkChoice) *chatChunk {
	c := &chatChunk{ID: r.id, Object: "chat.completion.chunk", Created: r.created, Model: r.j.to.name, Choices: choices}
	if c.Choices == nil {
		c.Choices = []chatChunkChoice{}
	}
	if r.usage {
		c.Usage = json.RawMessage("null")
	}
	return c
}

// stream writes the reply of a request with stream.
func (r *chatReply) stream() error {
	out := r.x.openStream()
	probs := r.j.newLogProbs()
	begun, calls := -1, 0
	used, err := r.x.answer(r.j, func(e *event) error {
		if e.answer > begun {
			// The role comes with the first token: until then an error can have a status.
			begun, calls = e.answer, 0
			empty := ""
			if err := out.send("", r.chunk(chatChunkChoice{Index: e.answer, Delta: chatDelta{Role: "assistant", Content: &empty}})); err != nil {
				return err
			}
		}
		if e.isEmpty() && probs == nil {
			return nil
		}
		c := chatChunkChoice{Index: e.answer, Delta: chatDelta{Reasoning: e.reasoning}}
		if e.text != "" {
			c.Delta.Content = &e.text
		}
		for _, call := range e.calls {
			one := toolCall(call)
			one.Index = new(calls)
			calls++
			c.Delta.ToolCalls = append(c.Delta.ToolCalls, one)
		}
		if probs != nil {
			c.LogProbs = probs.of(e)
		}
		return r.send(out, c, e.finish)
	})
	if err != nil {
		return err
	}
	if r.usage {
		last := r.chunk()
		if last.Usage, err = json.Marshal(used.reply()); err != nil {
			return err
		}
		if err := out.send("", last); err != nil {
			return err
		}
	}
	return out.sendText("", []byte("[DONE]"))
}

// send writes a choice. The reason for which an answer ended comes by itself: clients look
// for it in a chunk without text.
func (r *chatReply) send(out *eventWriter, c chatChunkChoice, finish finishReason) error {
	if !c.isEmpty() {
		if err := out.send("", r.chunk(c)); err != nil {
			return err
		}
	}
	if finish == finishNone {
		return nil
	}
	reason := finish.openAI()
	return out.send("", r.chunk(chatChunkChoice{Index: c.Index, FinishReason: &reason}))
}

// isEmpty reports whether a choice tells nothing.
func (c *chatChunkChoice) isEmpty() bool {
	return c.Delta.Content == nil && c.Delta.Reasoning == "" && len(c.Delta.ToolCalls) == 0 && c.LogProbs == nil
}
