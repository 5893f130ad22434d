package openai

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/tokenizer"
)

// read reads the turns of a request.
func readTurns(t testing.TB, text string) (*job, *object) {
	t.Helper()
	if err := checkJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	o, err := parseObject([]byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	j := &job{}
	j.turnFields(o)
	return j, o
}

func TestTurnsBecomeMessagesOfChatTemplates(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []tokenizer.Message
		goesOn     bool
	}{
		{
			"a string", `{"messages":[{"role":"user","content":"hi"}]}`,
			[]tokenizer.Message{{Role: "user", Content: "hi"}},
			false,
		}, {
			"a system prompt", `{"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}`,
			[]tokenizer.Message{{Role: "system", Content: "a\nb"}, {Role: "user", Content: "hi"}},
			false,
		}, {
			"messages of one side are one", `{"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"},{"type":"text","text":"c"}]},{"role":"assistant","content":"d"},{"role":"user","content":"e"}]}`,
			[]tokenizer.Message{{Role: "user", Content: "a\nb\nc"}, {Role: "assistant", Content: "d"}, {Role: "user", Content: "e"}},
			false,
		}, {
			"an answer that goes on", `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}`,
			[]tokenizer.Message{{Role: "user", Content: "a"}, {Role: "assistant", Content: "b"}},
			true,
		}, {
			"a document", `{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a"}},{"type":"text","text":"b"}]}]}`,
			[]tokenizer.Message{{Role: "user", Content: "a\nb"}},
			false,
		}, {
			"thinking, a call and its result", `{"messages":[{"role":"user","content":"warm?"},` +
				`{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"redacted_thinking","data":"x"},{"type":"text","text":"wait"},{"type":"tool_use","id":"c1","name":"weather","input":{"z":1,"a":2}}]},` +
				`{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"sunny"},{"type":"text","text":"dry"}]},{"type":"tool_result","tool_use_id":"c2","is_error":true},{"type":"text","text":"so?"}]}]}`,
			[]tokenizer.Message{
				{Role: "user", Content: "warm?"},
				{Role: "assistant", Content: "wait", Extra: map[string]any{
					"reasoning_content": "hm",
					"tool_calls":        []any{callPart{"c1", "function", callFunctionPart{"weather", json.RawMessage(`{"z":1,"a":2}`)}}},
				}},
				{Role: "tool", Content: "sunny\ndry", Extra: map[string]any{"tool_call_id": "c1", "name": "weather"}},
				{Role: "tool", Extra: map[string]any{"tool_call_id": "c2", "is_error": true}},
				{Role: "user", Content: "so?"},
			},
			false,
		}, {
			"an empty text is a message", `{"messages":[{"role":"user","content":""}]}`,
			[]tokenizer.Message{{Role: "user"}},
			false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			j, o := readTurns(t, c.text)
			if o.err != nil {
				t.Fatal(o.err)
			}
			if diff := cmp.Diff(c.want, j.prompt.Messages); diff != "" {
				t.Error(diff)
			}
			if o.flag("continue_final_message") != c.goesOn {
				t.Errorf("goes on: %t, want %t", !c.goesOn, c.goesOn)
			}
		})
	}
}

// blocks are what a blockWriter has written, one text for each call.
func blocksOf(t *testing.T, events ...event) (out []string) {
	t.Helper()
	b := &blockWriter{
		start: func(kind string, _ *tokenizer.ToolCall) error { out = append(out, "<"+kind); return nil },
		delta: func(_, piece string) error { out = append(out, piece); return nil },
		stop:  func(kind string) error { out = append(out, kind+">"); return nil },
	}
	for k := range events {
		if err := b.add(&events[k]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestBlocksOfAnAnswer(t *testing.T) {
	call := []tokenizer.ToolCall{{ID: "1", Name: "f", Arguments: json.RawMessage(`{"a":1}`)}}
	for _, c := range []struct {
		name   string
		events []event
		want   []string
	}{
		{"a string", []event{{text: "a"}, {text: " "}, {text: "b"}, {finish: finishEnd}}, []string{"<text", "a", " ", "b", "text>"}},
		{"space before a text comes with it", []event{{text: "\n"}, {text: " "}, {text: "b", finish: finishEnd}}, []string{"<text", "\n b", "text>"}},
		{"space alone is the answer", []event{{text: "\n", finish: finishEnd}}, []string{"<text", "\n", "text>"}},
		{"space between thinking and a call is no text", []event{{reasoning: "hm"}, {text: "\n\n"}, {calls: call}, {text: "\n", finish: finishCalls}}, []string{"<thinking", "hm", "thinking>", "<tool_use", `{"a":1}`, "tool_use>"}},
		{"two calls", []event{{calls: append(call, call...), finish: finishCalls}}, []string{"<tool_use", `{"a":1}`, "tool_use>", "<tool_use", `{"a":1}`, "tool_use>"}},
		{"a call without arguments", []event{{calls: []tokenizer.ToolCall{{Name: "f"}}, finish: finishCalls}}, []string{"<tool_use", "{}", "tool_use>"}},
		{"a token that ends thinking and begins the text", []event{{reasoning: "a", text: "b", finish: finishLength}}, []string{"<thinking", "a", "thinking>", "<text", "b", "text>"}},
		{"text, a call and text", []event{{text: "a"}, {calls: call}, {text: "b", finish: finishEnd}}, []string{"<text", "a", "text>", "<tool_use", `{"a":1}`, "tool_use>", "<text", "b", "text>"}},
		{"nothing", []event{{finish: finishEnd}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, blocksOf(t, c.events...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzTurns(f *testing.F) {
	f.Add(`{"system":"a","messages":[{"role":"user","content":"hi"}]}`)
	f.Add(`{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"tool_result","tool_use_id":"b","content":[{"type":"text","text":"c"}]}]}]}`)
	f.Add(`{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"a"},{"type":"tool_use","id":"b","name":"c","input":{"d":[1]}}]}]}`)
	f.Add(`{"system":[{"type":"document","source":{"type":"text","data":"a"}}],"messages":[{"role":"system","content":null}]}`)
	f.Add(`{"messages":[null,7,{"role":7},{"content":[]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if checkJSON([]byte(text)) != nil {
			return
		}
		o, err := parseObject([]byte(text), "")
		if err != nil {
			return
		}
		for _, raw := range o.fields {
			if json.Valid(raw) && len(raw) > 0 {
				continue
			}
			t.Fatalf("a field is %q", raw)
		}
		j := &job{}
		j.turnFields(o)
		if o.err != nil {
			if o.err.status != 400 || o.err.message == "" {
				t.Fatalf("refused with %+v", o.err)
			}
			return
		}
		for k, m := range j.prompt.Messages {
			if m.Role != "system" && m.Role != "user" && m.Role != "assistant" && m.Role != "tool" {
				t.Errorf("message %d has the role %q", k, m.Role)
			}
			if k > 0 && m.Role != "tool" && m.Role == j.prompt.Messages[k-1].Role && m.Role != "system" {
				t.Errorf("messages %d and %d are both of %s", k-1, k, m.Role)
			}
		}
	})
}
