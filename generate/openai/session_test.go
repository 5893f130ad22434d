package openai_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
	"github.com/gocoreml/coreml/tokenizer"
)

// withSessions serves the storyteller as "kept", with sessions.
func withSessions(t *testing.T) (*server, *generate.Sessions) {
	t.Helper()
	g := story(t, generate.Config{})
	sessions, err := g.NewSessions(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sessions.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return serve(t, openai.Config{}, generate.Config{}, openai.Model{ID: "kept", Generator: g, Sessions: sessions}), sessions
}

// A model without a template answers with that of the request, which no session has.
func TestASessionOfAModelWithoutATemplateIsAnsweredWithoutOne(t *testing.T) {
	g := story(t, generate.Config{Chat: &tokenizer.ChatOptions{}})
	sessions, err := g.NewSessions(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sessions.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	s := serve(t, openai.Config{}, generate.Config{}, openai.Model{ID: "bare", Generator: g, Sessions: sessions})
	const with = `{"model":"bare","max_tokens":4,"chat_template":"{{ messages[0].content }}",` + hello + `}`
	var r chatReply
	s.post(chatPath, with, &r, "X-Session-Id", "a")
	if len(r.Choices) != 1 || sessions.Stats().Live != 0 {
		t.Errorf("got %+v with %+v", r, sessions.Stats())
	}
	if f := s.refused(chatPath, `{"model":"bare","max_tokens":4,`+hello+`}`, "X-Session-Id", "a"); f.Code != "no_chat_template" {
		t.Errorf("without a template: %+v", f)
	}
}

// A conversation that a client sends whole each time is not read anew, and its answers are those
// of one that is.
func TestASessionReadsWhatIsNew(t *testing.T) {
	s, sessions := withSessions(t)
	messages := []map[string]string{{"role": "system", "content": "You tell stories."}}
	for turn := range 4 {
		messages = append(messages, map[string]string{"role": "user", "content": "Once upon a time"})
		text, err := json.Marshal(messages)
		if err != nil {
			t.Fatal(err)
		}
		var r, plain chatReply
		s.post(chatPath, `{"model":"kept","max_tokens":8,"temperature":0,"messages":`+string(text)+`}`, &r, "X-Session-Id", "a")
		s.post(chatPath, `{"model":"story","max_tokens":8,"temperature":0,"messages":`+string(text)+`}`, &plain)
		got, want := *r.Choices[0].Message.Content, *plain.Choices[0].Message.Content
		if got != want {
			t.Errorf("turn %d: %q, want %q", turn, got, want)
		}
		cached, err := r.Usage.Prompt["cached_tokens"].Int64()
		if err != nil || turn > 0 && int(cached) < r.Usage.PromptTokens/2 {
			t.Errorf("turn %d: %d of %d tokens were there", turn, cached, r.Usage.PromptTokens)
		}
		messages = append(messages, map[string]string{"role": "assistant", "content": got})
	}
	if st := sessions.Stats(); st.Live != 1 {
		t.Errorf("%+v", st)
	}
	// Another beginning in the same session is another conversation.
	var r, plain chatReply
	s.post(chatPath, `{"model":"kept","max_tokens":8,"temperature":0,`+hello+`}`, &r, "X-Session-Id", "a")
	s.post(chatPath, `{"model":"story","max_tokens":8,"temperature":0,`+hello+`}`, &plain)
	if *r.Choices[0].Message.Content != *plain.Choices[0].Message.Content || r.Usage.PromptTokens != plain.Usage.PromptTokens {
		t.Errorf("%+v, want %+v", r, plain)
	}
	// Streams and responses are in the same session.
	var all strings.Builder
	for _, c := range chunks(t, s.streamed(chatPath, `{"model":"kept","stream":true,"max_tokens":8,"temperature":0,`+hello+`}`, "X-Session-Id", "a")) {
		if d := c.Choices[0].Delta.Content; d != nil {
			all.WriteString(*d)
		}
	}
	if all.String() != *plain.Choices[0].Message.Content {
		t.Errorf("the stream is %q", all.String())
	}
	var response responseReply
	s.post(responsesPath, `{"model":"kept","max_output_tokens":8,"temperature":0,"input":"Once upon a time"}`, &response, "X-Session-Id", "a")
	if n := response.Usage.InputDetails["cached_tokens"]; n == "0" || n == "" {
		t.Errorf("%+v", response.Usage)
	}
}

// What lies in the folder of sessions from another model is made anew.
func TestASavedSessionOfAnotherModel(t *testing.T) {
	dir := t.TempDir()
	ask := func(g *generate.Generator) (usage, string) {
		t.Helper()
		sessions, err := g.NewSessions(&generate.SessionsConfig{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		s := serve(t, openai.Config{}, generate.Config{}, openai.Model{ID: "kept", Generator: g, Sessions: sessions})
		var r chatReply
		s.post(chatPath, `{"model":"kept","max_tokens":3,"temperature":0,`+hello+`}`, &r, "X-Session-Id", "a")
		if err := sessions.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		return *r.Usage, *r.Choices[0].Message.Content
	}
	first := story(t, generate.Config{})
	_, want := ask(first)
	if u, text := ask(first); u.Prompt["cached_tokens"] == "0" || text != want {
		t.Errorf("after a restart %+v, %q, want %q", u, text, want)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(filepath.Join(dir, files[0].Name()), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if u, text := ask(first); u.Prompt["cached_tokens"] != "0" || text != want {
		t.Errorf("with a file that is damaged %+v, %q, want %q", u, text, want)
	}
}

// Requests of one session wait for each other, and many sessions share the states.
func TestSessionsAtOnce(t *testing.T) {
	s, _ := withSessions(t)
	want := library(t, s.g, &generate.Options{MaxTokens: 6, Sampling: &generate.Sampling{}}).Text
	var all sync.WaitGroup
	for k := range 12 {
		name := string(rune('a' + k%5))
		all.Go(func() {
			r := s.do("POST", chatPath, `{"model":"kept","max_tokens":6,"temperature":0,`+hello+`}`, "X-Session-Id", name)
			var reply chatReply
			if err := json.Unmarshal(r.body, &reply); err != nil || r.status != 200 || *reply.Choices[0].Message.Content != want {
				t.Errorf("%d %s (%v), want %q", r.status, r.body, err, want)
			}
		})
	}
	all.Wait()
}

func TestNamesOfSessionsThatAreNone(t *testing.T) {
	s, _ := withSessions(t)
	for _, name := range []string{strings.Repeat("x", 257), "a\u202eb"} {
		if e := s.refused(chatPath, `{"model":"kept",`+hello+`}`, "X-Session-Id", name); e.status != 400 || e.Param != "x-session-id" {
			t.Errorf("%q: %+v", name, e)
		}
	}
	// Names are no paths.
	var r chatReply
	s.post(chatPath, `{"model":"kept","max_tokens":2,`+hello+`}`, &r, "X-Session-Id", "../../../tmp/x")
}

// A conversation that is longer than the context is refused, unless it may lose its beginning.
func TestAConversationThatIsTooLong(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	long := `"messages":[{"role":"system","content":"S"}` + strings.Repeat(`,{"role":"user","content":"`+strings.Repeat("Once upon a time ", 10)+`"},{"role":"assistant","content":"Yes."}`, 20) + `,{"role":"user","content":"So?"}]`
	for _, path := range []string{chatPath} {
		if e := s.refused(path, `{"model":"story",`+long+`}`); e.status != 400 || e.Code != "context_length_exceeded" || e.Param != "messages" {
			t.Errorf("%+v", e)
		}
	}
	if e := s.refused(completionsPath, `{"model":"story","prompt":"`+strings.Repeat("Once upon a time ", 500)+`"}`); e.Code != "context_length_exceeded" || e.Param != "prompt" {
		t.Errorf("%+v", e)
	}
	var r chatReply
	s.post(chatPath, `{"model":"story","max_tokens":3,"overflow":"drop-turns",`+long+`}`, &r)
	if n := s.g.ContextLength(); r.Usage.PromptTokens >= n {
		t.Errorf("%d tokens of %d", r.Usage.PromptTokens, n)
	}
}

// A message of the assistant at the end is gone on with where that is asked for.
func TestAMessageThatGoesOn(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	opts := s.g.ChatOptions()
	opts.ContinueFinalMessage = true
	messages := []tokenizer.Message{{Role: "user", Content: "Hi"}, {Role: "assistant", Content: "Once upon"}}
	want, err := generate.Collect(s.g.Chat(t.Context(), messages, &generate.Options{MaxTokens: 6, Sampling: &generate.Sampling{}, Chat: opts}))
	if err != nil {
		t.Fatal(err)
	}
	var r chatReply
	s.post(chatPath, `{"model":"story","max_tokens":6,"temperature":0,"continue_final_message":true,"add_generation_prompt":false,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Once upon"}]}`, &r)
	if got := *r.Choices[0].Message.Content; got != want.Text {
		t.Errorf("%q, want %q", got, want.Text)
	}
}
