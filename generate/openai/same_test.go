package openai_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

// said is what a client gets of an answer, whichever way it is sent.
type said struct {
	Text, Reasoning, Finish string
	Calls                   []string
}

// add adds what a message, or a part of one, says.
func (a *said) add(m message, finish *string) {
	if m.Content != nil {
		a.Text += *m.Content
	}
	a.Reasoning += m.ReasoningContent
	for _, c := range m.ToolCalls {
		a.Calls = append(a.Calls, c.ID+" "+c.Function.Name+c.Function.Arguments)
	}
	if finish != nil {
		a.Finish += *finish
	}
}

// ask sends a chat and returns its answers and the usage.
func (s *server) ask(body map[string]any, stream bool, headers ...string) ([]said, usage) {
	s.t.Helper()
	body["stream"] = stream
	delete(body, "stream_options")
	if stream {
		body["stream_options"] = map[string]any{"include_usage": true}
	}
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	n, ok := body["n"].(int)
	if !ok {
		n = 1
	}
	answers := make([]said, n)
	if !stream {
		var r chatReply
		s.post(chatPath, string(text), &r, headers...)
		for _, c := range r.Choices {
			answers[c.Index].add(c.Message, c.FinishReason)
		}
		return answers, *r.Usage
	}
	var u usage
	for _, e := range s.streamed(chatPath, string(text), headers...) {
		if e.data == "[DONE]" {
			continue
		}
		var r chatReply
		if err := json.Unmarshal([]byte(e.data), &r); err != nil || strings.Contains(e.data, `"error"`) {
			s.t.Fatalf("%s: %s: %v", text, e.data, err)
		}
		for _, c := range r.Choices {
			answers[c.Index].add(c.Delta, c.FinishReason)
		}
		if r.Usage != nil {
			u = *r.Usage
		}
	}
	return answers, u
}

// talk is a conversation that a client sends whole each time.
type talk struct {
	rand     *rand.Rand
	messages []map[string]any
}

// sayings are parts of texts that tokens begin and end anywhere in.
var sayings = []string{"Once upon a time", " there was a", " little girl named Lily.", "\n", "Ä 日本 🙂", " Tell me more. ", "<", "the end", ""}

func (c *talk) saying() string {
	var b strings.Builder
	for range 1 + c.rand.IntN(4) {
		b.WriteString(sayings[c.rand.IntN(len(sayings))])
	}
	return b.String()
}

// size is the length of what was said.
func (c *talk) size() (n int) {
	for _, m := range c.messages {
		n += len(fmt.Sprint(m["content"]))
	}
	return n
}

// next makes the next turn: mostly a message more, at times an earlier one that is edited.
func (c *talk) next() {
	user := map[string]any{"role": "user", "content": c.saying()}
	switch k := c.rand.IntN(10); {
	case len(c.messages) == 0 && k < 5:
		c.messages = append(c.messages, map[string]any{"role": "system", "content": c.saying()}, user)
	case len(c.messages) > 8 || c.size() > 250 || k == 0: // the context has an end
		c.messages = []map[string]any{user}
	case k == 1 && len(c.messages) > 1: // an earlier message is edited, and the rest goes
		c.messages = append(c.messages[:c.rand.IntN(len(c.messages)-1)], user)
	case k == 2 && len(c.messages) > 1: // one in the middle is another
		at := c.rand.IntN(len(c.messages))
		c.messages[at] = map[string]any{"role": "user", "content": c.saying()}
	case k == 3: // the last answer is asked for again
		if n := len(c.messages); n > 1 {
			c.messages = c.messages[:n-1]
			return
		}
		fallthrough
	default:
		c.messages = append(c.messages, user)
	}
}

// request makes what a client may ask for.
func (c *talk) request() map[string]any {
	body := map[string]any{"model": "story", "messages": c.messages, "max_tokens": 1 + c.rand.IntN(12), "temperature": 0}
	if c.rand.IntN(2) == 0 {
		body["temperature"], body["seed"] = 0.9, c.rand.IntN(1000)
	}
	switch c.rand.IntN(8) {
	case 0:
		body["n"] = 2 + c.rand.IntN(2)
	case 1:
		body["stop"] = []string{" a", ".", "he"}[:1+c.rand.IntN(3)]
	case 2:
		body["response_format"], body["max_tokens"] = json.RawMessage(`{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object","properties":{"a":{"enum":["b","c"]},"d":{"type":"boolean"}},"required":["a","d"],"additionalProperties":false}}}`), 40
	case 3:
		body["tools"], body["tool_choice"], body["max_tokens"] = json.RawMessage(strings.TrimPrefix(tools, `"tools":`)), "required", 60
	case 4:
		body["chat_template_kwargs"] = map[string]any{"enable_thinking": true}
	case 5:
		body["logprobs"], body["repetition_penalty"] = true, 1.3
	}
	return body
}

// What states and sessions keep changes no answer: whatever is asked in whatever order, it is
// that of a generator that keeps nothing, and so is what was counted of it.
func TestWhatIsKeptChangesNoAnswer(t *testing.T) {
	for name, arithmetic := range map[string]coreml.Arithmetic{"faithful": coreml.ArithmeticFaithful, "wide": coreml.ArithmeticWide} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(sameSeeds) {
				conversations(t, arithmetic, seed)
			}
		})
	}
}

// sameSeeds is how many conversations of so many turns there are.
const sameSeeds, sameSteps = 2, 40

// conversations compares the answers to some conversations at once.
func conversations(t *testing.T, arithmetic coreml.Arithmetic, seed uint64) {
	t.Helper()
	cfg := generate.Config{Model: &coreml.Config{Arithmetic: arithmetic}}
	plain := serve(t, openai.Config{}, cfg)
	cfg.ReuseStates, cfg.MaxStates = true, 3
	kept := story(t, cfg)
	sessions, err := kept.NewSessions(&generate.SessionsConfig{Dir: t.TempDir(), SaveEachTurn: true, MaxBytes: 1 << 17})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sessions.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	s := serve(t, openai.Config{}, generate.Config{}, openai.Model{ID: "kept", Generator: kept, Sessions: sessions})
	random := rand.New(rand.NewPCG(seed, 7))
	talks := make([]*talk, 4)
	for k := range talks {
		talks[k] = &talk{rand: random}
	}
	for step := range sameSteps {
		k := random.IntN(len(talks))
		c := talks[k]
		c.next()
		body := c.request()
		want, wantUsage := plain.ask(body, false)
		body["model"] = "kept"
		var headers []string
		if random.IntN(3) > 0 {
			headers = []string{"X-Session-Id", fmt.Sprint("session ", random.IntN(2)*k)}
		}
		got, u := s.ask(body, random.IntN(2) == 0, headers...)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("seed %d, step %d, %v, %v: -plain +kept\n%s", seed, step, body, headers, d)
		}
		cached, err := u.Prompt["cached_tokens"].Int64()
		if err != nil || int(cached) > u.PromptTokens || u.PromptTokens != wantUsage.PromptTokens || u.CompletionTokens != wantUsage.CompletionTokens || u.TotalTokens != u.PromptTokens+u.CompletionTokens {
			t.Errorf("seed %d, step %d, %v, %v: usage %+v, want %+v", seed, step, body, headers, u, wantUsage)
		}
		c.messages = append(c.messages, map[string]any{"role": "assistant", "content": got[0].Text})
	}
}
