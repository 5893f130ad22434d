package fantasy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"charm.land/fantasy"
	"charm.land/fantasy/object"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	coreml "github.com/gocoreml/coreml/generate/fantasy"
	"github.com/gocoreml/coreml/tokenizer"
)

// toolTemplate writes conversations and calls as models of the Hermes form read them. It
// fails where a result does not say which call it answers, and of which function.
const toolTemplate = `{# <tool_call> #}{% for t in tools or [] %}{% endfor %}` +
	`{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}` +
	`{% if m.role == 'tool' and not (m.tool_call_id and m.name) %}{{ raise_exception('which call?') }}{% endif %}` +
	`{% for c in m.tool_calls or [] %}<tool_call>{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}</tool_call>{% endfor %}<|story|>{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:{% endif %}`

// thinkTemplate opens the thinking of an answer.
const thinkTemplate = `{# </think> #}{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}<|story|>{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:<think>{% endif %}`

// open returns the embedded model, with a chat template, which it lacks itself.
func open(t testing.TB, template string, most int) (*coreml.Model, *generate.Generator, *generate.Options) {
	t.Helper()
	g, err := generate.OpenFS(t.Context(), storyteller.FS(), storyteller.Package, &generate.Config{MaxStates: 1, MaxQueue: most})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	options := &generate.Options{Sampling: &generate.Sampling{}, MaxTokens: 80}
	if template != "" {
		options.Chat = &tokenizer.ChatOptions{Template: template}
	}
	return coreml.New("story", g, options), g, options
}

func user(text string) fantasy.Prompt { return fantasy.Prompt{fantasy.NewUserMessage(text)} }

// parts reads a stream and checks the order of its parts: runs begin and end, and the last
// part is the end.
func parts(t *testing.T, stream fantasy.StreamResponse, err error) (text, reasoning string, last fantasy.StreamPart) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	run := ""
	for p := range stream {
		if last.Type == fantasy.StreamPartTypeFinish || last.Type == fantasy.StreamPartTypeError {
			t.Errorf("%+v comes behind the end", p)
		}
		last = p
		switch kind, what, _ := strings.Cut(string(p.Type), "_"); what {
		case "start":
			if run != "" {
				t.Errorf("%s begins within %s", kind, run)
			}
			run = kind + p.ID
		case "delta":
			if run != kind+p.ID {
				t.Errorf("%s comes within %q", kind+p.ID, run)
			}
			if kind == "text" {
				text += p.Delta
			} else {
				reasoning += p.Delta
			}
		case "end":
			run = ""
		}
	}
	if run != "" {
		t.Errorf("%s has no end", run)
	}
	return text, reasoning, last
}

func TestPartsAreTheTextOfTheLibrary(t *testing.T) {
	m, g, options := open(t, "", 0)
	want, err := g.Generate(t.Context(), "Once upon a time", options)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Generate(t.Context(), fantasy.Call{Prompt: user("Once upon a time")})
	if err != nil || r.Content.Text() != want.Text || r.Usage.OutputTokens != int64(want.Stats.Tokens) || r.FinishReason != fantasy.FinishReasonLength {
		t.Errorf("got %+v (%v), want %q", r, err, want.Text)
	}
	stream, err := m.Stream(t.Context(), fantasy.Call{Prompt: user("Once upon a time")})
	text, _, last := parts(t, stream, err)
	if text != want.Text || last.FinishReason != fantasy.FinishReasonLength || last.Usage.InputTokens != int64(want.Stats.PromptTokens) {
		t.Errorf("streamed %q (%+v), want %q", text, last, want.Text)
	}
	if m.Provider() != "coreml" || m.Model() != "story" {
		t.Errorf("named %s/%s", m.Provider(), m.Model())
	}
}

