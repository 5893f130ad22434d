package openai

import (
	"encoding/json"
	"net/http"
	"time"
)

// responses answers POST /v1/responses.
func (h *Handler) responses(x *exchange) error {
	o, err := x.readObject()
	if err != nil {
		return err
	}
	j, err := x.responsesJob(o)
	if err != nil {
		return err
	}
	stream := o.flag("stream")
	if err := o.failed(); err != nil {
		return err
	}
	b := newResponse(x, j, o)
	if stream {
		return b.stream()
	}
	used, err := x.answer(j, b.add)
	if err != nil {
		return err
	}
	b.end(used)
	return x.reply(http.StatusOK, b.reply)
}

// The parts of a response.
type (
	response struct {
		ID          string          `json:"id"`
		Object      string          `json:"object"`
		CreatedAt   int64           `json:"created_at"`
		Status      string          `json:"status"`
		Error       *responseError  `json:"error"`
		Incomplete  *responseReason `json:"incomplete_details"`
		Model       string          `json:"model"`
		Output      []*responseItem `json:"output"`
		Usage       *responseUsage  `json:"usage"`
		Store       bool            `json:"store"`
		Previous    *string         `json:"previous_response_id"`
		Instruction json.RawMessage `json:"instructions"`
		MaxTokens   json.RawMessage `json:"max_output_tokens"`
		Parallel    bool            `json:"parallel_tool_calls"`
		Reasoning   json.RawMessage `json:"reasoning"`
		Temperature json.RawMessage `json:"temperature"`
		Text        json.RawMessage `json:"text"`
		ToolChoice  json.RawMessage `json:"tool_choice"`
		Tools       json.RawMessage `json:"tools"`
		TopP        json.RawMessage `json:"top_p"`
		Truncation  json.RawMessage `json:"truncation"`
		Metadata    json.RawMessage `json:"metadata"`
		User        json.RawMessage `json:"user"`
	}
	responseError struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	responseReason struct {
		Reason string `json:"reason"`
	}
	// responseItem is thinking, a message or a call: each has the fields of its own.
	responseItem struct {
		ID      string           `json:"id"`
		Type    string           `json:"type"`
		Status  string           `json:"status"`
		Role    string           `json:"role,omitempty"`
		Content *[]*responsePart `json:"content,omitempty"`
		Summary *[]struct{}      `json:"summary,omitempty"`
		// Of a call.
		CallID    string  `json:"call_id,omitempty"`
		Name      string  `json:"name,omitempty"`
		Arguments *string `json:"arguments,omitempty"`
	}
	responsePart struct {
		Type        string         `json:"type"`
		Text        string         `json:"text"`
		Annotations *[]struct{}    `json:"annotations,omitempty"`
		LogProbs    *[]chatLogProb `json:"logprobs,omitempty"`
	}
	responseUsage struct {
		Input         int               `json:"input_tokens"`
		InputDetails  promptDetails     `json:"input_tokens_details"`
		Output        int               `json:"output_tokens"`
		OutputDetails completionDetails `json:"output_tokens_details"`
		Total         int               `json:"total_tokens"`
	}
)

// The states of a response and of its items.
const (
	inProgress = "in_progress"
	completed  = "completed"
	incomplete = "incomplete"
	failed     = "failed"
)

// responseBuilder makes a response of the events of an answer, and the events of the response
// where there is somebody to be told.
type responseBuilder struct {
	x     *exchange
	j     *job
	reply *response
	probs *chatProbs // nil for none
	item  *responseItem
	limit bool // the limit of tokens ended the answer
	// out is nil for a reply without stream.
	out      *eventWriter
	sequence int
}

// newResponse begins a response with what the request says.
func newResponse(x *exchange, j *job, o *object) *responseBuilder {
	or := func(name, def string) json.RawMessage {
		if raw := o.raw(name); raw != nil {
			return raw
		}
		return json.RawMessage(def)
	}
	b := &responseBuilder{x: x, j: j, reply: &response{
		ID: newID("resp_"), Object: "response", CreatedAt: time.Now().Unix(), Status: inProgress, Model: j.to.name,
		Output: []*responseItem{}, Parallel: !j.oneCall, Instruction: or("instructions", "null"), MaxTokens: or("max_output_tokens", "null"),
		Reasoning: or("reasoning", `{"effort":null,"summary":null}`), Temperature: or("temperature", "null"),
		Text: or("text", `{"format":{"type":"text"}}`), ToolChoice: or("tool_choice", `"auto"`), Tools: or("tools", "[]"),
		TopP: or("top_p", "null"), Truncation: or("truncation", `"disabled"`), Metadata: or("metadata", "{}"), User: or("user", "null"),
	}}
	b.probs = j.newLogProbs()
	return b
}

