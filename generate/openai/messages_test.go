package openai_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

const (
	messagesPath = "/v1/messages"
	countPath    = "/v1/messages/count_tokens"
)

// The parts of Anthropic's interface that tests look at.
type (
	messageBlock struct {
		Type, Text, Thinking, ID, Name string
		Signature                      *string
		Input                          json.RawMessage
	}
	messageUsage struct {
		Input    int `json:"input_tokens"`
		Output   int `json:"output_tokens"`
		Creation int `json:"cache_creation_input_tokens"`
		Read     int `json:"cache_read_input_tokens"`
	}
	messageReply struct {
		ID, Type, Role, Model string
		Content               []messageBlock
		StopReason            string  `json:"stop_reason"`
		StopSequence          *string `json:"stop_sequence"`
		Usage                 messageUsage
	}
	messageEvent struct {
		Type         string
		Index        int
		Message      *messageReply
		ContentBlock messageBlock `json:"content_block"`
		Delta        struct {
			Type, Text, Thinking string
			PartialJSON          string  `json:"partial_json"`
			StopReason           string  `json:"stop_reason"`
			StopSequence         *string `json:"stop_sequence"`
		}
		Usage messageUsage
	}
)

// prompt is the number of tokens of the prompt.
func (u messageUsage) prompt() int { return u.Input + u.Creation + u.Read }

const weatherTool = `"tools":[{"name":"weather","description":"Tells it.","input_schema":{"type":"object","properties":{"city":{"enum":["Oslo","Seville"]}},"required":["city"],"additionalProperties":false}}]`

func TestAMessageIsAnsweredAsByTheLibrary(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	want := library(t, s.g, &generate.Options{MaxTokens: 30, Sampling: &generate.Sampling{}})
	var r messageReply
	s.post(messagesPath, `{"model":"story","max_tokens":30,"temperature":0,`+hello+`}`, &r, "X-Request-Id", "mine")
	if len(r.Content) != 1 || r.Content[0].Type != "text" || r.Content[0].Text != want.Text {
		t.Errorf("the content is %+v, want %q", r.Content, want.Text)
	}
	if r.Type != "message" || r.Role != "assistant" || r.Model != "story" || r.StopReason != "max_tokens" || r.StopSequence != nil || !strings.HasPrefix(r.ID, "msg_") {
		t.Errorf("the reply is %+v", r)
	}
	if r.Usage.prompt() != want.Stats.PromptTokens || r.Usage.Output != 30 {
		t.Errorf("usage %+v, want %+v", r.Usage, want.Stats)
	}
	if m := s.records.next(); m.Status != 200 || m.Model != "story" || m.Route != messagesPath || m.Tokens != 30 {
		t.Errorf("measured %+v", m)
	}
	s.held()
}

// messageEvents reads the events of a streamed message, each of which has its type as name.
func messageEvents(t *testing.T, list []sseEvent) (out []messageEvent) {
	t.Helper()
	for _, e := range list {
		var m messageEvent
		if err := json.Unmarshal([]byte(e.data), &m); err != nil || m.Type != e.name {
			t.Fatalf("%+v: %v", e, err)
		}
		out = append(out, m)
	}
	return out
}

// outline is the order of events: deltas of one block are one.
func outline(list []messageEvent) (out []string) {
	for _, e := range list {
		name := strings.TrimPrefix(e.Type, "content_")
		switch e.Type {
		case "content_block_start":
			name = "start " + strconv.Itoa(e.Index) + " " + e.ContentBlock.Type
		case "content_block_delta":
			name = e.Delta.Type
		case "content_block_stop":
			name = "stop " + strconv.Itoa(e.Index)
		}
		if len(out) == 0 || out[len(out)-1] != name || e.Type != "content_block_delta" {
			out = append(out, name)
		}
	}
	return out
}

