package tokenizer

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gocoreml/coreml/tokenizer/internal/chat"
)

// templateSteps bounds the work of a rendering that only finds something out. Those of
// models take some thousand steps; one that is written to take long costs no more than
// this, some hundredths of a second, where nobody has set a limit. It is no time, or what
// is found out would depend on what else a machine does.
const templateSteps = 500_000

// turnEndBytes is how much of the text behind an answer is looked at: more than a special
// token has.
const turnEndBytes = 1 << 12

// maxFacts is the number of templates whose facts are kept: those of a tokenizer, and a
// few of the caller's.
const maxFacts = 8

// templateFacts are what was found out about chat templates. The zero value knows
// nothing yet. It is safe for concurrent use.
type templateFacts struct {
	mu   sync.Mutex
	list []*templateFact // the one that was made last comes last
}

// templateFact is what was found out about one template.
type templateFact struct {
	template string
	format   ToolFormat // of calls in answers
	// forms are those of calls in messages, for versions 5 and 4 of transformers.
	forms [2]atomic.Pointer[callForm]
}

// of returns what is known of a template.
func (f *templateFacts) of(template string) *templateFact {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, known := range f.list {
		if known.template == template {
			return known
		}
	}
	if len(f.list) == maxFacts {
		f.list = append(f.list[:0], f.list[1:]...)
	}
	fact := &templateFact{template: template, format: ToolFormat(chat.Suggested(template))}
	f.list = append(f.list, fact)
	return fact
}

// ToolFormat returns the format that the chat template suggests, empty where
// it suggests none.
func (t *Tokenizer) ToolFormat() ToolFormat {
	t = t.made()
	return t.facts.of(t.toolTemplate(&ChatOptions{})).format
}

// toolTemplate returns the text of the template that options ask for in prompts with
// tools.
func (t *Tokenizer) toolTemplate(opts *ChatOptions) string {
	return t.template(&ChatOptions{Template: opts.Template, Tools: []any{}})
}

// answerFormat returns the format of answers to prompts that were written with the
// options. Where their template suggests none, it is that of the template for tools, or
// of the tokenizer's own: a model has one.
func (t *Tokenizer) answerFormat(opts *ChatOptions) ToolFormat {
	for _, template := range []string{t.template(opts), t.toolTemplate(opts)} {
		if format := t.facts.of(template).format; format != "" {
			return format
		}
	}
	return t.ToolFormat()
}

// aside returns the options for a rendering that only finds something out: a whole
// conversation, with the variables of the caller.
func (o *ChatOptions) aside(template string) *ChatOptions {
	return &ChatOptions{Template: template, Extra: o.Extra, Now: o.Now, Transformers: o.Transformers, IgnoreTools: true}
}

// usualPrompt returns a prompt that is written with the options, empty where the
// template cannot write one.
func (t *Tokenizer) usualPrompt(opts *ChatOptions) string {
	usual := opts.aside(t.template(opts))
	usual.AddGenerationPrompt, usual.Tools = true, opts.Tools
	text, err := t.applyTemplate(context.Background(), []Message{{Role: "user", Content: "a"}}, usual, templateSteps)
	if err != nil {
		return "" // a template that cannot write this can still write other messages
	}
	return text
}

// TurnEnd returns the id of the special token that the chat template of the options puts
// behind an answer, which ends it, whether or not the model's configuration says so. It
// reports false where there is none, and where the template takes more work than one of a
// model does to write one. Options of nil are the zero ones.
func (t *Tokenizer) TurnEnd(ctx context.Context, opts *ChatOptions) (id int, ok bool) {
	if opts == nil {
		opts = &ChatOptions{}
	}
	t = t.made()
	messages := []Message{{Role: "user", Content: "a"}, {Role: "assistant", Content: probe}}
	whole := opts.aside(t.template(opts))
	whole.Tools = opts.Tools
	text, err := t.applyTemplate(ctx, messages, whole, templateSteps)
	if err != nil {
		return 0, false // a template that cannot write this can still write other messages
	}
	i := strings.LastIndex(text, probe)
	if i < 0 {
		return 0, false
	}
	behind := text[i+len(probe):]
	ids, err := t.EncodeContext(ctx, behind[:min(len(behind), turnEndBytes)], false)
	if err != nil || len(ids) == 0 || !t.IsSpecial(ids[0]) {
		return 0, false
	}
	return ids[0], true
}
