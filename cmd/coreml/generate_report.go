package main

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/gocoreml/coreml/generate"
)

// echo writes an answer while it is made.
//
// It counts a failed write as the end: a model that goes on for a reader who has
// gone away costs minutes of work.
type echo struct {
	io     *streams
	before string // shown before the first token
	last   byte   // of what was written
	failed error
}

// pass hands the tokens on and writes their text.
//
// A token may have no text of its own: the bytes of one character come in several,
// and the decoder holds them back.
func (e *echo) pass(stream iter.Seq2[generate.Token, error]) iter.Seq2[generate.Token, error] {
	out := e.io.text()
	return func(yield func(generate.Token, error) bool) {
		for tok, err := range stream {
			if err == nil && !e.prompt() {
				return
			}
			if err == nil && tok.Text != "" {
				e.last = tok.Text[len(tok.Text)-1]
				if _, e.failed = out.Write([]byte(tok.Text)); e.failed != nil {
					return
				}
			}
			if !yield(tok, err) {
				return
			}
		}
	}
}

// prompt shows the prompt, once there is something to show behind it.
//
// Not before: a call that fails would leave a prompt on the screen as if it had
// been answered.
func (e *echo) prompt() bool {
	if e.before != "" {
		e.last = e.before[len(e.before)-1]
		e.failed = e.io.dim(e.before)
		e.before = ""
	}
	return e.failed == nil
}

// mostShown is how many characters of a prompt are shown before its answer.
const mostShown = 2000

// shownPrompt is the prompt as it stands before its answer: a text that goes on,
// or a question with the answer below it. Of a long one the end is shown.
func shownPrompt(prompt string, question bool) string {
	if r := []rune(prompt); len(r) > mostShown {
		prompt = "…" + string(r[len(r)-mostShown:])
	}
	if question {
		return strings.TrimRight(prompt, "\n") + "\n\n"
	}
	return prompt
}

// answerJSON is what --json prints.
//
// Its fields, like those of every object that a verb prints, are held by
// testdata/golden/json_fields.txt: they are added to, and never renamed.
type answerJSON struct {
	Prompt int `json:"prompt,omitempty"` // the number of its line, from 1, with --prompts
	// ID is that of the request, with --requests.
	ID           json.RawMessage `json:"id,omitempty"`
	Error        string          `json:"error,omitempty"` // why there is no more of the answer, with --prompts
	PromptTokens int             `json:"prompt_tokens"`
	Answer       int             `json:"answer,omitempty"`        // its number, from 1, with --answers and --beams
	Score        *float64        `json:"score,omitempty"`         // with --beams
	CachedTokens int             `json:"cached_tokens,omitempty"` // of the prompt, that were read before
	Tokens       []int           `json:"tokens"`
	LogProbs     []logProbJSON   `json:"logprobs,omitempty"` // of each token, with --logprobs
	Text         string          `json:"text"`
	Reasoning    string          `json:"reasoning,omitempty"` // the thinking in the text, without its marks
	// ToolCalls are the calls of functions, in the form that they have in messages, and
	// ToolCallErrors the texts that began as a call and were none, which Text has too.
	ToolCalls      []toolCallJSON `json:"tool_calls,omitempty"`
	ToolCallErrors []string       `json:"tool_call_errors,omitempty"`
	// DroppedMessages and Slides say what --overflow has left out.
	DroppedMessages int       `json:"dropped_messages,omitempty"`
	Slides          int       `json:"slides,omitempty"`
	FinishReason    string    `json:"finish_reason"`
	Seed            *uint64   `json:"seed,omitempty"` // of a random choice
	Loop            *loopJSON `json:"loop,omitempty"`
	Stats           statsJSON `json:"stats"`
}

// loopJSON is the part that an answer repeats at its end.
type loopJSON struct {
	Length int `json:"length"` // tokens
	Times  int `json:"times"`
}

// statsJSON are the measures, in milliseconds, tokens per second and MiB.
type statsJSON struct {
	LoadMS       float64 `json:"load_ms"`
	FirstTokenMS float64 `json:"first_token_ms"`
	PrefillRate  float64 `json:"prefill_tokens_per_second"`
	DecodeRate   float64 `json:"decode_tokens_per_second"`
	PeakRSS      float64 `json:"peak_rss_mib"`
	PrefillCalls int     `json:"prefill_calls"`
	// Speculation is there with --speculate or --draft.
	Speculation *speculationJSON `json:"speculation,omitempty"`
}

