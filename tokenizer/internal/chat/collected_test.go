package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// collectedTemplates reads lists of templates: those in COREML_TEMPLATES whose names end in
// .json, which collect.py makes of packages, and the one beside the larger fixtures.
func collectedTemplates(t *testing.T) map[string]string {
	t.Helper()
	files := slices.DeleteFunc(filepath.SplitList(os.Getenv("COREML_TEMPLATES")), func(name string) bool { return filepath.Ext(name) != ".json" })
	if fixtures := os.Getenv("COREML_FIXTURES"); fixtures != "" {
		files = append(files, filepath.Join(fixtures, "..", "tokenizers", "chat", "templates.json"))
	}
	found := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		var list []json.RawMessage
		if err == nil {
			err = json.Unmarshal(data, &list)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range list {
			var pair [2]string
			var named struct{ Name, Template string }
			if json.Unmarshal(raw, &pair) == nil {
				found[pair[1]] = pair[0]
			} else if err := json.Unmarshal(raw, &named); err != nil {
				t.Fatal(err)
			} else {
				found[named.Template] = named.Name
			}
		}
	}
	return found
}

// noToolTemplate returns why a text that speaks of tools is no template that could suggest
// a format, empty where it is one.
func noToolTemplate(text string) string {
	tool := json.RawMessage(`{"type": "function", "function": {"name": "get_weather", "description": "b", "parameters": {"type": "object", "properties": {}}}}`)
	calls := []any{map[string]any{"id": "abcdefgh1", "type": "function", "function": map[string]any{"name": "get_weather", "arguments": map[string]any{}}}}
	user := &Message{Role: "user", Content: "Hi"}
	turn := &Message{Role: "assistant", Extra: map[string]any{"tool_calls": calls}}
	var cache Cache
	why := "it writes neither tools nor calls"
	for _, messages := range [][]*Message{{user}, {user, turn}} {
		vars := &Variables{
			Messages: messages, Tools: []any{tool},
			Tokens: []Token{{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}},
		}
		out, err := cache.Render(context.Background(), text, vars, noon)
		var failed *Error
		switch {
		case strings.Contains(out, "'get_weather'"):
			why = "it prints tools as Python does and does not say how to call them"
		case strings.Contains(out, "get_weather"):
			return ""
		case errors.As(err, &failed) && failed.Kind == "TemplateSyntaxError":
			return "it is no template but a text about one, or a part of one"
		case err != nil:
			why = fmt.Sprintf("it cannot be rendered: %v", err)
		}
	}
	return why
}

// Every template that writes tools or calls suggests the form in which the model answers.
func TestToolTemplatesSuggestAFormat(t *testing.T) {
	found := collectedTemplates(t)
	if len(found) == 0 {
		t.Skip("no lists of templates in COREML_TEMPLATES, nor beside COREML_FIXTURES")
	}
	start := time.Now()
	tools, known := 0, 0
	var rest []string
	for _, text := range slices.Sorted(maps.Keys(found)) {
		if !slices.ContainsFunc([]string{"tools", "tool_calls", "functions"}, func(name string) bool { return Mentions(text, name) }) {
			continue
		}
		tools++
		if Suggested(text) != "" {
			known++
			continue
		}
		why := noToolTemplate(text)
		if why == "" {
			t.Errorf("%s suggests no format: %.200q", found[text], text)
		}
		rest = append(rest, fmt.Sprintf("%s: no format: %s", found[text], why))
	}
	slices.Sort(rest)
	for _, line := range rest {
		t.Log(line)
	}
	t.Logf("of %d templates %d speak of tools, and %d of these suggest a format (%v)", len(found), tools, known, time.Since(start).Round(time.Millisecond))
}
