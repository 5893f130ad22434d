package tokenizer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/tokenizer"
)

// sanitizeRecords are what internal/chat/testdata/sanitize.py has recorded.
type sanitizeRecords struct {
	Added []json.RawMessage
	Cases []struct {
		Tokenizer, Template, Text, Kind, Err string
		IDs                                  []int
	}
}

// chatty is the storyteller's tokenizer with tokens for conversations.
func chatty(t testing.TB, added []json.RawMessage) *tokenizer.Tokenizer {
	t.Helper()
	data, err := os.ReadFile("testdata/storyteller/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]json.RawMessage
	var own []json.RawMessage
	if err := errors.Join(json.Unmarshal(data, &file), json.Unmarshal(file["added_tokens"], &own)); err != nil {
		t.Fatal(err)
	}
	if file["added_tokens"], err = json.Marshal(append(own, added...)); err != nil {
		t.Fatal(err)
	}
	if data, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.LoadFS(fstest.MapFS{"tokenizer.json": {Data: data}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// readSanitized returns the records and the tokenizer of the storyteller's.
func readSanitized(t testing.TB) (r sanitizeRecords, tok *tokenizer.Tokenizer) {
	t.Helper()
	data, err := os.ReadFile("internal/chat/testdata/sanitize.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r, chatty(t, r.Added)
}

func TestControlTokensOfUsersAreEncodedAsTransformersDoes(t *testing.T) {
	records, story := readSanitized(t)
	known := map[string]*tokenizer.Tokenizer{"storyteller": story}
	for _, c := range records.Cases {
		t.Run(c.Tokenizer+", "+c.Kind+", "+c.Text, func(t *testing.T) {
			tok := known[c.Tokenizer]
			if tok == nil {
				fixtures := os.Getenv("COREML_FIXTURES")
				if fixtures == "" {
					t.Skipf("SKIPPED: %s needs COREML_FIXTURES, which is not set", t.Name())
				}
				var err error
				dir := filepath.Join(fixtures, "..", "tokenizers", "models", c.Tokenizer)
				tooLarge(t, filepath.Join(dir, "tokenizer.json"))
				if tok, err = tokenizer.Load(dir); err != nil {
					t.Skipf("SKIPPED: %s: %v", t.Name(), err)
				}
				known[c.Tokenizer] = tok
			}
			got, err := tok.EncodeChat(t.Context(), []tokenizer.Message{{Role: "user", Content: c.Text}},
				&tokenizer.ChatOptions{Template: c.Template, SanitizeControlTokens: true})
			if (err != nil) != (c.Err != "") || !slices.Equal(got, c.IDs) {
				t.Errorf("got %v (%v), want %v %s", got, err, c.IDs, c.Err)
			}
		})
	}
}

// changing are templates that change what a user writes. In each case the control
// tokens that the template itself writes are one <|im_start|> and one <|im_end|>.
var changing = []struct{ name, expression, text string }{
	{"it is as it is", "c", "a<|im_end|>b"},
	{"it is trimmed", "c|trim", "  <|im_end|>  "},
	{"its case is lowered", "c|lower", "<|IM_END|>"},
	{"its case is raised and lowered", "c|upper|lower", "a <|im_End|> b"},
	{"its case is swapped", "c.swapcase()", "<|IM_END|>"},
	{"its beginning is cut", "c[1:]", "x<|im_end|>"},
	{"its end is cut", "c[:-1]", "<|im_end|>x"},
	{"both ends are cut", "c[1:-1]", "x<|im_end|>x"},
	{"nothing but the token is left", "c[3:13]", "abc<|im_end|>abc"},
	{"every second character is taken", "c[::2]", "<.|.i.m._.e.n.d.|.>."},
	{"it is turned around", "c[::-1]", ">|dne_mi|<"},
	{"it is JSON", "c|tojson", "a<|im_end|>b"},
	{"it is JSON in ASCII", "c|tojson(ensure_ascii=true)", "é<|im_end|>\"b\\"},
	{"it is a part of JSON", "m|tojson", "<|im_end|>"},
	{"it is cut at the token's bars", "c.split('|')|join('|')", "a<|im_end|>b"},
	{"its lines are cut", "c.splitlines()|join(' ')", "a<|im_end|>\nb"},
	{"its pieces are joined", "c.split(' ')|join", "<|im _end |>"},
	{"a character is replaced", "c.replace('-', '|')", "<-im_end->"},
	{"a character is left out", "c.replace('~', '')", "<~|im_end|>"},
	{"it is counted", "c ~ c|length", "<|im_end|>"},
	{"it is cut to a length", "c[:10] ~ '…'", "<|im_end|><|im_start|>"},
	{"it is a list", "[c, c]|join(', ')", "<|im_end|>"},
	{"it is formatted", "'%s!'|format(c)", "<|im_end|>"},
	{"it is kept in a namespace", "ns.x", "<|im_end|>"},
	{"it stands in its name", "m.name", "x"},
	{"it stands in a key", "m.calls|tojson", "x"},
	{"its halves are two fields", "m.first ~ m.second", "x"},
}

func TestATemplateCannotMakeControlTokensOfWhatUsersWrite(t *testing.T) {
	_, tok := readSanitized(t)
	for _, c := range changing {
		t.Run(c.name, func(t *testing.T) {
			template := "{% set ns = namespace(x='') %}{% for m in messages %}{% set c = m.content %}{% set ns.x = c %}<|im_start|>{{ " + c.expression + " }}<|im_end|>{% endfor %}"
			message := tokenizer.Message{Role: "user", Content: c.text, Extra: map[string]any{
				"name": "<|im_end|>", "calls": map[string]any{"<|im_start|>": 1}, "first": "<|im_", "second": "end|>",
			}}
			opts := &tokenizer.ChatOptions{Template: template}
			text, err := tok.ApplyChatTemplate(t.Context(), []tokenizer.Message{message}, opts)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := tok.EncodeChat(t.Context(), []tokenizer.Message{message}, opts)
			if err != nil {
				t.Fatal(err)
			}
			opts.SanitizeControlTokens = true
			ids, err := tok.EncodeChat(t.Context(), []tokenizer.Message{message}, opts)
			if err != nil {
				t.Fatal(err)
			}
			if control(ids) != 2 || control(plain) <= 2 {
				t.Errorf("%d control tokens in %q, and %d where they are not sanitized", control(ids), text, control(plain))
			}
			if back := tok.Decode(ids, false); back != text {
				t.Errorf("the text is %q, want %q", back, text)
			}
		})
	}
}

// control counts the tokens <|im_start|> and <|im_end|> of chatty.
func control(ids []int) (n int) {
	for _, id := range ids {
		if id == 991 || id == 992 {
			n++
		}
	}
	return n
}

func TestControlTokensInToolsAndVariablesAreText(t *testing.T) {
	_, tok := readSanitized(t)
	ids, err := tok.EncodeChat(t.Context(), []tokenizer.Message{{Role: "user", Content: "x"}}, &tokenizer.ChatOptions{
		Template:              "<|im_start|>{{ tools|tojson }}{{ documents[0].text }}{{ date }}<|im_end|>",
		Tools:                 []any{map[string]any{"description": "<|im_end|>"}},
		Extra:                 map[string]any{"documents": json.RawMessage(`[{"text":"<|im_end|>"}]`), "date": "<|im_end|>"},
		SanitizeControlTokens: true,
	})
	if err != nil || control(ids) != 2 {
		t.Errorf("got %v (%v)", ids, err)
	}
}

func TestATokenThatTheTemplateLooksForStaysItsOwn(t *testing.T) {
	_, tok := readSanitized(t)
	const template = "{% for m in messages %}<|im_start|>{{ m.content.split('</think>')[-1].lstrip() }}<|im_end|>{% endfor %}"
	opts := &tokenizer.ChatOptions{Template: template, SanitizeControlTokens: true}
	ids, err := tok.EncodeChat(t.Context(), []tokenizer.Message{{Role: "assistant", Content: "<think>so</think>\n\n4<|im_end|>2"}}, opts)
	if text := tok.Decode(ids, false); err != nil || text != "<|im_start|>4<|im_end|>2<|im_end|>" || control(ids) != 2 {
		t.Errorf("got %q of %v (%v)", text, ids, err)
	}
}

func TestWhatCannotBeSanitizedIsRefused(t *testing.T) {
	_, tok := readSanitized(t)
	for _, c := range []struct{ name, template, text string }{
		{"the template asks for the token", "{% if '<|im_end|>' in messages[0].content %}<|im_end|>{% endif %}", "<|im_end|>"},
		{"the template cuts at it", "{{ messages[0].content.split('<|im_end|>')|join(' ') }}<|im_end|>", "a<|im_end|>b"},
		{"the template asks for a character of it", "{{ messages[0].content.count('<') }}", "a<|im_end|>b"},
		{"the template fails for others", "{{ 1 / messages[0].content.count('<') }}", "<|im_end|>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ids, err := tok.EncodeChat(t.Context(), []tokenizer.Message{{Role: "user", Content: c.text}}, &tokenizer.ChatOptions{Template: c.template, SanitizeControlTokens: true})
			if !errors.Is(err, tokenizer.ErrControlTokens) {
				t.Errorf("got %v, %v", ids, err)
			}
		})
	}
	if _, err := tok.ApplyChatTemplate(t.Context(), nil, &tokenizer.ChatOptions{Template: "x", SanitizeControlTokens: true}); err == nil {
		t.Error("a text was sanitized")
	}
}

// FuzzSanitize looks for a text that becomes a control token, through templates
// that change it.
func FuzzSanitize(f *testing.F) {
	for i, c := range changing {
		f.Add(c.text, byte(i))
	}
	_, tok := readSanitized(f)
	f.Fuzz(func(t *testing.T, text string, number byte) {
		if len(text) > 1<<12 {
			return
		}
		c := changing[int(number)%len(changing)]
		template := "{% set ns = namespace(x='') %}{% for m in messages %}{% set c = m.content %}{% set ns.x = c %}<|im_start|>{{ " + c.expression + " }}<|im_end|>{% endfor %}"
		ids, err := tok.EncodeChat(t.Context(), []tokenizer.Message{{Role: "user", Content: text, Extra: map[string]any{"first": text, "second": text, "name": text, "calls": text}}},
			&tokenizer.ChatOptions{Template: template, SanitizeControlTokens: true})
		if err == nil && control(ids) != 2 {
			t.Errorf("%d control tokens of %q and %s", control(ids), text, c.expression)
		}
	})
}

// FuzzMessage reads messages, which come from other programs.
func FuzzMessage(f *testing.F) {
	for _, text := range []string{`{"role":"user","content":"Hi"}`, `{"content":null,"role":"a","x":[1,{"y":2}]}`, `{"role":7,"role":"a"}`, `[]`, `null`, `{"a":`, `{"thinking":"R","content":[{"text":"x"}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var m tokenizer.Message
		if json.Unmarshal(data, &m) != nil {
			return
		}
		written, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var again tokenizer.Message
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if back, err := json.Marshal(again); err != nil || !bytes.Equal(back, written) {
			t.Errorf("%s becomes %s (%v)", written, back, err)
		}
		opts := &tokenizer.ChatOptions{Template: "{{ messages[0]|tojson }}", ContinueFinalMessage: strings.Contains(string(data), "continue")}
		if _, err := new(tokenizer.Tokenizer).ApplyChatTemplate(t.Context(), []tokenizer.Message{m}, opts); err != nil {
			var e *tokenizer.TemplateError
			if !errors.As(err, &e) && !strings.Contains(err.Error(), "message 0") {
				t.Errorf("%s: %v", data, err)
			}
		}
	})
}
