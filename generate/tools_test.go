package generate_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/tokenizer"
)

// toolTemplate names the tools and shows the calls of an answer.
const toolTemplate = `{# <tool_call> #}{% if tools %}{{ tools[0].name }}{% endif %}` +
	`{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}` +
	`{% for c in m.tool_calls %}{{ c.function.name }}{{ c.function.arguments.a }}{{ c.id }}{% endfor %}<|story|>{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:{% endif %}`

func TestCallsOfFunctionsComeApartFromTheText(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, toolTemplate)
	const answer = `so <tool_call>{"name":"f","arguments":{"a":1}}</tool_call>`
	m.next = replies(tok, answer)
	opts := &generate.Options{Tools: []any{map[string]any{"name": "f"}}}
	var text strings.Builder
	var calls []tokenizer.ToolCall
	for tok, err := range s.Send(t.Context(), "hi", opts) {
		if err != nil {
			t.Fatal(err)
		}
		if len(tok.Calls) > 0 && text.String() != "so " {
			t.Errorf("a call comes after %q", text.String())
		}
		text.WriteString(tok.Text)
		calls = append(calls, tok.Calls...)
	}
	want := []tokenizer.ToolCall{{ID: "call00001", Name: "f", Arguments: json.RawMessage(`{"a":1}`)}}
	if diff := cmp.Diff(want, calls); diff != "" || text.String() != "so " {
		t.Errorf("text %q, calls (-want +got):\n%s", text.String(), diff)
	}
	last := s.Messages()[1]
	if last.Content != "so " || last.Extra["tool_calls"] == nil {
		t.Fatalf("the answer became %+v", last)
	}
	// The next turn reads the call as the template writes it.
	rendered, err := tok.ApplyChatTemplate(t.Context(), s.Messages(), nil)
	if err != nil || !strings.Contains(rendered, "so f1call00001") {
		t.Errorf("rendered %q (%v)", rendered, err)
	}
}

func TestResultsOfFunctionsAreAnswered(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, toolTemplate)
	m.next = replies(tok, "ok", "no")
	opts := &generate.Options{Tools: []any{map[string]any{"name": "f"}}}
	for i, messages := range [][]tokenizer.Message{
		{{Role: "user", Content: "hi"}},
		{{Role: "tool", Content: "4", Extra: map[string]any{"tool_call_id": "call00001"}}},
	} {
		r, err := generate.Collect(s.SendMessages(t.Context(), messages, opts))
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"ok", "no"}[i]; r.Text != want || r.Calls != nil {
			t.Errorf("turn %d: got %q and %v, want %q", i, r.Text, r.Calls, want)
		}
	}
}

func TestWithoutToolsCallsStayText(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, toolTemplate)
	const answer = `<tool_call>{"name":"f"}</tool_call>`
	m.next = replies(tok, answer)
	r, err := generate.Collect(s.Send(t.Context(), "hi", nil))
	if err != nil || r.Text != answer || r.Calls != nil {
		t.Errorf("got %q and %v (%v)", r.Text, r.Calls, err)
	}
}

// thinkingTemplate opens the thinking of an answer itself.
const thinkingTemplate = `{% if tools %}{% endif %}{# <tool_call> </think> #}{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}` +
	`{% for c in m.tool_calls %}{{ c.function.name + c.function.arguments }}{% endfor %}<|story|>{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:<think>{% endif %}`

func TestThinkingIsToldApartFromTheText(t *testing.T) {
	const call = `<tool_call>{"name":"f"}</tool_call>`
	tools := []any{map[string]any{"name": "f"}}
	for _, c := range []struct {
		name, answer, text, reasoning string
		tools                         []any
		calls                         int
	}{
		{"a call that is only spoken of", "so " + call + "</think>no", "so " + call + "</think>no", "so " + call, tools, 0},
		{"a call behind it", "so</think>" + call, "so</think>", "so", tools, 1},
		{"without tools", "so</think>" + call, "so</think>" + call, "so", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &fakeModel{}
			s, tok := newSession(t, m, thinkingTemplate)
			m.next = replies(tok, "<think>"+c.answer) // the fake speaks from the role on
			r, err := generate.Collect(s.Send(t.Context(), "hi", &generate.Options{Tools: c.tools}))
			if err != nil || r.Text != c.text || r.Reasoning != c.reasoning || len(r.Calls) != c.calls {
				t.Errorf("got the text %q, the reasoning %q and %d calls (%v), want %q, %q and %d", r.Text, r.Reasoning, len(r.Calls), err, c.text, c.reasoning, c.calls)
			}
		})
	}
}