func TestAStreamCanBeEnded(t *testing.T) {
	m, g, _ := open(t, "", 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := m.Stream(ctx, fantasy.Call{Prompt: user("Once upon a time")})
	if err != nil {
		t.Fatal(err)
	}
	var last fantasy.StreamPart
	for p := range stream {
		cancel()
		last = p
	}
	if last.Type != fantasy.StreamPartTypeError || !errors.Is(last.Error, context.Canceled) {
		t.Errorf("after the context has ended: %+v", last)
	}
	stream, err = m.Stream(t.Context(), fantasy.Call{Prompt: user("Once upon a time")})
	if err != nil {
		t.Fatal(err)
	}
	for range stream {
		break
	}
	if s := g.Stats(); s.Active != 0 || s.FreeStates != 1 {
		t.Errorf("a state is not back: %+v", s)
	}
}

type place struct {
	Town string `json:"town" enum:"Bern,Seville"`
}

// An agent of fantasy runs the tool and asks again: with Generate and with Stream.
func TestAnAgentCallsATool(t *testing.T) {
	m, g, options := open(t, toolTemplate, 0)
	var asked []place
	tool := fantasy.NewAgentTool("weather", "The weather in a town.", func(_ context.Context, in place, _ fantasy.ToolCall) (fantasy.ToolResponse, error) {
		asked = append(asked, in)
		return fantasy.NewTextResponse("31 °C"), nil
	})
	agent := fantasy.NewAgent(m, fantasy.WithSystemPrompt("Be brief."), fantasy.WithTools(tool))
	step := func(ctx context.Context, o fantasy.PrepareStepFunctionOptions) (context.Context, fantasy.PrepareStepResult, error) {
		choice := fantasy.ToolChoiceRequired
		if o.StepNumber > 0 {
			choice = fantasy.ToolChoiceNone
		}
		return ctx, fantasy.PrepareStepResult{ToolChoice: &choice}, nil
	}
	for name, run := range map[string]func() (*fantasy.AgentResult, error){
		"Generate": func() (*fantasy.AgentResult, error) {
			return agent.Generate(t.Context(), fantasy.AgentCall{Prompt: "Is it warm?", PrepareStep: step})
		},
		"Stream": func() (*fantasy.AgentResult, error) {
			return agent.Stream(t.Context(), fantasy.AgentStreamCall{Prompt: "Is it warm?", PrepareStep: step})
		},
	} {
		asked = nil
		r, err := run()
		if err != nil {
			t.Fatal(name, err)
		}
		if len(r.Steps) != 2 || len(asked) != 1 || asked[0].Town != "Bern" && asked[0].Town != "Seville" {
			t.Fatalf("%s: %d steps, asked %v", name, len(r.Steps), asked)
		}
		want, err := g.Generate(t.Context(), `<|story|>s:Be brief.<|story|><|story|>u:Is it warm?<|story|><|story|>a:<tool_call>{"name": "weather", "arguments": {"town": "`+asked[0].Town+`"}}</tool_call><|story|>`+
			`<|story|>t:31 °C<|story|><|story|>a:`, options)
		if err != nil || r.Response.Content.Text() != want.Text {
			t.Errorf("%s: got %q, want %q (%v)", name, r.Response.Content.Text(), want.Text, err)
		}
	}
}

type hero struct {
	Kind  string   `json:"kind" enum:"girl,boy,dragon"`
	Brave bool     `json:"brave"`
	Pets  []animal `json:"pets,omitempty"`
}

type animal struct {
	Legs string `json:"legs" enum:"two,four"`
}

func TestObjectsFitTheirSchema(t *testing.T) {
	m, _, _ := open(t, toolTemplate, 0)
	r, err := object.Generate[hero](t.Context(), m, fantasy.ObjectCall{Prompt: user("Who is it?")})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains([]string{"girl", "boy", "dragon"}, r.Object.Kind) {
		t.Errorf("got %+v of %s", r.Object, r.RawText)
	}
	stream, err := object.Stream[hero](t.Context(), m, fantasy.ObjectCall{Prompt: user("Who is it?")})
	if err != nil {
		t.Fatal(err)
	}
	var text string
	grown := 0
	var last fantasy.ObjectStreamPart
	for p := range stream.FullStream() {
		switch last = p; p.Type {
		case fantasy.ObjectStreamPartTypeTextDelta:
			text += p.Delta
		case fantasy.ObjectStreamPartTypeObject:
			grown++
		}
	}
	if text != r.RawText || grown == 0 || last.Type != fantasy.ObjectStreamPartTypeFinish {
		t.Errorf("streamed %q with %d objects, the last part %+v", text, grown, last)
	}
	streamed, err := object.Stream[hero](t.Context(), m, fantasy.ObjectCall{Prompt: user("Who is it?")})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := streamed.Object()
	if err != nil || fmt.Sprint(whole.Object) != fmt.Sprint(r.Object) {
		t.Errorf("streamed %+v (%v), want %+v", whole, err, r.Object)
	}
}

func TestAnObjectThatIsCutOffIsNone(t *testing.T) {
	m, _, _ := open(t, toolTemplate, 0)
	call := fantasy.ObjectCall{Prompt: user("Who is it?"), MaxOutputTokens: new(int64(3))}
	_, err := object.Generate[hero](t.Context(), m, call)
	var missing *fantasy.NoObjectGeneratedError
	if !errors.As(err, &missing) || !errors.Is(missing.ParseError, generate.ErrIncomplete) || missing.FinishReason != fantasy.FinishReasonLength {
		t.Errorf("got %v", err)
	}
	call.RepairText = func(context.Context, string, error) (string, error) { return `{"kind": "boy", "brave": true}`, nil }
	r, err := object.Generate[hero](t.Context(), m, call)
	if err != nil || r.Object.Kind != "boy" {
		t.Errorf("repaired: %+v (%v)", r, err)
	}
	call.RepairText = func(context.Context, string, error) (string, error) { return `{"kind": 7}`, nil }
	if _, err := object.Generate[hero](t.Context(), m, call); !fantasy.IsNoObjectGeneratedError(err) {
		t.Errorf("a repair that does not fit: %v", err)
	}
}

func TestThinkingIsAPartOfItsOwn(t *testing.T) {
	m, _, _ := open(t, thinkTemplate, 0)
	call := fantasy.Call{Prompt: user("Hi"), ProviderOptions: fantasy.ProviderOptions{coreml.Name: &coreml.Options{ReasoningBudget: 5}}}
	r, err := m.Generate(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	if r.Content.ReasoningText() == "" || r.Content.Text() == "" || strings.Contains(r.Content.Text(), "think>") || r.Usage.ReasoningTokens < 5 {
		t.Errorf("got %+v", r)
	}
	stream, err := m.Stream(t.Context(), call)
	text, reasoning, _ := parts(t, stream, err)
	if text != r.Content.Text() || reasoning != r.Content.ReasoningText() {
		t.Errorf("streamed %q and %q, want %q and %q", reasoning, text, r.Content.ReasoningText(), r.Content.Text())
	}
}

func TestOptionsGoThroughJSON(t *testing.T) {
	want := fantasy.ProviderOptions{coreml.Name: &coreml.Options{Seed: new(uint64(3)), Stop: []string{"."}, MinP: 0.1, RepetitionPenalty: 1.1, ReasoningBudget: -1}}
	message := fantasy.NewUserMessage("Hi")
	message.ProviderOptions = want
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	var got fantasy.Message
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(want[coreml.Name])
	b, _ := json.Marshal(got.ProviderOptions[coreml.Name])
	if string(a) != string(b) || len(a) < 20 {
		t.Errorf("%s became %s", a, b)
	}
}

func TestSamplingIsWhatTheCallAsks(t *testing.T) {
	m, _, _ := open(t, "", 0)
	text := func(temperature float64, own *coreml.Options) string {
		t.Helper()
		call := fantasy.Call{Prompt: user("Once upon a time"), Temperature: &temperature, MaxOutputTokens: new(int64(9))}
		if own != nil {
			call.ProviderOptions = fantasy.ProviderOptions{coreml.Name: own}
		}
		r, err := m.Generate(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		return r.Content.Text()
	}
	seed := &coreml.Options{Seed: new(uint64(3))}
	one, again, greedy := text(1.5, seed), text(1.5, seed), text(0, nil)
	if one != again || one == greedy {
		t.Errorf("seed and temperature do not make the text: %q, %q, %q", one, again, greedy)
	}
	if got := text(0, &coreml.Options{Stop: []string{","}}); strings.Contains(got, ",") {
		t.Errorf("a stop string is in %q", got)
	}
}

func TestWhatCannotBeHonouredIsRefused(t *testing.T) {
	m, g, _ := open(t, toolTemplate, 0)
	message := func(part fantasy.MessagePart) fantasy.Prompt {
		return fantasy.Prompt{{Role: fantasy.MessageRoleUser, Content: []fantasy.MessagePart{part}}}
	}
	for name, c := range map[string]struct {
		call fantasy.Call
		says string
	}{
		"no messages":         {fantasy.Call{}, "conversation is empty"},
		"a role":              {fantasy.Call{Prompt: fantasy.Prompt{{Role: "narrator"}}}, "narrator"},
		"a picture":           {fantasy.Call{Prompt: message(fantasy.FilePart{MediaType: "image/png", Data: []byte("x")})}, "takes none"},
		"a file":              {fantasy.Call{Prompt: message(fantasy.FilePart{MediaType: "audio/mp3"})}, "audio/mp3"},
		"a result of nothing": {fantasy.Call{Prompt: message(fantasy.ToolResultPart{})}, "without an output"},
		"a temperature":       {fantasy.Call{Prompt: user("Hi"), Temperature: new(-1.0)}, "Temperature"},
		"a choice of no tool": {fantasy.Call{Prompt: user("Hi"), ToolChoice: new(fantasy.ToolChoiceRequired)}, "ToolChoice"},
	} {
		_, err := m.Generate(t.Context(), c.call)
		var p *fantasy.ProviderError
		if err == nil || !errors.As(err, &p) || p.StatusCode != 400 || p.IsRetryable() || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	_, err := m.Generate(t.Context(), fantasy.Call{Prompt: user(strings.Repeat("and on ", 600))})
	var p *fantasy.ProviderError
	if !errors.As(err, &p) || !p.IsContextTooLarge() || p.ContextMaxTokens != g.ContextLength() || !errors.Is(err, generate.ErrContextFull) {
		t.Errorf("more than the context: %v", err)
	}
	r, err := m.Generate(t.Context(), fantasy.Call{Prompt: user("Hi"), Tools: []fantasy.Tool{fantasy.ProviderDefinedTool{ID: "x.search", Name: "search"}}})
	if err != nil || len(r.Warnings) != 1 || r.Warnings[0].Type != fantasy.CallWarningTypeUnsupportedTool {
		t.Errorf("a provider's tool: %+v (%v)", r, err)
	}
}

// A queue that is full is what agents try again.
func TestAFullQueueIsTriedAgain(t *testing.T) {
	m, g, _ := open(t, "", 1)
	held, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waiting := make(chan error, 1)
	go func() {
		_, err := m.Generate(ctx, fantasy.Call{Prompt: user("Once upon a time")})
		waiting <- err
	}()
	for g.Stats().Waiting == 0 {
		select {
		case err := <-waiting:
			t.Fatal(err)
		default:
			runtime.Gosched()
		}
	}
	_, err = m.Generate(t.Context(), fantasy.Call{Prompt: user("Once upon a time")})
	var p *fantasy.ProviderError
	if !errors.As(err, &p) || !p.IsRetryable() || !errors.Is(err, generate.ErrQueueFull) {
		t.Errorf("behind a full queue: %v", err)
	}
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that waited: %v", err)
	}
}
