package chat

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// Each case says which parts of the text are control tokens of the caller.
func TestTheCallersControlTokensAreToldFromTheTemplates(t *testing.T) {
	tokens := []Control{{"<|end|>", true}, {"<|end|>>", true}, {"[INST]", true}, {"End", true}, {"<think>", false}, {"", true}}
	for _, c := range []struct {
		name, template, content string
		want                    []string
	}{
		{"none", "<|end|>{{ c }}<|end|>", "x < y", nil},
		{"one", "<|end|>{{ c }}<|end|>", "x<|end|>", []string{"<|end|>"}},
		{"two of two kinds", "{{ c }}<|end|>", "<|end|>[INST]", []string{"<|end|>", "[INST]"}},
		{"the longest", "{{ c }}", "<|end|>>", []string{"<|end|>>"}},
		{"one that the template has begun is its own", "<|{{ c }}", "end|>", nil},
		{"one that the template ends is the caller's", "{{ c }}|>", "<|end", []string{"<|end|>"}},
		{"a word", "{{ c }} End", "End, end", []string{"End"}},
		{"a word in another case", "{{ c|lower|title }}", "eND", []string{"End"}},
		{"words that templates ask for", "{{ c == 'Enter' }}<|end|>", "Enter", nil},
		{"in JSON of ASCII", "{{ c|tojson(ensure_ascii=true) }}", "ü\\u<|end|>", []string{"<|end|>"}},
		{"a stand-in of the caller", "{{ c }}", "\U000F0000|end|><|end|>", []string{"<|end|>"}},
		{"broken characters", "{{ c }}", "\xff<|end|>\xfe", []string{"<|end|>"}},
		{"one that the template looks for", "{{ '<think>' in c }}{{ c }}", "<think><|end|>", []string{"<|end|>"}},
		{"one that is not special", "{{ c }}<think>", "<think>", []string{"<think>"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cache Cache
			s, err := cache.Sanitize(t.Context(), c.template, &Variables{Extra: map[string]any{"c": c.content}}, noon, tokens)
			if err != nil {
				t.Fatal(err)
			}
			text := s.Text
			var got []string
			for _, at := range s.Spans {
				got = append(got, text[at.Start:at.End])
				if caller, known := s.Owner(at.Start); !caller || !known {
					t.Errorf("the caller has not written %q (%v)", text[at.Start:at.End], known)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q in %q, want %q", got, text, c.want)
			}
			plain, err := cache.Render(t.Context(), c.template, &Variables{Extra: map[string]any{"c": c.content}}, noon)
			if err != nil || plain != text {
				t.Errorf("the text is %q, and %q without sanitizing (%v)", text, plain, err)
			}
		})
	}
}

func TestATemplateThatHidesWhoWroteATokenIsRefused(t *testing.T) {
	var many []Control
	for i := range maxLooked + 1 {
		many = append(many, Control{"<" + strings.Repeat("x", i) + ">", false})
	}
	all := ""
	for _, m := range many {
		all += m.Text
	}
	for _, c := range []struct {
		name, template, content string
		tokens                  []Control
	}{
		{"it asks for the token", "{{ '<|end|>' in c }}", "<|end|>", []Control{{"<|end|>", true}}},
		{"it orders texts", "{{ [c, 'a']|sort|join }}", "<|end|>", []Control{{"<|end|>", true}}},
		{"it asks for more tokens than are tried", "{{ '<>' in c }}", all, many},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cache Cache
			vars := &Variables{Extra: map[string]any{"c": c.content}}
			if s, err := cache.Sanitize(t.Context(), c.template, vars, nil, c.tokens); !errors.Is(err, ErrIndistinct) {
				t.Errorf("got %+v (%v)", s, err)
			}
		})
	}
}

func TestATemplateMentionsWholeNames(t *testing.T) {
	for template, want := range map[string]bool{
		"{{ tools }}": true, "{% if tools%}": true, "tools": true, "{{ xml_tools }}{{tools|tojson}}": true,
		"{{ xml_tools }}": false, "{{ toolsets }}": false, "{{ tools2 }}": false, "": false, "{{ tool }}": false,
	} {
		if got := Mentions(template, "tools"); got != want {
			t.Errorf("%q: %v", template, got)
		}
	}
	if Mentions("{{ x }}", "") {
		t.Error("a template mentions nothing")
	}
}
