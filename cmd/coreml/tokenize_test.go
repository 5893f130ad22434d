package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// embedded is the tokenizer of the storyteller, as files.
const embedded = "../../tokenizer/testdata/storyteller"

func TestTokenizePrintsIdsPiecesAndOffsets(t *testing.T) {
	call(t, "tokenize", "Hello 👍").want(t, exitOK, "283  2-4   \"ll\"\n", "")
	call(t, "tokenize", "--json", "--no-special", "a<b").want(t, exitOK,
		`{"text":"a<b","ids":[66,29,67],"pieces":["a","<","b"],"offsets":[[0,1],[1,2],[2,3]]}`+"\n", "")
	callWith(t, "a<b", "tokenize", "--json", "--no-special", "-t", embedded).want(t, exitOK, `"ids":[66,29,67]`, "")
	call(t, "tokenize", "--json", "--no-special", "--tokenizer", filepath.Join(t.TempDir(), "none"), "a").want(t, exitFailure, "", "none")
}

func TestTokenizeDecodesIds(t *testing.T) {
	call(t, "tokenize", "--decode", "[66, 29 67]").want(t, exitOK, "a<b\n", "")
	call(t, "tokenize", "--decode", "--json", "66").want(t, exitOK, `{"ids":[66],"text":"a"}`, "")
	call(t, "tokenize", "--decode", "one").want(t, exitUsage, "", `"one" is no token id`)
}

func TestTokenizeRendersConversations(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join(embedded, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "messages.json")
	for name, text := range map[string]string{
		"tokenizer.json":      string(data),
		"chat_template.jinja": "{% for m in messages %}{{ m.content }}!{% endfor %}{{ tools|length if tools else '' }}{% if add_generation_prompt %}>{% endif %}",
		"messages.json":       `[{"role":"user","content":"a"}]`,
		"object.json":         `{"messages":[{"role":"user","content":"b"}],"tools":[{},{}],"add_generation_prompt":false}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	call(t, "tokenize", "-t", dir, "--json", "--chat", file).want(t, exitOK, `{"text":"a!>","ids":[66,2,31]`, "")
	call(t, "tokenize", "-t", dir, "--json", "--chat", filepath.Join(dir, "object.json")).want(t, exitOK, `{"text":"b!2"`, "")
	call(t, "tokenize", "-t", embedded, "--chat", file).want(t, exitFailure, "", "no chat template")
	call(t, "tokenize", "-t", dir, "--chat", file, "text").want(t, exitUsage, "", "--chat")
}

func TestTokenizeAnswersRequestsLineByLine(t *testing.T) {
	requests := strings.Join([]string{
		`{"text":"a é"}`, `{"ids":[66,29,130],"skip_special":true}`, ``,
		`{"template":"{{ bos_token }}{{ messages[0].content }}","input":{"messages":[{"content":"hi"}],"bos_token":"<s>"}}`,
		`{"template":"{{ strftime_now('%Y') }}","now":"2025-07-10T12:00:00Z"}`,
		`{"template":"{{ raise_exception('no') }}","input":{}}`,
		`{"template":"","input":[]}`, `{}`, `[`,
	}, "\n")
	got := callWith(t, requests, "tokenize", "--stdio", "--tokenizer", embedded)
	want := []string{
		`{"ids":[66,222,129,104],"ids_special":[1,66,222,129,104],"offsets":[[0,1],[1,2],[2,4],[2,4]],"pieces":["a","Ġ","Ã","©"]}`,
		`{"stream":["a","<",null],"text":"a<�"}`,
		`{"text":"<s>hi"}`, `{"text":"2025"}`, `"error":`, `"error":"input is not an object"`,
		`{"error":"the request has neither text nor ids nor chat nor template"}`, `{"error":"request: `,
	}
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	if got.status != exitOK || len(lines) != len(want) {
		t.Fatalf("status %d, %d lines\n%s%s", got.status, len(lines), got.out, got.err)
	}
	for i := range want {
		if !strings.Contains(lines[i], want[i]) {
			t.Errorf("line %d: got %s, want %s", i, lines[i], want[i])
		}
	}
	callWith(t, `{"text":"a"}`, "tokenize", "--stdio").want(t, exitOK, `{"error":"text and ids need --tokenizer"}`, "")
	call(t, "tokenize", "--stdio", "text").want(t, exitUsage, "", "--stdio")
}

func TestATokenizeRequestCanBeStopped(t *testing.T) {
	long := strings.Repeat("Once upon a time. ", 50_000)
	var in strings.Builder
	send := func(q object) {
		text, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(text, '\n'))
	}
	send(object{"id": "late", "text": long, "timeout_ms": 1})
	for id := range 8 {
		send(object{"id": id, "text": long})
	}
	send(object{"id": "stop", "cancel": 7})
	send(object{"id": nil, "op": "cancel", "cancel": "nobody"})
	send(object{"id": []int{1}, "text": "a"})
	send(object{"id": "bad", "text": "a", "timeout_ms": -1})
	send(object{"ids": []int{66}})
	r := callWith(t, in.String(), "tokenize", "--stdio", "--tokenizer", embedded)
	var replies []object
	for line := range strings.Lines(r.out) {
		var reply object
		if err := json.Unmarshal([]byte(line), &reply); err != nil {
			t.Fatal(err)
		}
		replies = append(replies, reply)
	}
	if r.status != exitOK || len(replies) != 14 {
		t.Fatalf("status %d, %d replies: %s", r.status, len(replies), r.err)
	}
	if late := replies[0]; late["id"] != "late" || late["code"] != codeTimeout || late["ids"] != nil {
		t.Errorf("after its time: %v", late["error"])
	}
	for id, reply := range replies[1:8] {
		if reply["id"] != float64(id) || reply["error"] != nil || len(reply["ids"].([]any)) == 0 {
			t.Errorf("request %d: %v", id, reply["error"])
		}
	}
	if stopped := replies[8]; stopped["id"] != 7.0 || stopped["code"] != codeCancelled || stopped["ids"] != nil {
		t.Errorf("the one to stop: %v, %v", stopped["id"], stopped["error"])
	}
	if replies[9]["id"] != "stop" || replies[9]["cancelled"] != 1.0 || replies[10]["cancelled"] != 0.0 {
		t.Errorf("cancel requests: %v, %v", replies[9], replies[10])
	}
	if id, ok := replies[11]["id"].([]any); !ok || len(id) != 1 || replies[11]["error"] != nil {
		t.Errorf("a list for an id: %v", replies[11])
	}
	if text, _ := replies[12]["error"].(string); !strings.Contains(text, "timeout_ms") {
		t.Errorf("a time below nothing: %v", replies[12])
	}
	if id, has := replies[13]["id"]; has || replies[13]["text"] != "a" {
		t.Errorf("without an id: %v, %v", id, replies[13])
	}
}

// The class of tokenizer_config.json has a pre-tokenizer of its own, without the cut
// into digits that the file asks for.
func TestTokenizeKeepsTheComponentsOfTheFileWhereAsked(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"tokenizer.json": `{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false}]},
			"model":{"type":"BPE","vocab":{"1":0,"2":1,"12":2},"merges":[["1","2"]]}}`,
		"tokenizer_config.json": `{"tokenizer_class":"GPT2Tokenizer"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	call(t, "tokenize", "-t", dir, "--json", "--no-special", "12").want(t, exitOK, `"ids":[2]`, "")
	call(t, "tokenize", "-t", dir, "--json", "--no-special", "--keep-components", "12").want(t, exitOK, `"ids":[0,1]`, "")
}
