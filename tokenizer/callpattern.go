package tokenizer

import (
	"context"
	"encoding/json"
	"strings"
)

// CallPattern is how a chat template writes a call: the name of the function, its
// arguments as a JSON object, and in some templates an id, with the texts around them.
// [Tokenizer.CallPattern] finds it.
type CallPattern struct {
	// Before stands before the name, Between before the arguments, After behind them.
	Before, Between, After string
	// ArgumentsFirst says that the name comes behind the arguments.
	ArgumentsFirst bool
	// ID says that where a text has [CallID] in it, an id of nine letters or digits
	// stands.
	ID bool
}

// CallID stands for the id of a call in the texts of a [CallPattern].
const CallID = "call00001"

// probeName is the name of a function that no template has in it.
const probeName = "probe_\u2042"

// CallPattern returns how the chat template of the options writes a call in an answer
// that consists of it. It reports false where there is no template, and where that does
// not write the arguments as an object of JSON, as those in which calls are Python or
// tags do not. Options of nil are the zero ones.
func (t *Tokenizer) CallPattern(ctx context.Context, opts *ChatOptions) (CallPattern, bool) {
	if opts == nil {
		opts = &ChatOptions{}
	}
	t = t.made()
	ctx = background(ctx)
	aside := opts.aside(t.toolTemplate(opts))
	f := t.callForm(ctx, aside)
	arguments := `{"` + probe + `": 1}`
	calls := []ToolCall{{ID: CallID, Name: probeName, Arguments: json.RawMessage(arguments)}}
	called := f.message("", calls)
	if f.null {
		called = f.nullMessage(calls)
	}
	with, err := t.renderAside(ctx, []Message{{Role: "user", Content: "a"}, called}, f, aside)
	if err != nil {
		return CallPattern{}, false
	}
	without, err := t.renderAside(ctx, []Message{{Role: "user", Content: "a"}, {Role: "assistant", Content: probe}}, f, aside)
	at := strings.LastIndex(without, probe)
	if err != nil || at < 0 {
		return CallPattern{}, false
	}
	written, ok := strings.CutPrefix(with, without[:at])
	if !ok {
		return CallPattern{}, false
	}
	written = strings.TrimSuffix(written, without[at+len(probe):])
	first, second := probeName, arguments
	argumentsFirst := strings.Index(written, second) < strings.Index(written, first)
	if argumentsFirst {
		first, second = second, first
	}
	before, rest, named := strings.Cut(written, first)
	between, after, given := strings.Cut(rest, second)
	p := CallPattern{Before: before, Between: between, After: after, ArgumentsFirst: argumentsFirst}
	p.ID = strings.Contains(before+between+after, CallID)
	return p, named && given && !strings.Contains(before+between+after, probe)
}
