package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gocoreml/coreml/internal/jinja"
	"github.com/gocoreml/coreml/tokenizer"
)

// tokenRequest is one line on standard input: a text to encode, ids to decode,
// or a chat template with its variables.
type tokenRequest struct {
	Text        *string         `json:"text"`
	IDs         []int           `json:"ids"`
	SkipSpecial bool            `json:"skip_special"`
	Template    *string         `json:"template"`
	Input       json.RawMessage `json:"input"`
	Now         *time.Time      `json:"now"`
}

// serve answers requests until the input ends. A request that fails is
// answered with its error; the ones behind it are served.
func (c *tokenizeCmd) serve(ctx context.Context, s *streams) error {
	if c.Text != "" || c.Decode || c.Chat != "" {
		return usagef("--stdio takes everything from standard input")
	}
	var tok *tokenizer.Tokenizer
	if c.Tokenizer != "" {
		var err error
		if tok, err = c.load(); err != nil {
			return err
		}
	}
	in, out := bufio.NewReaderSize(s.in, 1<<16), bufio.NewWriter(s.out)
	var buf []byte
	for ctx.Err() == nil {
		var err error
		buf, err = readLine(in, buf[:0], maxRequest)
		switch {
		case errors.Is(err, errLongLine):
			err = printJSON(out, map[string]any{"error": err.Error()})
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("standard input: %w", err)
		case len(bytes.TrimSpace(buf)) == 0:
			continue
		default:
			err = printJSON(out, answerTokens(ctx, tok, buf))
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// answerTokens carries out one request.
func answerTokens(ctx context.Context, tok *tokenizer.Tokenizer, text []byte) map[string]any {
	var q tokenRequest
	err := json.Unmarshal(text, &q)
	var out map[string]any
	switch {
	case err != nil:
		err = fmt.Errorf("request: %w", explainJSON(err, text))
	case q.Template != nil:
		out, err = renderTemplate(&q)
	case tok == nil:
		err = errors.New("text and ids need --tokenizer")
	case q.Text != nil:
		out, err = encodeText(ctx, tok, *q.Text)
	case q.IDs != nil:
		out = decodeIDs(tok, q.IDs, q.SkipSpecial)
	default:
		err = errors.New("the request has neither text nor ids nor template")
	}
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return out
}

func encodeText(ctx context.Context, tok *tokenizer.Tokenizer, text string) (map[string]any, error) {
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
	return map[string]any{
		"ids": orEmpty(ids), "ids_special": orEmpty(special),
		"offsets": pairs(e.Offsets), "pieces": orEmpty(e.Tokens),
	}, nil
}

func decodeIDs(tok *tokenizer.Tokenizer, ids []int, skip bool) map[string]any {
	stream := make([]any, len(ids))
	d := tok.NewDecoder(skip)
	for i, id := range ids {
		if text := d.Next(id); text != "" {
			stream[i] = text
		}
	}
	return map[string]any{"text": tok.Decode(ids, skip), "stream": stream}
}

// renderTemplate renders a chat template with the variables of the request.
func renderTemplate(q *tokenRequest) (map[string]any, error) {
	parsed, err := jinja.Parse(*q.Template)
	if err != nil {
		return nil, err
	}
	vars := jinja.NewDict()
	if len(q.Input) > 0 {
		v, err := jinja.FromJSON(q.Input)
		if err != nil {
			return nil, fmt.Errorf("input: %w", err)
		}
		var ok bool
		if vars, ok = v.(*jinja.Dict); !ok {
			return nil, errors.New("input is not an object")
		}
	}
	opts := &jinja.Options{}
	if q.Now != nil {
		opts.Now = func() time.Time { return *q.Now }
	}
	text, err := parsed.Render(vars, opts)
	if err != nil {
		return nil, err
	}
	return map[string]any{"text": text}, nil
}
