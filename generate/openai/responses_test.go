package openai_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

const responsesPath = "/v1/responses"

// The parts of a response that tests look at.
type (
	responseItem struct {
		ID, Type, Status, Role string
		Content                []struct {
			Type, Text string
			LogProbs   []logProb
		}
		Summary   []any
		CallID    string `json:"call_id"`
		Name      string
		Arguments string
	}
	responseReply struct {
		ID, Object, Status, Model string
		CreatedAt                 int64 `json:"created_at"`
		Output                    []responseItem
		Incomplete                *struct{ Reason string } `json:"incomplete_details"`
		Error                     *struct{ Code, Message string }
		Usage                     *struct {
			InputTokens   int                    `json:"input_tokens"`
			OutputTokens  int                    `json:"output_tokens"`
			TotalTokens   int                    `json:"total_tokens"`
			InputDetails  map[string]json.Number `json:"input_tokens_details"`
			OutputDetails map[string]json.Number `json:"output_tokens_details"`
		}
	}
	responseEvent struct {
		Type           string
		SequenceNumber int `json:"sequence_number"`
		Response       *responseReply
		OutputIndex    int    `json:"output_index"`
		ItemID         string `json:"item_id"`
		Item           *responseItem
		Delta, Text    string
		Name           string
		Arguments      string
	}
)

// responseEvents reads the events of a stream and checks what holds for all.
func responseEvents(t *testing.T, list []sseEvent) (out []responseEvent, kinds []string) {
	t.Helper()
	for k, e := range list {
		var one responseEvent
		if err := json.Unmarshal([]byte(e.data), &one); err != nil || one.Type != e.name || one.SequenceNumber != k {
			t.Fatalf("event %d is %+v (%v)", k, e, err)
		}
		out = append(out, one)
		if len(kinds) == 0 || kinds[len(kinds)-1] != one.Type { // deltas in a row are one
			kinds = append(kinds, one.Type)
		}
	}
	return out, kinds
}

func TestAResponseIsTheLibrarysAnswer(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	want := library(t, s.g, &generate.Options{MaxTokens: 20, Sampling: &generate.Sampling{}})
	for _, input := range []string{
		`"input":"Once upon a time"`,
		`"input":[{"role":"user","content":"Once upon a time"}]`,
		`"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Once upon a time"}]}]`,
	} {
		request := `{"model":"story","max_output_tokens":20,"temperature":0,` + input
		var r responseReply
		s.post(responsesPath, request+`}`, &r)
		if r.Object != "response" || r.Status != "incomplete" || r.Incomplete == nil || r.Incomplete.Reason != "max_output_tokens" || len(r.Output) != 1 || !strings.HasPrefix(r.ID, "resp_") {
			t.Fatalf("%+v", r)
		}
		if o := r.Output[0]; o.Type != "message" || o.Role != "assistant" || len(o.Content) != 1 || o.Content[0].Type != "output_text" || o.Content[0].Text != want.Text {
			t.Errorf("%+v, want %q", o, want.Text)
		}
		if u := r.Usage; u.InputTokens != want.Stats.PromptTokens || u.OutputTokens != 20 || u.TotalTokens != u.InputTokens+20 {
			t.Errorf("%+v", u)
		}
		list, kinds := responseEvents(t, s.streamed(responsesPath, request+`,"stream":true}`))
		if !slices.Equal(kinds, []string{
			"response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
			"response.output_text.done", "response.content_part.done", "response.output_item.done", "response.incomplete",
		}) {
			t.Errorf("the events are %v", kinds)
		}
		var text strings.Builder
		for _, e := range list {
			text.WriteString(e.Delta)
		}
		last := list[len(list)-1].Response
		if text.String() != want.Text || last.Output[0].Content[0].Text != want.Text || last.Usage.OutputTokens != 20 || list[0].Response.Status != "in_progress" || list[0].Response.Usage != nil {
			t.Errorf("the stream is %q, %+v, want %q", text.String(), last, want.Text)
		}
	}
	s.held()
}