// add takes in an event of the answer.
func (b *responseBuilder) add(e *event) error {
	if b.out != nil && b.sequence == 0 {
		if err := b.begin(); err != nil {
			return err
		}
	}
	if e.reasoning != "" {
		if err := b.text("reasoning", e.reasoning, nil); err != nil {
			return err
		}
	}
	var probs []chatLogProb
	if b.probs != nil && e.reasoning == "" {
		if p := b.probs.of(e); p != nil {
			probs = p.Content
		}
	}
	if e.text != "" || len(probs) > 0 {
		if err := b.text("message", e.text, probs); err != nil {
			return err
		}
	}
	for _, c := range e.calls {
		call := toolCall(c)
		if err := b.call(call.ID, call.Function.Name, call.Function.Arguments); err != nil {
			return err
		}
	}
	if e.finish == finishNone {
		return nil
	}
	b.limit = e.finish == finishLength
	if b.item == nil && len(b.reply.Output) == 0 { // an answer without a word is one all the same
		if err := b.text("message", "", nil); err != nil {
			return err
		}
	}
	return b.close(completed)
}

// text adds text to the item under way, or to a new one where that is of another kind.
func (b *responseBuilder) text(kind, text string, probs []chatLogProb) error {
	if b.item == nil || b.item.Type != kind {
		if err := b.close(completed); err != nil {
			return err
		}
		if err := b.open(kind); err != nil {
			return err
		}
	}
	part := (*b.item.Content)[0]
	part.Text += text
	d := map[string]any{"item_id": b.item.ID, "output_index": b.index(), "content_index": 0, "delta": text}
	if kind == "reasoning" {
		return b.tell("response.reasoning_text.delta", d)
	}
	*part.LogProbs = append(*part.LogProbs, probs...)
	if d["logprobs"] = probs; probs == nil {
		d["logprobs"] = []chatLogProb{}
	}
	return b.tell("response.output_text.delta", d)
}

// open begins an item with a text.
func (b *responseBuilder) open(kind string) error {
	part := &responsePart{Type: "output_text", Annotations: &[]struct{}{}, LogProbs: &[]chatLogProb{}}
	item := &responseItem{ID: newID("msg_"), Type: kind, Status: inProgress, Role: "assistant", Content: &[]*responsePart{}}
	if kind == "reasoning" {
		part = &responsePart{Type: "reasoning_text"}
		item = &responseItem{ID: newID("rs_"), Type: kind, Status: inProgress, Content: &[]*responsePart{}, Summary: &[]struct{}{}}
	}
	b.item = item
	b.reply.Output = append(b.reply.Output, item)
	if err := b.tell("response.output_item.added", map[string]any{"output_index": b.index(), "item": item}); err != nil {
		return err
	}
	*item.Content = append(*item.Content, part)
	return b.tell("response.content_part.added", map[string]any{"item_id": item.ID, "output_index": b.index(), "content_index": 0, "part": part})
}

// index returns the place of the item under way.
func (b *responseBuilder) index() int { return len(b.reply.Output) - 1 }

// close ends the item under way, if there is one.
func (b *responseBuilder) close(status string) error {
	item := b.item
	if item == nil {
		return nil
	}
	b.item, item.Status = nil, status
	part := (*item.Content)[0]
	place := func(more map[string]any) map[string]any {
		more["item_id"], more["output_index"], more["content_index"] = item.ID, b.index(), 0
		return more
	}
	var err error
	if item.Type == "reasoning" {
		err = b.tell("response.reasoning_text.done", place(map[string]any{"text": part.Text}))
	} else {
		err = b.tell("response.output_text.done", place(map[string]any{"text": part.Text, "logprobs": part.LogProbs}))
	}
	if err != nil {
		return err
	}
	if err := b.tell("response.content_part.done", place(map[string]any{"part": part})); err != nil {
		return err
	}
	return b.tell("response.output_item.done", map[string]any{"output_index": b.index(), "item": item})
}

// call adds a call of a function.
func (b *responseBuilder) call(id, name, arguments string) error {
	if err := b.close(completed); err != nil {
		return err
	}
	item := &responseItem{ID: newID("fc_"), Type: "function_call", Status: inProgress, CallID: id, Name: name, Arguments: new("")}
	b.reply.Output = append(b.reply.Output, item)
	at := map[string]any{"output_index": b.index(), "item": item}
	if err := b.tell("response.output_item.added", at); err != nil {
		return err
	}
	if err := b.tell("response.function_call_arguments.delta", map[string]any{"item_id": item.ID, "output_index": b.index(), "delta": arguments}); err != nil {
		return err
	}
	item.Arguments, item.Status = &arguments, completed
	if err := b.tell("response.function_call_arguments.done", map[string]any{
		"item_id": item.ID, "output_index": b.index(), "name": name, "arguments": arguments,
	}); err != nil {
		return err
	}
	return b.tell("response.output_item.done", at)
}

// end completes the response.
func (b *responseBuilder) end(u usage) {
	b.reply.Status = completed
	if b.limit {
		b.reply.Status, b.reply.Incomplete = incomplete, &responseReason{"max_output_tokens"}
		if n := len(b.reply.Output); n > 0 {
			b.reply.Output[n-1].Status = incomplete
		}
	}
	b.reply.Usage = &responseUsage{u.prompt, promptDetails{u.cached}, u.completion, completionDetails{u.reasoning}, u.prompt + u.completion}
}
