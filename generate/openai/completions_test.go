package openai_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

const completionsPath = "/v1/completions"

type completionReply struct {
	ID, Object, Model string
	Choices           []struct {
		Index        int
		Text         string
		FinishReason *string `json:"finish_reason"`
		LogProbs     *struct {
			Tokens        []string
			TokenLogProbs []*float64           `json:"token_logprobs"`
			TopLogProbs   []map[string]float64 `json:"top_logprobs"`
			TextOffset    []int                `json:"text_offset"`
		}
	}
	Usage *usage
}

func TestACompletionIsThatOfTheLibrary(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	const prompt = "Once upon a time"
	want, err := s.g.Generate(t.Context(), prompt, &generate.Options{MaxTokens: 12, Sampling: &generate.Sampling{}})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := s.g.Tokenizer().Encode(prompt, true)
	if err != nil {
		t.Fatal(err)
	}
	idText, err := json.Marshal(ids)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, prompt string
		n            int
	}{
		{"a string", `"Once upon a time"`, 1},
		{"tokens", string(idText), 1},
		{"texts", `["Once upon a time","Once upon a time"]`, 2},
		{"lists of tokens", "[" + string(idText) + "," + string(idText) + "]", 2},
		{"a text and tokens", `["Once upon a time",` + string(idText) + "]", 2},
	} {
		var r completionReply
		s.post(completionsPath, `{"model":"story","max_tokens":12,"temperature":0,"prompt":`+c.prompt+`}`, &r)
		if len(r.Choices) != c.n || r.Object != "text_completion" || r.Usage.PromptTokens != c.n*len(ids) || r.Usage.CompletionTokens != c.n*12 {
			t.Fatalf("%s: %+v", c.name, r)
		}
		for k, one := range r.Choices {
			if one.Text != want.Text || one.Index != k || *one.FinishReason != "length" || one.LogProbs != nil {
				t.Errorf("%s: %+v, want %q", c.name, one, want.Text)
			}
		}
	}
	var text [2]strings.Builder
	list := s.streamed(completionsPath, `{"model":"story","max_tokens":12,"temperature":0,"stream":true,"echo":true,"stream_options":{"include_usage":true},"prompt":["Once upon a time","Once upon a time"]}`)
	for _, e := range list[:len(list)-1] {
		var r completionReply
		if err := json.Unmarshal([]byte(e.data), &r); err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Choices {
			text[c.Index].WriteString(c.Text)
		}
		if (r.Usage != nil) != (len(r.Choices) == 0) {
			t.Errorf("a chunk is %s", e.data)
		}
	}
	for k := range text {
		if got := text[k].String(); got != prompt+want.Text {
			t.Errorf("stream %d is %q, want %q", k, got, prompt+want.Text)
		}
	}
	s.held()
}

func TestSeveralAnswersAreThoseOfTheirSeeds(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	const request = `{"model":"story","max_tokens":8,"temperature":1,"seed":7,"prompt":"Once"`
	var r completionReply
	s.post(completionsPath, request+`,"n":3}`, &r)
	if len(r.Choices) != 3 || r.Usage.CompletionTokens != 24 {
		t.Fatalf("%+v", r)
	}
	for k, c := range r.Choices {
		want, err := s.g.Generate(t.Context(), "Once", &generate.Options{MaxTokens: 8, Sampling: merged(s.g, func(s *generate.Sampling) { s.Temperature, s.Seed = 1, new(uint64(7+k)) })})
		if err != nil || c.Text != want.Text || c.Index != k {
			t.Errorf("answer %d is %q, want %q (%v)", k, c.Text, want.Text, err)
		}
	}
	text := make([]strings.Builder, 3)
	for _, e := range s.streamed(completionsPath, request+`,"n":3,"stream":true}`) {
		var chunk completionReply
		if e.data == "[DONE]" {
			break
		}
		if err := json.Unmarshal([]byte(e.data), &chunk); err != nil {
			t.Fatal(err)
		}
		text[chunk.Choices[0].Index].WriteString(chunk.Choices[0].Text)
	}
	for k := range text {
		if text[k].String() != r.Choices[k].Text {
			t.Errorf("answer %d of the stream is %q, want %q", k, text[k].String(), r.Choices[k].Text)
		}
	}
	// The best of three is the one with the greatest mean.
	var best, all completionReply
	s.post(completionsPath, request+`,"best_of":3}`, &best)
	s.post(completionsPath, request+`,"n":3,"logprobs":0}`, &all)
	most, at := math.Inf(-1), 0
	for k, c := range all.Choices {
		sum := 0.0
		for _, p := range c.LogProbs.TokenLogProbs {
			sum += *p
		}
		if mean := sum / float64(len(c.LogProbs.TokenLogProbs)); mean > most {
			most, at = mean, k
		}
	}
	if len(best.Choices) != 1 || best.Choices[0].Text != all.Choices[at].Text || best.Choices[0].LogProbs != nil || best.Usage.CompletionTokens != 24 {
		t.Errorf("the best is %+v, want %q", best, all.Choices[at].Text)
	}
}

// merged returns the model's own settings with a change.
func merged(g *generate.Generator, change func(s *generate.Sampling)) *generate.Sampling {
	s := g.DefaultSampling()
	change(s)
	return s
}