func TestArgumentsAreATextWhereTheTemplateWantsOne(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, thinkingTemplate)
	m.next = replies(tok, `<think>so</think><tool_call>{"name":"f","arguments":{"a": 1}}</tool_call>`)
	if _, err := generate.Collect(s.Send(t.Context(), "hi", &generate.Options{Tools: []any{map[string]any{"name": "f"}}})); err != nil {
		t.Fatal(err)
	}
	rendered, err := tok.ApplyChatTemplate(t.Context(), s.Messages(), nil)
	if err != nil || !strings.Contains(rendered, `f{"a": 1}<|story|>`) {
		t.Errorf("rendered %q (%v)", rendered, err)
	}
}

// channelTemplate is of a model that says all in channels, as gpt-oss does.
const channelTemplate = `{# <|channel|><|message|> #}{% if tools %}{% endif %}{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}<|story|>{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:{% endif %}`

func TestChannelsAreNoPartOfTheTextWithoutToolsEither(t *testing.T) {
	const answer = "<|channel|>analysis<|message|>so<|end|><|channel|>final<|message|>yes"
	const text = "<|channel|>analysis<|message|>so<|end|>yes" // the marks of thinking are no special tokens here
	for _, tools := range [][]any{nil, {map[string]any{"name": "f"}}} {
		m := &fakeModel{}
		s, tok := newSession(t, m, channelTemplate)
		m.next = replies(tok, answer)
		r, err := generate.Collect(s.Send(t.Context(), "hi", &generate.Options{Tools: tools, MaxTokens: 100}))
		if err != nil || r.Text != text || r.Reasoning != "so" || r.Calls != nil {
			t.Errorf("%d tools: got the text %q, the reasoning %q and %d calls (%v)", len(tools), r.Text, r.Reasoning, len(r.Calls), err)
		}
	}
}

// The template that an answer is given says how it is read and written, whatever the
// tokenizer's own one does.
func TestAnotherTemplateSaysHowCallsAreReadAndWritten(t *testing.T) {
	const other = `{# [TOOL_CALLS] #}{{ tools[0].name }}{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}` +
		`{% for c in m.tool_calls %}{{ c.function.name + c.function.arguments }}{% endfor %}<|story|>{% endfor %}{% if add_generation_prompt %}<|story|>a:{% endif %}`
	m := &fakeModel{}
	s, tok := newSession(t, m, toolTemplate)
	m.next = replies(tok, `[TOOL_CALLS][{"name": "f", "arguments": {"a": 1}}]`)
	chat := &tokenizer.ChatOptions{Template: other}
	tools := []any{map[string]any{"name": "f"}}
	r, err := generate.Collect(s.Send(t.Context(), "hi", &generate.Options{Tools: tools, Chat: chat}))
	if err != nil || r.Text != "" || len(r.Calls) != 1 {
		t.Fatalf("got %q and %d calls (%v)", r.Text, len(r.Calls), err)
	}
	rendered, err := tok.ApplyChatTemplate(t.Context(), s.Messages(), &tokenizer.ChatOptions{Template: other, Tools: tools})
	if err != nil || !strings.Contains(rendered, `a:f{"a": 1}<|story|>`) {
		t.Errorf("rendered %q (%v)", rendered, err)
	}
}

// Solar's models end a thought and an answer with the same token. It is special, so that the
// text does not show where the thought ends, which the conversation has to know.
func TestATokenThatEndsAThoughtDoesNotEndTheAnswer(t *testing.T) {
	const template = `{# <|tool_call:begin|> #}{% for m in messages %}<|end|>{{ m.role[0] }}:{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|end|>a:<|think|>{% endif %}`
	dir := t.TempDir()
	if err := os.CopyFS(dir, storyteller.FS()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"tokenizer.json": strings.ReplaceAll(string(data), "<|story|>", "<|end|>"), "chat_template.jinja": template} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	messages := []tokenizer.Message{{Role: "user", Content: "hi"}}
	prompt, err := tok.EncodeChat(t.Context(), messages, &tokenizer.ChatOptions{AddGenerationPrompt: true})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := tok.Encode("so<|end|><|content|>yes<|end|>no", false)
	if err != nil {
		t.Fatal(err)
	}
	m := &fakeModel{}
	m.next = func(tokens []int) int { return answer[min(max(len(tokens)-len(prompt), 0), len(answer)-1)] }
	g, err := generate.NewFake(m, m.description(), tok, &generate.Config{Driver: m.driver()})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	session, err := g.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	r, err := generate.Collect(session.SendMessages(t.Context(), messages, nil))
	if err != nil || g.TurnEnd() < 0 || r.Text != "soyes" || r.Reasoning != "so" || r.Finish != generate.FinishEnd {
		t.Errorf("got the text %q, the reasoning %q and the end %q (%v)", r.Text, r.Reasoning, r.Finish, err)
	}
	want := tokenizer.Message{Role: "assistant", Content: "yes", Extra: map[string]any{"reasoning_content": "so"}}
	if last := session.Messages()[1]; !last.Equal(want) {
		t.Errorf("the answer became %+v, want %+v", last, want)
	}
}

