package openai_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

const tools = `"tools":[
	{"type":"function","function":{"name":"weather","description":"The weather.","parameters":{"type":"object","properties":{"town":{"enum":["Rome","Oslo"]},"days":{"type":"integer","minimum":1,"maximum":3}},"required":["town","days"],"additionalProperties":false},"strict":true}},
	{"type":"function","function":{"name":"time","parameters":{"type":"object","properties":{},"additionalProperties":false}}}]`

// checkCall checks a call of the function weather.
func checkCall(t *testing.T, name, arguments string) {
	t.Helper()
	var a struct {
		Town string
		Days int
	}
	d := json.NewDecoder(strings.NewReader(arguments))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil || name != "weather" || a.Town != "Rome" && a.Town != "Oslo" || a.Days < 1 || a.Days > 3 {
		t.Errorf("the call is %s(%s): %v", name, arguments, err)
	}
}

func TestACallThatIsRequired(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	for _, choice := range []string{`"required"`, `{"type":"function","function":{"name":"weather"}}`} {
		request := `{"model":"story","max_tokens":90,"temperature":0,"tool_choice":` + choice + `,` + tools + `,` + hello
		var r chatReply
		s.post(chatPath, request+`}`, &r)
		m := r.Choices[0].Message
		if len(m.ToolCalls) != 1 || *r.Choices[0].FinishReason != "tool_calls" || m.Content != nil || m.ToolCalls[0].Type != "function" || m.ToolCalls[0].ID == "" || m.ToolCalls[0].Index != nil {
			t.Fatalf("%s: %+v", choice, r.Choices[0])
		}
		f := m.ToolCalls[0].Function
		if choice != `"required"` || f.Name == "weather" {
			checkCall(t, f.Name, f.Arguments)
		}
		var calls []toolCall
		list := chunks(t, s.streamed(chatPath, request+`,"stream":true}`))
		for _, c := range list {
			calls = append(calls, c.Choices[0].Delta.ToolCalls...)
		}
		if len(calls) != 1 || *calls[0].Index != 0 || calls[0].Function != f || calls[0].ID != m.ToolCalls[0].ID || *list[len(list)-1].Choices[0].FinishReason != "tool_calls" {
			t.Errorf("the stream has %+v, want %+v", calls, f)
		}
	}
}

// The ids of calls go on with those of the conversation, and what it has of calls and results
// reaches the template.
func TestACallBehindOthers(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	history := `"messages":[
		{"role":"user","content":"Hi"},
		{"role":"assistant","content":null,"tool_calls":[{"id":"call00001","type":"function","function":{"name":"weather","arguments":"{\"town\": \"Rome\", \"days\": 2}"}}]},
		{"role":"tool","tool_call_id":"call00001","content":[{"type":"text","text":"Sun"}]},
		{"role":"user","content":"And then?"}]`
	var r chatReply
	s.post(chatPath, `{"model":"story","max_tokens":90,"temperature":0,"tool_choice":{"type":"function","function":{"name":"weather"}},`+tools+`,`+history+`}`, &r)
	if calls := r.Choices[0].Message.ToolCalls; len(calls) != 1 || calls[0].ID != "call00002" {
		t.Errorf("%+v", calls)
	}
	var seen struct {
		Tokens []int
		Count  int
	}
	s.post("/tokenize", `{"model":"story",`+history+`}`, &seen)
	text := s.g.Tokenizer().Decode(seen.Tokens, false)
	const want = `<|story|>user: Hi<|story|>assistant: <tool_call>` + "\n" + `{"name": "weather", "arguments": {"town": "Rome", "days": 2}}` + "\n" + `</tool_call><|story|>tool: Sun<|story|>user: And then?<|story|>`
	if text != want || seen.Count != len(seen.Tokens) {
		t.Errorf("the prompt is\n%s\nwant\n%s", text, want)
	}
}

