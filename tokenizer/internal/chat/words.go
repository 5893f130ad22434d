package chat

import "strings"

// words are texts that are looked for together.
type words []string

// next returns the first place where one of the words is, or may be once more text
// has come: word is empty then. Of several at one place the longest counts. Without
// any it returns the length of the text; final says that no more text comes.
func (w words) next(text string, final bool) (at int, word string) {
	for at := range len(text) {
		if word, maybe := w.here(text[at:], final); maybe || word != "" {
			return at, word
		}
	}
	return len(text), ""
}

// here returns the word that a text begins with. Maybe says that it may become one,
// or a longer one, once more text has come.
func (w words) here(text string, final bool) (word string, maybe bool) {
	for _, s := range w {
		switch {
		case s[0] != text[0]: // most are sorted out here
		case strings.HasPrefix(text, s):
			if len(s) > len(word) {
				word = s
			}
		case !final && strings.HasPrefix(s, text):
			maybe = true
		}
	}
	if maybe {
		return "", true
	}
	return word, false
}

// spaces are the white space of JSON.
const spaces = " \t\r\n"

// space returns the length of the white space that a text begins with.
func space(text string) int {
	n := 0
	for n < len(text) && (text[n] == ' ' || text[n] == '\n' || text[n] == '\t' || text[n] == '\r') {
		n++
	}
	return n
}
