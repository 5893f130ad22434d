package tokenizer_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/tokenizer"
)

// channelAnswers are answers of models that write marks around all that they say, with
// what in a template tells that it is one of theirs.
var channelAnswers = []struct{ name, template, answer, text, reasoning string }{
	{"gpt-oss", "<|channel|><|message|>", "<|channel|>analysis<|message|>I think.<|end|><|start|>assistant<|channel|>final<|message|>Hello.<|return|>", "Hello.", "I think."},
	{"gpt-oss without thinking", "<|channel|><|message|>", "<|channel|>final<|message|>Hello.", "Hello.", ""},
	{"Gemma 4", "<|tool_call><tool_call|><|channel>", "<|channel>thought\nI think.<channel|>Hello.", "Hello.", "\nI think."},
	{"Cohere", "<|START_ACTION|>", "<|START_THINKING|>I think.<|END_THINKING|><|START_RESPONSE|>Hello.<|END_RESPONSE|>", "Hello.", "I think."},
	{"Solar", "<|tool_call:begin|>", "<|think|>I think.<|end|><|begin|>assistant<|content|>Hello.<|end|>", "Hello.", "I think."},
	{"Kimi K3", "<|open|><|close|><|sep|>", "<|open|>think<|sep|>I think.<|close|>think<|sep|><|open|>response<|sep|>Hello.<|close|>response<|sep|><|close|>message<|sep|>", "Hello.", "I think."},
	{"Muse", "<atem:function_calls>", " to=self<|message|>I think.<|eom|><|start|>assistant to=user<|message|>Hello.<|eot|>", " Hello.", "I think."},
	{"functionary 3.2", ">>>all", "all\nHello.", "Hello.", ""},
	{"functionary 2", "<|recipient|><|content|>", "all\n<|content|>Hello.<|stop|>", "Hello.", ""},
	{"Apriel", "[BEGIN FINAL RESPONSE]", "Here are my reasoning steps:\nI think.[BEGIN FINAL RESPONSE]Hello.[END FINAL RESPONSE]", "Hello.", "\nI think."},
	{"Granite", "<|tool_call|><|start_of_role|>", "<think>I think.</think><response>Hello.</response>", "Hello.", "I think."},
	{"Inkling", "<|content_invoke_tool_json|>", "<|content_thinking|>I think.<|end_message|><|message_model|><|content_text|>Hello.<|end_message|>", "Hello.", "I think."},
	{"Hunyuan", "<tool_sep tool_call", "<think>I think.</think><answer>Hello.</answer>", "Hello.", "I think."},
	{"MiniMax M3", "]<]minimax[>[", "</mm:think>Hello.", "Hello.", ""},
	{"Apertus", "<|tools_prefix|>", "<|inner_prefix|>I think.<|inner_suffix|>Hello.", "Hello.", "I think."},
	{"LFM2", "<|tool_list_start|>", "<|thought_start|>I think.<|thought_end|>Hello.", "Hello.", "I think."},
	{"K2", "<ifm|tool_call>", "<ifm|think>I think.</ifm|think>Hello.", "Hello.", "I think."},
	{"Pangu", "[unused11]", "[unused16]I think.[unused17]Hello.", "Hello.", "I think."},
	{"Seed", "seed:tool_call", "<seed:think>I think.</seed:think>Hello.", "Hello.", "I think."},
	{"Qwen", "<tool_call></think>", "<think>I think.</think>Hello.", "Hello.", "I think."},
}

