package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// maxPrompt bounds what is read from standard input.
const maxPrompt = 64 << 20

type generateCmd struct {
	Prompt  string `arg:"" help:"The prompt; - reads it from standard input."`
	Package string `arg:"" optional:"" help:"The model package, as --model gives it too."`

	Model     string `short:"m" help:"The model package. Without one a small storyteller answers." placeholder:"PATH"`
	Tokenizer string `aliases:"tokenizer-path" help:"Folder with the tokenizer, or its tokenizer.json. Without it: beside the package, else in the local Hugging Face cache." placeholder:"PATH"`
	System    string `help:"A system message for the chat template."`
	Raw       bool   `help:"Continue the prompt as it is, without a chat template."`

	MaxTokens int      `short:"n" aliases:"max-length" help:"Most tokens to generate; 0 means as the model says, else 256; -1 until the context is full." default:"0" placeholder:"N"`
	Stop      []string `sep:"none" help:"A text that ends the answer; may be repeated." placeholder:"TEXT"`
	samplingFlags

	ComputeUnits unitsFlag `help:"Devices to use: all, cpu-only, cpu-and-gpu or cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	Function     string    `help:"The function of the package to run." placeholder:"NAME"`
	PrefillChunk int       `help:"Prompt tokens per prediction; 0 means 128, -1 the whole prompt." default:"0" placeholder:"N"`
	engineFlags

	JSON  bool `help:"Print one JSON object with the answer and its measures in place of the text."`
	Quiet bool `short:"q" help:"Print no statistics."`
}

// samplingFlags override the model's own settings one by one.
type samplingFlags struct {
	Temperature       *float64 `aliases:"temp" help:"Randomness; 0 takes the likeliest token." placeholder:"T"`
	TopK              *int     `help:"Choose among the K likeliest tokens; 0 is off." placeholder:"K"`
	TopP              *float64 `help:"Choose among the likeliest tokens that reach probability P together; 0 is off." placeholder:"P"`
	MinP              *float64 `help:"Choose among tokens at least P times as likely as the likeliest; 0 is off." placeholder:"P"`
	RepetitionPenalty *float64 `help:"Make repetition less likely; 1 is off." placeholder:"R"`
	Seed              *uint64  `help:"Make random choices repeatable." placeholder:"N"`
}

// sampling merges the flags with the model's defaults. It returns nil, which
// means the defaults, when no flag is given.
func (f *samplingFlags) sampling(def *generate.Sampling) *generate.Sampling {
	if *f == (samplingFlags{}) {
		return nil
	}
	var s generate.Sampling
	if def != nil {
		s = *def
	}
	narrows := f.TopK != nil || f.TopP != nil || f.MinP != nil
	if narrows && s.Temperature == 0 {
		s.Temperature = 1 // choosing among tokens asks for a choice
	}
	set(&s.Temperature, f.Temperature)
	set(&s.TopK, f.TopK)
	set(&s.TopP, f.TopP)
	set(&s.MinP, f.MinP)
	set(&s.RepetitionPenalty, f.RepetitionPenalty)
	if f.Seed != nil {
		s.Seed = f.Seed
	}
	return &s
}

func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}

// Run is called by kong.
func (c *generateCmd) Run(ctx context.Context, io *streams) error {
	if err := c.check(); err != nil {
		return err
	}
	prompt, err := c.prompt(io.in)
	if err != nil {
		return err
	}
	g, err := c.open(ctx)
	if err != nil {
		return err
	}
	answer, err := c.answer(ctx, g, prompt, io)
	if cerr := g.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(io.out, answer)
	}
	if !c.Quiet {
		return writeStats(io.err, answer)
	}
	return nil
}

func (c *generateCmd) check() error {
	switch {
	case c.Model != "" && c.Package != "":
		return usagef("the model is given twice: %s and --model %s", c.Package, c.Model)
	case c.Raw && c.System != "":
		return usagef("--system needs the chat template, which --raw leaves out")
	}
	if c.Model == "" {
		c.Model = c.Package
	}
	return nil
}

func (c *generateCmd) prompt(in io.Reader) (string, error) {
	if c.Prompt != "-" {
		return c.Prompt, nil
	}
	data, err := io.ReadAll(io.LimitReader(in, maxPrompt+1))
	if err != nil {
		return "", fmt.Errorf("read prompt: %w", err)
	}
	if len(data) > maxPrompt {
		return "", fmt.Errorf("read prompt: more than %d bytes", maxPrompt)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

func (c *generateCmd) open(ctx context.Context) (*generate.Generator, error) {
	cfg := c.config()
	cfg.ComputeUnits, cfg.Function = coreml.ComputeUnits(c.ComputeUnits), c.Function
	return openModel(ctx, c.Model, c.Tokenizer, &generate.Options{Model: cfg, PrefillChunk: c.PrefillChunk, MaxStates: 1})
}

// stream starts the answer, through the chat template where there is one.
func (c *generateCmd) stream(ctx context.Context, g *generate.Generator, prompt string) (iter.Seq2[generate.Token, error], error) {
	cfg := &generate.Config{MaxTokens: c.MaxTokens, Stop: c.Stop, Sampling: c.sampling(g.Defaults().Sampling)}
	if c.Raw || !g.Tokenizer().HasChatTemplate() {
		if c.System != "" {
			return nil, fmt.Errorf("--system: %w", generate.ErrNoChatTemplate)
		}
		return g.Stream(ctx, prompt, cfg), nil
	}
	var messages []tokenizer.Message
	if c.System != "" {
		messages = append(messages, tokenizer.Message{Role: "system", Content: c.System})
	}
	messages = append(messages, tokenizer.Message{Role: "user", Content: prompt})
	return g.Chat(ctx, messages, cfg), nil
}

// answer writes the text as it comes, unless it goes into a JSON object.
func (c *generateCmd) answer(ctx context.Context, g *generate.Generator, prompt string, io *streams) (*generate.Result, error) {
	stream, err := c.stream(ctx, g, prompt)
	if err != nil {
		return nil, err
	}
	out := io.out
	if c.JSON {
		return generate.Collect(stream)
	}
	var failed error
	last := byte('\n')
	echo := func(yield func(generate.Token, error) bool) {
		for tok, err := range stream {
			if err == nil && tok.Text != "" {
				last = tok.Text[len(tok.Text)-1]
				if _, failed = fmt.Fprint(out, tok.Text); failed != nil {
					return
				}
			}
			if !yield(tok, err) {
				return
			}
		}
	}
	answer, err := generate.Collect(echo)
	if failed == nil && last != '\n' {
		_, failed = fmt.Fprintln(out)
	}
	if err == nil {
		err = failed
	}
	return answer, err
}

// answerJSON is what --json prints.
type answerJSON struct {
	PromptTokens int       `json:"prompt_tokens"`
	Tokens       []int     `json:"tokens"`
	Text         string    `json:"text"`
	FinishReason string    `json:"finish_reason"`
	Stats        statsJSON `json:"stats"`
}

type statsJSON struct {
	LoadMS       float64 `json:"load_ms"`
	FirstTokenMS float64 `json:"first_token_ms"`
	PrefillRate  float64 `json:"prefill_tokens_per_second"`
	DecodeRate   float64 `json:"decode_tokens_per_second"`
	PeakRSS      float64 `json:"peak_rss_mib"`
	PrefillCalls int     `json:"prefill_calls"`
}

func writeJSON(w io.Writer, r *generate.Result) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	tokens := r.Tokens
	if tokens == nil {
		tokens = []int{}
	}
	return enc.Encode(answerJSON{
		PromptTokens: r.Stats.PromptTokens, Tokens: tokens, Text: r.Text, FinishReason: string(r.Finish),
		Stats: statsJSON{
			LoadMS: millis(r.Stats.Load), FirstTokenMS: millis(r.Stats.FirstToken),
			PrefillRate: round(r.Stats.PrefillRate()), DecodeRate: round(r.Stats.DecodeRate()),
			PeakRSS: round(float64(peakRSS()) / (1 << 20)), PrefillCalls: r.Stats.PrefillCalls,
		},
	})
}

// round keeps three decimals, which is more than the measures mean.
func round(v float64) float64 { return float64(int64(v*1000+0.5)) / 1000 }

func millis(d time.Duration) float64 { return round(d.Seconds() * 1000) }

var finishTexts = map[generate.FinishReason]string{
	generate.FinishEnd:     "end of text",
	generate.FinishStop:    "stop text",
	generate.FinishLength:  "token limit",
	generate.FinishContext: "context is full",
}

// writeStats prints the measures for people.
func writeStats(w io.Writer, r *generate.Result) error {
	s := &r.Stats
	t := table{indent: "  "}
	t.row("load", duration(s.Load))
	t.row("prompt", fmt.Sprintf("%d tokens%s, %s to the first token", s.PromptTokens, perSecond(s.PrefillRate()), duration(s.FirstToken)))
	t.row("answer", fmt.Sprintf("%d tokens%s, ended by %s", s.Tokens, perSecond(s.DecodeRate()), finishTexts[r.Finish]))
	if peak := peakRSS(); peak > 0 {
		t.row("memory", fmt.Sprintf("%s at most", bytesText(peak)))
	}
	_, err := fmt.Fprint(w, "\n", t.String())
	return err
}

func perSecond(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(", %.1f/s", v)
}

func duration(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
}