// A template that writes calls in the model's own words gives the text that the model has
// read and written, so that the next turn finds it in the cache.
func TestTheNextTurnBeginsWithTheCallAsTheModelWroteIt(t *testing.T) {
	const template = `{# <tool_call> #}{% if tools %}{% endif %}{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}` +
		`{% for c in m.tool_calls %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}<|story|>{% endfor %}{% if add_generation_prompt %}<|story|>a:{% endif %}`
	const answer = `so <tool_call>{"name": "f", "arguments": {"z": 1, "a": 2}}</tool_call>`
	m := &fakeModel{}
	s, tok := newSession(t, m, template)
	m.next = replies(tok, answer)
	r, err := generate.Collect(s.Send(t.Context(), "hi", &generate.Options{Tools: []any{map[string]any{"name": "f"}}}))
	if err != nil || len(r.Calls) != 1 || r.Text != "so " {
		t.Fatalf("got %q and %d calls (%v)", r.Text, len(r.Calls), err)
	}
	next := append(s.Messages(), tokenizer.Message{Role: "tool", Content: "4"})
	rendered, err := tok.ApplyChatTemplate(t.Context(), next, nil)
	if want := "<|story|>u:hi<|story|><|story|>a:" + answer + "<|story|>"; err != nil || !strings.HasPrefix(rendered, want) {
		t.Errorf("rendered %q (%v), want %q first", rendered, err, want)
	}
}

// callTemplate writes calls as Hermes does.
const callTemplate = `{# <tool_call> #}{% if tools %}{{ tools[0].function.name }}{% endif %}` +
	`{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}` +
	`{% for c in m.tool_calls %}<tool_call>{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}</tool_call>{% endfor %}<|story|>{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:{% endif %}`

func TestARequiredCallFitsItsSchema(t *testing.T) {
	tool := func(name, parameters string) any {
		return map[string]any{"type": "function", "function": map[string]any{"name": name, "parameters": json.RawMessage(parameters)}}
	}
	tools := []any{
		tool("w", `{"type": "object", "properties": {"at": {"enum": ["A", "B"]}, "n": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["at", "n"], "additionalProperties": false}`),
		tool("c", `{"type": "object", "properties": {}, "additionalProperties": false}`),
	}
	for _, choice := range []string{"w", "c", generate.ToolRequired} {
		m := &fakeModel{}
		s, tok := newSession(t, m, callTemplate)
		m.next = replies(tok, "I will not call anything")
		r, err := generate.Collect(s.Send(t.Context(), "hi", &generate.Options{Tools: tools, ToolChoice: choice, Sampling: hot(1)}))
		if err != nil {
			t.Fatalf("%s: %q: %v", choice, r.Text, err)
		}
		if len(r.Calls) != 1 || strings.TrimSpace(r.Text) != "" || choice != generate.ToolRequired && r.Calls[0].Name != choice {
			t.Fatalf("%s: text %q, calls %v", choice, r.Text, r.Calls)
		}
		if r.Calls[0].Name == "c" {
			continue
		}
		var arguments struct {
			At string
			N  int
		}
		if err := json.Unmarshal(r.Calls[0].Arguments, &arguments); err != nil || arguments.N < 1 || arguments.N > 9 || arguments.At != "A" && arguments.At != "B" {
			t.Errorf("arguments %s (%v)", r.Calls[0].Arguments, err)
		}
	}
}

func TestAToolChoiceThatCannotBeKeptIsRefused(t *testing.T) {
	m := &fakeModel{}
	s, tok := newSession(t, m, callTemplate)
	m.next = replies(tok, "so")
	tool := []any{map[string]any{"function": map[string]any{"name": "f", "parameters": map[string]any{"items": map[string]any{}, "properties": map[string]any{"a": map[string]any{"uniqueItems": true}}}}}}
	for says, o := range map[string]*generate.Options{
		"there are no Tools":       {ToolChoice: generate.ToolRequired},
		"no function in Tools":     {ToolChoice: "g", Tools: tool},
		`keyword "uniqueItems"`:    {ToolChoice: "f", Tools: tool},
		"an answer cannot be both": {ToolChoice: "f", Tools: tool, Grammar: grammarOf(t)(grammar.Choice("a"))},
	} {
		_, err := generate.Collect(s.Send(t.Context(), "hi", o))
		if !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
	r, err := generate.Collect(s.Send(t.Context(), "hi", &generate.Options{ToolChoice: generate.ToolNone, Tools: tool}))
	if err != nil || r.Text != "so" || len(r.Calls) > 0 {
		t.Errorf("without a call: %q, %v (%v)", r.Text, r.Calls, err)
	}
}
