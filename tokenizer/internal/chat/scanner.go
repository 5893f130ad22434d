package chat

import "strings"

// scanner goes through what a reader sees. Once something is missing because the text
// ended, short is set: with more text it may be there.
type scanner struct {
	input
	at    int
	short bool
}

// failed is the answer of a reader where something else is than it needs.
func (s *scanner) failed() result {
	if s.short {
		return s.more()
	}
	return reject(s.at)
}

// space passes white space.
func (s *scanner) space() { s.at += space(s.text[s.at:]) }

// word passes a text, if it is there. A scanner that finds one of several after another
// has failed for none of them has failed.
func (s *scanner) word(word string) bool {
	rest := s.text[s.at:]
	if strings.HasPrefix(rest, word) && word != "" {
		s.at += len(word)
		s.short = false
		return true
	}
	s.short = s.short || strings.HasPrefix(word, rest)
	return false
}

// name passes a name of a function or a parameter, and the text at its end. Names have
// no line breaks, nor another tag in them.
func (s *scanner) name(end string) (name string, ok bool) {
	rest := s.text[s.at:]
	n := strings.Index(rest[:min(len(rest), maxName)], end)
	name = rest
	if n >= 0 {
		name = rest[:n]
	}
	name = strings.Trim(name, spaces+`"'`)
	switch {
	case strings.ContainsAny(name, "<>{}\n") || n < 0 && len(rest) >= maxName || n >= 0 && name == "":
		return "", false
	case n < 0:
		s.short = true
		return "", false
	}
	s.at += n + len(end)
	return name, true
}
