package genkit_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/core"
	"github.com/firebase/genkit/go/genkit"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	coreml "github.com/gocoreml/coreml/generate/genkit"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/tokenizer"
)

// toolTemplate writes conversations and calls as models of the Hermes form read them. It
// fails where a result does not say which call it answers.
const toolTemplate = `{# <tool_call> #}{% for t in tools or [] %}{% endfor %}` +
	`{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}` +
	`{% if m.role == 'tool' and not m.tool_call_id %}{{ raise_exception('which call?') }}{% endif %}` +
	`{% for c in m.tool_calls or [] %}<tool_call>{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}</tool_call>{% endfor %}<|story|>{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:{% endif %}`

// thinkTemplate opens the thinking of an answer.
const thinkTemplate = `{# </think> #}{% for m in messages %}<|story|>{{ m.role[0] }}:{{ m.content }}<|story|>{% endfor %}` +
	`{% if add_generation_prompt %}<|story|>a:<think>{% endif %}`

// define registers the embedded model with a chat template, which it lacks itself.
func define(t testing.TB, template string) (*genkit.Genkit, ai.Model, *generate.Generator, *generate.Options) {
	t.Helper()
	g, err := generate.OpenFS(t.Context(), storyteller.FS(), storyteller.Package, nil)
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
	k := genkit.Init(t.Context())
	return k, coreml.DefineModel(k, "story", g, options), g, options
}

