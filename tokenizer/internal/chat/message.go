package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
)

// Message is one message of a conversation, as the tokenizer's public type has it.
type Message struct {
	// Role and Content are the fields that most messages have.
	Role, Content string
	// Extra are further fields. One named content or role takes the place of the
	// one above.
	Extra map[string]any
	// Order are the fields of the JSON that the message was read from, nil where
	// they have the order of a message that a program has made: role, content, and
	// the others sorted. Python's mappings keep the order of their keys, and
	// templates show it.
	Order []string
}

// UnmarshalJSON reads a message. Fields other than role and a content that is
// a string go to Extra as json.RawMessage, so that they keep their order.
func (m *Message) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	start, err := d.Token()
	if err != nil {
		return err
	}
	switch start {
	case json.Delim('{'):
	case nil: // which encoding/json would take for no change
		return errors.New("a message is null")
	default:
		return json.Unmarshal(data, &map[string]json.RawMessage{}) // says what it is
	}
	*m = Message{Order: []string{}}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		name, _ := key.(string) // an object has no other keys
		// Of two with one name the last one counts, at the place of the first, as
		// in Python.
		if !seen[name] {
			m.Order, seen[name] = append(m.Order, name), true
		}
		m.set(name, raw)
	}
	// A message in the order of one that a program makes is the same as that.
	order := m.Order
	if m.Order = nil; !slices.Equal(order, m.keys()) {
		m.Order = order
	}
	_, err = d.Token()
	return err
}

// set takes one field of a message that is read.
func (m *Message) set(key string, raw json.RawMessage) {
	fields := map[string]*string{"role": &m.Role, "content": &m.Content}
	if own, ok := fields[key]; ok {
		var text *string
		if json.Unmarshal(raw, &text) == nil && text != nil {
			*own = *text
			delete(m.Extra, key)
			return
		}
		*own = ""
	}
	if m.Extra == nil {
		m.Extra = map[string]any{}
	}
	m.Extra[key] = raw
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

// keys returns the fields of a message in order: those of its JSON first, as far
// as they are still there. A message that was made by a program has a role and a
// content, one that was read has those that it was read with or got since.
func (m *Message) keys() []string {
	var keys []string
	for _, k := range m.Order {
		if _, ok := m.Extra[k]; ok || k == "role" || k == "content" {
			keys = append(keys, k)
		}
	}
	known := make(map[string]bool, len(keys))
	for _, k := range keys {
		known[k] = true
	}
	add := func(k string, wanted bool) {
		if wanted && !known[k] {
			keys, known[k] = append(keys, k), true
		}
	}
	made := m.Order == nil
	add("role", made || m.Role != "")
	add("content", made || m.Content != "")
	further := len(keys)
	for k := range m.Extra {
		add(k, true)
	}
	slices.Sort(keys[further:])
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