func TestAResponseWithThinkingAndACall(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	const tools = `"tools":[{"type":"function","name":"weather","parameters":{"type":"object","properties":{"town":{"enum":["Rome","Oslo"]},"days":{"type":"integer","minimum":1,"maximum":3}},"required":["town","days"],"additionalProperties":false},"strict":true}]`
	request := `{"model":"story","max_output_tokens":200,"temperature":0,"reasoning":{"effort":"high"},"reasoning_budget":5,"tool_choice":{"type":"function","name":"weather"},` + tools + `,"input":"Once upon a time"`
	var r responseReply
	s.post(responsesPath, request+`}`, &r)
	if r.Status != "completed" || len(r.Output) != 2 || r.Output[0].Type != "reasoning" || r.Output[0].Content[0].Type != "reasoning_text" || r.Output[0].Content[0].Text == "" || r.Output[0].Summary == nil {
		t.Fatalf("%+v", r)
	}
	call := r.Output[1]
	if call.Type != "function_call" || call.Status != "completed" || call.CallID == "" {
		t.Errorf("%+v", call)
	}
	checkCall(t, call.Name, call.Arguments)
	list, kinds := responseEvents(t, s.streamed(responsesPath, request+`,"stream":true}`))
	if !slices.Equal(kinds, []string{
		"response.created", "response.in_progress",
		"response.output_item.added", "response.content_part.added", "response.reasoning_text.delta", "response.reasoning_text.done", "response.content_part.done", "response.output_item.done",
		"response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done", "response.output_item.done",
		"response.completed",
	}) {
		t.Errorf("the events are %v", kinds)
	}
	for _, e := range list {
		if e.Type == "response.function_call_arguments.done" && (e.Arguments != call.Arguments || e.Name != "weather" || e.OutputIndex != 1) {
			t.Errorf("%+v", e)
		}
	}
}

// Items become the messages that the template is given.
func TestItemsAreMessages(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	const items = `"instructions":"Be kind.","input":[
		{"role":"user","content":"Hi"},
		{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"Hm."}]},
		{"type":"message","role":"assistant","id":"msg_1","status":"completed","content":[{"type":"output_text","text":"Let me look.","annotations":[]}]},
		{"type":"function_call","id":"fc_1","call_id":"call00001","name":"weather","arguments":"{\"town\": \"Rome\"}"},
		{"type":"function_call_output","call_id":"call00001","output":"Sun"},
		{"role":"developer","content":[{"type":"input_text","text":"Be short."}]},
		{"role":"user","content":"So?"}]`
	const want = `<|story|>system: Be kind.<|story|>user: Hi<|story|>assistant: Let me look.<tool_call>` + "\n" + `{"name": "weather", "arguments": {"town": "Rome"}}` + "\n" +
		`</tool_call><|story|>tool: Sun<|story|>system: Be short.<|story|>user: So?<|story|>`
	ids, err := s.g.Tokenizer().Encode(want, false)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := generate.Collect(s.g.StreamTokens(t.Context(), ids, &generate.Options{MaxTokens: 9, Sampling: &generate.Sampling{}}))
	if err != nil {
		t.Fatal(err)
	}
	var r responseReply
	s.post(responsesPath, `{"model":"story","max_output_tokens":9,"temperature":0,`+items+`}`, &r)
	if r.Usage.InputTokens != len(ids) || r.Output[0].Content[0].Text != answer.Text {
		t.Errorf("%d tokens, want %d; %q, want %q", r.Usage.InputTokens, len(ids), r.Output[0].Content[0].Text, answer.Text)
	}
}

func TestAResponseWithAForm(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	var r responseReply
	s.post(responsesPath, `{"model":"story","max_output_tokens":60,"temperature":0,"input":"Once","include":["message.output_text.logprobs"],"top_logprobs":2,
		"text":{"format":{"type":"json_schema","name":"answer","strict":true,"schema":{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"],"additionalProperties":false}}}}`, &r)
	part := r.Output[0].Content[0]
	var value struct{ OK *bool }
	if err := json.Unmarshal([]byte(part.Text), &value); err != nil || value.OK == nil || r.Status != "completed" {
		t.Errorf("%+v (%v)", r, err)
	}
	if len(part.LogProbs) == 0 || len(part.LogProbs[0].TopLogProbs) != 2 {
		t.Errorf("%+v", part.LogProbs)
	}
}

func TestAResponseThatFails(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	rest := cutShort(s, responsesPath, `{"model":"story","max_output_tokens":100000000,"ignore_eos":true,"overflow":"slide","temperature":0,"stream":true,"input":"Once"}`)
	list, _ := responseEvents(t, events(t, strings.NewReader("event: response.created\n"+rest)))
	last := list[len(list)-1]
	if last.Type != "response.failed" || last.Response.Status != "failed" || last.Response.Error.Code != "shutting_down" || last.Response.Output[0].Status != "incomplete" {
		t.Errorf("%+v", last)
	}
}
