//go:build linux

package attacks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/tokenizer"
)

// Expressions that work on a large text d, and on a list l of its words; each of
// them once took up to 200 ms a step, with ten million steps allowed.
var costly = []string{
	"d|int", "d|float", "d.count('x')", "l|groupby(0)|length", "[d ~ 'a', d ~ 'b']|sort|length", "d.isdigit()", "d is lower",
	"d|wordcount", "l|sum(start='')|length", "d.find('zz')", "d.replace('x', 'y')|length", "d|upper|length", "d|tojson|length",
	"d.split('q')|length", "d.strip('x')|length", "d == d ~ ''", "'zz' in d", "(d * 2)|length", "d[::-1]|length", "{d: 1}|length",
	"l|unique|list|length", "l|join|length", "d|reverse|length", "d|trim|length", "d|indent|length", "d|title|length",
	"d|escape|length", "d.encode|length", "d is string and d < d ~ 'a'", "'%s%s'|format(d, d)|length", "d|replace('x','yy')|length",
	"d.isalnum()", "d is upper", "d.splitlines()|length", "d|list|length", "d|batch(3)|list|length", "l|map('upper')|list|length",
}

const largeText = 20 << 20

func templates() []*attack {
	var list []*attack
	for _, expression := range costly {
		template := looped(expression)
		list = append(list,
			&attack{
				name: "template/" + expression, prepare: withTemplate(template),
				inside: func(ctx context.Context, dir string) error {
					return wantType[*tokenizer.TemplateError](render(ctx, dir))
				},
			}, &attack{
				name: "template cancelled/" + expression, prepare: withTemplate(template),
				inside: func(ctx context.Context, dir string) error {
					ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
					defer cancel()
					return within(20*time.Second, func() error {
						return wantType[error](render(ctx, dir))
					})
				},
			})
	}
	return list
}

// looped evaluates the expression more often than any budget allows.
func looped(expression string) string {
	return "{% set d = messages[0].content %}{% set l = d.split(' ') %}{% set ns = namespace(n=0) %}" +
		"{% for i in range(100000) %}{% for j in range(100000) %}{% set x = " + expression + " %}{% endfor %}{% endfor %}done"
}

// withTemplate writes a tokenizer with a chat template.
func withTemplate(template string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		writeTemplate(t, dir, template)
	}
}

func writeTemplate(t testing.TB, dir, template string) {
	t.Helper()
	config, err := json.Marshal(map[string]any{"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "tokenizer_config.json"), config)
	copyStory(t, "tokenizer.json", filepath.Join(dir, "tokenizer.json"))
}

func render(ctx context.Context, dir string) error {
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return err
	}
	_, err = tok.ApplyChatTemplate(ctx, largeConversation(), nil)
	return err
}

// largeConversation is the text that costly expressions work on.
func largeConversation() []tokenizer.Message {
	return []tokenizer.Message{{Role: "user", Content: strings.Repeat("some words x ", largeText/13)}}
}

func tokenizers() []*attack {
	grow := make([]string, 0, 64)
	for range 32 {
		grow = append(grow, `{"type":"Replace","pattern":{"String":"a"},"content":"aa"}`)
	}
	long := strings.Repeat("a", 1<<20)
	nested := []string{`["<unk>",-10]`}
	for n := 1; n <= 5000; n += 7 {
		nested = append(nested, fmt.Sprintf(`["%s",-%d.5]`, strings.Repeat("a", n), n))
	}
	return []*attack{
		{
			name:    "tokenizer/a normalizer doubles the text 32 times",
			prepare: withTokenizer(`{"type":"Sequence","normalizers":[`+strings.Join(grow, ",")+`]}`, wordLevel),
			inside:  encode(strings.Repeat("a", 40), true),
		}, {
			name:    "tokenizer/a normalizer replaces a letter by a megabyte",
			prepare: withTokenizer(`{"type":"Replace","pattern":{"String":"a"},"content":"`+long+`"}`, wordLevel),
			inside:  encode(strings.Repeat("a", 4000), true),
		}, {
			name:    "tokenizer/a normalizer prepends a megabyte for each of many",
			prepare: withTokenizer(`{"type":"Sequence","normalizers":[`+strings.Join(repeated(`{"type":"Prepend","prepend":"`+strings.Repeat("b", 10000)+`"}`, 100), ",")+`]}`, wordLevel),
			inside:  encode("a", false),
		}, {
			name: "tokenizer/WordPiece with one word of a megabyte",
			prepare: withTokenizer("null", `{"type":"WordPiece","unk_token":"<unk>","continuing_subword_prefix":"##","max_input_chars_per_word":1000000000,
				"vocab":{"<unk>":0,"a":1,"##a":2,"##`+strings.Repeat("a", 5000)+`b":3,"##`+strings.Repeat("a", 3000)+`":4}}`),
			inside: encode(long, false),
		}, {
			name:    "tokenizer/Unigram with pieces of 5 kB and a megabyte",
			prepare: withTokenizer("null", `{"type":"Unigram","unk_id":0,"vocab":[`+strings.Join(nested, ",")+`]}`),
			inside:  encode(long, false),
		}, {
			name:    "tokenizer/a token's number is 2,000,000,000",
			prepare: withTokenizer("null", `{"type":"WordLevel","unk_token":"<unk>","vocab":{"<unk>":0,"a":2000000000}}`),
			inside:  encode("a", false),
		}, {
			name:    "tokenizer/a pattern that backtracks for ever",
			prepare: withTokenizer(`{"type":"Replace","pattern":{"Regex":"(a+)+(b+)+\\1c"},"content":"x"}`, wordLevel),
			inside:  encode(strings.Repeat("a", 5000), false),
		},
	}
}

const wordLevel = `{"type":"WordLevel","unk_token":"<unk>","vocab":{"<unk>":0,"a":1}}`

func repeated(s string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

func withTokenizer(normalizer, model string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		write(t, filepath.Join(dir, "tokenizer.json"), []byte(`{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
			"normalizer":`+normalizer+`,"pre_tokenizer":null,"post_processor":null,"decoder":null,"model":`+model+`}`))
	}
}

// encode answers with any error, or with a result within the bounds; one that
// must fail may not be accepted.
func encode(text string, mustFail bool) func(ctx context.Context, dir string) error {
	return func(ctx context.Context, dir string) error {
		tok, err := tokenizer.Load(filepath.Join(dir, "tokenizer.json"))
		if err != nil {
			return nil // refused when it was loaded
		}
		_, plain := tok.EncodeContext(ctx, text, true)
		_, traced := tok.EncodeWithOffsets(text, true)
		if mustFail && (plain == nil || traced == nil) {
			return errors.New("it was accepted")
		}
		return nil
	}
}

// copyStory copies a file of the embedded model.
func copyStory(t testing.TB, from, to string) {
	t.Helper()
	data, err := fs.ReadFile(storyteller.FS(), from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, data)
}

func write(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
