package chat

import "strings"

// named is the form of calls with a name and, apart from it, an object with the
// arguments, in a fence of Markdown or not.
type named struct {
	// end is the mark behind the object, which a model may leave out; empty for none. The
	// object may be missing before it.
	end string
}

// read reads the arguments at a place of the text, with the name of the function and
// the id of the call known.
func (f named) read(in input, name, id string, at int) result {
	if !identifier(name) {
		return reject(at)
	}
	s := scanner{input: in, at: at}
	if s.space(); s.word(f.end) { // there are none
		return taken(s.at, Call{ID: id, Name: name, Arguments: []byte("{}")})
	}
	if s.short && f.end != "" {
		return s.failed()
	}
	arguments := func(in input) result {
		raw, n, is := readJSON(in.text, f.end, in.final)
		if is != isCall {
			return result{is: is, n: n}
		}
		return taken(n, Call{ID: id, Name: name, Arguments: raw})
	}
	brace := func(c byte) bool { return c == '{' }
	return series{item: arguments, starts: brace, end: f.end}.read(in.behind(at)).after(at)
}

// readLine reads a name that is a line, and the arguments behind it.
func (f named) readLine(in input) result {
	s := scanner{input: in}
	name, ok := s.bareWord()
	if !ok {
		return s.failed()
	}
	at := s.at
	rest := strings.TrimLeft(in.text[at:], " \r")
	switch {
	case rest == "":
		return in.more()
	case rest[0] != '\n':
		return reject(at + 1)
	}
	return f.read(in, name, "", at)
}
