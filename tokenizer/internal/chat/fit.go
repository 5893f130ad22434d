package chat

import (
	"bytes"
	"encoding/json"
)

// maxFit is the depth down to which values are given the types of their schemas: each
// level is read again.
const maxFit = 8

// fit gives the arguments of a call the types that the schema of its function wants:
// models put quotation marks around numbers, words and lists. A text stays one where the
// schema allows that, or where it cannot be read as what is wanted.
func (t *Tools) fit(c Call) Call {
	if t == nil {
		return c
	}
	if f, ok := t.functions[c.Name]; ok {
		c.Arguments = f.fit(c.Arguments, maxFit)
	}
	return c
}

// fit returns a value with the types of the schema, the same bytes where nothing had to
// be changed.
func (s schema) fit(raw json.RawMessage, depth int) json.RawMessage {
	if s.part == nil || depth == 0 || len(raw) == 0 {
		return raw
	}
	switch raw[0] {
	case '"':
		return s.fitText(raw, depth)
	case '{':
		return s.fitObject(raw, depth)
	case '[':
		return s.fitList(raw, depth)
	}
	return raw
}

// fitText returns the value that a text stands for. An object or a list in it is fitted
// too.
func (s schema) fitText(raw json.RawMessage, depth int) json.RawMessage {
	wanted := s.types()
	var value string
	if wanted == 0 || wanted&text != 0 || json.Unmarshal(raw, &value) != nil {
		return raw
	}
	if found, ok := valueOf(value, wanted); ok && typeOf(found)&wanted != 0 {
		return s.fit(found, depth-1)
	}
	return raw
}

// fitObject goes through the members of an object.
func (s schema) fitObject(raw json.RawMessage, depth int) json.RawMessage {
	var o object
	changed := false
	d := json.NewDecoder(bytes.NewReader(raw))
	_, err := d.Token()
	for err == nil && d.More() {
		var key json.Token
		var value json.RawMessage
		if key, err = d.Token(); err == nil {
			err = d.Decode(&value)
		}
		name, ok := key.(string)
		if err != nil || !ok {
			return raw
		}
		fitted := s.member(name).fit(value, depth-1)
		changed = changed || !bytes.Equal(fitted, value)
		o.set(name, fitted)
	}
	if err != nil || !changed {
		return raw
	}
	return o.json()
}

// fitList goes through the elements of a list.
func (s schema) fitList(raw json.RawMessage, depth int) json.RawMessage {
	items := s.element()
	var list []json.RawMessage
	if items.part == nil || json.Unmarshal(raw, &list) != nil {
		return raw
	}
	changed := false
	for i, value := range list {
		list[i] = items.fit(value, depth-1)
		changed = changed || !bytes.Equal(list[i], value)
	}
	if !changed {
		return raw
	}
	return listOf(list)
}

// listOf returns the list of some values.
func listOf(values []json.RawMessage) json.RawMessage {
	out := []byte("[")
	for i, value := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, value...)
	}
	return append(out, ']')
}
