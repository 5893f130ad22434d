package generate

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/tokenizer"
)

// Into lets a model fill a value of type T: the answer to prompt is bound to the JSON
// schema of T ([grammar.SchemaOf] says how it is made of fields and tags) and read into
// the value. Where the model has a chat template, prompt is a message of the user, and
// else the answer goes on with it. The prompt should ask for what the fields mean:
// their names are all that the schema tells the model.
//
// The grammar takes the place of opts.Grammar. An answer that its limit of tokens cuts off
// is [ErrIncomplete]; T that no schema can be made of is [ErrConfig]. A nil ctx never ends;
// nil opts are the zero [Options].
func Into[T any](ctx context.Context, g *Generator, prompt string, opts *Options) (T, error) {
	return FillInto[T](opts, func(opts *Options) iter.Seq2[Token, error] {
		if g.HasChatTemplate() {
			return g.Chat(ctx, []tokenizer.Message{{Role: "user", Content: prompt}}, opts)
		}
		return g.Stream(ctx, prompt, opts)
	})
}

// FillInto is [Into] for every way to ask for an answer, such as [Session.Send]: answer
// is called once, with opts and the grammar of T.
func FillInto[T any](opts *Options, answer func(opts *Options) iter.Seq2[Token, error]) (T, error) {
	var v T
	bound := Options{}
	if opts != nil {
		bound = *opts
	}
	var err error
	if bound.Grammar, err = grammar.Of[T](); err != nil {
		return v, prefixed(&ConfigError{Field: "Grammar", Reason: fmt.Sprintf("cannot be made of %T: %s", v, err), Err: err})
	}
	r, err := Collect(answer(&bound))
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal([]byte(bound.behindThinking(r)), &v); err != nil {
		return v, prefixed(fmt.Errorf("the answer does not fill %T: %w", v, err))
	}
	return v, nil
}

// behindThinking is the part of an answer that the grammar binds. The thinking before it
// is part of the text, with marks that only the tokenizer knows.
func (o *Options) behindThinking(r *Result) string {
	if r.Reasoning == "" {
		return r.Text
	}
	for i := range r.Text {
		if o.Grammar.Match(r.Text[i:]) {
			return r.Text[i:]
		}
	}
	return r.Text
}
