package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gocoreml/coreml/internal/jinja"
	"github.com/gocoreml/coreml/tokenizer"
)

// chatFlags say what the chat template is given besides the messages. They are of
// the verbs that write conversations.
type chatFlags struct {
	Template              string            `help:"The chat template of that name, of those that the tokenizer has." placeholder:"NAME"`
	TemplateVar           map[string]string `help:"A variable of the chat template, such as enable_thinking=false; the value is JSON. May be repeated." placeholder:"NAME=JSON" mapsep:"none"`
	Now                   string            `help:"The time that the chat template sees, as in 2025-07-10T12:00:00Z." placeholder:"TIME"`
	Transformers          int               `help:"Hand the conversation to the template as version 4 or 5 of Hugging Face transformers does." default:"5" placeholder:"N"`
	SanitizeControlTokens bool              `help:"Take control tokens in messages for text."`
}

// chatFlagNames are the names of chatFlags.
var chatFlagNames = []string{"template", "template-var", "now", "transformers", "sanitize-control-tokens"}

// check refuses values that nothing can be made of.
func (f *chatFlags) check() error {
	if f.Transformers != 4 && f.Transformers != 5 && f.Transformers != 0 {
		return fmt.Errorf("--transformers is %d: it must be 4 or 5", f.Transformers)
	}
	if f.Now != "" {
		if _, err := time.Parse(time.RFC3339, f.Now); err != nil {
			return fmt.Errorf("--now is %s: it must be a time, such as 2025-07-10T12:00:00Z", quoted(f.Now))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.TemplateVar)) {
		value := f.TemplateVar[name]
		if _, err := readJSONValue([]byte(value)); err != nil {
			return fmt.Errorf("--template-var %s is %s, which is no JSON: a text needs quotes within those of the shell, as in %s='\"text\"'", plain(name), quoted(firstLine(value)), plain(name))
		}
	}
	return nil
}

// given reports whether a flag asks for something that only a template can do.
func (f *chatFlags) given() bool { return f.first() != "" }

// first returns the name of the first flag that is given, empty where none is.
func (f *chatFlags) first() string {
	for i, given := range []bool{f.Template != "", len(f.TemplateVar) > 0, f.Now != "", f.Transformers == 4, f.SanitizeControlTokens} {
		if given {
			return chatFlagNames[i]
		}
	}
	return ""
}

// apply puts what the flags say over options.
func (f *chatFlags) apply(tok *tokenizer.Tokenizer, opts *tokenizer.ChatOptions) error {
	if f.Template != "" {
		if err := checkTemplate(tok, f.Template); err != nil {
			return fmt.Errorf("--template: %w", err)
		}
		opts.Template = f.Template
	}
	if f.Now != "" {
		at, err := time.Parse(time.RFC3339, f.Now)
		if err != nil {
			return err
		}
		opts.Now = func() time.Time { return at }
	}
	if f.Transformers == 4 {
		opts.Transformers = 4
	}
	opts.SanitizeControlTokens = opts.SanitizeControlTokens || f.SanitizeControlTokens
	opts.RefuseUnused = true
	for name, value := range f.TemplateVar {
		if opts.Extra == nil {
			opts.Extra = map[string]any{}
		}
		opts.Extra[name] = json.RawMessage(value)
	}
	return nil
}

// checkTemplate refuses the name of a template that the tokenizer has not, which
// would be taken for a template of those words.
func checkTemplate(tok *tokenizer.Tokenizer, name string) error {
	known := tok.Config().ChatTemplates
	if _, ok := known[name]; ok {
		return nil
	}
	names := make([]string, 0, len(known))
	for _, name := range slices.Sorted(maps.Keys(known)) {
		names = append(names, plain(name))
	}
	return fmt.Errorf("the tokenizer has no chat template %s, only: %s", quoted(name), cmp.Or(strings.Join(names, ", "), "none"))
}

// readJSONValue reads one JSON value and nothing else.
func readJSONValue(data []byte) (v json.RawMessage, err error) {
	if err = json.Unmarshal(data, &v); err != nil {
		return nil, err
	}
	return v, nil
}

// normalizeMessages gives a template that sees no more than vars the messages as
// version 5 of transformers would. Those that it would not change are left, and
// what is no list of messages too: the template may ask for anything.
func normalizeMessages(ctx context.Context, vars *jinja.Dict, input []byte) error {
	value, _ := vars.Get("messages")
	list, ok := value.(*jinja.List)
	if !ok {
		return nil
	}
	var fields map[string]json.RawMessage
	var messages []json.RawMessage
	if json.Unmarshal(input, &fields) != nil || json.Unmarshal(fields["messages"], &messages) != nil || len(messages) != len(list.Items) {
		return nil
	}
	changed := jinja.NewList(slices.Clone(list.Items)...)
	for i, raw := range messages {
		message, ok := list.Items[i].(*jinja.Dict)
		if !ok {
			return nil
		}
		if !isChanged(message, raw) {
			continue
		}
		var m tokenizer.Message
		if err := json.Unmarshal(raw, &m); err != nil {
			return err
		}
		data, err := json.Marshal(m.Normalized())
		if err != nil {
			return err
		}
		if changed.Items[i], err = jinja.FromJSON(ctx, data); err != nil {
			return err
		}
	}
	vars.Set("messages", changed)
	return nil
}

// isChanged reports whether version 5 of transformers changes a message.
func isChanged(message *jinja.Dict, raw []byte) bool {
	for _, name := range []string{"reasoning_content", "thinking", "reasoning"} {
		if v, _ := message.Get(name); v != nil {
			return true
		}
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return false
	}
	for _, value := range fields {
		if string(value) == "null" {
			return true
		}
	}
	return false
}