// What a model marks is told apart whatever its prompt had in it.
func TestChannelsAreReadWithToolsAndWithout(t *testing.T) {
	for _, c := range channelAnswers {
		t.Run(c.name, func(t *testing.T) {
			tok := templated(t, "{# "+c.template+" #}")
			for _, tools := range [][]any{nil, {}, {map[string]any{"name": "f"}}} {
				for _, parts := range [][]string{{c.answer}, strings.Split(c.answer, "")} {
					got := readParts(tok.NewToolParser(&tokenizer.ToolParserOptions{Tools: tools, Prompt: "a"}), parts...)
					if got.Text != c.text || got.Reasoning != c.reasoning || got.Calls != nil {
						t.Errorf("%d tools: got the text %q, the reasoning %q and %d calls, want %q, %q and none", len(tools), got.Text, got.Reasoning, len(got.Calls), c.text, c.reasoning)
					}
				}
			}
		})
	}
}

func TestACallWithoutToolsStaysText(t *testing.T) {
	for _, c := range []struct{ name, template, answer, want string }{
		{"in a channel", "<|channel|><|message|>", `<|channel|>commentary to=functions.f<|message|>{"a":1}<|call|>`, `<|channel|>commentary to=functions.f<|message|>{"a":1}<|call|>`},
		{"in a channel, behind thinking", "<|channel|><|message|>", `<|channel|>analysis<|message|>So.<|end|><|start|>assistant<|channel|>commentary to=functions.f<|message|>{}<|call|>`, `<|start|>assistant<|channel|>commentary to=functions.f<|message|>{}<|call|>`},
		{"in an action", "<|START_ACTION|>", `<|START_ACTION|>[{"tool_name": "f"}]<|END_ACTION|>`, `<|START_ACTION|>[{"tool_name": "f"}]<|END_ACTION|>`},
		{"behind thinking", "<tool_call></think>", `<think>So.</think><tool_call>{"name":"f"}</tool_call>`, `<tool_call>{"name":"f"}</tool_call>`},
		{"of Gemma", "<|tool_call><tool_call|>", `<|tool_call>call:f{}<tool_call|>`, `<|tool_call>call:f{}<tool_call|>`},
		{"of functionary", ">>>all", "f\n{}", "f\n{}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := templated(t, "{# "+c.template+" #}")
			for _, parts := range [][]string{{c.answer}, strings.Split(c.answer, "")} {
				if got := readParts(tok.NewToolParser(nil), parts...); got.Text != c.want || got.Calls != nil {
					t.Errorf("got %q and %d calls, want %q", got.Text, len(got.Calls), c.want)
				}
			}
		})
	}
}