func TestAStreamedMessageIsInOrder(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	want := library(t, s.g, &generate.Options{MaxTokens: 20, Sampling: &generate.Sampling{}})
	list := messageEvents(t, s.streamed(messagesPath, `{"model":"story","max_tokens":20,"temperature":0,"stream":true,`+hello+`}`))
	wanted := []string{"message_start", "ping", "start 0 text", "text_delta", "stop 0", "message_delta", "message_stop"}
	if diff := cmp.Diff(wanted, outline(list)); diff != "" {
		t.Fatal(diff)
	}
	var text strings.Builder
	for _, e := range list {
		text.WriteString(e.Delta.Text)
	}
	start, end := list[0].Message, list[len(list)-2]
	if text.String() != want.Text || end.Delta.StopReason != "max_tokens" || end.Usage.Output != 20 || end.Usage.prompt() != want.Stats.PromptTokens {
		t.Errorf("got %q and %+v, want %q", text.String(), end, want.Text)
	}
	if start.Role != "assistant" || start.StopReason != "" || len(start.Content) != 0 || start.Usage.prompt() != want.Stats.PromptTokens || start.Usage.Output != 0 {
		t.Errorf("it begins with %+v", start)
	}
	s.held()

	// What is read again is known at once, too.
	s = serve(t, openai.Config{}, generate.Config{ReuseStates: true, MaxStates: 2})
	long := `"messages":[{"role":"user","content":"` + strings.Repeat("Once upon a time there was a little girl. ", 20) + `"}]`
	for _, cached := range []bool{false, true} {
		list := messageEvents(t, s.streamed(messagesPath, `{"model":"story","max_tokens":20,"temperature":0,"stream":true,`+long+`}`))
		start, end := list[0].Message.Usage, list[len(list)-2].Usage
		if start.Input != end.Input || start.Read != end.Read || (start.Read > 0) != cached {
			t.Errorf("it begins with %+v and ends with %+v", start, end)
		}
	}
}

func TestTheStopSequenceOfAMessageIsNamed(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	text := library(t, s.g, &generate.Options{MaxTokens: 30, Sampling: &generate.Sampling{}}).Text
	word := text[12:19]
	body := `{"model":"story","max_tokens":30,"temperature":0,"stop_sequences":["never there",` + strconv.Quote(word) + `],` + hello + `}`
	var r messageReply
	s.post(messagesPath, body, &r)
	if r.StopReason != "stop_sequence" || r.StopSequence == nil || *r.StopSequence != word || r.Content[0].Text != text[:strings.Index(text, word)] {
		t.Errorf("got %+v", r)
	}
}

func TestACallInAMessage(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	for _, choice := range []string{`{"type":"any"}`, `{"type":"tool","name":"weather"}`, `{"type":"any","disable_parallel_tool_use":true}`} {
		body := `{"model":"story","max_tokens":100,"temperature":0,` + weatherTool + `,"tool_choice":` + choice + `,` + hello
		var r messageReply
		s.post(messagesPath, body+`}`, &r)
		var input struct{ City string }
		if len(r.Content) != 1 || r.Content[0].Type != "tool_use" || r.Content[0].ID == "" || r.Content[0].Name != "weather" || r.StopReason != "tool_use" ||
			json.Unmarshal(r.Content[0].Input, &input) != nil || input.City == "" {
			t.Fatalf("%s: got %+v", choice, r)
		}
		list := messageEvents(t, s.streamed(messagesPath, body+`,"stream":true}`))
		wanted := []string{"message_start", "ping", "start 0 tool_use", "input_json_delta", "stop 0", "message_delta", "message_stop"}
		if diff := cmp.Diff(wanted, outline(list)); diff != "" {
			t.Fatal(diff)
		}
		block, arguments := list[2].ContentBlock, ""
		for _, e := range list {
			arguments += e.Delta.PartialJSON
		}
		if block.Name != "weather" || string(block.Input) != "{}" || strings.ReplaceAll(arguments, " ", "") != string(r.Content[0].Input) {
			t.Errorf("%s: the stream has %+v with %s, want %s", choice, block, arguments, r.Content[0].Input)
		}
	}
	var r messageReply
	s.post(messagesPath, `{"model":"story","max_tokens":10,`+weatherTool+`,"tool_choice":{"type":"none"},`+hello+`}`, &r)
	if len(r.Content) != 1 || r.Content[0].Type != "text" {
		t.Errorf("without a choice of tools: got %+v", r)
	}
}