func TestLogProbabilitiesOfCompletions(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	var r completionReply
	s.post(completionsPath, `{"model":"story","max_tokens":6,"temperature":0,"logprobs":3,"prompt":"Once upon a time"}`, &r)
	c := r.Choices[0]
	if l := c.LogProbs; len(l.Tokens) != 6 || len(l.TokenLogProbs) != 6 || len(l.TopLogProbs) != 6 || len(l.TextOffset) != 6 || strings.Join(l.Tokens, "") != c.Text {
		t.Fatalf("%+v of %q", l, c.Text)
	}
	for k, offset := range c.LogProbs.TextOffset {
		token := c.LogProbs.Tokens[k]
		if !strings.HasPrefix(c.Text[offset:], token) || len(c.LogProbs.TopLogProbs[k]) != 3 || c.LogProbs.TopLogProbs[k][token] != *c.LogProbs.TokenLogProbs[k] {
			t.Errorf("token %d: %+v", k, c.LogProbs)
		}
	}
	// The prompt's own, as programs that measure models ask for them.
	var echo completionReply
	s.post(completionsPath, `{"model":"story","max_tokens":0,"echo":true,"logprobs":1,"prompt":"Once upon a time"}`, &echo)
	score, err := s.g.Score(t.Context(), "Once upon a time", &generate.Options{LogProbs: 1})
	if err != nil {
		t.Fatal(err)
	}
	l := echo.Choices[0].LogProbs
	if echo.Choices[0].Text != "Once upon a time" || len(l.Tokens) != len(score.Tokens) || l.TokenLogProbs[0] != nil || l.TopLogProbs[0] != nil || echo.Usage.CompletionTokens != 0 || echo.Usage.PromptTokens != len(score.Tokens) {
		t.Fatalf("%+v", echo)
	}
	for k := 1; k < len(l.Tokens); k++ { // behind the token that begins all texts
		if *l.TokenLogProbs[k] != score.Tokens[k].LogProb || !strings.HasPrefix("Once upon a time"[l.TextOffset[k]:], l.Tokens[k]) {
			t.Errorf("token %d: %v, want %v", k, *l.TokenLogProbs[k], score.Tokens[k])
		}
	}
	// And both together.
	var both completionReply
	s.post(completionsPath, `{"model":"story","max_tokens":6,"temperature":0,"echo":true,"logprobs":3,"prompt":"Once upon a time"}`, &both)
	l = both.Choices[0].LogProbs
	if n := len(score.Tokens); len(l.Tokens) != n+6 || both.Choices[0].Text != "Once upon a time"+c.Text || *l.TokenLogProbs[n] != *c.LogProbs.TokenLogProbs[0] || l.TextOffset[n] != len("Once upon a time") {
		t.Errorf("%+v", both.Choices[0])
	}
}

func TestLogProbabilitiesOfChats(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	const request = `{"model":"story","max_tokens":6,"temperature":0,"logprobs":true,"top_logprobs":2,` + hello
	var r chatReply
	s.post(chatPath, request+`}`, &r)
	list := r.Choices[0].LogProbs.Content
	if len(list) != 6 {
		t.Fatalf("%+v", list)
	}
	var text strings.Builder
	for _, p := range list {
		text.WriteString(p.Token)
		if len(p.TopLogProbs) != 2 || p.TopLogProbs[0].LogProb != p.LogProb || p.LogProb > 0 || len(p.Bytes) != len(p.Token) {
			t.Errorf("%+v", p)
		}
	}
	if text.String() != *r.Choices[0].Message.Content {
		t.Errorf("the tokens are %q, the text %q", text.String(), *r.Choices[0].Message.Content)
	}
	n := 0
	for _, c := range chunks(t, s.streamed(chatPath, request+`,"stream":true}`)) {
		if l := c.Choices[0].LogProbs; l != nil {
			for _, p := range l.Content {
				if p.Token != list[n].Token || p.LogProb != list[n].LogProb {
					t.Errorf("%+v, want %+v", p, list[n])
				}
				n++
			}
		}
	}
	if n != 6 {
		t.Errorf("the stream has %d", n)
	}
}

func TestStopStringsDoNotLeak(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	whole := library(t, s.g, &generate.Options{MaxTokens: 30, Sampling: &generate.Sampling{}}).Text
	stop := whole[len(whole)/2 : len(whole)/2+9] // it begins and ends within words
	text, err := json.Marshal(stop)
	if err != nil {
		t.Fatal(err)
	}
	want := whole[:strings.Index(whole, stop)]
	for _, stops := range []string{string(text), `["zzzz",` + string(text) + `]`} {
		request := `{"model":"story","max_tokens":30,"temperature":0,"stop":` + stops + `,` + hello
		var r chatReply
		s.post(chatPath, request+`}`, &r)
		if c := r.Choices[0]; *c.Message.Content != want || *c.FinishReason != "stop" {
			t.Errorf("%s: %q (%s), want %q", stops, *c.Message.Content, *c.FinishReason, want)
		}
		var got strings.Builder
		for _, c := range chunks(t, s.streamed(chatPath, request+`,"stream":true}`)) {
			if d := c.Choices[0].Delta.Content; d != nil {
				got.WriteString(*d)
			}
		}
		if got.String() != want {
			t.Errorf("%s: the stream is %q, want %q", stops, got.String(), want)
		}
	}
}

// Characters of several tokens come whole.
func TestDeltasAreWholeCharacters(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	const word = "日本語 🦊👩‍👧 é"
	want, err := json.Marshal(word)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range chunks(t, s.streamed(chatPath, `{"model":"story","max_tokens":100,"choice":[`+string(want)+`],"stream":true,`+hello+`}`)) {
		if d := c.Choices[0].Delta.Content; d != nil && (strings.ContainsRune(*d, '\uFFFD') || !strings.Contains(word, *d)) {
			t.Errorf("a delta is %q", *d)
		}
	}
	var r chatReply
	s.post(chatPath, `{"model":"story","max_tokens":100,"guided_choice":[`+string(want)+`],`+hello+`}`, &r)
	if got := *r.Choices[0].Message.Content; got != word {
		t.Errorf("the answer is %q", got)
	}
}
