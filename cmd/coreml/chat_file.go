package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

// chatFile is a conversation as a file, or a request, gives it.
type chatFile struct {
	messages []tokenizer.Message
	options  tokenizer.ChatOptions
}

// readChat reads a list of messages, or an object of messages and what the chat
// template is given besides: the arguments of transformers' apply_chat_template by
// their names. What has no other meaning is a variable of the template.
func readChat(data []byte) (*chatFile, error) {
	c := &chatFile{options: tokenizer.ChatOptions{Extra: map[string]any{}, RefuseUnused: true}}
	// The list is the form that most programs write; only the object has room for
	// more.
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		c.options.AddGenerationPrompt = true
		return c, json.Unmarshal(data, &c.messages)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	var prompt *bool
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		// null stands for an absent field of those that are no variables.
		err := c.read(name, value, &prompt)
		var typ *json.UnmarshalTypeError
		switch {
		case errors.As(err, &typ):
			// In the words of an error of the whole object.
			typ.Field = strings.TrimSuffix(name+"."+typ.Field, ".")
			typ.Offset += int64(max(0, bytes.Index(data, value)))
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("%s: %w", plain(name), err)
		}
	}
	c.options.AddGenerationPrompt = !c.options.ContinueFinalMessage
	if prompt != nil {
		c.options.AddGenerationPrompt = *prompt
	}
	return c, nil
}

// read reads one field of the object. The prompt for an answer is there unless the
// file says otherwise, or the last message goes on.
func (c *chatFile) read(name string, value json.RawMessage, prompt **bool) error {
	o := &c.options
	switch name {
	case "messages":
		return json.Unmarshal(value, &c.messages)
	case "tools":
		return readTools(value, &o.Tools)
	case "add_generation_prompt":
		return json.Unmarshal(value, prompt)
	case "continue_final_message":
		if bytes.HasPrefix(value, []byte(`"`)) {
			o.ContinueFinalMessage = true
			return json.Unmarshal(value, &o.ContinueField)
		}
		return json.Unmarshal(value, &o.ContinueFinalMessage)
	case "chat_template":
		return json.Unmarshal(value, &o.Template)
	case "sanitize_control_tokens":
		return json.Unmarshal(value, &o.SanitizeControlTokens)
	case "transformers":
		return json.Unmarshal(value, &o.Transformers)
	case "now":
		return readClock(value, &o.Now)
	case "chat_template_kwargs": // as servers take variables
		var more map[string]json.RawMessage
		err := json.Unmarshal(value, &more)
		for name, value := range more {
			o.Extra[name] = value
		}
		return err
	}
	if name == "documents" && string(value) == "null" {
		return nil // what templates see without any
	}
	o.Extra[name] = value
	return nil
}

// readTools reads a list, which may be empty, or null.
func readTools(value []byte, tools *[]any) error {
	var list []json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil || list == nil {
		return err
	}
	*tools = make([]any, len(list))
	for i, tool := range list {
		(*tools)[i] = tool
	}
	return nil
}

// readClock reads the time that a template sees.
func readClock(value []byte, now *func() time.Time) error {
	var at *time.Time
	if err := json.Unmarshal(value, &at); err != nil || at == nil {
		return err
	}
	*now = func() time.Time { return *at }
	return nil
}

// encode writes the conversation as the template says, and encodes it: the template has
// written the special tokens that belong there.
func (c *chatFile) encode(ctx context.Context, tok *tokenizer.Tokenizer) (text string, e *tokenizer.Encoding, err error) {
	// A template is told from the name of one by its braces.
	if t := c.options.Template; t != "" && !bytes.ContainsRune([]byte(t), '{') {
		if err := checkTemplate(tok, t); err != nil {
			return "", nil, fmt.Errorf("chat_template: %w", err)
		}
	}
	text, e, err = tok.EncodeChatWithOffsets(ctx, c.messages, &c.options)
	if errors.Is(err, tokenizer.ErrNoChatTemplate) {
		return "", nil, fmt.Errorf("%w: the tokenizer is not one for conversations", err)
	}
	return text, e, err
}