func TestThinkingInAMessage(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	body := `{"model":"story","max_tokens":60,"temperature":0,` + hello + `,"thinking":`
	var shown, hidden, off messageReply
	s.post(messagesPath, body+`{"type":"enabled","budget_tokens":8}}`, &shown)
	if len(shown.Content) != 2 || shown.Content[0].Type != "thinking" || shown.Content[0].Thinking == "" || shown.Content[0].Signature == nil || shown.Content[1].Type != "text" {
		t.Fatalf("got %+v", shown)
	}
	s.post(messagesPath, body+`{"type":"enabled","budget_tokens":8,"display":"omitted"}}`, &hidden)
	if len(hidden.Content) != 2 || hidden.Content[0].Thinking != "" || hidden.Content[1].Text != shown.Content[1].Text {
		t.Errorf("hidden: got %+v", hidden)
	}
	s.post(messagesPath, body+`{"type":"disabled"}}`, &off)
	if len(off.Content) != 1 || off.Content[0].Type != "text" {
		t.Errorf("off: got %+v", off)
	}
	list := messageEvents(t, s.streamed(messagesPath, body+`{"type":"enabled","budget_tokens":8},"stream":true}`))
	wanted := []string{"message_start", "ping", "start 0 thinking", "thinking_delta", "stop 0", "start 1 text", "text_delta", "stop 1", "message_delta", "message_stop"}
	if diff := cmp.Diff(wanted, outline(list)); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageByASchema(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	var r messageReply
	s.post(messagesPath, `{"model":"story","max_tokens":60,"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"enum":["日本 🎉"]}}},`+hello+`}`, &r)
	if len(r.Content) != 1 || r.Content[0].Text != `"日本 🎉"` || r.StopReason != "end_turn" {
		t.Errorf("got %+v", r)
	}
}

func TestAMessageGoesOnWithAnAnswerThatHasBegun(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{Chat: nil})
	begun := `{"model":"story","max_tokens":5,"temperature":0,"messages":[{"role":"user","content":"Once upon a time"},{"role":"assistant","content":"The old"}]}`
	var went, count struct {
		messageReply
		InputTokens int `json:"input_tokens"`
	}
	s.post(messagesPath, begun, &went)
	s.post(countPath, begun, &count)
	// The prompt ends within the answer, and no new one is begun.
	ids, err := s.g.Tokenizer().Encode("<|story|>user: Once upon a time<|story|>assistant: The old", false)
	if err != nil {
		t.Fatal(err)
	}
	if went.Usage.prompt() != len(ids) || count.InputTokens != len(ids) || went.Content[0].Text == "" {
		t.Errorf("the prompt has %d tokens, %d were counted, want %d", went.Usage.prompt(), count.InputTokens, len(ids))
	}
}

func TestTokensAreCountedAsAMessageHasThem(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	for _, more := range []string{"", `,"system":"You tell stories."`, `,"system":[{"type":"text","text":"You tell stories."}]`, "," + weatherTool, `,"tool_choice":{"type":"none"},` + weatherTool, `,"thinking":{"type":"adaptive"}`} {
		var count struct {
			InputTokens int `json:"input_tokens"`
		}
		var r messageReply
		s.post(countPath, `{"model":"story",`+hello+more+`}`, &count)
		s.post(messagesPath, `{"model":"story","max_tokens":1,`+hello+more+`}`, &r)
		if count.InputTokens == 0 || count.InputTokens != r.Usage.prompt() {
			t.Errorf("%s: counted %d, want %d", more, count.InputTokens, r.Usage.prompt())
		}
	}
	s.held()
}

// anthropicFailure sends a request that is refused in Anthropic's form.
func (s *server) anthropicFailure(path, body string, headers ...string) (status int, kind, message string) {
	s.t.Helper()
	r := s.do(http.MethodPost, path, body, headers...)
	var reply struct {
		Type  string
		Error struct{ Type, Message string }
	}
	if err := json.Unmarshal(r.body, &reply); err != nil || reply.Type != "error" || reply.Error.Message == "" || r.header.Get("Request-Id") == "" && r.status != http.StatusUnauthorized {
		s.t.Fatalf("%d %s is no error of Anthropic's: %v", r.status, r.body, err)
	}
	return r.status, reply.Error.Type, reply.Error.Message
}

