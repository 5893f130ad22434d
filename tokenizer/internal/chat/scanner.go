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

// next returns the next byte, 0 at the end of the text.
func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	s.short = true
	return 0
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

// anyOf passes the longest of some words that is there.
func (s *scanner) anyOf(list ...string) (word string) {
	if rest := s.text[s.at:]; rest != "" {
		word, s.short = words(list).here(rest, s.final)
	} else {
		s.short = true
	}
	s.at += len(word)
	return word
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

// until passes one word, up to one of the bytes that may follow it, and the white space
// before those.
func (s *scanner) until(ends string) (word string, ok bool) {
	rest := s.text[s.at:]
	word = rest
	n := strings.IndexAny(rest[:min(len(rest), maxName)], ends)
	if n >= 0 {
		word = rest[:n]
	}
	word = strings.Trim(word, spaces)
	switch {
	case strings.ContainsAny(word, spaces) || n < 0 && len(rest) >= maxName || n >= 0 && word == "":
		return "", false
	case n < 0:
		s.short = true
		return "", false
	}
	s.at += n
	return word, true
}