func TestTheSpecialTokensOfACallWithoutToolsAreLeftOut(t *testing.T) {
	tok := templated(t, "{# <|channel|><|message|> #}", "<|channel|>", "<|message|>", "<|call|>")
	want := tokenizer.AnswerPart{All: `commentary to=functions.f{"a":1}`, Text: `commentary to=functions.f{"a":1}`}
	for _, mark := range []string{"<|channel|>", "<|message|>", "<|call|>"} {
		if p := tok.NewToolParser(nil); !p.IsMark(mark) {
			t.Errorf("%s is no mark, so that the parser would not see it", mark)
		}
	}
	got := readParts(tok.NewToolParser(nil), `<|channel|>commentary to=functions.f<|message|>{"a":1}<|call|>`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A mark of thinking may be a special token and a word behind it.
func TestTheTokensOfThinkingAreKeptForTheParser(t *testing.T) {
	tok := templated(t, "{# <|tool_call><tool_call|> #}", "<|channel>", "<channel|>", "<|tool_call>")
	p := tok.NewToolParser(nil)
	for mark, want := range map[string]bool{"<|channel>": true, "<channel|>": true, "<|tool_call>": false, "": false} {
		if got := p.IsMark(mark); got != want {
			t.Errorf("%q: got %v, want %v", mark, got, want)
		}
	}
}

func TestTheTemplateInUseSaysHowAnAnswerIsRead(t *testing.T) {
	tok := templated(t, "{# [TOOL_CALLS] #}{{ tools }}")
	tools := []any{map[string]any{"name": "f"}}
	for _, c := range []struct{ name, template, answer string }{
		{"another template", "{# <tool_call> #}{{ tools }}", `<tool_call>{"name":"f"}</tool_call>`},
		{"one that says nothing", "{{ messages }}{{ tools }}", `[TOOL_CALLS][{"name":"f"}]`},
		{"none", "", `[TOOL_CALLS][{"name":"f"}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readParts(tok.NewToolParser(&tokenizer.ToolParserOptions{Chat: &tokenizer.ChatOptions{Template: c.template, Tools: tools}}), c.answer)
			if len(got.Calls) != 1 || got.Text != "" {
				t.Errorf("got %d calls and %q", len(got.Calls), got.Text)
			}
		})
	}
	thinking := &tokenizer.ChatOptions{Template: "{% if add_generation_prompt %}<think>{% endif %}{# </think> #}"}
	if got := readParts(tok.NewToolParser(&tokenizer.ToolParserOptions{Chat: thinking}), "a</think>b"); got.Reasoning != "a" || got.Text != "b" {
		t.Errorf("got the text %q and the reasoning %q", got.Text, got.Reasoning)
	}
}

// What is shown has no special tokens in it, nor the words that make marks of them.
func TestTheMarksOfThinkingAreHiddenWhereTheyBeginWithSpecialTokens(t *testing.T) {
	for _, c := range []struct{ name, template, answer string }{
		{"gpt-oss", "<|channel|><|message|>", "<|channel|>analysis<|message|>I think. <|end|><|start|>assistant<|channel|>final<|message|>Hello.<|return|>"},
		{"Gemma 4", "<|tool_call><tool_call|>", "<|channel>thoughtI think. <channel|>Hello."},
		{"Kimi K3", "<|open|><|close|><|sep|>", "<|open|>think<|sep|>I think. <|close|>think<|sep|><|open|>response<|sep|>Hello.<|close|>response<|sep|>"},
		{"Muse", "<atem:function_calls>", "<|start|>assistant to=self<|message|>I think. <|eom|><|start|>assistant to=user<|message|>Hello.<|eot|>"},
		{"Solar", "<|tool_call:begin|>", "<|think|>I think. <|end|><|begin|>assistant<|content|>Hello.<|end|>"},
		{"Qwen", "<tool_call></think>", "<think>I think. </think>Hello."},
	} {
		tok := templated(t, "{# "+c.template+" #}", "<|channel|>", "<|message|>", "<|end|>", "<|start|>", "<|return|>", "<|channel>", "<channel|>", "</think>",
			"<|open|>", "<|sep|>", "<|close|>", "<|eom|>", "<|eot|>", "<|think|>", "<|begin|>", "<|content|>")
		for _, tools := range [][]any{nil, {map[string]any{"name": "f"}}} {
			for _, parts := range [][]string{{c.answer}, strings.Split(c.answer, "")} {
				got := readParts(tok.NewToolParser(&tokenizer.ToolParserOptions{Tools: tools, Prompt: "a"}), parts...)
				if want := "I think. Hello."; strings.TrimPrefix(got.All, "<think>") != want || got.Text != "Hello." || got.Reasoning != "I think. " {
					t.Errorf("%s, %d tools: got %q, the text %q and the reasoning %q", c.name, len(tools), got.All, got.Text, got.Reasoning)
				}
			}
		}
	}
}

// What is known of templates is found out by many at once.
func TestManyMayAskOfTheTemplatesOfATokenizer(t *testing.T) {
	tok := templated(t, "{# <tool_call> #}{% for m in messages %}{{ m.tool_calls }}{% endfor %}")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 20 {
				opts := &tokenizer.ChatOptions{Template: strings.Repeat(" ", i%3), Tools: []any{map[string]any{"name": "f"}}}
				if tok.ToolFormat() != tokenizer.ToolsHermes || tok.NewToolParser(&tokenizer.ToolParserOptions{Chat: opts}) == nil {
					t.Error("there is no format")
				}
				tok.AnswerMessageWith(t.Context(), "", xCalls, opts)
			}
		})
	}
	all.Wait()
}