func TestChunksAreTheTextOfTheLibrary(t *testing.T) {
	k, m, g, options := define(t, "")
	want, err := g.Generate(t.Context(), "Once upon a time", options)
	if err != nil {
		t.Fatal(err)
	}
	var chunks strings.Builder
	n := 0
	r, err := genkit.Generate(t.Context(), k, ai.WithModel(m), ai.WithPrompt("Once upon a time"), ai.WithStreaming(func(_ context.Context, c *ai.ModelResponseChunk) error {
		n++
		chunks.WriteString(c.Text())
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if r.Text() != want.Text || chunks.String() != want.Text || n < 2 {
		t.Errorf("got %q, in %d chunks %q, want %q", r.Text(), n, chunks.String(), want.Text)
	}
	if r.Usage.OutputTokens != want.Stats.Tokens || r.Usage.InputTokens != want.Stats.PromptTokens {
		t.Errorf("usage %+v, want %+v", r.Usage, want.Stats)
	}
	if genkit.LookupModel(k, "coreml/story") == nil {
		t.Error("the model is not found by its name")
	}
}

func TestARequestCanBeEnded(t *testing.T) {
	k, m, g, _ := define(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := genkit.Generate(ctx, k, ai.WithModel(m), ai.WithPrompt("Once upon a time"), ai.WithStreaming(func(context.Context, *ai.ModelResponseChunk) error {
		cancel()
		return nil
	}))
	if status(err) != core.CANCELLED || !errors.Is(err, context.Canceled) {
		t.Errorf("after the context has ended: %v", err)
	}
	enough := errors.New("enough")
	_, err = genkit.Generate(t.Context(), k, ai.WithModel(m), ai.WithPrompt("Once upon a time"), ai.WithStreaming(func(context.Context, *ai.ModelResponseChunk) error { return enough }))
	if !errors.Is(err, enough) {
		t.Errorf("the callback's error became %v", err)
	}
	if s := g.Stats(); s.Active != 0 || s.FreeStates == 0 {
		t.Errorf("a state is not back: %+v", s)
	}
}

func status(err error) core.StatusName {
	var e *core.GenkitError
	if errors.As(err, &e) {
		return e.Status
	}
	return ""
}

type place struct {
	Town string `json:"town" jsonschema:"enum=Bern,enum=Seville"`
}

// The calls are returned and answered by hand: Genkit's own loop would require a call on
// every turn.
func TestToolsGoRound(t *testing.T) {
	k, m, g, options := define(t, toolTemplate)
	var asked []place
	tool := genkit.DefineTool(k, "weather", "The weather in a town.", func(_ *ai.ToolContext, in place) (string, error) {
		asked = append(asked, in)
		return "31 °C", nil
	})
	r, err := genkit.Generate(t.Context(), k, ai.WithModel(m), ai.WithPrompt("Is it warm?"), ai.WithTools(tool), ai.WithToolChoice(ai.ToolChoiceRequired), ai.WithReturnToolRequests(true))
	if err != nil {
		t.Fatal(err)
	}
	calls := r.ToolRequests()
	if len(calls) != 1 || calls[0].Name != "weather" || calls[0].Ref == "" {
		t.Fatalf("called %+v", calls)
	}
	input, err := json.Marshal(calls[0].Input)
	var got place
	if err := errors.Join(err, json.Unmarshal(input, &got)); err != nil || got.Town != "Bern" && got.Town != "Seville" {
		t.Fatalf("called with %s (%v)", input, err)
	}
	output, err := tool.RunRaw(t.Context(), calls[0].Input)
	if err != nil || len(asked) != 1 || asked[0] != got {
		t.Fatalf("the tool was asked %v (%v)", asked, err)
	}
	history := append(r.History(), ai.NewMessage(ai.RoleTool, nil, ai.NewToolResponsePart(&ai.ToolResponse{Name: "weather", Ref: calls[0].Ref, Output: output})))
	r, err = genkit.Generate(t.Context(), k, ai.WithModel(m), ai.WithMessages(history...), ai.WithTools(tool), ai.WithToolChoice(ai.ToolChoiceNone))
	if err != nil {
		t.Fatal(err)
	}
	want, err := g.Generate(t.Context(), `<|story|>u:Is it warm?<|story|><|story|>a:<tool_call>{"name": "weather", "arguments": {"town": "`+got.Town+`"}}</tool_call><|story|>`+
		`<|story|>t:31 °C<|story|><|story|>a:`, options)
	if err != nil || r.Text() != want.Text {
		t.Errorf("got %q, want %q (%v)", r.Text(), want.Text, err)
	}
}

type hero struct {
	Kind  string `json:"kind" jsonschema:"enum=girl,enum=boy,enum=dragon"`
	Brave bool   `json:"brave"`
}

func TestOutputFitsItsSchema(t *testing.T) {
	k, m, _, _ := define(t, toolTemplate)
	h, r, err := genkit.GenerateData[hero](t.Context(), k, ai.WithModel(m), ai.WithPrompt("Who is it?"))
	if err != nil {
		t.Fatal(err)
	}
	if h.Kind != "girl" && h.Kind != "boy" && h.Kind != "dragon" {
		t.Errorf("got %+v of %q", h, r.Text())
	}
	if strings.Contains(r.Request.Messages[0].Text(), "schema") {
		t.Errorf("the schema was asked for in words: %q", r.Request.Messages[0].Text())
	}
	for v, err := range genkit.GenerateDataStream[hero](t.Context(), k, ai.WithModel(m), ai.WithPrompt("Who is it?")) {
		if err != nil {
			t.Fatal(err)
		}
		if v.Done && v.Output != *h {
			t.Errorf("streamed %+v, want %+v", v.Output, h)
		}
	}
	r, err = genkit.Generate(t.Context(), k, ai.WithModel(m), ai.WithPrompt("Who is it?"), ai.WithOutputEnums("girl", "boy"))
	if err != nil || r.Text() != "girl" && r.Text() != "boy" {
		t.Errorf("one of two: %v (%v)", r, err)
	}
	list := map[string]any{"type": "array", "items": map[string]any{"enum": []any{1, 2}}, "maxItems": 3}
	r, err = genkit.Generate(t.Context(), k, ai.WithModel(m), ai.WithPrompt("How many?"), ai.WithOutputSchema(list), ai.WithOutputFormat(ai.OutputFormatArray))
	var numbers []int
	if err != nil || r.Output(&numbers) != nil || len(numbers) > 3 {
		t.Errorf("a list: %v (%v)", r, err)
	}
	r, err = genkit.Generate(t.Context(), k, ai.WithModel(m), ai.WithPrompt("Who is it?"), ai.WithOutputFormat(ai.OutputFormatJSON))
	if err != nil || !json.Valid([]byte(r.Text())) {
		t.Errorf("JSON without a schema: %v (%v)", r, err)
	}
}

func TestThinkingIsAPartOfItsOwn(t *testing.T) {
	k, m, _, _ := define(t, thinkTemplate)
	var streamed, text strings.Builder
	r, err := genkit.Generate(t.Context(), k, ai.WithModel(m), ai.WithPrompt("Hi"), ai.WithConfig(&coreml.Config{ReasoningBudget: 5}),
		ai.WithStreaming(func(_ context.Context, c *ai.ModelResponseChunk) error {
			streamed.WriteString(c.Reasoning())
			for _, part := range c.Content {
				if part.IsText() { // Text of a chunk has the thinking too
					text.WriteString(part.Text)
				}
			}
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	if r.Reasoning() == "" || streamed.String() != r.Reasoning() || text.String() != r.Text() || strings.Contains(r.Text(), "think>") || r.Usage.ThoughtsTokens < 5 {
		t.Errorf("thinking %q, streamed %q; text %q, streamed %q; usage %+v", r.Reasoning(), streamed.String(), r.Text(), text.String(), r.Usage)
	}
}

func TestAConfigHasThreeForms(t *testing.T) {
	k, m, _, _ := define(t, "")
	text := func(config any) string {
		t.Helper()
		s, err := genkit.GenerateText(t.Context(), k, ai.WithModel(m), ai.WithPrompt("Once upon a time"), ai.WithConfig(config))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	hot := text(&coreml.Config{Temperature: new(1.5), Seed: new(uint64(3)), MaxOutputTokens: 9})
	if hot == text(&coreml.Config{Temperature: new(0.0), MaxOutputTokens: 9}) || hot != text(map[string]any{"temperature": 1.5, "seed": 3, "maxOutputTokens": 9}) {
		t.Errorf("the map is not the struct: %q", hot)
	}
	short := text(&ai.GenerationCommonConfig{MaxOutputTokens: 3})
	if long := text(&ai.GenerationCommonConfig{MaxOutputTokens: 9, StopSequences: []string{"."}}); !strings.HasPrefix(long, short) || len(long) <= len(short) {
		t.Errorf("Genkit's own: %q and %q", short, long)
	}
}

func TestWhatCannotBeHonouredIsRefused(t *testing.T) {
	k, m, _, _ := define(t, toolTemplate)
	for name, c := range map[string]struct {
		options []ai.GenerateOption
		says    string
		status  core.StatusName
	}{
		"a temperature":         {[]ai.GenerateOption{ai.WithPrompt("Hi"), ai.WithConfig(&coreml.Config{Temperature: new(-1.0)})}, "Temperature", core.INVALID_ARGUMENT},
		"a name":                {[]ai.GenerateOption{ai.WithPrompt("Hi"), ai.WithConfig(map[string]any{"temprature": 1})}, "temprature", core.INVALID_ARGUMENT},
		"a picture":             {[]ai.GenerateOption{ai.WithMessages(ai.NewUserMessage(ai.NewMediaPart("image/png", "data:image/png;base64,AA==")))}, "media", core.INVALID_ARGUMENT},
		"more than the context": {[]ai.GenerateOption{ai.WithPrompt(strings.Repeat("and on ", 600))}, "512", core.OUT_OF_RANGE},
		"a schema":              {[]ai.GenerateOption{ai.WithPrompt("Hi"), ai.WithOutputSchema(map[string]any{"$recursiveRef": "#"})}, "$recursiveRef", core.INVALID_ARGUMENT},
	} {
		_, err := genkit.Generate(t.Context(), k, append(c.options, ai.WithModel(m))...)
		if err == nil || status(err) != c.status || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%s), want %q and %s", name, err, status(err), c.says, c.status)
		}
	}
	var unsupported *grammar.SchemaError
	_, err := genkit.Generate(t.Context(), k, ai.WithModel(m), ai.WithPrompt("Hi"), ai.WithOutputSchema(map[string]any{"$recursiveRef": "#"}))
	if !errors.As(err, &unsupported) {
		t.Errorf("the schema's error is %v", err)
	}
	k, m, _, _ = define(t, "")
	if _, err := genkit.Generate(t.Context(), k, ai.WithModel(m), ai.WithSystem("Be brief."), ai.WithPrompt("Hi")); !errors.Is(err, generate.ErrNoChatTemplate) {
		t.Errorf("a system message without a template: %v", err)
	}
}
