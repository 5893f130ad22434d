package chat

import (
	"encoding/json"
	"slices"
	"strings"
)

// The tags of calls with a tag for each parameter.
const (
	openFunction  = "<function="
	endFunction   = "</function>"
	openParameter = "<parameter="
	endParameter  = "</parameter>"
)

// tags are the tags of a form of calls that has one for each parameter. Other forms than
// that of Qwen differ in the texts alone.
type tags struct {
	// nameEnd ends the name of the function, parameter opens a parameter, keyEnd ends
	// its key, and endParameter its value.
	nameEnd, parameter, keyEnd, endParameter string
	// end ends the function. outer, which may be missing, ends what is around it.
	end, outer string
	// again are the texts with which another call can begin.
	again words
}

// functionTags are those of Qwen, behind <function=.
var functionTags = tags{
	nameEnd: ">", parameter: openParameter, keyEnd: ">", endParameter: endParameter,
	end: endFunction, outer: endHermes, again: words{openFunction, openHermes},
}

// readFunction reads name><parameter=key>value</parameter></function> behind
// <function=, and a </tool_call> that may follow. In the place of the parameters may be
// an object, as Llama writes it.
func readFunction(in input) result { return functionTags.read(in) }

// maxName bounds the names of functions and parameters: behind a tag that is only
// spoken of, no text is held back for longer.
const maxName = 256

// read reads a call from the name on.
func (t *tags) read(in input) result {
	s := scanner{input: in}
	name, ok := s.name(t.nameEnd)
	if !ok {
		return s.failed()
	}
	if s.space(); s.at < len(s.text) && s.text[s.at] == '{' {
		return t.readObject(s, name)
	}
	var arguments object
	for s.word(t.parameter) {
		key, ok := s.name(t.keyEnd)
		if !ok {
			return s.failed()
		}
		value, ok := t.value(&s, func(key string) bool { return in.opens(name, key, &arguments) })
		if !ok {
			return s.failed()
		}
		arguments.set(key, in.tools.value(name, key, trimBreaks(value)))
		s.space()
	}
	return t.close(s, Call{Name: name, Arguments: arguments.json()}, len(arguments.keys) > 0)
}

// opens reports whether a tag with a key within a value is that of another parameter:
// the end of the one before is missing then.
func (in input) opens(function, key string, arguments *object) bool {
	_, given := arguments.values[key]
	yes, known := in.tools.has(function, key)
	return !given && (yes || !known)
}

// readObject reads the arguments of a function that are an object.
func (t *tags) readObject(s scanner, name string) result {
	raw, n, is := readJSON(s.text[s.at:], t.end, s.final)
	switch is {
	case needMore:
		return result{}
	case notCall:
		return reject(s.at + n)
	}
	s.at += n
	s.space()
	return t.close(s, Call{Name: name, Arguments: raw}, true)
}

// close reads the end of a function. It may be missing before that of what is around it
// and, where the call has something that is whole, at the end of the answer.
func (t *tags) close(s scanner, call Call, whole bool) result {
	switch {
	case s.word(t.end):
		return s.closing(taken(s.at, call), t.outer)
	case s.word(t.outer):
		return taken(s.at, call)
	case whole && s.final && s.at == len(s.text):
		return taken(s.at, call)
	}
	return s.failed()
}

// value reads the value of a parameter. Its end may be missing before another parameter
// and before the end of the function. Other tags are part of the value: programs and
// pages of the web are written so.
func (t *tags) value(s *scanner, opens func(key string) bool) (string, bool) {
	from, fallback := s.at, -1 // fallback is the end, should there be none that is certain
	search := words{t.endParameter, t.parameter, t.end}
	if t.outer != "" {
		search = append(search, t.outer)
	}
	for {
		n, word := search.next(s.text[s.at:], s.final)
		at := s.at + n
		s.at = at + len(word)
		switch {
		case word == t.endParameter && word != "":
			return s.text[from:at], true
		case word == "" && s.final && fallback >= 0:
			s.at = fallback
			return s.text[from:fallback], true
		case word == "":
			s.short = true
			return "", false
		case word == t.parameter && t.another(s, opens), word == t.end && t.ends(s):
			s.at = at
			return s.text[from:at], true
		case s.short && !s.final:
			return "", false
		case word != t.parameter && fallback < 0:
			fallback = at
		}
		s.at, s.short = at+len(word), false
	}
}

// another reports whether a tag of a parameter in a value is one.
func (t *tags) another(s *scanner, opens func(key string) bool) bool {
	key, ok := s.name(t.keyEnd)
	return ok && opens(key)
}

// ends reports whether the end of a function in a value is one: the call ends behind
// it, or another one begins.
func (t *tags) ends(s *scanner) bool {
	s.space()
	if s.at == len(s.text) && s.final || s.word(t.outer) {
		return true
	}
	return slices.ContainsFunc(t.again, s.word)
}

// trimBreaks leaves out the line breaks next to the tags: they belong to the form, not
// to the value.
func trimBreaks(value string) string {
	return strings.TrimSuffix(strings.TrimPrefix(value, "\n"), "\n")
}

// object makes a JSON object whose keys keep their order. A key that comes again has
// its last value at its first place, as in a dict of Python.
type object struct {
	keys   []string
	values map[string]json.RawMessage
}

// set sets a key.
func (o *object) set(key string, value json.RawMessage) {
	if _, ok := o.values[key]; !ok {
		o.keys = append(o.keys, key)
	}
	if o.values == nil {
		o.values = map[string]json.RawMessage{}
	}
	o.values[key] = value
}

// json returns the object.
func (o *object) json() json.RawMessage {
	out := []byte("{")
	for i, key := range o.keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, quoted(key)...), ':'), o.values[key]...)
	}
	return append(out, '}')
}
