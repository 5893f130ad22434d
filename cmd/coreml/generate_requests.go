package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/tokenizer"
)

// The lines of generate --requests: each is a JSON object with a prompt and with what
// is asked of its answer alone. docs/stdio.md describes the fields.

// requestReader makes prompts of requests.
type requestReader struct {
	c    *generateCmd
	g    *generate.Generator
	base *generate.Options // what the flags ask for
	// ids are those of the requests that were read and not answered yet, in their order.
	ids []json.RawMessage
}

// id returns the id of the request that is answered next, nil where it has none.
func (r *requestReader) id() json.RawMessage {
	if len(r.ids) == 0 {
		return nil
	}
	id := r.ids[0]
	r.ids = r.ids[1:]
	return id
}

// read is a promptReader. What is wrong with a request is the error of its answer.
func (r *requestReader) read(ctx context.Context, line string) generate.Prompt {
	q := &textRequest{sampling: r.c.samplingFlags, opts: *r.base}
	p, err := q.prompt(ctx, r, line)
	if err != nil {
		p = generate.Prompt{Err: fmt.Errorf("request: %w", err)}
	}
	r.ids = append(r.ids, q.id)
	return p
}

// textRequest is a request while it is read. Of prompt, ids and messages there is one.
type textRequest struct {
	id       json.RawMessage
	text     *string
	tokens   []int
	chat     *chatFile // nil without messages and without anything for their template
	images   []string
	sampling samplingFlags
	sampled  bool   // whether it has settings of its own
	bound    string // the field that has the grammar
	opts     generate.Options
	scale    *float64
	negative *string
}

// prompt reads a request and makes its prompt.
func (q *textRequest) prompt(ctx context.Context, r *requestReader, line string) (p generate.Prompt, err error) {
	if err := eachField(&jsonText{text: []byte(line)}, q.field); err != nil {
		return p, err
	}
	p.Options = &q.opts
	if q.sampled {
		if q.opts.Sampling, err = q.sampling.resolve(r.g); err != nil {
			return p, err
		}
	}
	if err := q.guide(r); err != nil {
		return p, err
	}
	if q.opts.Images, err = readImages(ctx, q.images, r.g); err != nil {
		return p, err
	}
	given := 0
	for _, is := range []bool{q.text != nil, q.tokens != nil, q.chat != nil && q.chat.messages != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return p, fmt.Errorf("%d of prompt, ids and messages are given, want one of them", given)
	case q.tokens != nil:
		p.Tokens = q.tokens
	case q.text != nil && strings.TrimSpace(*q.text) == "":
		return p, errEmptyPrompt
	case q.text != nil && !r.c.chats(r.g):
		p.Text = *q.text
	case q.text != nil:
		p.Messages = r.c.messages(*q.text)
	default:
		p.Messages = q.chat.messages
	}
	switch {
	case q.chat == nil:
	case p.Messages == nil || !r.g.HasChatTemplate() && q.chat.options.Template == "":
		return p, generate.ErrNoChatTemplate
	default:
		q.chatOptions()
	}
	if p.Messages == nil && q.opts.Overflow == generate.OverflowDropTurns {
		return p, errors.New("overflow: drop-turns is for conversations, and this request continues a text, which can slide")
	}
	return p, nil
}

// chatOptions puts what the request says of the template over what the flags say.
func (q *textRequest) chatOptions() {
	o := q.chat.options
	if base := q.opts.Chat; base != nil {
		o.Template = cmp.Or(o.Template, base.Template)
		o.SanitizeControlTokens = o.SanitizeControlTokens || base.SanitizeControlTokens
		if o.Transformers == 0 {
			o.Transformers = base.Transformers
		}
		if o.Now == nil {
			o.Now = base.Now
		}
		for name, value := range base.Extra {
			if _, ok := o.Extra[name]; !ok {
				o.Extra[name] = value
			}
		}
	}
	q.opts.Tools, o.Tools = o.Tools, nil
	q.opts.Chat = &o
}

