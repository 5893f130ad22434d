package chat

import "strings"

// invokes returns the form of calls that are elements with the names in attributes:
// <invoke name="f"><parameter name="k">v</parameter></invoke>. Call and argument are the
// names of the elements.
func invokes(call, argument string) attributeTags {
	open := "<" + call + ` name="`
	return attributeTags{open: open, tags: tags{
		nameEnd: `"`, parameter: "<" + argument + ` name="`, keyEnd: `"`, endParameter: "</" + argument + ">",
		end: "</" + call + ">", again: words{open},
	}}
}

// attributeTags are tags with names in attributes.
type attributeTags struct {
	tags
	open string // opens a call
}

// read reads a call behind its opening text.
func (t attributeTags) read(in input) result {
	s := scanner{input: in}
	name, ok := s.name(t.nameEnd)
	if !ok {
		return s.failed()
	}
	if _, ok := s.upTo(">"); !ok {
		return s.failed()
	}
	var arguments object
	for s.space(); s.word(t.parameter); s.space() {
		key, ok := s.name(t.keyEnd)
		if !ok {
			return s.failed()
		}
		attributes, ok := s.upTo(">")
		if !ok {
			return s.failed()
		}
		value, ok := t.content(&s, func(key string) bool { return in.opens(name, key, &arguments) })
		if !ok {
			return s.failed()
		}
		if strings.Contains(attributes, `string="true"`) { // DeepSeek says itself what is a text
			arguments.set(key, quoted(value))
			continue
		}
		arguments.set(key, in.tools.value(name, key, value))
	}
	return t.finish(s, Call{Name: name, Arguments: arguments.json()})
}

// content reads the value of a parameter, which may be a section of character data. Line
// breaks on both sides of it belong to the form.
func (t *attributeTags) content(s *scanner, opens func(key string) bool) (string, bool) {
	const data, end = "<![CDATA[", "]]>"
	if s.word(data) {
		n := strings.Index(s.text[s.at:], end)
		if n < 0 {
			s.short = true
			return "", false
		}
		value := s.text[s.at : s.at+n]
		s.at += n + len(end)
		s.space()
		return value, s.word(t.endParameter)
	}
	if s.short && !s.final {
		return "", false
	}
	s.short = false
	value, ok := t.value(s, opens)
	if strings.HasPrefix(value, "\n") && strings.HasSuffix(value, "\n") {
		value = trimBreaks(value)
	}
	return value, ok
}

// finish reads the end of a call, which may be missing before another one and at the end
// of the answer.
func (t *tags) finish(s scanner, call Call) result {
	from := s.at
	if s.word(t.end) {
		return taken(s.at, call)
	}
	for _, word := range t.again {
		if s.word(word) {
			return taken(from, call)
		}
	}
	if s.final && from == len(s.text) {
		return taken(from, call)
	}
	return s.failed()
}
