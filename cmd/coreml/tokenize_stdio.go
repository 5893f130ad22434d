package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gocoreml/coreml/internal/jinja"
	"github.com/gocoreml/coreml/tokenizer"
)

// tokenRequest is one line on standard input: a text to encode, ids to decode, a
// chat template with its variables, or a conversation for the tokenizer's own.
//
// Pointers tell an empty text from none.
type tokenRequest struct {
	Text        *string         `json:"text"`
	IDs         []int           `json:"ids"`
	SkipSpecial bool            `json:"skip_special"`
	Template    *string         `json:"template"`
	Input       json.RawMessage `json:"input"`
	Now         *time.Time      `json:"now"`
	// Transformers is the version whose treatment of messages is wanted, 0 for 5.
	Transformers int             `json:"transformers"`
	Chat         json.RawMessage `json:"chat"`
}

// serveTokens answers requests until the input ends. A request that fails is
// answered with its error; the ones behind it are served. A cancel request and a
// time-out stop one as they do with predict --stdio.
//
// Without a tokenizer, a nil one, templates alone are served, which need none.
func serveTokens(ctx context.Context, tok *tokenizer.Tokenizer, s *streams) error {
	if isTerminal(s.in) {
		_, _ = fmt.Fprintln(s.err, `waiting for requests, one JSON object a line, such as {"id":1,"text":"Once"}; docs/stdio.md describes them`)
	}
	v := &service{parse: parseTokenRequest, encode: encodeTokens, do: func(ctx context.Context, q *request) (reply, error) {
		return answerTokens(ctx, tok, q.Line)
	}}
	return v.serve(ctx, s.in, s.out)
}

// parseTokenRequest reads what every request may have. The rest is read when its
// turn comes.
//
// encoding/json ignores unknown fields, so that one line may hold all that a
// request of either protocol has.
func parseTokenRequest(text []byte) *request {
	q := &request{Line: text}
	var head struct {
		ID      json.RawMessage `json:"id"`
		Cancel  json.RawMessage `json:"cancel"`
		Timeout json.RawMessage `json:"timeout_ms"`
	}
	// A line that is no JSON has no id either, and gets its error in its turn.
	if json.Unmarshal(text, &head) != nil {
		return q // answerTokens says what is wrong
	}
	for _, id := range []json.RawMessage{head.ID, head.Cancel} {
		if len(id) > maxJSONName {
			q.err = fmt.Errorf("request: an id of more than %d bytes", maxJSONName)
			return q
		}
	}
	q.ID = head.ID
	if head.Cancel != nil && string(head.Cancel) != "null" { // null stands for an absent field
		q.Op, q.Cancel = opCancel, head.Cancel
	}
	if head.Timeout != nil && string(head.Timeout) != "null" {
		limit, err := timeoutOf(head.Timeout)
		if q.Timeout = limit; err != nil {
			q.err = fmt.Errorf("request: %w", inField("timeout_ms", err))
		}
	}
	return q
}

// encodeTokens builds the line of a reply. A request without an id gets a reply
// without one.
func encodeTokens(id json.RawMessage, r reply, err error) []byte {
	if err != nil {
		r = reply{"error": explain(err)}
		if code := errorCode(err); code == codeCancelled || code == codeTimeout {
			r["code"] = code
		}
	}
	if len(id) > 0 {
		r["id"] = id
	}
	var line bytes.Buffer
	if err := printJSON(&line, r); err != nil {
		return encodeTokens(id, nil, fmt.Errorf("reply: %w", err))
	}
	return bytes.TrimSuffix(line.Bytes(), []byte("\n"))
}

