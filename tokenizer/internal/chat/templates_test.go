package chat

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite testdata/formats.txt from the templates that are there")

// templateFolders are where chat templates are looked for: the folders that are listed in
// COREML_TEMPLATES, and one beside the larger fixtures. The templates belong to their
// makers, so that they are not in the repository; toolcalls.py, which recorded the
// answers, says where they come from.
func templateFolders() []string {
	folders := filepath.SplitList(os.Getenv("COREML_TEMPLATES"))
	if fixtures := os.Getenv("COREML_FIXTURES"); fixtures != "" {
		folders = append(folders, filepath.Join(fixtures, "..", "reports", "tokenizer", "tool-families", "templates"))
	}
	return folders
}

// templateText returns the text of a template, empty where it is in none of the folders.
func templateText(name string) string {
	for _, folder := range templateFolders() {
		if data, err := os.ReadFile(filepath.Join(folder, name+".jinja")); err == nil {
			return string(data)
		}
	}
	return ""
}

func TestTemplatesSuggestTheirFormats(t *testing.T) {
	formats := formatsOfTemplates(t)
	var lines strings.Builder
	found := 0
	for _, template := range recordedTemplates(t).Templates {
		name := template.Templates[0]
		text := templateText(name)
		if text != "" {
			found++
			if got := Suggested(text); got != formats[name] && !*update {
				t.Errorf("%s suggests %q, want %q", name, got, formats[name])
			} else {
				formats[name] = got
			}
		}
		fmt.Fprintf(&lines, "%s\t%s\n", name, formats[name])
	}
	if found == 0 {
		t.Skip("no templates in COREML_TEMPLATES, nor beside COREML_FIXTURES")
	}
	t.Logf("%d templates", found)
	if *update {
		if err := os.WriteFile("testdata/formats.txt", []byte(lines.String()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// recordedTurn is the last message of a recorded conversation, with its keys in the
// order in which Python has them.
func recordedTurn(c answerOfTemplate, name string, kimi bool) *Message {
	var list []string
	for i, raw := range c.Calls {
		var call [2]json.RawMessage
		_ = json.Unmarshal(raw, &call)
		if strings.HasPrefix(c.Style, "text") {
			call[1], _ = json.Marshal(pythonJSON(call[1]))
		}
		id := []string{"abcdefgh1", "abcdefgh2"}[i]
		if kimi {
			id = fmt.Sprintf("functions.%s:%d", strings.Trim(string(call[0]), `"`), i)
		}
		list = append(list, fmt.Sprintf(`{"id": %q, "type": "function", "function": {"name": %s, "arguments": %s}}`, id, call[0], call[1]))
	}
	calls := json.RawMessage("[" + strings.Join(list, ", ") + "]")
	m := &Message{Role: "assistant", Extra: map[string]any{"tool_calls": calls}}
	if strings.Contains(name, "text before") {
		m.Content = "Let me look."
	}
	switch name {
	case "reasoning before a call":
		m.Extra["reasoning_content"] = "I think of {x}."
	case "reasoning and text before two calls":
		m.Extra["reasoning_content"] = "I think so."
	}
	if thought := m.Extra["reasoning_content"]; thought != nil {
		m.Extra["reasoning"], m.Extra["thinking"] = thought, thought
	}
	return m
}

// pythonJSON writes JSON as Python does, with a space behind colons and commas.
func pythonJSON(raw json.RawMessage) string {
	var out strings.Builder
	inText := false
	for i, c := range string(raw) {
		out.WriteRune(c)
		switch {
		case c == '"' && (i == 0 || raw[i-1] != '\\'):
			inText = !inText
		case !inText && (c == ':' || c == ',') && raw[i+1] != ' ':
			out.WriteByte(' ')
		}
	}
	return out.String()
}

// What the template engine writes is what was recorded, and its calls are read back.
func TestTemplatesWriteWhatIsReadBack(t *testing.T) {
	all := recordedTemplates(t)
	formats := formatsOfTemplates(t)
	tools := NewTools(all.Tools)
	done := 0
	for _, template := range all.Templates {
		name := template.Templates[0]
		text := templateText(name)
		if text == "" {
			continue
		}
		for i, c := range template.Cases {
			if c.Answer == "" || c.Engine != "strict" || unreadable(name, all.Cases[i]) != "" {
				continue
			}
			done++
			t.Run(name+": "+all.Cases[i], func(t *testing.T) {
				written := render(t, text, all.Tools, recordedTurn(c, all.Cases[i], strings.Contains(text, "<|tool_call_begin|>")))
				at := strings.LastIndex(written, c.Answer)
				if at < 0 {
					t.Fatalf("%q is not in %q", c.Answer, written)
				}
				got := readIn(formats[name], Options{Tools: tools, Prompt: c.Tail}, []string{written[at : at+len(c.Answer)]})
				checkCalls(t, got.Calls, c.Calls)
			})
		}
	}
	if done == 0 {
		t.Skip("no templates in COREML_TEMPLATES, nor beside COREML_FIXTURES")
	}
	t.Logf("%d answers", done)
}

// render writes the recorded conversation.
func render(t *testing.T, template string, tools []any, turn *Message) string {
	t.Helper()
	if strings.Contains(template, "parameter_definitions") && !strings.Contains(template, "json_to_python_type") {
		t.Skip("wants tools in a form of its own")
	}
	vars := &Variables{
		Messages: []*Message{{Role: "user", Content: "Hi"}, turn}, Tools: tools,
		Tokens: []Token{{"eos_token", "<|EOS|>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}},
		Extra:  map[string]any{"datetime": "1 Jan 2026", "bos_token": ""},
	}
	if strings.Contains(template, "+ functions") {
		vars.Extra["functions"] = "[]"
	}
	var cache Cache
	out, err := cache.Render(context.Background(), template, vars, func() time.Time { return time.Unix(0, 0) })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The folder beside the larger fixtures has answers for each of its templates.
func TestFamiliesOfTemplatesAreReadWhole(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skip("COREML_FIXTURES is not set")
	}
	folder := filepath.Join(fixtures, "..", "reports", "tokenizer", "tool-families")
	var inputs []struct{ Family, Template, Answer string }
	var expected []struct{ Calls []json.RawMessage }
	readJSONFile(t, filepath.Join(folder, "input.json"), &inputs)
	readJSONFile(t, filepath.Join(folder, "expected.json"), &expected)
	random := rand.New(rand.NewPCG(5, 6))
	for i, c := range inputs {
		t.Run(c.Family, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(folder, "templates", c.Template+".jinja"))
			if err != nil {
				t.Fatal(err)
			}
			format := Suggested(string(text))
			options := Options{Template: string(text)}
			whole := readIn(format, options, []string{c.Answer})
			for range randomCuts() / len(inputs) {
				if parts := randomCut(random, c.Answer); !reflect.DeepEqual(whole, readIn(format, options, parts)) {
					t.Fatalf("%s: %q gives something else than the whole", format, parts)
				}
			}
			if parts := bytesOf(c.Answer); !reflect.DeepEqual(whole, readIn(format, options, parts)) {
				t.Errorf("%s: byte by byte it gives something else than the whole", format)
			}
			for k := range expected[i].Calls { // ids are recorded where the form has them
				var call []json.RawMessage
				_ = json.Unmarshal(expected[i].Calls[k], &call)
				if len(call) == 3 && k < len(whole.Calls) && fmt.Sprintf("%q", whole.Calls[k].ID) != string(call[2]) {
					t.Errorf("id %q, want %s", whole.Calls[k].ID, call[2])
				}
				expected[i].Calls[k], _ = json.Marshal(call[:2])
			}
			checkCalls(t, whole.Calls, expected[i].Calls)
			thoughts := formatOf(format).thoughts(string(text))
			if m := thoughts[0]; !strings.Contains(c.Answer, m.end) {
				if got := readIn(format, options, bytesOf(m.open+c.Answer+m.end)); len(got.Calls) > 0 {
					t.Errorf("within thinking it gives %d calls", len(got.Calls))
				}
			}
		})
	}
}

// readJSONFile reads a file of JSON, without which the test is skipped.
func readJSONFile(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Skip(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}
