package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/tokenizer"
)

// showing writes what a template is given.
const showing = "{% for m in messages %}{{ m.role }}:{{ m.content }}|{{ m.thinking }}<|endoftext|>{% endfor %}" +
	"{{ enable_thinking }},{{ documents[0].title if documents }},{{ tools is none }},{{ strftime_now('%Y') }}{% if add_generation_prompt %}>{% endif %}"

// chatFolder is a folder with the storyteller's tokenizer and templates.
func chatFolder(t testing.TB, others map[string]string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(embedded, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"tokenizer.json": string(data), "chat_template.jinja": showing,
		"additional_chat_templates/short.jinja": "{{ messages[-1].content }}{{ n }}",
	}
	dir := t.TempDir()
	for name, text := range others {
		files[name] = text
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAllThatAChatFileSaysReachesTheTemplate(t *testing.T) {
	dir := chatFolder(t, nil)
	const user = `"messages":[{"role":"user","content":"Hi"}]`
	for _, c := range []struct {
		name, file string
		flags      []string
		want       string // the text, or the error where status says so
		status     int
	}{
		{"a list of messages", `[{"role":"user","content":"Hi"}]`, []string{"--now", "1999-01-01T00:00:00Z"}, "user:Hi|<|endoftext|>,,True,1999>", exitOK},
		{"variables", `{` + user + `,"enable_thinking":false,"documents":[{"title":"T"}],"now":"1999-01-01T00:00:00Z"}`, nil, "user:Hi|<|endoftext|>False,T,True,1999>", exitOK},
		{"variables as servers take them", `{` + user + `,"chat_template_kwargs":{"enable_thinking":true},"now":"1999-01-01T00:00:00Z"}`, nil, "user:Hi|<|endoftext|>True,,True,1999>", exitOK},
		{"a variable by a flag", `{` + user + `,"enable_thinking":1,"now":"1999-01-01T00:00:00Z"}`, []string{"--template-var", `enable_thinking="a,b;c"`}, "user:Hi|<|endoftext|>a,b;c,,True,1999>", exitOK},
		{"an empty list of tools", `{` + user + `,"tools":[],"now":"1999-01-01T00:00:00Z"}`, nil, "user:Hi|<|endoftext|>,,False,1999>", exitOK},
		{"no answer", `{` + user + `,"add_generation_prompt":false,"now":"1999-01-01T00:00:00Z"}`, nil, "user:Hi|<|endoftext|>,,True,1999", exitOK},
		{"a template by its name", `{` + user + `,"chat_template":"short","n":2}`, nil, "Hi2", exitOK},
		{"a template by its text", `{` + user + `,"chat_template":"{{ messages|length }}"}`, nil, "1", exitOK},
		{"a template by a flag", `{` + user + `}`, []string{"--template", "short"}, "Hi", exitOK},
		{"a message that goes on", `{"messages":[{"role":"a","content":"So"}],"continue_final_message":true}`, nil, "a:So", exitOK},
		{"thinking that goes on", `{"messages":[{"role":"a","content":"","reasoning":"So"}],"continue_final_message":"reasoning"}`, nil, "a:|So", exitOK},
		{"null for what is absent", `{` + user + `,"tools":null,"continue_final_message":null,"chat_template":null,"add_generation_prompt":null,"now":null}`, []string{"--now", "1999-01-01T00:00:00Z"}, "user:Hi|<|endoftext|>,,True,1999>", exitOK},
		{"a null content", `{"messages":[{"role":"a","content":null}],"now":"1999-01-01T00:00:00Z"}`, nil, "a:|<|endoftext|>,,True,1999>", exitOK},
		{"a null content in version 4", `{"messages":[{"role":"a","content":null}],"now":"1999-01-01T00:00:00Z","transformers":4}`, nil, "a:None|<|endoftext|>,,True,1999>", exitOK},
		{"version 4 by a flag", `{"messages":[{"role":"a","content":null}],"now":"1999-01-01T00:00:00Z"}`, []string{"--transformers", "4"}, "a:None|<|endoftext|>,,True,1999>", exitOK},
		{"another version", `{` + user + `,"transformers":3}`, nil, "Transformers is 3, want 4 or 5", exitFailure},
		{"a variable that the template has not", `{` + user + `,"enable_thinkin":false}`, nil, "the chat template has no variable enable_thinkin", exitFailure},
		{"an argument that means nothing here", `{` + user + `,"return_tensors":"pt"}`, nil, "the chat template has no variable return_tensors", exitFailure},
		{"a variable by a flag that the template has not", `{` + user + `}`, []string{"--template-var", "x=1"}, "the chat template has no variable x", exitFailure},
		{"a template that the tokenizer has not", `{` + user + `,"chat_template":"rag"}`, nil, `no chat template "rag", only: default, short`, exitFailure},
		{"a template by a flag that it has not", `{` + user + `}`, []string{"--template", "rag"}, `no chat template "rag"`, exitFailure},
		{"tools for a template that takes none", `{` + user + `,"tools":[{}],"chat_template":"short"}`, nil, "the chat template takes no tools", exitFailure},
		{"a message that goes on, and an answer", `{` + user + `,"continue_final_message":true,"add_generation_prompt":true}`, nil, "exclude each other", exitFailure},
		{"a message that cannot go on", `{"messages":[{"role":"a"}],"continue_final_message":true}`, nil, "no content to continue", exitFailure},
		{"tools that are no list", `{` + user + `,"tools":{}}`, nil, "tools", exitFailure},
		{"a time that is none", `{` + user + `,"now":"noon"}`, nil, "now", exitFailure},
		{"no messages but a word", `"Hi"`, nil, "", exitFailure},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "chat.json")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			r := call(t, append([]string{"tokenize", "-t", dir, "--json", "--chat", file}, c.flags...)...)
			if c.status != exitOK {
				r.want(t, c.status, "", c.want)
				return
			}
			var got struct{ Text string }
			if err := json.Unmarshal([]byte(r.out), &got); err != nil || got.Text != c.want {
				t.Errorf("got %q (%v), want %q\n%s", got.Text, err, c.want, r.err)
			}
		})
	}
}