func TestNoCallWhereNoneIsWanted(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	want := library(t, s.g, &generate.Options{MaxTokens: 12, Sampling: &generate.Sampling{}}).Text
	var r chatReply
	s.post(chatPath, `{"model":"story","max_tokens":12,"temperature":0,"tool_choice":"none",`+tools+`,`+hello+`}`, &r)
	if c := r.Choices[0]; *c.Message.Content != want || len(c.Message.ToolCalls) != 0 {
		t.Errorf("%+v, want %q", c, want)
	}
	s.post(chatPath, `{"model":"story","max_tokens":12,"temperature":0,"tools":[],"tool_choice":"none",`+hello+`}`, &r)
	if *r.Choices[0].Message.Content != want {
		t.Errorf("%+v, want %q", r.Choices[0], want)
	}
}

// Two calls are written by a grammar in the place of a model that would.
func TestParallelCalls(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	// Calls are looked for in answers without a grammar: the model is led by forced tokens.
	const text = "So.<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call><tool_call>\n{\"name\": \"weather\", \"arguments\": {\"town\": \"Oslo\", \"days\": 1}}\n</tool_call>"
	ids, err := s.g.Tokenizer().Encode(text, false)
	if err != nil {
		t.Fatal(err)
	}
	end := s.g.EndTokens()[0]
	forced, err := json.Marshal(append(ids, end))
	if err != nil {
		t.Fatal(err)
	}
	request := `{"model":"story","max_tokens":200,"temperature":0,"forced_tokens":` + string(forced) + `,` + tools + `,` + hello
	var r chatReply
	s.post(chatPath, request+`}`, &r)
	m := r.Choices[0].Message
	if len(m.ToolCalls) != 2 || *m.Content != "So." || *r.Choices[0].FinishReason != "tool_calls" || m.ToolCalls[0].Function.Name != "time" || m.ToolCalls[0].ID == m.ToolCalls[1].ID {
		t.Fatalf("%+v", r.Choices[0])
	}
	checkCall(t, m.ToolCalls[1].Function.Name, m.ToolCalls[1].Function.Arguments)
	var indices []int
	for _, c := range chunks(t, s.streamed(chatPath, request+`,"stream":true}`)) {
		for _, call := range c.Choices[0].Delta.ToolCalls {
			indices = append(indices, *call.Index)
		}
	}
	if !slices.Equal(indices, []int{0, 1}) {
		t.Errorf("the stream's calls have the indices %v", indices)
	}
	var one chatReply
	s.post(chatPath, request+`,"parallel_tool_calls":false}`, &one)
	if m := one.Choices[0].Message; len(m.ToolCalls) != 1 || m.ToolCalls[0].Function.Name != "time" || *m.Content != "So." {
		t.Errorf("one call alone: %+v", m)
	}
}

func TestAnswersWithAForm(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	const schema = `{"type":"object","properties":{"name":{"enum":["Ann","Bo"]},"age":{"type":"integer","minimum":1,"maximum":99}},"required":["name","age"],"additionalProperties":false}`
	person := func(text string) bool {
		var p struct {
			Name string
			Age  int
		}
		return json.Unmarshal([]byte(text), &p) == nil && (p.Name == "Ann" || p.Name == "Bo") && p.Age >= 1 && p.Age <= 99
	}
	isJSON := func(text string) bool { return json.Valid([]byte(text)) }
	three := regexp.MustCompile(`^[a-c]{3}$`).MatchString
	yes := func(text string) bool { return text == "yes" || text == "no" }
	for _, c := range []struct {
		fields string
		fits   func(text string) bool
	}{
		{`"response_format":{"type":"json_schema","json_schema":{"name":"person","strict":true,"schema":` + schema + `}}`, person},
		{`"response_format":{"type":"json_object"}`, isJSON},
		{`"response_format":{"type":"json_object","schema":` + schema + `}`, person},
		{`"guided_json":` + schema, person},
		{`"json_schema":` + schema, person},
		{`"structured_outputs":{"json":` + schema + `}`, person},
		{`"structured_outputs":{"regex":"[a-c]{3}"}`, three},
		{`"structured_outputs":{"choice":["yes","no"]}`, yes},
		{`"structured_outputs":{"json_object":true}`, isJSON},
		{`"guided_regex":"[a-c]{3}"`, three},
		{`"regex":"[a-c]{3}"`, three},
		{`"guided_grammar":"root ::= [a-c] [a-c] [a-c]"`, three},
		{`"grammar":"root ::= [a-c]{3}"`, three},
		{`"guided_choice":["yes","no"]`, yes},
		{`"choice":["yes","no"]`, yes},
		{`"response_format":{"type":"json_object"},"tool_choice":"none",` + tools, isJSON},
	} {
		var r chatReply
		s.post(chatPath, `{"model":"story","max_tokens":60,"temperature":1,"seed":1,`+c.fields+`,`+hello+`}`, &r)
		if got := *r.Choices[0].Message.Content; !c.fits(got) || *r.Choices[0].FinishReason != "stop" {
			t.Errorf("%s: %q (%s)", c.fields, got, *r.Choices[0].FinishReason)
		}
		if !strings.Contains(c.fields, "tool") {
			var text completionReply
			s.post(completionsPath, `{"model":"story","max_tokens":60,"temperature":1,"seed":1,`+c.fields+`,"prompt":"Once"}`, &text)
			if !c.fits(text.Choices[0].Text) {
				t.Errorf("%s: the completion is %q", c.fields, text.Choices[0].Text)
			}
		}
	}
}