func TestMessagesThatAreRefused(t *testing.T) {
	s := serve(t, openai.Config{MaxBody: 4096}, generate.Config{})
	begin := `{"model":"story","max_tokens":5,`
	for _, c := range []struct {
		body string
		says string
	}{
		{`{"model":"story",` + hello + `}`, "max_tokens: is missing"},
		{`{"model":"story","max_tokens":0,` + hello + `}`, "max_tokens: is 0"},
		{begin + `"messages":[]}`, "messages: is missing or empty"},
		{begin + `"messages":"hi"}`, "messages: is a string"},
		{begin + `"messages":[{"role":"robot","content":"hi"}]}`, "messages[0].role: is \"robot\""},
		{begin + `"messages":[{"role":"user"}]}`, "messages[0].content: is missing"},
		{begin + `"messages":[{"role":"user","content":7}]}`, "messages[0].content: is a number"},
		{begin + `"messages":[{"role":"user","content":[{"type":"hologram"}]}]}`, "messages[0].content[0].type: is \"hologram\""},
		{begin + `"messages":[{"role":"user","content":[{"text":"a"}]}]}`, "messages[0].content[0].type: is missing"},
		{begin + `"messages":[{"role":"user","content":[{"type":"tool_use","id":"a","name":"b","input":{}}]}]}`, "messages[0].content[0].type: is \"tool_use\""},
		{begin + `"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"file:///etc/passwd"}}]}]}`, "messages[0].content[0].source.type: is \"url\""},
		{begin + `"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aa"}}]}]}`, "the model takes no pictures"},
		{begin + `"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","data":"aa"}}]}]}`, "messages[0].content[0].source.type: is \"base64\""},
		{begin + `"messages":[{"role":"user","content":[{"type":"tool_result","content":"a"}]}]}`, "messages[0].content[0].tool_use_id: is missing"},
		{begin + `"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":{}}]}]}`, "messages: end with a call"},
		{begin + `"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":7}]}]}`, "messages[0].content[0].input: is a number"},
		{begin + `"system":[{"type":"image"}],` + hello + `}`, "system[0].type: is \"image\""},
		{begin + `"stop_sequences":[""],` + hello + `}`, "stop_sequences[0]: has 0 bytes"},
		{begin + `"stop_sequences":7,` + hello + `}`, "stop_sequences: is a number"},
		{begin + `"temperature":-1,` + hello + `}`, "temperature is -1"},
		{begin + `"top_k":"many",` + hello + `}`, "top_k: is \"many\""},
		{begin + `"tools":[{"type":"web_search_20250305","name":"web_search"}],` + hello + `}`, "tools[0].type: is \"web_search_20250305\""},
		{begin + `"tools":[{"name":"a"}],` + hello + `}`, "tools[0].input_schema: is missing"},
		{begin + `"tools":[{"input_schema":{}}],` + hello + `}`, "tools[0].name: is missing"},
		{begin + `"tool_choice":{"type":"any"},` + hello + `}`, "tool_choice: asks for a call"},
		{begin + weatherTool + `,"tool_choice":{"type":"tool"},` + hello + `}`, "tool_choice.name: is"},
		{begin + weatherTool + `,"tool_choice":{"type":"tool","name":"clock"},` + hello + `}`, "clock"},
		{begin + weatherTool + `,"tool_choice":{"type":"some"},` + hello + `}`, "tool_choice.type: is \"some\""},
		{begin + `"thinking":{"type":"enabled"},` + hello + `}`, "thinking.budget_tokens: is missing"},
		{begin + `"thinking":{"type":"deep"},` + hello + `}`, "thinking.type: is \"deep\""},
		{begin + `"thinking":{"type":"adaptive","display":"loud"},` + hello + `}`, "thinking.display: is \"loud\""},
		{begin + `"output_config":{"effort":"some"},` + hello + `}`, "output_config.effort: is \"some\""},
		{begin + `"output_config":{"format":{"type":"xml"}},` + hello + `}`, "output_config.format.type: is \"xml\""},
		{begin + `"output_config":{"format":{"type":"json_schema"}},` + hello + `}`, "output_config.format.schema: is missing"},
		{begin + `"output_config":{"format":{"type":"json_schema","schema":{"type":7}}},` + hello + `}`, "output_config.format.schema: "},
		{begin + `"container":"c",` + hello + `}`, "container: there are no containers"},
		{begin + `"mcp_servers":[{}],` + hello + `}`, "mcp_servers: "},
		{`[]`, "no JSON object"},
	} {
		if status, kind, message := s.anthropicFailure(messagesPath, c.body); status != http.StatusBadRequest || kind != "invalid_request_error" || !strings.Contains(message, c.says) {
			t.Errorf("%s: got %d %s %q, want %q", c.body, status, kind, message, c.says)
		}
	}
	for body, want := range map[string]string{
		`{"model":"../../etc/passwd","max_tokens":5,` + hello + `}`:        "404 not_found_error",
		begin + hello + `,"metadata":"` + strings.Repeat("a", 4096) + `"}`: "413 request_too_large",
	} {
		if status, kind, _ := s.anthropicFailure(messagesPath, body); strconv.Itoa(status)+" "+kind != want {
			t.Errorf("got %d %s, want %s", status, kind, want)
		}
	}
	s.held()
}

func TestTheErrorsOfMessagesHaveAnthropicsTypes(t *testing.T) {
	s := serve(t, openai.Config{APIKeys: []string{"key"}}, generate.Config{MaxStates: 1, MaxQueue: 1})
	body := `{"model":"story","max_tokens":5,` + hello + `}`
	if status, kind, _ := s.anthropicFailure(messagesPath, body); status != http.StatusUnauthorized || kind != "authentication_error" {
		t.Errorf("without a key: got %d %s", status, kind)
	}
	var r messageReply
	s.post(messagesPath, body, &r, "X-Api-Key", "key")
	long := `{"model":"story","max_tokens":5,"messages":[{"role":"user","content":"` + strings.Repeat("story ", 2000) + `"}]}`
	for _, stream := range []string{"", `"stream":true,`} {
		status, kind, message := s.anthropicFailure(messagesPath, "{"+stream+long[1:], "X-Api-Key", "key")
		if status != http.StatusBadRequest || kind != "invalid_request_error" || !strings.Contains(message, "6007 tokens") {
			t.Errorf("beyond the context: got %d %s %q", status, kind, message)
		}
	}
}
