package openai_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
	"github.com/gocoreml/coreml/tokenizer"
)

// The parts of chat completions that tests look at.
type (
	toolCall struct {
		Index    *int
		ID, Type string
		Function struct{ Name, Arguments string }
	}
	message struct {
		Role             string
		Content          *string
		ReasoningContent string     `json:"reasoning_content"`
		ToolCalls        []toolCall `json:"tool_calls"`
	}
	logProb struct {
		Token       string
		LogProb     float64
		Bytes       []int
		TopLogProbs []logProb `json:"top_logprobs"`
	}
	choice struct {
		Index          int
		Message, Delta message
		LogProbs       *struct{ Content []logProb }
		FinishReason   *string `json:"finish_reason"`
	}
	usage struct {
		PromptTokens     int                    `json:"prompt_tokens"`
		CompletionTokens int                    `json:"completion_tokens"`
		TotalTokens      int                    `json:"total_tokens"`
		Prompt           map[string]json.Number `json:"prompt_tokens_details"`
		Completion       map[string]json.Number `json:"completion_tokens_details"`
	}
	chatReply struct {
		ID, Object, Model string
		Created           int64
		Choices           []choice
		Usage             *usage
	}
)

const chatPath = "/v1/chat/completions"

const hello = `"messages":[{"role":"user","content":"Once upon a time"}]`

// library answers as the library does.
func library(t *testing.T, g *generate.Generator, opts *generate.Options) *generate.Result {
	t.Helper()
	r, err := generate.Collect(g.Chat(t.Context(), []tokenizer.Message{{Role: "user", Content: "Once upon a time"}}, opts))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAChatIsAnsweredAsByTheLibrary(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	want := library(t, s.g, &generate.Options{MaxTokens: 30, Sampling: &generate.Sampling{}})
	var r chatReply
	s.post(chatPath, `{"model":"story","max_tokens":30,"temperature":0,`+hello+`}`, &r)
	c := r.Choices[0]
	if len(r.Choices) != 1 || c.Message.Content == nil || *c.Message.Content != want.Text || c.Message.Role != "assistant" || *c.FinishReason != "length" {
		t.Errorf("got %+v, want %q", r, want.Text)
	}
	if u := r.Usage; u.PromptTokens != want.Stats.PromptTokens || u.CompletionTokens != 30 || u.TotalTokens != u.PromptTokens+30 {
		t.Errorf("usage %+v, want %+v", u, want.Stats)
	}
	if r.Object != "chat.completion" || r.Model != "story" || !strings.HasPrefix(r.ID, "chatcmpl-") || r.Created == 0 {
		t.Errorf("the reply is %+v", r)
	}
	if m := s.records.next(); m.Status != 200 || m.Model != "story" || m.Route != chatPath || m.Tokens != 30 || len(m.TokenGaps) != 29 || m.FirstToken <= 0 {
		t.Errorf("measured %+v", m)
	}
	s.held()
}

// chunks reads the events of a stream of chat completions, which ends as it should.
func chunks(t *testing.T, list []sseEvent) []chatReply {
	t.Helper()
	if len(list) == 0 || list[len(list)-1].data != "[DONE]" {
		t.Fatalf("the stream ends with %v", list)
	}
	var out []chatReply
	for _, e := range list[:len(list)-1] {
		var c chatReply
		if err := json.Unmarshal([]byte(e.data), &c); err != nil || e.name != "" || c.Object != "chat.completion.chunk" {
			t.Fatalf("%v: %v", e, err)
		}
		out = append(out, c)
	}
	return out
}

func TestAStreamHasARoleATextAReasonAndTheUsage(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	want := library(t, s.g, &generate.Options{MaxTokens: 20, Sampling: &generate.Sampling{}})
	list := chunks(t, s.streamed(chatPath, `{"model":"story","max_tokens":20,"temperature":0,"stream":true,"stream_options":{"include_usage":true},`+hello+`}`))
	if d := list[0].Choices[0].Delta; d.Role != "assistant" || list[0].Usage != nil {
		t.Errorf("the first chunk is %+v", list[0])
	}
	last, reason := list[len(list)-1], list[len(list)-2]
	if len(last.Choices) != 0 || last.Usage == nil || last.Usage.CompletionTokens != 20 || last.Usage.PromptTokens != want.Stats.PromptTokens {
		t.Errorf("the last chunk is %+v", last)
	}
	if c := reason.Choices[0]; c.FinishReason == nil || *c.FinishReason != "length" || c.Delta.Content != nil {
		t.Errorf("the chunk before is %+v", c)
	}
	var text strings.Builder
	for _, c := range list[:len(list)-2] {
		if c.Choices[0].FinishReason != nil || c.ID != list[0].ID {
			t.Errorf("a chunk is %+v", c)
		}
		if d := c.Choices[0].Delta; d.Content != nil {
			text.WriteString(*d.Content)
		}
	}
	if text.String() != want.Text {
		t.Errorf("got %q, want %q", text.String(), want.Text)
	}
	s.held()
}
