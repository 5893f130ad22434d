// Render answers requests to render chat templates, a JSON object a line, for the
// scripts that compare it with the transformers library.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// request is one conversation and the template that is to write it.
type request struct {
	Template             string                     `json:"template"`
	Messages             []tokenizer.Message        `json:"messages"`
	Tools                []json.RawMessage          `json:"tools"`
	AddGenerationPrompt  bool                       `json:"add_generation_prompt"`
	ContinueFinalMessage bool                       `json:"continue_final_message"`
	Extra                map[string]json.RawMessage `json:"extra"`
	Transformers         int                        `json:"transformers"`
	Now                  time.Time                  `json:"now"`
}

// answer is the text, or what went wrong.
type answer struct {
	Text  *string `json:"text,omitempty"`
	Error string  `json:"error,omitempty"`
}

func main() {
	tok, err := tokenizer.Load(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), bufio.NewWriter(os.Stdout)
	for enc := json.NewEncoder(out); in.More(); {
		var q request
		if err := in.Decode(&q); err != nil {
			log.Fatal(err)
		}
		if err := enc.Encode(render(tok, &q)); err != nil {
			log.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

// render gives a template as long as the reference has.
func render(tok *tokenizer.Tokenizer, q *request) answer {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	opts := &tokenizer.ChatOptions{
		AddGenerationPrompt: q.AddGenerationPrompt, ContinueFinalMessage: q.ContinueFinalMessage, Template: q.Template,
		Transformers: q.Transformers, IgnoreTools: true, Extra: map[string]any{}, Now: func() time.Time { return q.Now },
	}
	if q.Tools != nil {
		opts.Tools = []any{}
	}
	for _, tool := range q.Tools {
		opts.Tools = append(opts.Tools, tool)
	}
	for name, value := range q.Extra {
		opts.Extra[name] = value
	}
	text, err := tok.ApplyChatTemplate(ctx, q.Messages, opts)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Text: &text}
}