// field takes in one field.
func (q *textRequest) field(key string, value []byte) (err error) {
	switch key {
	case "id":
		if len(value) > maxJSONName {
			return fmt.Errorf("more than %d bytes", maxJSONName)
		}
		if !json.Valid(value) {
			return nonNumber(value)
		}
		q.id = bytes.Clone(value)
	case "prompt":
		var text string
		text, err = textOf(value)
		q.text = &text
	case "ids":
		q.tokens, err = idsOf(value)
	case "function":
		q.opts.Function, err = nameOf(value)
	case "max_tokens":
		q.opts.MaxTokens, err = smallIntOf(value)
	case "reasoning_budget":
		q.opts.ReasoningBudget, err = smallIntOf(value)
	case "overflow":
		var name string
		name, err = nameOf(value)
		name = strings.ReplaceAll(name, "_", "-") // drop_turns is how the library spells it
		if err == nil && !slices.Contains(overflows, name) {
			err = fmt.Errorf("is %s, want %s", quoted(name), strings.Join(overflows, ", "))
		}
		q.opts.Overflow = (&sessionFlags{Overflow: name}).overflow()
	case "stop":
		q.opts.Stop, err = textsOf(value)
	case "end_tokens":
		q.opts.EndTokens, err = idsOf(value)
	case "tool_choice":
		q.opts.ToolChoice, err = nameOf(value)
	case "priority":
		q.opts.Priority, err = smallIntOf(value)
	case "ignore_end":
		q.opts.IgnoreEnd, err = boolOf(value)
	case "logprobs":
		var n int
		if n, err = smallIntOf(value); err == nil && n < 0 {
			err = errors.New("want a number from 0")
		}
		q.opts.LogProbs = logProbsOf(n)
	case "guidance_scale":
		var scale float64
		scale, err = floatOf(value)
		q.scale = &scale
	case "negative_prompt":
		var text string
		text, err = textOf(value)
		q.negative = &text
	case "schema", "regex", "grammar", "choice":
		err = q.grammarField(key, value)
	case "images":
		q.images, err = textsOf(value)
	case "messages", "tools", "continue_final_message", "chat_template", "sanitize_control_tokens", "transformers", "now", "chat_template_kwargs":
		if q.chat == nil {
			q.chat = &chatFile{options: tokenizer.ChatOptions{Extra: map[string]any{}, RefuseUnused: true}}
		}
		err = q.chat.read(key, value, nil)
	default:
		return q.samplingField(key, value)
	}
	return err
}

// grammarField takes in a field that says what the answer may be.
func (q *textRequest) grammarField(key string, value []byte) (err error) {
	if q.bound != "" {
		return fmt.Errorf("there is %s already: an answer has one grammar", q.bound)
	}
	q.bound = key
	var text string
	switch key {
	case "schema":
		q.opts.Grammar, err = grammar.JSONSchema(value, nil)
	case "choice":
		var texts []string
		if texts, err = textsOf(value); err == nil {
			q.opts.Grammar, err = grammar.Choice(texts...)
		}
	case "regex":
		if text, err = textOf(value); err == nil {
			q.opts.Grammar, err = grammar.Regex(text)
		}
	default:
		if text, err = textOf(value); err == nil {
			q.opts.Grammar, err = grammar.GBNF(text)
		}
	}
	if err != nil {
		return &grammarError{err, key}
	}
	return nil
}

// idsOf reads a list of token ids.
func idsOf(raw []byte) ([]int, error) {
	list := []int{}
	err := eachListElement(raw, func(_ int, value []byte) error {
		id, err := smallIntOf(value)
		list = append(list, id)
		return err
	})
	return list, err
}

// smallIntOf reads an integer of 32 bits.
func smallIntOf(raw []byte) (int, error) {
	n, err := intOf(raw)
	if err == nil && (n < math.MinInt32 || n > math.MaxInt32) {
		err = fmt.Errorf("%s is too large", shorten(raw))
	}
	return int(n), err
}

// boolOf reads true or false.
func boolOf(raw []byte) (bool, error) {
	switch string(raw) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, wantJSON("true or false", raw)
}

// textsOf reads a text, or a list of some.
func textsOf(raw []byte) ([]string, error) {
	if len(raw) > 0 && raw[0] == '"' {
		text, err := textOf(raw)
		return []string{text}, err
	}
	return namesOf(raw)
}