// An answer that cannot be whole is as long as it can be, and says so.
func TestAnAnswerWithAFormThatIsCut(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	var r chatReply
	s.post(chatPath, `{"model":"story","n":2,"max_tokens":5,"temperature":1,"seed":1,"regex":"([a-z]{5} ){30}",`+hello+`}`, &r)
	for _, c := range r.Choices {
		if *c.FinishReason != "length" || *c.Message.Content == "" {
			t.Errorf("%+v", c)
		}
	}
	if len(r.Choices) != 2 || r.Usage.CompletionTokens != 10 {
		t.Errorf("%+v", r)
	}
	list := chunks(t, s.streamed(chatPath, `{"model":"story","n":2,"stream":true,"max_tokens":5,"temperature":1,"seed":1,"regex":"([a-z]{5} ){30}",`+hello+`}`))
	var reasons []string
	for _, c := range list {
		if f := c.Choices[0].FinishReason; f != nil {
			reasons = append(reasons, *f)
		}
	}
	if !slices.Equal(reasons, []string{"length", "length"}) {
		t.Errorf("%v", reasons)
	}
}

func TestThinkingIsApart(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	for _, c := range []struct{ name, fields string }{
		{"a budget", `"enable_thinking":true,"reasoning_budget":5`},
		{"variables of the template", `"chat_template_kwargs":{"enable_thinking":true},"thinking_token_budget":5`},
		{"an effort", `"reasoning_effort":"high","reasoning_budget":5`},
	} {
		request := `{"model":"story","max_tokens":30,"temperature":0,` + c.fields + `,` + hello
		var r chatReply
		s.post(chatPath, request+`}`, &r)
		m := r.Choices[0].Message
		if m.ReasoningContent == "" || m.Content == nil || *m.Content == "" || strings.Contains(*m.Content, "think>") || strings.Contains(m.ReasoningContent, "think>") {
			t.Errorf("%s: %+v", c.name, m)
		}
		if n := r.Usage.Completion["reasoning_tokens"]; n == "0" || n == "" {
			t.Errorf("%s: the usage is %+v", c.name, r.Usage)
		}
		var text, reasoning strings.Builder
		for _, c := range chunks(t, s.streamed(chatPath, request+`,"stream":true}`)) {
			if d := c.Choices[0].Delta; d.Content != nil {
				text.WriteString(*d.Content)
			}
			reasoning.WriteString(c.Choices[0].Delta.ReasoningContent)
		}
		if text.String() != *m.Content || reasoning.String() != m.ReasoningContent {
			t.Errorf("%s: the stream is %q and %q, want %q and %q", c.name, reasoning.String(), text.String(), m.ReasoningContent, *m.Content)
		}
	}
	var r chatReply
	s.post(chatPath, `{"model":"story","max_tokens":10,"temperature":0,"reasoning_effort":"none",`+hello+`}`, &r)
	if m := r.Choices[0].Message; m.ReasoningContent != "" || *m.Content == "" {
		t.Errorf("without thinking: %+v", m)
	}
}