func writeJSON(w io.Writer, r *generate.Result) error { return printJSON(w, answerOf(r)) }

// answerOf is an answer as --json prints it.
func answerOf(r *generate.Result) answerJSON {
	// A seed means nothing where nothing was left to chance.
	var seed *uint64
	if !r.Stats.Greedy {
		seed = &r.Stats.Seed
	}
	var loop *loopJSON
	if l := r.Stats.Loop; l.Times > 0 {
		loop = &loopJSON{Length: l.Length, Times: l.Times}
	}
	return answerJSON{
		PromptTokens: r.Stats.PromptTokens, CachedTokens: r.Stats.CachedTokens, Tokens: orEmpty(r.Tokens), LogProbs: logProbsJSON(r.LogProbs), Text: r.Text, Reasoning: r.Reasoning,
		ToolCalls: toolCallsJSON(r.Calls), ToolCallErrors: toolCallErrors(r.CallErrors),
		DroppedMessages: r.Stats.DroppedMessages, Slides: r.Stats.Slides, FinishReason: string(r.Finish), Seed: seed, Loop: loop,
		Stats: statsJSON{
			LoadMS: millis(r.Stats.Load), FirstTokenMS: millis(r.Stats.FirstToken),
			PrefillRate: round(r.Stats.PrefillRate()), DecodeRate: round(r.Stats.DecodeRate()),
			PeakRSS: round(float64(peakRSS()) / (1 << 20)), PrefillCalls: r.Stats.PrefillCalls, Speculation: speculationOf(r.Stats.Speculation),
		},
	}
}

// round keeps three decimals, which is more than the measures mean.
func round(v float64) float64 { return float64(int64(v*1000+0.5)) / 1000 }

// millis is a time as the objects have it.
func millis(d time.Duration) float64 { return round(d.Seconds() * 1000) }

// finishTexts are the words for why an answer ended. The objects have the library's
// own, which programs compare with.
var finishTexts = map[generate.FinishReason]string{
	generate.FinishEnd:     "end of text",
	generate.FinishStop:    "stop text",
	generate.FinishLength:  "token limit",
	generate.FinishContext: "context is full",
}

// writeStats prints the measures for people.
func writeStats(w io.Writer, r *generate.Result) error {
	_, err := fmt.Fprint(w, "\n", statsTable(r).String())
	return err
}

// statsTable has the measures for people, a row each.
func statsTable(r *generate.Result) *table {
	s := &r.Stats
	t := &table{indent: "  "}
	t.row("load", duration(s.Load))
	first := ""
	if s.FirstToken > 0 { // a clock may be too coarse for it, as that of Windows
		first = fmt.Sprintf(", %s to the first token", duration(s.FirstToken))
	}
	cached := ""
	if s.CachedTokens > 0 {
		cached = fmt.Sprintf(", %d cached", s.CachedTokens)
	}
	t.row("prompt", counted(s.PromptTokens, "token")+cached+perSecond(s.PrefillRate())+first)
	if s.DroppedMessages > 0 {
		t.row("left out", counted(s.DroppedMessages, "message")+" of the beginning")
	}
	if s.Slides > 0 {
		t.row("slid", counted(s.Slides, "time"))
	}
	t.row("answer", fmt.Sprintf("%s%s, ended by %s", counted(s.Tokens, "token"), perSecond(s.DecodeRate()), finishTexts[r.Finish]))
	if s.Speculation != nil {
		t.row("drafts", draftsText(s.Speculation))
	}
	if peak := peakRSS(); peak > 0 {
		t.row("memory", fmt.Sprintf("%s at most", bytesText(peak)))
	}
	return t
}

// perSecond is a rate as the end of a phrase. A rate of 0 is one that the clock was
// too coarse to measure, and not said.
func perSecond(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(", %.1f/s", v)
}

// duration writes a time with two or three digits, which is what two runs have in
// common.
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
