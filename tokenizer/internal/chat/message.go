package chat

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Message is one message of a conversation. The tokenizer's public type is the
// same.
type Message struct {
	// Role and Content are the fields that each message has.
	Role, Content string
	// Extra are further fields. One named content or role takes the place of the
	// one above.
	Extra map[string]any
}

// UnmarshalJSON reads a message. Fields other than role and a content that is
// a string go to Extra as json.RawMessage, so that they keep their order.
func (m *Message) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	*m = Message{}
	for key, raw := range fields {
		switch key {
		case "role":
			if json.Unmarshal(raw, &m.Role) == nil && string(raw) != "null" {
				continue
			}
		case "content":
			if json.Unmarshal(raw, &m.Content) == nil && string(raw) != "null" {
				continue
			}
		}
		if m.Extra == nil {
			m.Extra = map[string]any{}
		}
		m.Extra[key] = raw
	}
	return nil
}

// MarshalJSON writes the message as one object.
func (m Message) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, key := range m.keys() {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.field(key))
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// keys returns the fields of a message in order.
func (m *Message) keys() []string {
	keys := []string{"role", "content"}
	for k := range m.Extra {
		if k != "role" && k != "content" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys[2:])
	return keys
}

// field returns what a field of the message holds.
func (m *Message) field(key string) any {
	if v, ok := m.Extra[key]; ok {
		return v
	}
	if key == "role" {
		return m.Role
	}
	return m.Content
}
