package chat

import (
	"encoding/json"
	"strings"
)

// series is the form of calls that stand one behind the other, with or without a fence
// of Markdown around them, up to a mark.
type series struct {
	// item reads one of them, or a list, from its first byte on.
	item reader
	// starts reports whether an item can begin with a byte.
	starts func(c byte) bool
	// end is the mark behind the calls, which a model may leave out. Without one and
	// without a fence there is one item only.
	end string
	// fenced says that what opens the calls is the beginning of a fence.
	fenced bool
}

// jsonSeries returns the reader of calls that are objects, or lists of them, up to a
// mark.
func jsonSeries(end string) reader {
	return series{item: func(in input) result { return readCalls(in, end) }, starts: startsJSON, end: end}.read
}

// jsonSeriesOf is jsonSeries with what reads a call from its object. One without a name
// is nothing that anybody has to do.
func jsonSeriesOf(end string, call func(raw json.RawMessage) (Call, bool)) reader {
	item := func(in input) result {
		raw, n, is := readJSON(in.text, end, in.final)
		if is != isCall {
			return result{is: is, n: n}
		}
		calls, ok := eachCall(raw, call)
		if !ok {
			return reject(n)
		}
		return taken(n, calls...)
	}
	return series{item: item, starts: startsJSON, end: end}.read
}

// fencedJSON reads objects behind the beginning of a fence.
var fencedJSON = series{item: func(in input) result { return readCalls(in, "") }, starts: startsJSON, fenced: true}.read

// fencedPython reads Python behind the beginning of a fence.
var fencedPython = series{item: readPrinted, starts: startsPython, fenced: true}.read

// startsJSON reports whether calls that are JSON can begin with a byte.
func startsJSON(c byte) bool { return c == '{' || c == '[' }

// pythonSeries returns the reader of calls that are Python, up to a mark.
func pythonSeries(end string) reader {
	return series{item: readPrinted, starts: startsPython, end: end}.read
}

// startsPython reports whether calls that are Python can begin with a byte.
func startsPython(c byte) bool { return letter(c) || c == '_' || c == '[' }

// readPrinted reads calls that are Python. One that is printed counts as what it prints.
func readPrinted(in input) result {
	s := scanner{input: in}
	if !s.word("print(") {
		if s.short {
			return s.failed()
		}
		return readPython(in)
	}
	r := readPython(in.behind(s.at)).after(s.at)
	if r.is != isCall {
		return r
	}
	s.at = r.n
	if s.space(); !s.word(")") {
		return s.failed()
	}
	return taken(s.at, r.calls...)
}

// read reads the calls and the mark.
func (f series) read(in input) result {
	at, fenced, ok := fence(in, 0)
	if !ok || at == len(in.text) {
		return in.more()
	}
	fenced = fenced || f.fenced
	if !f.starts(in.text[at]) {
		return reject(at + 1)
	}
	var calls []Call
	for {
		r := f.item(in.behind(at)).after(at)
		if r.is != isCall {
			return r
		}
		calls = append(calls, r.calls...)
		if f.end == "" && !fenced {
			return taken(r.n, calls...)
		}
		next, done, ok := f.next(in, r.n)
		switch {
		case !ok:
			return result{}
		case done:
			return taken(next, calls...)
		}
		at = next
	}
}

// next finds what follows an item: done, where that is no further one; not ok, where
// more text has to come to tell.
func (f series) next(in input, from int) (at int, done, ok bool) {
	at, fenced, ok := fence(in, from)
	rest := in.text[at:]
	switch {
	case !ok:
		return 0, false, false
	case f.end == "" && fenced:
		return at, true, true
	case rest == "" && in.final:
		return from, true, true
	case f.end != "" && strings.HasPrefix(rest, f.end):
		return at + len(f.end), true, true
	case strings.HasPrefix(f.end, rest) && !in.final || rest == "":
		return 0, false, false
	}
	if next := at + 1 + space(rest[1:]); rest[0] == ',' || rest[0] == ';' {
		if next == len(in.text) {
			return from, true, in.final
		}
		if f.starts(in.text[next]) {
			return next, false, true
		}
		return at, true, true
	}
	return at, !f.starts(rest[0]), true
}

// fence passes white space and, behind it, what begins or ends a fence of Markdown. It
// reports not ok where more text has to come to tell.
func fence(in input, from int) (at int, fenced, ok bool) {
	const mark = "```"
	at = from + space(in.text[from:])
	rest := in.text[at:]
	switch {
	case !in.final && len(rest) < len(mark) && strings.HasPrefix(mark, rest):
		return at, false, false
	case !strings.HasPrefix(rest, mark):
		return at, false, true
	}
	rest = strings.TrimLeft(rest[len(mark):], "abcdefghijklmnopqrstuvwxyz_")
	if rest == "" && !in.final {
		return at, false, false
	}
	return len(in.text) - len(rest) + space(rest), true, true
}

// eachCall reads a call, or a list of calls, which is one only if all of it are calls.
func eachCall(raw json.RawMessage, call func(json.RawMessage) (Call, bool)) ([]Call, bool) {
	list := []json.RawMessage{raw}
	if raw[0] == '[' && json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	var calls []Call
	for _, raw := range list {
		c, ok := call(raw)
		if !ok {
			return nil, false
		}
		if c.Name != "" {
			calls = append(calls, c)
		}
	}
	return calls, len(list) > 0
}
