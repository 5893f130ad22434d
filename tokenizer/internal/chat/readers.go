package chat

import (
	"maps"
	"slices"
	"strings"
)

// readers are the readers of a format by the marks that they read behind. The empty
// mark is that of a bare call.
type readers map[string]reader

// read reads with the reader of the mark.
func (r readers) read(in input) result { return r[in.mark](in) }

// opens returns the marks.
func (r readers) opens() words {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r)), func(mark string) bool { return mark == "" })
}

// and returns the readers with one for further marks.
func (r readers) and(read reader, marks ...string) readers {
	all := maps.Clone(r)
	for _, mark := range marks {
		all[mark] = read
	}
	return all
}

// silent returns readers for marks around calls and texts, which nobody is to see, nor
// the white space behind them.
func silent(marks ...string) readers { return readers{}.and(skip, marks...) }

// skip takes the white space behind a mark.
func skip(in input) result {
	n := space(in.text)
	if n == len(in.text) && !in.final {
		return result{}
	}
	return taken(n)
}

// skipLine takes the rest of a line if it is one of some words, such as the role behind
// a mark that begins a message.
func skipLine(roles ...string) reader {
	return func(in input) result {
		if in.text == "" {
			return skip(in)
		}
		word, maybe := words(roles).here(in.text, in.final)
		if maybe {
			return result{}
		}
		return skip(in.behind(len(word))).after(len(word))
	}
}

// maxHeader bounds what is between a mark and the arguments behind it.
const maxHeader = 1 << 10

// upTo passes a text of no more than maxHeader bytes and what is at its end.
func (s *scanner) upTo(end string) (string, bool) {
	rest := s.text[s.at:min(len(s.text), s.at+maxHeader)]
	n := strings.Index(rest, end)
	if n < 0 {
		s.at += len(rest)
		s.short = len(rest) < maxHeader
		return "", false
	}
	s.at += n + len(end)
	return rest[:n], true
}

// known returns the reader of calls that no mark tells from text, or one that stands in
// texts too: they have to be of functions that the prompt named, where that is known.
// Other answers than calls are objects with a name, and programs.
func known(read reader) reader {
	return func(in input) result {
		r := read(in)
		if r.is == isCall && !in.tools.know(r.calls) {
			return reject(r.n)
		}
		return r
	}
}

// either returns the reader of texts that begin, behind white space, with a beginning,
// and of all others.
func either(beginning string, yes, no reader) reader {
	return func(in input) result {
		rest := strings.TrimLeft(in.text, spaces)
		switch {
		case strings.HasPrefix(rest, beginning):
			n := len(in.text) - len(rest) + len(beginning)
			return yes(in.behind(n)).after(n)
		case strings.HasPrefix(beginning, rest):
			return in.more()
		}
		return no(in)
	}
}

// contains returns the test for templates that have all of some texts in them.
func contains(texts ...string) func(template string) bool {
	return func(template string) bool {
		return !slices.ContainsFunc(texts, func(s string) bool { return !strings.Contains(template, s) })
	}
}

// containsAny returns the test for templates that have one of some texts in them.
func containsAny(texts ...string) func(template string) bool {
	return func(template string) bool {
		return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(template, s) })
	}
}

// thinkingToo returns the common marks of thinking and further ones.
func thinkingToo(more ...thinking) []thinking { return append(more, commonThinking...) }
