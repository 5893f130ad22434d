package openai_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
	"github.com/gocoreml/coreml/tokenizer"
)

// FuzzRequests sends bodies to all routes. A reply is JSON or a stream, and no fault is the
// server's.
func FuzzRequests(f *testing.F) {
	g := story(f, generate.Config{MaxStates: 1, Chat: &tokenizer.ChatOptions{Template: chatTemplate}})
	h, err := openai.New(&openai.Config{MaxAnswers: 2}, openai.Model{ID: "story", Generator: g})
	if err != nil {
		f.Fatal(err)
	}
	paths := []string{chatPath, completionsPath, responsesPath, "/tokenize", "/detokenize", embeddingsPath, "/v1/messages", "/v1/messages/count_tokens"}
	for _, body := range []string{
		`{"messages":[{"role":"user","content":"Hi"}],"temperature":0.5,"stop":["a"],"seed":1,"n":2,"logprobs":true,"top_logprobs":2}`,
		`{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]},{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"b"}],"stream":true,"stream_options":{"include_usage":true}}`,
		`{"messages":[{"role":"user","content":"Hi"}],` + tools + `,"tool_choice":"required"}`,
		`{"messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}}}`,
		`{"prompt":["a",[1,2]],"echo":true,"logprobs":2,"best_of":2,"logit_bias":{"5":-1},"guided_regex":"a+"}`,
		`{"prompt":[1,2,3],"stream":true,"sequence_bias":[[[1],2]],"bad_words":["a",[1]]}`,
		`{"input":"Hi","instructions":"x","text":{"format":{"type":"json_object"}},"stream":true}`,
		`{"input":[{"type":"reasoning","content":[{"text":"a"}]},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"a","output":[{"type":"input_text","text":"b"}]}],"reasoning":{"effort":"low"}}`,
		`{"tokens":[1,2,3]}`, `{"content":"a","with_pieces":true}`, `{"input":[[1],"a"]}`,
		`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:image/png;base64,AAAA"}]}],"chat_template":"{{ messages }}","chat_template_kwargs":{"enable_thinking":true}}`,
	} {
		for k := range paths {
			f.Add(uint8(k), body)
		}
	}
	f.Fuzz(func(t *testing.T, path uint8, body string) {
		if len(body) > 1<<14 {
			t.Skip("long texts are slow and no different")
		}
		// Answers are short, whatever is asked for.
		var fields map[string]json.RawMessage
		if json.Unmarshal([]byte(body), &fields) == nil && fields != nil {
			for _, name := range []string{"max_tokens", "max_completion_tokens", "max_output_tokens"} {
				fields[name] = json.RawMessage("3")
			}
			if text, err := json.Marshal(fields); err == nil {
				body = string(text)
			}
		}
		to := paths[int(path)%len(paths)]
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", to, strings.NewReader(body)))
		switch kind := w.Header().Get("Content-Type"); {
		case w.Code >= 500:
			t.Errorf("%s %s: %d %s", to, body, w.Code, w.Body)
		case kind == "application/json":
			if !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s %s: %s", to, body, w.Body)
			}
		case !strings.HasPrefix(kind, "text/event-stream"):
			t.Errorf("%s %s: %d %s %s", to, body, w.Code, kind, w.Body)
		default:
			events(t, w.Body)
		}
		if st := g.Stats(); st.States != 0 {
			t.Errorf("%s %s: %d states are held", to, body, st.States)
		}
	})
}