func TestAChatFileCanKeepControlTokensOfMessagesText(t *testing.T) {
	dir := chatFolder(t, nil)
	file := filepath.Join(t.TempDir(), "chat.json")
	if err := os.WriteFile(file, []byte(`{"messages":[{"role":"a","content":"<|endoftext|>"}],"chat_template":"{{ messages[0].content }}<|endoftext|>","sanitize_control_tokens":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	// The ids are those of "<|endoftext|>" without added tokens, and token 0.
	r := call(t, "tokenize", "-t", dir, "--json", "--chat", file)
	r.want(t, exitOK, `"text":"<|endoftext|><|endoftext|>"`, "")
	var got struct {
		IDs     []int
		Pieces  []string
		Offsets [][2]int
	}
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got.IDs) < 3 || got.IDs[0] == 0 || got.IDs[len(got.IDs)-1] != 0 || strings.Join(got.Pieces[:len(got.Pieces)-1], "") != "<|endoftext|>" ||
		len(got.Offsets) != len(got.IDs) || got.Offsets[0] != [2]int{0, 1} || got.Offsets[len(got.IDs)-1] != [2]int{13, 26} {
		t.Errorf("got %s (%v)", r.out, err)
	}
	call(t, "tokenize", "-t", dir, "--chat", file, "--sanitize-control-tokens").want(t, exitOK, "0-1    \"<\"\n", "")
}

// Qwen3's template writes an empty thought where thinking is switched off.
func TestThinkingOfARealModelIsSwitchedOffByTheChatFile(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	qwen := filepath.Join(fixtures, "..", "tokenizers", "models", "qwen3")
	if _, err := os.Stat(qwen); fixtures == "" || err != nil {
		t.Skipf("SKIPPED: %s needs Qwen3's tokenizer beside COREML_FIXTURES", t.Name())
	}
	file := filepath.Join(t.TempDir(), "chat.json")
	if err := os.WriteFile(file, []byte(`{"messages":[{"role":"user","content":"Hi"}],"enable_thinking":false}`), 0o600); err != nil {
		t.Fatal(err)
	}
	call(t, "tokenize", "-t", qwen, "--json", "--chat", file).want(t, exitOK,
		`"text":"<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"`, "")
}

func TestGenerateGivesTheTemplateItsVariables(t *testing.T) {
	dir := chatFolder(t, map[string]string{"chat_template.jinja": "{{ messages[0].content }}{{ tone }}{{ strftime_now('%Y') }}"})
	text := func(flags ...string) string {
		t.Helper()
		r := call(t, append([]string{"generate", "Once", "--tokenizer", dir, "-m", model, "-n", "1", "--json", "--temperature", "0"}, flags...)...)
		var got struct {
			PromptTokens int `json:"prompt_tokens"`
		}
		if err := json.Unmarshal([]byte(r.out), &got); err != nil {
			t.Fatalf("%v: %s%s", err, r.out, r.err)
		}
		return strconv.Itoa(got.PromptTokens)
	}
	if long, short := text("--template-var", `tone=" upon a time there was a frog"`, "--now", "1999-01-01T00:00:00Z"), text("--now=1999-01-01T00:00:00Z"); long == short {
		t.Errorf("the prompt has %s tokens with the variable and without", long)
	}
	text("--template", "short", "--transformers", "4", "--sanitize-control-tokens")
	given := func(flags ...string) result {
		t.Helper()
		return call(t, append([]string{"generate", "Once", "-m", model, "-n", "1"}, flags...)...)
	}
	given("--tokenizer", dir, "--template-var", "tune=1").want(t, exitFailure, "", "the chat template has no variable tune")
	given("--tokenizer", dir, "--template", "rag").want(t, exitFailure, "", `--template: the tokenizer has no chat template "rag", only: default, short`)
	given("--raw", "--now", "1999-01-01T00:00:00Z").want(t, exitUsage, "", "--now is for the chat template, which --raw leaves out")
	given("--template-var", "tone=1").want(t, exitFailure, "", "--template-var: no chat template")
	given("--template-var", "tone=loud").want(t, exitUsage, "", "--template-var tone is \"loud\", which is no JSON")
	given("--template-var", "tone").want(t, exitUsage, "", "--template-var")
	given("--now", "noon").want(t, exitUsage, "", "--now is \"noon\"")
	given("--transformers", "3").want(t, exitUsage, "", "--transformers is 3: it must be 4 or 5")
	call(t, "tokenize", "x", "--template", "short").want(t, exitOK, "x", "--template has no effect without --chat")
}

func TestConversationsOverStandardInput(t *testing.T) {
	dir := chatFolder(t, nil)
	for _, c := range []struct{ name, request, want string }{
		{"a conversation", `{"chat":{"messages":[{"role":"user","content":"Hi"}],"chat_template":"short","n":1}}`, `{"ids":[41,74,18],"text":"Hi1"}`},
		{"one that goes on", `{"chat":{"messages":[{"role":"a","content":"Hi"}],"continue_final_message":true}}`, `"text":"a:Hi"`},
		{"one with a variable too many", `{"chat":{"messages":[],"chat_template":"short","m":1}}`, `{"error":"chat: the chat template has no variable m"}`},
		{"messages as version 5 hands them over", `{"template":"{{ messages }}","input":{"messages":[{"content":null,"role":"a","reasoning":"R"},{"role":"u"}]}}`, `{"text":"[{'thinking': 'R', 'role': 'a', 'reasoning': 'R', 'reasoning_content': 'R'}, {'role': 'u'}]"}`},
		{"messages as version 4 does", `{"template":"{{ messages }}","input":{"messages":[{"content":null,"role":"a"}]},"transformers":4}`, `{"text":"[{'content': None, 'role': 'a'}]"}`},
		{"messages that are none", `{"template":"{{ messages }}","input":{"messages":[1,null,{"a":null}]}}`, `{"text":"[1, None, {'a': None}]"}`},
		{"another version", `{"template":"x","transformers":3}`, `{"error":"transformers is 3, want 4 or 5"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			callWith(t, c.request, "tokenize", "--stdio", "-t", dir).want(t, exitOK, c.want, "")
		})
	}
	callWith(t, `{"chat":{"messages":[]}}`, "tokenize", "--stdio").want(t, exitOK, `{"error":"chat needs --tokenizer"}`, "")
}

