package jinja_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/jinja"
)

// styles are templates as models bring them, each with what such templates do
// with a content: concatenate, trim, split, look for marks, write JSON.
var styles = map[string]string{
	"ChatML": "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}" +
		"{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
	"Llama 3": "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}" +
		"{% if loop.index0 == 0 %}{% set content = '<s>' + content %}{% endif %}{{ content }}{% endfor %}",
	"alternation": "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}" +
		"{% if m.role == 'user' %}{{ '[INST] ' ~ m.content.strip() ~ ' [/INST]' }}{% else %}{{ ' ' ~ m.content ~ '</s>' }}{% endif %}{% endfor %}",
	"thinking": "{%- set ns = namespace(last=messages|length - 1, seen=true) %}{%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}" +
		"{%- if ns.seen and message.role == 'user' and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}{%- set ns.seen = false %}{%- set ns.last = index %}{%- endif %}{%- endfor %}" +
		"{%- for message in messages %}{%- set content = message.content if message.content is string else '' %}{%- set reasoning = '' %}" +
		"{%- if '</think>' in content %}{%- set reasoning = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}{%- set content = content.split('</think>')[-1].lstrip('\n') %}{%- endif %}" +
		"{{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>\n' }}{%- endfor %}",
	"JSON": "{% for m in messages %}{{ m|tojson }}{{ '\n' }}{% endfor %}",
}

// conversation is one of n messages with so much text in each.
func conversation(n, size int) *jinja.Dict {
	list := jinja.NewList()
	for i := range n {
		m := jinja.NewDict()
		m.Set("role", []string{"user", "assistant"}[i%2])
		m.Set("content", strings.Repeat("Some words, of which a line consists.\n", size/38+1))
		list.Items = append(list.Items, m)
	}
	vars := jinja.NewDict()
	vars.Set("messages", list)
	vars.Set("add_generation_prompt", true)
	return vars
}

// TestLongConversationsAreFarFromTheLimits renders what no model can read: each
// within half of the budget of steps.
func TestLongConversationsAreFarFromTheLimits(t *testing.T) {
	for _, c := range []struct {
		name    string
		n, size int
	}{
		{"100,000 messages", 100_000, 60},
		{"10,000 messages of a page", 10_000, 1000},
		{"three messages of four megabytes", 3, 4 << 20},
		{"a message of twenty megabytes", 1, 20 << 20},
	} {
		vars := conversation(c.n, c.size)
		for style, text := range styles {
			t.Run(style+" of "+c.name, func(t *testing.T) {
				tpl, err := jinja.Parse(t.Context(), text)
				if err != nil {
					t.Fatal(err)
				}
				out, err := tpl.Render(t.Context(), vars, nil)
				if err != nil {
					t.Fatal(err)
				}
				if len(out) < c.n*c.size {
					t.Errorf("only %d bytes of text", len(out))
				}
				steps, bytes, err := jinja.Cost(t.Context(), tpl, vars)
				t.Logf("%d steps, %d MB, %v", steps, bytes>>20, err)
				if steps > 15_000_000 {
					t.Errorf("takes %d steps", steps)
				}
			})
		}
	}
}
