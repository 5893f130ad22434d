package tokenizer_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// noon is the clock that the recorded renderings saw.
func noon() time.Time { return time.Date(2025, time.July, 10, 12, 0, 0, 0, time.UTC) }

// rendering is what a version of transformers made of a conversation: a text, or
// the kind of an error.
type rendering struct {
	Out *string
	Err string
}

// compare checks one answer against it.
func (r rendering) compare(t *testing.T, got string, err error) {
	t.Helper()
	switch {
	case r.Out == nil && err == nil:
		t.Errorf("got %q, want %s", got, r.Err)
	case r.Out != nil && (err != nil || got != *r.Out):
		t.Errorf("got %q (%v), want %q", got, err, *r.Out)
	}
}

// chatArgs are arguments as transformers' apply_chat_template takes them.
type chatArgs map[string]json.RawMessage

// options gives them to this package.
func (args chatArgs) options(t *testing.T) *tokenizer.ChatOptions {
	t.Helper()
	opts := &tokenizer.ChatOptions{Now: noon, Extra: map[string]any{}, IgnoreTools: true}
	for name, raw := range args {
		var to any
		switch name {
		case "add_generation_prompt":
			to = &opts.AddGenerationPrompt
		case "tools":
			var tools []json.RawMessage
			if err := json.Unmarshal(raw, &tools); err != nil {
				t.Fatal(err)
			}
			if tools != nil {
				opts.Tools = []any{}
			}
			for _, tool := range tools {
				opts.Tools = append(opts.Tools, tool)
			}
			continue
		case "continue_final_message":
			to = &opts.ContinueFinalMessage
			if raw[0] == '"' {
				opts.ContinueFinalMessage, to = true, &opts.ContinueField
			}
		default:
			opts.Extra[name] = raw
			continue
		}
		if err := json.Unmarshal(raw, to); err != nil {
			t.Fatal(err)
		}
	}
	return opts
}

// internal/chat/testdata/record.py records the answers of both versions.
func TestConversationsAreWrittenAsTransformersDoes(t *testing.T) {
	data, err := os.ReadFile("internal/chat/testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Template string
		Messages       []tokenizer.Message
		Args           chatArgs
		Four           rendering `json:"4"`
		Five           rendering `json:"5"`
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	tok := loadTiny(t, "tokenizer_config.json", `{"bos_token":"<s>","additional_special_tokens":["<a>"]}`)
	for _, c := range cases {
		for version, want := range map[int]rendering{0: c.Five, 4: c.Four, 5: c.Five} {
			t.Run(c.Name+", in version "+strconv.Itoa(version), func(t *testing.T) {
				opts := c.Args.options(t)
				opts.Template, opts.Transformers = c.Template, version
				got, err := tok.ApplyChatTemplate(t.Context(), c.Messages, opts)
				want.compare(t, got, err)
				var e *tokenizer.TemplateError
				if err != nil && (!errors.As(err, &e) || e.Kind != "ValueError") {
					t.Errorf("the error is %v", err)
				}
			})
		}
	}
}

// The recorded renderings of real templates have their input as all that the
// template sees; real.json has what each version of transformers, which takes it as
// arguments, writes otherwise.
func TestRealTemplatesAreRenderedAsEachVersionDoes(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	if fixtures == "" {
		t.Skipf("SKIPPED: %s needs COREML_FIXTURES, which is not set", t.Name())
	}
	dir := filepath.Join(fixtures, "..", "tokenizers", "chat")
	var templates []struct{ Template string }
	readJSON(t, filepath.Join(dir, "templates.json"), &templates)
	var others map[string]map[string]rendering
	readJSON(t, "internal/chat/testdata/real.json", &others)
	file, err := os.Open(filepath.Join(dir, "dev.jsonl.gz"))
	if err != nil {
		t.Skipf("SKIPPED: %s: %v", t.Name(), err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 1<<24)
	differ := map[int]int{}
	for i := 0; lines.Scan(); i++ {
		var r struct {
			rendering
			Tpl        int
			Name, Case string
			Input      chatArgs
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		for _, version := range []int{4, 5} {
			want, ok := others[strconv.Itoa(version)][strconv.Itoa(i)]
			if ok {
				differ[version]++
			} else {
				want = r.rendering
			}
			t.Run(r.Name+"/"+r.Case+"/"+strconv.Itoa(version), func(t *testing.T) {
				var messages []tokenizer.Message
				if err := json.Unmarshal(r.Input["messages"], &messages); err != nil {
					t.Fatal(err)
				}
				args := maps.Clone(r.Input)
				delete(args, "messages")
				opts := args.options(t)
				opts.Template, opts.Transformers = templates[r.Tpl].Template, version
				got, err := new(tokenizer.Tokenizer).ApplyChatTemplate(t.Context(), messages, opts)
				want.compare(t, got, err)
			})
		}
	}
	if err := lines.Err(); err != nil || differ[4] != len(others["4"]) || differ[5] != len(others["5"]) {
		t.Errorf("%d were seen of those that differ (%v)", differ, err)
	}
}

// readJSON reads a file that a test needs.
func readJSON(t *testing.T, path string, to any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("SKIPPED: %s: %v", t.Name(), err)
	}
	if err := json.Unmarshal(data, to); err != nil {
		t.Fatal(err)
	}
}
