package chat

import (
	"encoding/json"
	"slices"
	"strings"
)

// m3Tree reads the elements of a call of MiniMax M3. Those with texts in them are
// values, those with elements objects, or lists where all of them are named item.
type m3Tree struct {
	text   string // what is left to read
	schema schema // of what the elements make up
	depth  int
}

// elements reads elements up to the end of the text or of the element around them.
func (t *m3Tree) elements() (all []m3Element, ok bool) {
	for {
		rest, found := strings.CutPrefix(strings.TrimLeft(t.text, spaces), m3Mark+"<")
		if !found || strings.HasPrefix(rest, "/") {
			t.text = strings.TrimLeft(t.text, spaces)
			return all, true
		}
		key, rest, found := strings.Cut(rest, ">")
		if !found {
			return all, false
		}
		t.text = rest
		value, ok := t.element(key)
		if !ok {
			return all, false
		}
		all = append(all, m3Element{key, value})
	}
}

// element reads what is in an element and its end.
func (t *m3Tree) element(key string) (json.RawMessage, bool) {
	end := m3Mark + "</" + key + ">"
	text, _, _ := strings.Cut(t.text, m3Mark)
	if rest, found := strings.CutPrefix(t.text[len(text):], end); found {
		t.text = rest
		return m3Text(t.within(key), text), true
	}
	inner := m3Tree{text: t.text, schema: t.within(key), depth: t.depth + 1}
	if inner.depth > maxDepth {
		return nil, false
	}
	all, ok := inner.elements()
	rest, found := strings.CutPrefix(inner.text, end)
	t.text = rest
	return m3Value(all), ok && found
}

// m3Text returns the value of a text. An empty one may stand for a list or an object with
// nothing in it.
func m3Text(s schema, text string) json.RawMessage {
	if strings.TrimSpace(text) == "" {
		switch s.types() {
		case listType:
			return json.RawMessage("[]")
		case objectType:
			return json.RawMessage("{}")
		}
	}
	return s.value(text)
}

// within returns the schema of an element. The elements of a list are all named item.
func (t *m3Tree) within(key string) schema {
	if member := t.schema.member(key); member.part != nil || key != "item" {
		return member
	}
	return t.schema.element()
}

// m3Element is an element that was read.
type m3Element struct {
	name  string
	value json.RawMessage
}

// m3Value returns the value that elements make up.
func m3Value(all []m3Element) json.RawMessage {
	if len(all) == 0 || slices.ContainsFunc(all, func(e m3Element) bool { return e.name != "item" }) {
		o := m3Object(all)
		return o.json()
	}
	values := make([]json.RawMessage, len(all))
	for i, e := range all {
		values[i] = e.value
	}
	return listOf(values)
}

// m3Object returns the object that elements make up.
func m3Object(all []m3Element) (o object) {
	for _, e := range all {
		o.set(e.name, e.value)
	}
	return o
}
