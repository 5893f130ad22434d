package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"github.com/openai/openai-go/v3/responses"

	"github.com/gocoreml/coreml/conformance/openai/target"
)

// goClient is the openai package of Go, with what it asks.
type goClient struct {
	openai.Client
	*target.Server
}

func newGoClient(t *testing.T) *goClient {
	s := server(t)
	return &goClient{openai.NewClient(option.WithBaseURL(s.URL+"/v1"), option.WithAPIKey(s.Key), option.WithMaxRetries(0)), s}
}

func (c *goClient) params() openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:       c.Model,
		Messages:    []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Tell me a story.")},
		Temperature: openai.Float(0),
		MaxTokens:   openai.Int(20),
	}
}

func (c *goClient) text(t *testing.T, p openai.ChatCompletionNewParams) string {
	t.Helper()
	r, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r.Choices[0].Message.Content
}

// weather is a tool with one argument, of which there are two values.
var weather = openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
	Name: "weather",
	Parameters: openai.FunctionParameters{
		"type": "object", "required": []string{"city"}, "additionalProperties": false,
		"properties": map[string]any{"city": map[string]any{"enum": []string{"Seville", "Oslo"}}},
	},
})

// The suite of the openai package of Go. Its names begin with the points of README.md.
func TestGoClient(t *testing.T) {
	c := newGoClient(t)
	for name, check := range map[string]func(*testing.T){
		"1 models":                        c.models,
		"1 a whole answer":                c.whole,
		"1 a stream, usage and its order": c.streamed,
		"1 seeds":                         c.seeds,
		"1 several answers":               c.several,
		"1 log-probabilities":             c.logProbs,
		"1 a call of a tool":              c.tool,
		"1 completions":                   c.completions,
		"1 responses":                     c.responses,
		"2 errors":                        c.errors,
		"3 a context that ends":           c.cancelled,
		"4 characters":                    c.characters,
		"6 a stop string":                 c.stops,
	} {
		t.Run(name, check)
	}
}

func (c *goClient) models(t *testing.T) {
	page, err := c.Client.Models.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(page.Data, func(m openai.Model) bool { return m.ID == c.Model }) {
		t.Errorf("the list %+v lacks %q", page.Data, c.Model)
	}
	if m, err := c.Client.Models.Get(t.Context(), c.Model); err != nil || m.ID != c.Model {
		t.Errorf("got %+v (%v)", m, err)
	}
}

func (c *goClient) whole(t *testing.T) {
	r, err := c.Chat.Completions.New(t.Context(), c.params())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Choices) != 1 || r.Choices[0].FinishReason != "length" || r.Choices[0].Message.Content == "" || r.Model != c.Model ||
		r.Usage.CompletionTokens != 20 || r.Usage.TotalTokens != r.Usage.PromptTokens+20 {
		t.Errorf("got %s", r.RawJSON())
	}
}

func (c *goClient) streamed(t *testing.T) {
	p := c.params()
	p.StreamOptions.IncludeUsage = openai.Bool(true)
	answer := c.Chat.Completions.NewStreaming(t.Context(), p)
	defer answer.Close()
	var all openai.ChatCompletionAccumulator
	for answer.Next() {
		if !all.AddChunk(answer.Current()) {
			t.Errorf("the chunk %s does not follow", answer.Current().RawJSON())
		}
	}
	if err := answer.Err(); err != nil {
		t.Fatal(err)
	}
	if got, want := all.Choices[0].Message.Content, c.text(t, c.params()); got != want || all.Usage.CompletionTokens != 20 || all.Choices[0].FinishReason != "length" {
		t.Errorf("got %q, %+v and %q, want the text %q", got, all.Usage, all.Choices[0].FinishReason, want)
	}
}

func (c *goClient) seeds(t *testing.T) {
	texts := map[string]bool{}
	for _, seed := range []int64{7, 7, 8} {
		p := c.params()
		p.Temperature, p.Seed = openai.Float(1), openai.Int(seed)
		texts[c.text(t, p)] = true
	}
	if len(texts) != 2 {
		t.Errorf("two seeds gave %d texts", len(texts))
	}
}

func (c *goClient) several(t *testing.T) {
	p := c.params()
	p.N, p.Temperature, p.Seed = openai.Int(3), openai.Float(1), openai.Int(5)
	r, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Choices) != 3 || r.Choices[2].Index != 2 || r.Choices[0].Message.Content == r.Choices[1].Message.Content {
		t.Errorf("got %s", r.RawJSON())
	}
}

func (c *goClient) logProbs(t *testing.T) {
	p := c.params()
	p.Logprobs, p.TopLogprobs = openai.Bool(true), openai.Int(3)
	r, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	joined := ""
	for _, token := range r.Choices[0].Logprobs.Content {
		joined += token.Token
		if token.Logprob > 0 || len(token.TopLogprobs) != 3 || token.TopLogprobs[0].Logprob < token.TopLogprobs[1].Logprob {
			t.Errorf("got %s", token.RawJSON())
		}
	}
	if joined != r.Choices[0].Message.Content {
		t.Errorf("the tokens are %q, the text %q", joined, r.Choices[0].Message.Content)
	}
}

