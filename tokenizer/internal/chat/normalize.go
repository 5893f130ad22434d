package chat

import (
	"bytes"
	"encoding/json"
	"slices"
)

// reasoningNames are the names that a message's thinking goes by, the one that
// most templates read first.
var reasoningNames = []string{"reasoning_content", "thinking", "reasoning"}

// Normalized does what transformers 5 does with a message before a template sees
// it (_normalize_chat_messages and _alias_reasoning_fields in its
// chat_template_utils.py). A field of null is left out: OpenAI's API writes
// content and tool_calls so, and templates write None or fail. Thinking is found
// by each name that templates have for it, thinking first of all fields.
func (m *Message) Normalized() *Message {
	n := &Message{Role: m.Role, Content: m.Content, Extra: map[string]any{}, Order: []string{}}
	if _, ok := m.Extra["role"]; ok {
		n.Role = ""
	}
	if _, ok := m.Extra["content"]; ok {
		n.Content = ""
	}
	for _, key := range m.keys() {
		value := m.field(key)
		if isNull(value) {
			continue
		}
		n.Order = append(n.Order, key)
		if _, ok := m.Extra[key]; ok {
			n.Extra[key] = value
		}
	}
	i := slices.IndexFunc(reasoningNames, func(name string) bool { _, ok := n.Extra[name]; return ok })
	if i < 0 {
		return n
	}
	reasoning := n.Extra[reasoningNames[i]]
	if _, ok := n.Extra["thinking"]; !ok {
		n.Extra["thinking"] = reasoning
	}
	n.Order = slices.Insert(slices.DeleteFunc(n.Order, func(key string) bool { return key == "thinking" }), 0, "thinking")
	if _, ok := n.Extra["reasoning_content"]; !ok {
		n.Order = append(n.Order, "reasoning_content")
	}
	n.Extra["reasoning_content"] = reasoning
	return n
}

// isNull reports whether a value is null in JSON. What cannot be written as JSON
// is not: it is refused where it is used.
func isNull(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case json.RawMessage:
		return len(v) == 0 || string(bytes.TrimSpace(v)) == "null"
	case string, bool, []any, map[string]any:
		return false
	}
	data, err := json.Marshal(v)
	return err == nil && string(data) == "null"
}
