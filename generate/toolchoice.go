package generate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/generate/internal/grammars"
	"github.com/gocoreml/coreml/tokenizer"
)

// The values of Options.ToolChoice besides the names of functions.
const (
	ToolAuto     = ""         // the model calls what it likes, or nothing
	ToolNone     = "none"     // no call
	ToolRequired = "required" // one call of any function
)

// requiresCall reports whether the answer is a call.
func (o *Options) requiresCall() bool {
	return o.ToolChoice != ToolAuto && o.ToolChoice != "auto" && o.ToolChoice != ToolNone
}

// validateToolChoice refuses a choice that cannot be kept.
func (o *Options) validateToolChoice() error {
	switch {
	case !o.requiresCall():
		return nil
	case o.Grammar != nil:
		return configErrorf("ToolChoice", "is %q beside a Grammar: an answer cannot be both", o.ToolChoice)
	case len(o.Tools) == 0:
		return configErrorf("ToolChoice", "is %q, but there are no Tools", o.ToolChoice)
	}
	return nil
}

// chosenTools returns the functions that may be called, by what the tools say of them.
func (o *Options) chosenTools() ([]grammar.Tool, error) {
	var chosen []grammar.Tool
	for k, tool := range o.Tools {
		text, err := json.Marshal(tool)
		if err != nil {
			return nil, &ConfigError{Field: "Tools", Reason: fmt.Sprintf("number %d is no JSON: %v", k, err), Err: err}
		}
		type description struct {
			Name       string          `json:"name"`
			Parameters json.RawMessage `json:"parameters"`
		}
		var t struct {
			description
			Function description `json:"function"`
		}
		if err := json.Unmarshal(text, &t); err != nil {
			return nil, &ConfigError{Field: "Tools", Reason: fmt.Sprintf("number %d describes no function: %v", k, err), Err: err}
		}
		one := grammar.Tool{Name: cmp.Or(t.Function.Name, t.Name), Parameters: t.Function.Parameters}
		if one.Parameters == nil {
			one.Parameters = t.Parameters
		}
		if o.ToolChoice == ToolRequired || o.ToolChoice == one.Name {
			chosen = append(chosen, one)
		}
	}
	if len(chosen) == 0 {
		return nil, configErrorf("ToolChoice", "is %q, and no function in Tools has that name", o.ToolChoice)
	}
	return chosen, nil
}

// maxCallGrammars is how many bytes the grammars of calls take that a generator keeps, so
// that answers with the same tools share their masks.
const maxCallGrammars = 128 << 20

// callsOf returns the grammar of the calls of some functions, which is kept until release.
func (c *grammarCaches) callsOf(ctx context.Context, pattern tokenizer.CallPattern, tools []grammar.Tool) (g *grammar.Grammar, release func(), err error) {
	text, err := json.Marshal(struct {
		Pattern tokenizer.CallPattern
		Tools   []grammar.Tool
	}{pattern, tools})
	if err != nil {
		return nil, nil, err
	}
	return c.calls.Get(ctx, "calls", string(text), func() (*grammar.Grammar, error) { return grammar.ToolCall(pattern, tools, nil) })
}

// callGrammar returns the grammar of the call that the answer has to be, and the special
// tokens that calls are written with.
func (r *generation) callGrammar(ctx context.Context) (*grammar.Grammar, []int, error) {
	if !r.chat {
		return nil, nil, configErrorf("ToolChoice", "is %q, but only answers to messages call functions", r.opts.ToolChoice)
	}
	tools, err := r.opts.chosenTools()
	if err != nil {
		return nil, nil, err
	}
	pattern, ok := r.g.tok.CallPattern(ctx, r.g.chatOptions(&r.opts))
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, configErrorf("ToolChoice", "is %q, but the calls of this chat template (%s) are not written with JSON arguments, so that none can be required",
			r.opts.ToolChoice, cmp.Or(string(r.g.tok.ToolFormat()), "no known format"))
	}
	g, release, err := r.g.grammars.callsOf(ctx, pattern, tools)
	r.release = release
	if ended := ctx.Err(); ended != nil {
		return nil, nil, ended
	}
	if errors.Is(err, grammars.ErrFull) {
		return nil, nil, fmt.Errorf("%w: %w", ErrQueueFull, err)
	}
	if err != nil {
		return nil, nil, &ConfigError{Field: "Tools", Reason: err.Error(), Err: err}
	}
	ids, err := r.g.tok.EncodeContext(ctx, pattern.Before+pattern.Between+pattern.After, false)
	if err != nil {
		return nil, nil, err
	}
	var marks []int
	for _, id := range ids {
		if r.g.tok.IsSpecial(id) && !r.isEnd(id) {
			marks = append(marks, id)
		}
	}
	slices.Sort(marks)
	return g, slices.Compact(marks), nil
}