func (c *goClient) tool(t *testing.T) {
	p := c.params()
	p.Tools, p.MaxTokens = []openai.ChatCompletionToolUnionParam{weather}, openai.Int(200)
	p.ToolChoice.OfAuto = openai.String("required")
	r, err := c.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	calls := r.Choices[0].Message.ToolCalls
	var args struct{ City string }
	if len(calls) != 1 || calls[0].Function.Name != "weather" || r.Choices[0].FinishReason != "tool_calls" ||
		json.Unmarshal([]byte(calls[0].Function.Arguments), &args) != nil || args.City == "" {
		t.Fatalf("got %s", r.RawJSON())
	}
	p.Messages = append(p.Messages, r.Choices[0].Message.ToParam(), openai.ToolMessage("sunny", calls[0].ID))
	p.ToolChoice.OfAuto, p.MaxTokens = openai.String("none"), openai.Int(10)
	if c.text(t, p) == "" {
		t.Error("no answer to what the tool returned")
	}
}

func (c *goClient) completions(t *testing.T) {
	p := openai.CompletionNewParams{
		Model: openai.CompletionNewParamsModel(c.Model), Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String("Once upon a time")},
		Temperature: openai.Float(0), MaxTokens: openai.Int(12),
	}
	r, err := c.Client.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	answer := c.Client.Completions.NewStreaming(t.Context(), p)
	defer answer.Close()
	streamed := ""
	for answer.Next() {
		for _, choice := range answer.Current().Choices {
			streamed += choice.Text
		}
	}
	if answer.Err() != nil || streamed != r.Choices[0].Text || streamed == "" {
		t.Errorf("the stream gives %q (%v), the whole answer %q", streamed, answer.Err(), r.Choices[0].Text)
	}
}

func (c *goClient) responses(t *testing.T) {
	p := responses.ResponseNewParams{
		Model: c.Model, Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("Tell me a story.")},
		Temperature: openai.Float(0), MaxOutputTokens: openai.Int(20),
	}
	r, err := c.Client.Responses.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.OutputText(), c.text(t, c.params()); got != want {
		t.Errorf("got %q, the chat gives %q", got, want)
	}
	events := c.Client.Responses.NewStreaming(t.Context(), p)
	defer events.Close()
	streamed := ""
	for events.Next() {
		if e := events.Current(); e.Type == "response.output_text.delta" {
			streamed += e.Delta
		}
	}
	if events.Err() != nil || streamed != r.OutputText() {
		t.Errorf("the stream gives %q (%v)", streamed, events.Err())
	}
}

func (c *goClient) errors(t *testing.T) {
	for _, e := range []struct {
		name   string
		change func(*openai.ChatCompletionNewParams)
		status int
		param  string
	}{
		{"a model that is not there", func(p *openai.ChatCompletionNewParams) { p.Model = "no-such-model" }, http.StatusNotFound, "model"},
		{"a temperature below 0", func(p *openai.ChatCompletionNewParams) { p.Temperature = openai.Float(-1) }, http.StatusBadRequest, "temperature"},
		{"too many answers", func(p *openai.ChatCompletionNewParams) { p.N = openai.Int(100_000) }, http.StatusBadRequest, "n"},
	} {
		p := c.params()
		e.change(&p)
		_, err := c.Chat.Completions.New(t.Context(), p)
		got, ok := errors.AsType[*openai.Error](err)
		if !ok || got.StatusCode != e.status || got.Param != e.param || got.Message == "" || got.Type == "" {
			t.Errorf("%s: got %v", e.name, err)
		}
	}
	if c.Key == "" {
		return
	}
	_, err := c.Client.Models.List(t.Context(), option.WithAPIKey("wrong"))
	if got, ok := errors.AsType[*openai.Error](err); !ok || got.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong key: got %v", err)
	}
}

// endless asks for an answer without end and returns once its text has begun.
func (c *goClient) endless(ctx context.Context, t *testing.T) *ssestream.Stream[openai.ChatCompletionChunk] {
	t.Helper()
	p := c.params()
	p.MaxTokens = openai.Int(1_000_000)
	answer := c.Chat.Completions.NewStreaming(ctx, p, option.WithJSONSet("ignore_end", true), option.WithJSONSet("overflow", "slide"))
	for answer.Next() {
		if choices := answer.Current().Choices; len(choices) > 0 && choices[0].Delta.Content != "" {
			return answer
		}
	}
	t.Fatalf("no text came (%v)", answer.Err())
	return nil
}

func (c *goClient) cancelled(t *testing.T) {
	for range 2*max(c.Parallel, 4) + 1 {
		ctx, cancel := context.WithCancel(t.Context())
		answer := c.endless(ctx, t)
		cancel()
		for answer.Next() {
		}
		if !errors.Is(answer.Err(), context.Canceled) {
			t.Errorf("the stream ended with %v", answer.Err())
		}
	}
	if c.text(t, c.params()) == "" {
		t.Error("an empty answer")
	}
}

func (c *goClient) characters(t *testing.T) {
	const wanted = "🎉日本語とemoji👩‍🚀é"
	p := c.params()
	p.MaxTokens = openai.Int(200)
	answer := c.Chat.Completions.NewStreaming(t.Context(), p, option.WithJSONSet("choice", []string{wanted}))
	defer answer.Close()
	got := ""
	for answer.Next() {
		for _, choice := range answer.Current().Choices {
			if strings.ContainsRune(choice.Delta.Content, utf8.RuneError) {
				t.Errorf("a delta is %q", choice.Delta.Content)
			}
			got += choice.Delta.Content
		}
	}
	if answer.Err() != nil || got != wanted {
		t.Errorf("got %q (%v), want %q", got, answer.Err(), wanted)
	}
}

func (c *goClient) stops(t *testing.T) {
	whole := c.text(t, c.params())
	word := whole[13:20]
	p := c.params()
	p.Stop.OfStringArray = []string{word}
	if got, want := c.text(t, p), whole[:strings.Index(whole, word)]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