// answerTokens carries out one request.
//
// The first of template, chat, text and ids that is there says what is wanted.
func answerTokens(ctx context.Context, tok *tokenizer.Tokenizer, text []byte) (reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var q tokenRequest
	if err := json.Unmarshal(text, &q); err != nil {
		return nil, fmt.Errorf("request: %w", explainJSON(err, text))
	}
	switch {
	case q.Template != nil:
		return renderTemplate(ctx, &q)
	case tok == nil && isGiven(q.Chat):
		return nil, errors.New("chat needs --tokenizer")
	case tok == nil:
		return nil, errors.New("text and ids need --tokenizer")
	case isGiven(q.Chat):
		return encodeConversation(ctx, tok, q.Chat)
	case q.Text != nil:
		return encodeText(ctx, tok, *q.Text)
	case q.IDs != nil:
		return decodeIDs(ctx, tok, q.IDs, q.SkipSpecial)
	}
	return nil, errors.New("the request has neither text nor ids nor chat nor template")
}

// isGiven reports whether a field is there: null stands for an absent one.
func isGiven(field json.RawMessage) bool { return len(field) > 0 && string(field) != "null" }

// encodeConversation answers a conversation with its text and the ids of that.
func encodeConversation(ctx context.Context, tok *tokenizer.Tokenizer, chat []byte) (reply, error) {
	file, err := readChat(chat)
	if err != nil {
		return nil, fmt.Errorf("chat: %w", explainJSON(err, chat))
	}
	text, e, err := file.encode(ctx, tok)
	if err != nil {
		return nil, fmt.Errorf("chat: %w", err)
	}
	return reply{"text": text, "ids": orEmpty(e.IDs)}, nil
}

// encodeText answers a text: its tokens without the special ones, where each lies
// in it, and the ids with the special ones. Whoever compares tokenizers needs both.
func encodeText(ctx context.Context, tok *tokenizer.Tokenizer, text string) (reply, error) {
	e, err := tok.EncodeWithOffsetsContext(ctx, text, false)
	if err != nil {
		return nil, err
	}
	ids, err := tok.EncodeContext(ctx, text, false)
	if err != nil {
		return nil, err
	}
	special, err := tok.EncodeContext(ctx, text, true)
	if err != nil {
		return nil, err
	}
	return reply{
		"ids": orEmpty(ids), "ids_special": orEmpty(special),
		"offsets": pairs(e.Offsets), "pieces": orEmpty(e.Tokens),
	}, nil
}

// decodeIDs answers ids with their text, and with what each of them adds to a text
// that is shown as it grows: nothing where a character is not complete.
func decodeIDs(ctx context.Context, tok *tokenizer.Tokenizer, ids []int, skip bool) (reply, error) {
	whole, err := tok.DecodeContext(ctx, ids, skip)
	if err != nil {
		return nil, err
	}
	stream := make([]any, len(ids))
	d := tok.NewDecoder(skip)
	for i, id := range ids {
		text, err := d.NextContext(ctx, id)
		if err != nil {
			return nil, err
		}
		if text != "" {
			stream[i] = text
		}
	}
	return reply{"text": whole, "stream": stream}, nil
}

// renderTemplate renders a chat template with the variables of the request.
func renderTemplate(ctx context.Context, q *tokenRequest) (reply, error) {
	if q.Transformers != 0 && q.Transformers != 4 && q.Transformers != 5 {
		return nil, fmt.Errorf("transformers is %d, want 4 or 5", q.Transformers)
	}
	parsed, err := jinja.Parse(ctx, *q.Template)
	if err != nil {
		return nil, err
	}
	vars := jinja.NewDict()
	if len(q.Input) > 0 {
		v, err := jinja.FromJSON(ctx, q.Input)
		if err != nil {
			return nil, fmt.Errorf("input: %w", err)
		}
		var ok bool
		if vars, ok = v.(*jinja.Dict); !ok {
			return nil, errors.New("input is not an object")
		}
		if q.Transformers != 4 {
			if err := normalizeMessages(ctx, vars, q.Input); err != nil {
				return nil, fmt.Errorf("input: %w", err)
			}
		}
	}
	opts := &jinja.Options{}
	// Templates that write the date could not be compared otherwise.
	if q.Now != nil {
		opts.Now = func() time.Time { return *q.Now }
	}
	text, err := parsed.Render(ctx, vars, opts)
	if err != nil {
		return nil, err
	}
	return reply{"text": text}, nil
}