// The recorded renderings were made with the input as all that a template sees, as
// version 4 hands messages over; in real.json, plain has what version 5 makes of it.
func TestRecordedConversationsOverStandardInput(t *testing.T) {
	fixtures := os.Getenv("COREML_FIXTURES")
	dir := filepath.Join(fixtures, "..", "tokenizers", "chat")
	data, err := os.ReadFile(filepath.Join(dir, "templates.json"))
	if fixtures == "" || err != nil {
		t.Skipf("SKIPPED: %s needs the recorded conversations beside COREML_FIXTURES", t.Name())
	}
	var templates []struct{ Template string }
	var others map[string]map[string]struct{ Out *string }
	if err := json.Unmarshal(data, &templates); err != nil {
		t.Fatal(err)
	}
	if data, err = os.ReadFile("../../tokenizer/internal/chat/testdata/real.json"); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &others); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(dir, "dev.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 1<<24)
	var requests strings.Builder
	var want []*string
	for i := 0; lines.Scan(); i++ {
		var r struct {
			Tpl   int
			Input json.RawMessage
			Out   *string
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		five := r.Out
		if other, ok := others["plain"][strconv.Itoa(i)]; ok {
			five = other.Out
		}
		want = append(want, five, r.Out)
		for version := 5; version >= 4; version-- {
			q, err := json.Marshal(object{"template": templates[r.Tpl].Template, "input": r.Input, "now": "2025-07-10T12:00:00Z", "transformers": version})
			if err != nil {
				t.Fatal(err)
			}
			requests.Write(append(q, '\n'))
		}
	}
	r := callWith(t, requests.String(), "tokenize", "--stdio")
	replies := strings.Split(strings.TrimSpace(r.out), "\n")
	if len(replies) != len(want) {
		t.Fatalf("%d replies to %d requests: %s", len(replies), len(want), r.err)
	}
	for i, line := range replies {
		var got struct{ Text, Error *string }
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if want[i] == nil && got.Error == nil || want[i] != nil && (got.Text == nil || *got.Text != *want[i]) {
			t.Errorf("case %d, version %d: got %.300s", i/2, 5-i%2, line)
		}
	}
}

// FuzzChatFile reads conversations, which other programs write.
func FuzzChatFile(f *testing.F) {
	for _, text := range []string{
		`[{"role":"user","content":"Hi"}]`, `{"messages":[{"role":"a","content":null}],"tools":[{}],"continue_final_message":"thinking"}`,
		`{"chat_template_kwargs":{"a":1},"now":"2025-07-10T12:00:00Z","transformers":4}`, `{"chat_template":7}`, `{"messages":null}`, `[`, `null`, `7`,
	} {
		f.Add([]byte(text))
	}
	tok, err := tokenizer.LoadFS(storyteller.FS(), ".")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := readChat(data)
		if err != nil {
			return
		}
		if c.options.Template == "" || strings.Contains(c.options.Template, "{") {
			c.options.Template = "{{ messages|tojson }}{{ tools|tojson }}"
		}
		if text, e, err := c.encode(t.Context(), tok); err == nil && (e == nil || text == "") {
			t.Errorf("%q becomes %q and %v", data, text, e)
		}
	})
}
