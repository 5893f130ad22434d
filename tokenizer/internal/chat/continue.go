package chat

import (
	"slices"
	"strings"
	"unicode"

	"github.com/gocoreml/coreml/internal/jinja"
)

// continueTag is what transformers appends to the text that is to be continued,
// to find its end in what the template wrote. Templates can see it, so it is the
// same here. The space tells whether the template trims.
const continueTag = "CONTINUE_FINAL_MESSAGE_TAG "

// valueError is what transformers fails with around a template.
func valueError(msg string) error { return &Error{Kind: "ValueError", Msg: msg} }

// tagFinal marks the end of the last message's field that is to be continued and
// returns the text before the mark. What is refused, and in which order, is
// render_jinja_template's in transformers' chat_template_utils.py.
func (v *Variables) tagFinal(list []shown, template string) (string, error) {
	name := v.Continue
	if len(list) == 0 {
		return "", valueError("continue_final_message is set but the conversation is empty")
	}
	last := &list[len(list)-1]
	final := last.get(name)
	if final == nil {
		return "", valueError("continue_final_message is set but the final message has no " + name + " to continue")
	}
	names := []string{name}
	if slices.Contains(reasoningNames, name) && !v.Version4 {
		// The copies that Normalized made: a template may read any of them.
		names = slices.DeleteFunc(slices.Clone(reasoningNames), func(n string) bool { return !sameText(last.get(n), final) })
	}
	if !v.Version4 && !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(template, n) }) {
		return "", valueError("continue_final_message is set to " + name + ", which the chat template does not use")
	}
	switch final := final.(type) {
	case string:
		for _, n := range names {
			last.set(n, final+continueTag)
		}
		return final, nil
	case *jinja.List:
		return tagPart(final)
	}
	return "", valueError("continue_final_message is set but the " + name + " of the final message is no text")
}

// sameText reports whether a field holds the text that is to be continued, or
// parts as that one does.
func sameText(value, final jinja.Value) bool {
	if _, ok := final.(*jinja.List); ok {
		_, ok = value.(*jinja.List)
		return ok
	}
	text, ok := value.(string)
	return ok && text == final
}

// tagPart marks the end of the last text in a list of parts.
func tagPart(parts *jinja.List) (string, error) {
	for _, item := range slices.Backward(parts.Items) {
		part, ok := item.(*jinja.Dict)
		if !ok {
			continue
		}
		value, ok := part.Get("text")
		if !ok {
			continue
		}
		text, ok := value.(string)
		if !ok {
			break
		}
		part.Set("text", text+continueTag)
		return text, nil
	}
	return "", valueError("continue_final_message is set but there is no text to continue in the final message")
}

// cutFinal ends what a template wrote with the text that is to be continued.
func cutFinal(out, final string) (string, error) {
	tag := strings.TrimRight(continueTag, " ")
	at := strings.LastIndex(out, tag)
	if at < 0 || !strings.Contains(out, strings.TrimFunc(final, isSpace)) {
		return "", valueError("continue_final_message is set but the final message does not appear in what the chat template writes, which may leave out parts of it")
	}
	if strings.HasPrefix(out[at:], continueTag) {
		return out[:at], nil
	}
	// The template has trimmed the text, so the space before the tag goes too.
	return strings.TrimRightFunc(out[:at], isSpace), nil
}

// isSpace reports what Python's str.strip removes, which has four control
// characters more than Go's.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
